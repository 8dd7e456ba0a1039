/** Answers with numbers in them: see app/packing.py for the form. */

const KINDS = {u1: Uint8Array, i4: Int32Array, f8: Float64Array};

const isReference = (value) =>
    value !== null && typeof value === "object" && Array.isArray(value[""]) && value[""].length === 3;

/** The plain data in some bytes; arrays in it are views of them, not copies. */
export const unpack = (buffer) => {
    const length = new DataView(buffer).getUint32(0, true);
    const text = new TextDecoder().decode(new Uint8Array(buffer, 4, length));
    return JSON.parse(text, (_, value) => {
        if (!isReference(value)) return value;
        const [kind, place, count] = value[""];
        return new KINDS[kind](buffer, 4 + length + place, count);
    });
};

/** The plain data of a response; null where it breaks off, because the server went away or somebody left the page. */
export const read = (response) => response.arrayBuffer().then(unpack, () => null);

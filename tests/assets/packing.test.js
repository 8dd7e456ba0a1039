import assert from "node:assert/strict";
import {test} from "node:test";
import {read, unpack} from "../../assets/base/packing.js";

/** What app/packing.py writes. */
const packed = (head, bytes = []) => {
    const text = new TextEncoder().encode(JSON.stringify(head));
    const length = text.length + ((8 - ((text.length + 4) % 8)) % 8);
    const all = new Uint8Array(4 + length + bytes.length).fill(32);
    new DataView(all.buffer).setUint32(0, length, true);
    all.set(text, 4);
    all.set(bytes, 4 + length);
    return all.buffer;
};

test("arrays stand where the answer refers to them", () => {
    const numbers = new Uint8Array(Float64Array.from([0.5, NaN]).buffer);
    const answer = unpack(
        packed({name: "é", list: [{"": ["u1", 16, 2]}], values: {"": ["f8", 0, 2]}}, [...numbers, 7, 8]),
    );
    assert.equal(answer.name, "é");
    assert.deepEqual([...answer.list[0]], [7, 8]);
    assert.deepEqual([...answer.values], [0.5, NaN]);
    assert.ok(answer.values instanceof Float64Array);
});

test("an ordinary object with an empty key is one", () => {
    assert.deepEqual(unpack(packed({"": {range: [1, 2]}})), {"": {range: [1, 2]}});
});

test("a response that breaks off is no answer, and what cannot be read is an error", async () => {
    assert.deepEqual(await read({arrayBuffer: async () => packed({a: 1})}), {a: 1});
    assert.equal(
        await read({
            arrayBuffer: async () => {
                throw new Error("gone");
            },
        }),
        null,
    );
    await assert.rejects(read({arrayBuffer: async () => new ArrayBuffer(1)}));
});

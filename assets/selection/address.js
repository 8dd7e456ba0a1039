/** The selection in the address of its page: select=, keep= and exclude=, each a list in JSON. */
import * as selection from "./selection.js";

const MISSING = "missing";
// Servers and mail programs cut longer addresses.
const MOST_CHARACTERS = 4000;
// An address edited by hand must not ask for more memory than there is.
const LARGEST_NUMBER = 10_000_000;
const MOST_NUMBERS = 200_000;
const NUMBERS = /^\d{1,8}(-\d{1,8})?(\.\d{1,8}(-\d{1,8})?)*$/;

// --- numbers ------------------------------------------------------------------------------------------------------

// A list stays what it is, and is written again with every step of the selection.
const texts = new WeakMap();

/** Experiments as they stand in an address: 1-5.9. A comma would take three characters there. */
const writtenNumbers = (numbers) => {
    if (!texts.has(numbers)) texts.set(numbers, selection.compactNumbers(numbers).replaceAll(",", "."));
    return texts.get(numbers);
};

/** The numbers of such a text in order, each once; null where it is none. */
export const readNumbers = (text) => {
    if (!NUMBERS.test(text)) return null;
    const ranges = text
        .split(".")
        .map((part) => part.split("-").map(Number))
        .map(([low, high = low]) => [low, high]);
    const count = ranges.reduce((sum, [low, high]) => sum + Math.max(0, high - low + 1), 0);
    if (count > MOST_NUMBERS || ranges.some(([low, high]) => low > high || high > LARGEST_NUMBER)) return null;
    const found = new Set();
    for (const [low, high] of ranges) for (let number = low; number <= high; number += 1) found.add(number);
    return [...found].sort((a, b) => a - b);
};

// --- clauses ------------------------------------------------------------------------------------------------------

const packed = ({source, field, range, values, numbers, missing}) => [
    source,
    field,
    ...(numbers ? [writtenNumbers(numbers)] : values ? [values] : range ? [range[0], range[1]] : []),
    ...(missing ? [MISSING] : []),
];

const isEnd = (value) => value === null || typeof value === "number";

const unpacked = (item) => {
    if (!Array.isArray(item) || typeof item[0] !== "string" || typeof item[1] !== "string") return [];
    const missing = item.at(-1) === MISSING && item.length > 2;
    const [source, field, ...rest] = missing ? item.slice(0, -1) : item;
    const clause = {source, field, ...(missing && {missing})};
    if (Array.isArray(rest[0])) return [{...clause, values: rest[0].map(String)}];
    if (missing && rest.length === 0) return [clause];
    const numbers =
        field === "number" && rest.length === 1 && typeof rest[0] === "string" ? readNumbers(rest[0]) : null;
    if (numbers) return [{source, field, numbers}];
    return rest.length === 2 && rest.every(isEnd) ? [{...clause, range: rest}] : [];
};

/** A group is whole or not there: one that lost a clause would take more off the page. */
const unpackedGroup = (items) => {
    const group = Array.isArray(items) ? items.flatMap(unpacked) : [];
    return group.length > 0 && group.length === items.length ? [group] : [];
};

const listFrom = (text, read) => {
    if (!text) return [];
    try {
        const items = JSON.parse(text);
        return Array.isArray(items) ? items.flatMap(read) : [];
    } catch {
        // An address edited by hand may say anything; what cannot be read selects nothing.
        return [];
    }
};

// --- the whole ----------------------------------------------------------------------------------------------------

const withList = (parameters, name, list) => {
    if (list.length) parameters.set(name, JSON.stringify(list));
    else parameters.delete(name);
};

const written = (query, {clauses, kept, excluded}) => {
    const parameters = new URLSearchParams(query);
    withList(parameters, "select", clauses.map(packed));
    withList(parameters, "keep", kept.map(packed));
    withList(
        parameters,
        "exclude",
        excluded.map((group) => group.map(packed)),
    );
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

/** The list of numbers that takes most room in an address, or null. */
const longestList = ({clauses, kept, excluded}) =>
    [...clauses, ...kept, ...excluded.flat()]
        .flatMap(({numbers}) => (numbers ? [numbers] : []))
        .reduce(
            (most, numbers) =>
                most === null || writtenNumbers(numbers).length > writtenNumbers(most).length ? numbers : most,
            null,
        );

/** The state without what names these numbers; a group goes as a whole. */
const without = ({clauses, kept, excluded}, list) => {
    const isOther = ({numbers}) => numbers !== list;
    return {
        clauses: clauses.filter(isOther),
        kept: kept.filter(isOther),
        excluded: excluded.filter((group) => group.every(isOther)),
    };
};

/**
 * The query with the selection in it; other parameters stay. Long lists of experiments for which an address has no
 * room are left out, and `isShortened` says so. `query` is "" or "?...".
 */
export const fitted = (query, state) => {
    let shown = state;
    for (let list = longestList(shown); list; list = longestList(shown)) {
        // What is too long by itself is not even tried: that would take as long as a frame.
        if (writtenNumbers(list).length <= MOST_CHARACTERS && written(query, shown).length <= MOST_CHARACTERS) break;
        shown = without(shown, list);
    }
    return {query: written(query, shown), isShortened: shown !== state};
};

export const toQuery = (query, state) => fitted(query, state).query;

export const fromQuery = (query) => {
    const parameters = new URLSearchParams(query);
    return {
        clauses: listFrom(parameters.get("select"), unpacked),
        kept: listFrom(parameters.get("keep"), unpacked),
        excluded: listFrom(parameters.get("exclude"), unpackedGroup),
    };
};

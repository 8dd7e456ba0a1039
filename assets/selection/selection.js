/**
 * The one selection: clauses {source, field, range | values | numbers, missing}, the tiers they make, and their history.
 * `clauses` select; what is not in `kept`, or is in one of the groups of `excluded`, is off the page.
 */
import * as counting from "../experiments/counting.js";

// The tiers: all -> kept -> selected -> hovered. A mask has one byte per experiment.
export const KEPT = 1;
export const SELECTED = 2;
// States are coded in the order of experiments.STATES: queued, running, and then those that have ended.
const FIRST_ENDED = 2;
// A mark of the moment, while a group of what is excluded is looked for.
const EXCLUDED = 4;
export const NOTHING = Object.freeze({
    clauses: Object.freeze([]),
    kept: Object.freeze([]),
    excluded: Object.freeze([]),
});
// Clauses that name experiments come from what was picked, wherever that was.
const PICKED = "picked";

/** Replace what `source` selected before by `parts` ({field, range | values}); none withdraws its clauses. */
export const withClauses = (clauses, source, parts) => [
    ...clauses.filter((clause) => clause.source !== source),
    ...parts.map((part) => ({source, ...part})),
];

/** Replace what `source` selected before by one range; null withdraws its clause. A null end is open. */
export const withClause = (clauses, source, field, range) =>
    withClauses(clauses, source, isOpen(range) ? [] : [{field, range}]);

const isOpen = (range) => !range || (range[0] === null && range[1] === null);

/** Whether anything is selected, or off the page. */
export const isNarrowed = ({clauses, kept, excluded}) => clauses.length + kept.length + excluded.length > 0;

/** Whether anything is off the page. */
export const isReduced = ({kept, excluded}) => kept.length + excluded.length > 0;

/** The clause that names these experiments. */
export const pickedClause = (numbers) => ({
    source: PICKED,
    field: "number",
    numbers: [...numbers].sort((a, b) => a - b),
});

/** What is selected stays on the page, and nothing else. */
export const keep = (state, clauses = state.clauses) => ({...state, clauses: [], kept: [...state.kept, ...clauses]});

/** What is selected, or what `clauses` select, goes off the page; no clauses are no group. */
export const exclude = (state, clauses = null) => {
    const group = clauses ?? state.clauses;
    return group.length === 0
        ? state
        : {...state, clauses: clauses ? state.clauses : [], excluded: [...state.excluded, group]};
};

export const clausesOf = (clauses, source) => clauses.filter((clause) => clause.source === source);

/** Whether an experiment has ended without a number, or without a category, in this column. */
export const isMissing = (column, states, index) =>
    !Number.isFinite(column.values[index]) && (states === undefined || states[index] >= FIRST_ENDED);

/**
 * Clear `bit` wherever an experiment fails a clause. A missing value fails unless the clause has `missing`; with
 * neither range nor values only missing ones pass. An unknown field selects nothing.
 */
const applyClause = (set, clause, mask, bit) => {
    const column = set.columns.get(clause.field);
    if (clause.numbers) {
        applyNumbers(set, clause.numbers, mask, bit);
    } else if (!column) {
        for (let index = 0; index < set.size; index += 1) mask[index] &= ~bit;
    } else if (clause.missing) {
        applyWithMissing(set, column, clause, mask, bit);
    } else if (clause.values) {
        applyValues(set, column, clause.values, mask, bit);
    } else {
        applyRange(set, column, clause.range, mask, bit);
    }
};

const applyRange = (set, {values}, range, mask, bit) => {
    const low = range[0] ?? -Infinity;
    const high = range[1] ?? Infinity;
    for (let index = 0; index < set.size; index += 1) {
        const value = values[index];
        if (!(value >= low && value <= high)) mask[index] &= ~bit;
    }
};

/** The codes that stand for any of these words; where a category is a combination of words, of all that have one. */
const codesOf = ({codes, members}, wanted) => {
    if (members) return [...members.keys()].filter((code) => members[code].some((word) => wanted.includes(word)));
    return wanted.filter((word) => codes.has(word)).map((word) => codes.get(word));
};

const applyValues = (set, column, wanted, mask, bit) => {
    const isWanted = new Uint8Array(column.categories.length);
    codesOf(column, wanted).forEach((code) => {
        isWanted[code] = 1;
    });
    for (let index = 0; index < set.size; index += 1) {
        // A missing category has the code NaN, which names no place in the array.
        if (!isWanted[column.values[index]]) mask[index] &= ~bit;
    }
};

// By list, because a list may be long and is looked up with every move of a brush.
const tables = new WeakMap();

/** One byte for every number from 0 to the largest of a list in order. */
const tableOf = (numbers) => {
    if (!tables.has(numbers)) {
        const table = new Uint8Array((numbers.at(-1) ?? -1) + 1);
        for (let place = 0; place < numbers.length; place += 1) table[numbers[place]] = 1;
        tables.set(numbers, table);
    }
    return tables.get(numbers);
};

const applyNumbers = (set, wanted, mask, bit) => {
    const isWanted = tableOf(wanted);
    const {numbers} = set;
    for (let index = 0; index < set.size; index += 1) if (!isWanted[numbers[index]]) mask[index] &= ~bit;
};

const applyWithMissing = (set, column, {range, values}, mask, bit) => {
    const [low, high] = [range?.[0] ?? -Infinity, range?.[1] ?? Infinity];
    const codes = new Set(values ? codesOf(column, values) : []);
    const isHeld = values
        ? (value) => codes.has(value)
        : range
          ? (value) => value >= low && value <= high
          : () => false;
    const states = set.columns.get("state")?.values;
    for (let index = 0; index < set.size; index += 1) {
        if (!isHeld(column.values[index]) && !isMissing(column, states, index)) mask[index] &= ~bit;
    }
};

/** Take those off that pass every clause of a group. */
const applyExcluded = (set, group, tier) => {
    for (let index = 0; index < set.size; index += 1) tier[index] |= EXCLUDED;
    group.forEach((clause) => applyClause(set, clause, tier, EXCLUDED));
    for (let index = 0; index < set.size; index += 1) if (tier[index] & EXCLUDED) tier[index] = 0;
};

/** The tiers before anything is selected; they stay while a brush moves. */
export const baseTiers = (set, {kept, excluded}) => {
    const tier = counting.mark(set, new Uint8Array(set.size).fill(KEPT | SELECTED));
    kept.forEach((clause) => applyClause(set, clause, tier, KEPT | SELECTED));
    excluded.forEach((group) => applyExcluded(set, group, tier));
    return tier;
};

/** Write the tiers of every experiment into `mask` (made anew where it is too short); returns it with the counts. */
export const tiers = (set, state, mask = null, base = baseTiers(set, state)) => {
    const tier = mask !== null && mask.length >= set.size ? mask : new Uint8Array(set.size);
    tier.set(base);
    state.clauses.forEach((clause) => applyClause(set, clause, tier, SELECTED));
    let keptCount = 0;
    let selectedCount = 0;
    for (let index = 0; index < set.size; index += 1) {
        keptCount += tier[index] & KEPT;
        selectedCount += (tier[index] & SELECTED) >> 1;
    }
    return {mask: tier, keptCount, selectedCount};
};

// --- history -----------------------------------------------------------------------------------------------------

const MOST_STEPS = 200;

export const begin = (state = NOTHING) => ({past: [], present: state, future: []});

const isObject = (value) => typeof value === "object" && value !== null;

/** Whether two plain values are equal; long lists are mostly the very same. */
const isSame = (a, b) =>
    a === b ||
    (isObject(a) &&
        isObject(b) &&
        Object.keys(a).length === Object.keys(b).length &&
        Object.keys(a).every((key) => isSame(a[key], b[key])));

/** Make a state the present one and remember the one before; the same state again is no step. */
export const commit = (history, state) =>
    isSame(history.present, state)
        ? history
        : {past: [...history.past, history.present].slice(-MOST_STEPS), present: state, future: []};

export const undo = (history) =>
    history.past.length === 0
        ? history
        : {
              past: history.past.slice(0, -1),
              present: history.past.at(-1),
              future: [history.present, ...history.future],
          };

export const redo = (history) =>
    history.future.length === 0
        ? history
        : {
              past: [...history.past, history.present],
              present: history.future[0],
              future: history.future.slice(1),
          };

// --- words -------------------------------------------------------------------------------------------------------

export const written = (count) => count.toLocaleString("en-US");

/** How many are selected, of those on the page. */
export const countWords = (selected, kept) => `${written(selected)} of ${written(kept)} selected`;

/** How many are not on the page. */
export const offWords = (kept, size) => `${written(size - kept)} of ${written(size)} off the page`;

/** Numbers as a short list of ranges: 1-5,9. */
export const compactNumbers = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const parts = [];
    for (let start = 0; start < sorted.length; ) {
        let end = start;
        while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end += 1;
        parts.push(end > start ? `${sorted[start]}-${sorted[end]}` : `${sorted[start]}`);
        start = end + 1;
    }
    return parts.join(",");
};

/** The one selection: clauses {source, field, range | values, missing}, the tiers they make, and their history and address. */
(() => {
    // The tiers: all -> kept -> selected -> hovered. A mask has one byte per experiment.
    const KEPT = 1;
    const SELECTED = 2;
    // States are coded in the order of experiments.STATES: queued, running, and then those that have ended.
    const FIRST_ENDED = 2;
    const NOTHING = Object.freeze({clauses: Object.freeze([]), kept: Object.freeze([])});

    /** Replace what `source` selected before by `parts` ({field, range | values}); none withdraws its clauses. */
    const withClauses = (clauses, source, parts) => [
        ...clauses.filter((clause) => clause.source !== source),
        ...parts.map((part) => ({source, ...part})),
    ];

    /** Replace what `source` selected before by one range; null withdraws its clause. A null end is open. */
    const withClause = (clauses, source, field, range) =>
        withClauses(clauses, source, isOpen(range) ? [] : [{field, range}]);

    const isOpen = (range) => !range || (range[0] === null && range[1] === null);

    const clausesOf = (clauses, source) => clauses.filter((clause) => clause.source === source);

    /** Whether an experiment has ended without a number, or without a category, in this column. */
    const isMissing = (column, states, index) => !Number.isFinite(column.values[index]) && (states === undefined || states[index] >= FIRST_ENDED);

    /**
     * Clear `bit` wherever an experiment fails a clause. A missing value fails unless the clause has `missing`; with
     * neither range nor values only missing ones pass. An unknown field selects nothing.
     */
    const applyClause = (set, clause, mask, bit) => {
        const column = set.columns.get(clause.field);
        if (!column) {
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

    const applyValues = (set, column, wanted, mask, bit) => {
        const isWanted = new Uint8Array(column.categories.length);
        wanted.forEach((word) => { if (column.codes.has(word)) isWanted[column.codes.get(word)] = 1; });
        for (let index = 0; index < set.size; index += 1) {
            // A missing category has the code NaN, which names no place in the array.
            if (!isWanted[column.values[index]]) mask[index] &= ~bit;
        }
    };

    const applyWithMissing = (set, column, {range, values}, mask, bit) => {
        const [low, high] = [range?.[0] ?? -Infinity, range?.[1] ?? Infinity];
        const codes = new Set((values ?? []).map((word) => column.codes.get(word)));
        const isHeld = values ? (value) => codes.has(value) : range ? (value) => value >= low && value <= high : () => false;
        const states = set.columns.get("state")?.values;
        for (let index = 0; index < set.size; index += 1) {
            if (!isHeld(column.values[index]) && !isMissing(column, states, index)) mask[index] &= ~bit;
        }
    };

    /** Write the tiers of every experiment into `mask` (made anew where it is too short); returns it with the counts. */
    const tiers = (set, {clauses, kept}, mask = null) => {
        const tier = mask !== null && mask.length >= set.size ? mask : new Uint8Array(set.size);
        tier.fill(KEPT | SELECTED, 0, set.size);
        kept.forEach((clause) => applyClause(set, clause, tier, KEPT | SELECTED));
        clauses.forEach((clause) => applyClause(set, clause, tier, SELECTED));
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

    const begin = (state = NOTHING) => ({past: [], present: state, future: []});

    const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

    /** Make a state the present one and remember the one before; the same state again is no step. */
    const commit = (history, state) => (isSame(history.present, state) ? history
        : {past: [...history.past, history.present].slice(-MOST_STEPS), present: state, future: []});

    const undo = (history) => (history.past.length === 0 ? history : {
        past: history.past.slice(0, -1), present: history.past.at(-1), future: [history.present, ...history.future],
    });

    const redo = (history) => (history.future.length === 0 ? history : {
        past: [...history.past, history.present], present: history.future[0], future: history.future.slice(1),
    });

    // --- address -----------------------------------------------------------------------------------------------------

    const MISSING = "missing";

    const packed = ({source, field, range, values, missing}) => [
        source, field, ...(values ? [values] : range ? [range[0], range[1]] : []), ...(missing ? [MISSING] : []),
    ];

    const isEnd = (value) => value === null || typeof value === "number";

    const unpacked = (item) => {
        if (!Array.isArray(item) || typeof item[0] !== "string" || typeof item[1] !== "string") return [];
        const missing = item.at(-1) === MISSING && item.length > 2;
        const [source, field, ...rest] = missing ? item.slice(0, -1) : item;
        const clause = {source, field, ...(missing && {missing})};
        if (Array.isArray(rest[0])) return [{...clause, values: rest[0].map(String)}];
        if (missing && rest.length === 0) return [clause];
        return rest.length === 2 && rest.every(isEnd) ? [{...clause, range: rest}] : [];
    };

    const listFrom = (text) => {
        if (!text) return [];
        try {
            const items = JSON.parse(text);
            return Array.isArray(items) ? items.flatMap(unpacked) : [];
        } catch {
            // An address edited by hand may say anything; what cannot be read selects nothing.
            return [];
        }
    };

    /** The query with the selection in it; other parameters stay. Returns "" or "?...". */
    const toQuery = (query, {clauses, kept}) => {
        const parameters = new URLSearchParams(query);
        for (const [name, list] of [["select", clauses], ["keep", kept]]) {
            if (list.length) parameters.set(name, JSON.stringify(list.map(packed)));
            else parameters.delete(name);
        }
        const text = parameters.toString();
        return text ? `?${text}` : "";
    };

    const fromQuery = (query) => {
        const parameters = new URLSearchParams(query);
        return {clauses: listFrom(parameters.get("select")), kept: listFrom(parameters.get("keep"))};
    };

    /** Numbers as a short list of ranges: 1-5,9. */
    const compactNumbers = (numbers) => {
        const sorted = [...numbers].sort((a, b) => a - b);
        const parts = [];
        for (let start = 0; start < sorted.length;) {
            let end = start;
            while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end += 1;
            parts.push(end > start ? `${sorted[start]}-${sorted[end]}` : `${sorted[start]}`);
            start = end + 1;
        }
        return parts.join(",");
    };

    const api = {KEPT, NOTHING, SELECTED, begin, clausesOf, commit, compactNumbers, fromQuery, isMissing, redo, tiers, toQuery, undo,
        withClause, withClauses};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.selection = api;
    if (typeof module !== "undefined") module.exports = api;
})();

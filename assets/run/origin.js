/** Where a new run comes from: what the page that a person stands on has picked and brushed. */
import * as run from "./page.js";

// Up to so many different numbers a brush names one by one; more are a range.
const MOST_NUMBERS = 12;
const SELECTED = 2;

const numberIn = (path, kind) => {
    const match = new RegExp(`/${kind}/(\\d+)/?$`).exec(path ?? "");
    return match ? Number(match[1]) : null;
};

const selectedIndices = ({experiments, mask}) => {
    const indices = [];
    for (let index = 0; index < experiments.size; index += 1) if (mask[index] & SELECTED) indices.push(index);
    return indices;
};

/** What some experiments have of a hyperparameter: `{values}` or `{range}`, or null where they have nothing. */
const partOf = ({kind, categories, values}, indices) => {
    const found = new Set();
    for (const index of indices) if (Number.isFinite(values[index])) found.add(values[index]);
    if (!found.size) return null;
    const sorted = [...found].sort((a, b) => a - b);
    if (kind === "category") return {values: sorted.map((code) => categories[code])};
    return sorted.length <= MOST_NUMBERS ? {values: sorted} : {range: [sorted[0], sorted.at(-1)]};
};

/** The tuned hyperparameters by what the selected experiments have of them. Names of a script are data: no prototype. */
const brushOf = (board, indices) => {
    const brush = Object.create(null);
    for (const {name, is_tuned: isTuned} of board.spec.hyperparameters) {
        const column = board.experiments.columns.get(`h:${name}`);
        const part = isTuned && column ? partOf(column, indices) : null;
        if (part) brush[name] = part;
    }
    return brush;
};

/**
 * What a new run may begin with, as a plain object: `run` (the number of the page's run, or null), `picked` (numbers
 * of experiments), `brush` (null, or for each tuned hyperparameter `{values}` or `{range: [low, high]}` of the
 * selected experiments) and `selected` (how many the brush selects). board: the run page's, or null elsewhere.
 */
export const of = (board, path = globalThis.location?.pathname) => {
    if (!board) {
        const experiment = numberIn(path, "experiments");
        return {run: numberIn(path, "runs"), picked: experiment === null ? [] : [experiment], brush: null, selected: 0};
    }
    const {clauses, kept, excluded} = board.state();
    const indices = clauses.length + kept.length + excluded.length > 0 ? selectedIndices(board) : [];
    return {
        run: board.spec.number,
        picked: [...board.picked].sort((a, b) => a - b),
        brush: indices.length ? {...brushOf(board, indices)} : null,
        selected: indices.length,
    };
};

/** The same, of the page as it is now. */
export const here = () => of(run?.current?.() ?? null);

/**
 * Which experiments count in best, trends and importance, and how the others are marked: the page's half of the rule in
 * analysis/counting.py, which says by the page's spec which states count.
 */

// In the mask of a page, beside what assets/selection/selection.js has there; together with its bits: all of them.
export const FINISHED = 8;
export const UNFINISHED = 16;
const PARAMETER = "include";
const INCLUDED = "unfinished";
const QUEUED = "queued";

const statesOf = (set) => set.columns.get("state");

/** A test of whether experiments count without anybody's doing; where nobody said which states do, all do. */
const testOf = (set) => {
    if (!set.counted) return () => true;
    const {values} = statesOf(set);
    return (index) => set.counted.has(values[index]);
};

export const isFinished = (set, index) => testOf(set)(index);

/** The bits of those that have `bit` and count. */
export const countedBits = (bit, isIncluded) => (isIncluded ? bit : bit | FINISHED);

/** Write into a mask who is finished and who is not. */
export const mark = (set, mask) => {
    const isOver = testOf(set);
    for (let index = 0; index < set.size; index += 1) mask[index] |= isOver(index) ? FINISHED : UNFINISHED;
    return mask;
};

/** The index of the best experiment that counts by a metric, finished or included, or -1; of equal ones that with the smallest number. */
export const best = (set, key, goal, isIncluded = false) => {
    const column = set.columns.get(key);
    if (!column) return -1;
    const {values} = column;
    const isOver = testOf(set);
    const sign = goal === "minimize" ? 1 : -1;
    let found = -1;
    for (let index = 0; index < set.size; index += 1) {
        if (!Number.isFinite(values[index]) || !(isIncluded || isOver(index))) continue;
        const by = found < 0 ? -1 : sign * (values[index] - values[found]);
        if (by < 0 || (by === 0 && set.numbers[index] < set.numbers[found])) found = index;
    }
    return found;
};

/** How many have begun and are not finished, as "2 running, 1 failed"; "" for none. */
export const unfinishedWords = (set) => {
    const {values, categories} = statesOf(set);
    const counts = categories.map(() => 0);
    const isOver = testOf(set);
    for (let index = 0; index < set.size; index += 1) if (!isOver(index)) counts[values[index]] += 1;
    return categories
        .map((word, code) => [counts[code], word])
        .filter(([count, word]) => count > 0 && word !== QUEUED)
        .map(([count, word]) => `${count.toLocaleString("en-US")} ${word}`)
        .join(", ");
};

/** Whether anything that is not finished has a number in one of these columns. */
export const hasUnfinished = (set, columns) => {
    const isOver = testOf(set);
    for (let index = 0; index < set.size; index += 1) {
        if (!isOver(index) && columns.some(({values}) => Number.isFinite(values[index]))) return true;
    }
    return false;
};

/** What is said of an experiment that is not finished; "" of others, and of those that have not begun. */
export const remarkOf = (set, index, isIncluded) => {
    const {values, categories} = statesOf(set);
    const state = categories[values[index]];
    if (isFinished(set, index) || state === QUEUED) return "";
    return `not finished: ${state}${isIncluded ? "" : ", not counted"}`;
};

/** How many count by their states alone: the value of one that runs changes all the time. */
export const countFinished = (set) => {
    const isOver = testOf(set);
    let count = 0;
    for (let index = 0; index < set.size; index += 1) count += isOver(index) ? 1 : 0;
    return count;
};

/** Whether a query includes those that are not finished. */
export const fromQuery = (query) => new URLSearchParams(query).get(PARAMETER) === INCLUDED;

/** The query with that choice; other parameters stay. */
export const toQuery = (query, isIncluded) => {
    const parameters = new URLSearchParams(query);
    if (isIncluded) parameters.set(PARAMETER, INCLUDED);
    else parameters.delete(PARAMETER);
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

/** The choice as a request has it: the word, or null. */
export const asked = (query) => (fromQuery(query) ? INCLUDED : null);

/** What says beside the best one that another has the better value, or that it is itself not finished; "" mostly. */
export const bestNote = (set, key, goal, isIncluded) => {
    const [counted, any] = [best(set, key, goal, isIncluded), best(set, key, goal, true)];
    if (any < 0 || set.columns.get(key).values[any] === set.columns.get(key).values[counted])
        return counted < 0 ? "" : remarkOf(set, counted, isIncluded);
    const {values, categories} = statesOf(set);
    return counted < 0
        ? "none that has a value is finished"
        : `experiment ${set.numbers[any]} has a better value, and does not count: ${categories[values[any]]}`;
};

/** Which number of a metric's values a column holds: the last, an extreme, a mean of the last ones, or that of an epoch. */
import {element} from "../base/marks.js";

const PARAMETER = "reduce";
export const LAST = "last";
// As analysis/reductions.py reads them.
const WRITTEN = /^(?:(last|smallest|largest)|(mean) ([1-9][0-9]{0,5})|(epoch) ([0-9]{1,9}(?:\.[0-9]{1,6})?))$/;
const NUMBERS = {mean: /^[1-9][0-9]{0,5}$/, epoch: /^[0-9]{1,9}(\.[0-9]{1,6})?$/};
const MOST_AT_FIRST = "3";
const EPOCH_AT_FIRST = "1";

// --- pure ---------------------------------------------------------------------------------------------------------

/** {by, of} of a reduction as the address has it ("smallest", "mean 3", "epoch 5"); null where it is none. */
export const read = (written) => {
    const match = typeof written === "string" ? WRITTEN.exec(written) : null;
    if (!match) return null;
    const [, plain, mean, most, epoch, at] = match;
    return {by: plain ?? mean ?? epoch, of: most ?? at ?? null};
};

export const written = ({by, of}) => (of === null ? by : `${by} ${of}`);

/** The reductions in a query by the names of their metrics; what cannot be read is left out. */
export const fromQuery = (query) => {
    try {
        const found = JSON.parse(new URLSearchParams(query).get(PARAMETER));
        const pairs = found === null || typeof found !== "object" || Array.isArray(found) ? [] : Object.entries(found);
        return new Map(pairs.filter(([, word]) => read(word) && word !== LAST));
    } catch {
        // An address edited by hand may say anything.
        return new Map();
    }
};

/** The query with another reduction of one metric; other parameters stay. Returns "" or "?...". */
export const withReduction = (query, metric, word) => {
    const parameters = new URLSearchParams(query);
    const reductions = fromQuery(query);
    if (word === LAST) reductions.delete(metric);
    else reductions.set(metric, word);
    if (reductions.size) parameters.set(PARAMETER, JSON.stringify(Object.fromEntries(reductions)));
    else parameters.delete(PARAMETER);
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

/** What can be chosen, as [by, words]. goal: where it is known, the better extreme is called the best. */
export const choices = (goal) => {
    const best = {minimize: "smallest", maximize: "largest"}[goal];
    const extreme = (by) => [by, by === best ? `best (${by})` : by];
    return [[LAST, LAST], extreme("smallest"), extreme("largest"), ["mean", "mean of last"], ["epoch", "at epoch"]];
};

/** The number to begin with: none where a reduction has none. */
export const firstOf = (by) => ({mean: MOST_AT_FIRST, epoch: EPOCH_AT_FIRST})[by] ?? null;

/** What is wrong with a typed number, or "". */
export const problemOf = (by, typed) => {
    if (!NUMBERS[by] || NUMBERS[by].test(typed)) return "";
    return by === "mean"
        ? "How many of the last values: a whole number from 1 to 999999"
        : "Which epoch, as the script counts them: a number from 0 on";
};

/** Why a column has no number. */
export const emptyWords = ({reduction, hasEpochs}) => {
    const {by, of} = read(reduction) ?? {by: LAST, of: null};
    if (by !== "epoch") return "no number yet";
    return hasEpochs === false ? "the script names no epoch with this metric" : `no value at epoch ${of} yet`;
};

// --- the page -----------------------------------------------------------------------------------------------------

/** What the address says of a metric. */
export const chosen = (metric) => fromQuery(window.location.search).get(metric) ?? LAST;

/** Put a reduction into the address; false where that changes nothing. */
export const keep = (metric, word) => {
    if (read(word) === null || word === chosen(metric)) return false;
    const {pathname, search, hash} = window.location;
    // Dash's router listens to other events; the page stays as it is.
    window.history.replaceState(window.history.state, "", pathname + withReduction(search, metric, word) + hash);
    return true;
};

/** What to call when a grid got its columns anew: those of metrics with another title get the room for it. */
export const fitHeads = (grid) => {
    const titlesOf = () =>
        new Map(grid.getColumns().map((column) => [column.getColId(), column.getColDef().headerName]));
    let titles = titlesOf();
    return () => {
        const before = titles;
        titles = titlesOf();
        const narrow = grid
            .getColumns()
            .filter(
                (column) =>
                    column.getColId().startsWith("m") &&
                    before.has(column.getColId()) &&
                    before.get(column.getColId()) !== titles.get(column.getColId()) &&
                    column.getActualWidth() < column.getColDef().initialWidth,
            );
        if (narrow.length)
            grid.setColumnWidths(
                narrow.map((column) => ({key: column.getColId(), newWidth: column.getColDef().initialWidth})),
            );
    };
};

// --- the choice beside a metric's name -----------------------------------------------------------------------------

/** A select, and a number where the choice needs one. show(column): what the column holds now. */
export const create = (board, key, name) => {
    const goal = name === board.spec.objective ? board.spec.goal : null;
    const select = element("select", {
        className: "ht-reduce",
        title: `Which value of ${name} stands for an experiment`,
        aria: {label: `Value of ${name}`},
    });
    select.append(...choices(goal).map(([by, words]) => new Option(words, by)));
    const number = element("input", {
        type: "text",
        inputMode: "decimal",
        className: "ht-reduce-number",
        autocomplete: "off",
        spellcheck: false,
        hidden: true,
        aria: {label: `Number for ${name}`},
    });
    const box = element("span", {className: "ht-reduction"}, select, number);

    const judge = () => {
        const problem = problemOf(select.value, number.value.trim());
        number.classList.toggle("is-invalid", problem !== "");
        number.setAttribute("aria-invalid", String(problem !== ""));
        number.title =
            problem ||
            (select.value === "mean" ? "How many of the last values" : "Which epoch, as the script counts them");
        return problem === "";
    };

    const choose = () => {
        const first = firstOf(select.value);
        if (judge()) board.reduce(key, written({by: select.value, of: first === null ? null : number.value.trim()}));
    };

    const put = ({by, of}) => {
        select.value = by;
        number.hidden = of === null;
        number.value = of ?? "";
        box.classList.toggle("is-reduced", by !== LAST);
        judge();
    };

    select.addEventListener("change", () => {
        put({by: select.value, of: firstOf(select.value)});
        choose();
        if (!number.hidden) number.select();
    });
    number.addEventListener("change", choose);
    number.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        put(read(board.reductionOf(key)));
        event.stopPropagation();
    });
    return {
        element: box,
        /** Show what was chosen, unless somebody is typing. */
        show() {
            if (document.activeElement !== number) put(read(board.reductionOf(key)));
        },
    };
};

/** The filter of a column: typed limits or check boxes that make a clause of the one selection, as a slider or a chip does. */
import * as marks from "../../../base/marks.js";
import * as columns from "../../../experiments/columns.js";
import * as flags from "../../../experiments/flags.js";
import * as selection from "../../../selection/selection.js";
import {isMissing} from "../../../selection/selection.js";
import {readLimit} from "../parameters.js";

// More check boxes than this are found by searching.
const MOST_BOXES = 200;
const MOST_UNSEARCHED = 10;

// --- pure ---------------------------------------------------------------------------------------------------------

/** A filter replaces what the parameter panel selects by its column, and what the counts of states do. */
export const sourceOf = (key) => (key === "state" ? "header:state" : `panel:${key}`);

/** The part of a selection that typed limits make; null where they leave everything, NaN where one is no number. */
export const partOfLimits = (field, texts, isMissing) => {
    const ends = texts.map(readLimit);
    if (ends.some((end) => Number.isNaN(end))) return NaN;
    const missing = isMissing ? {missing: true} : {};
    if (ends.every((end) => end === null)) return isMissing ? {field, ...missing} : null;
    const isTurned = ends[0] !== null && ends[1] !== null && ends[0] > ends[1];
    return {field, range: isTurned ? [ends[1], ends[0]] : ends, ...missing};
};

/** The part that check boxes make; null where all are checked, or none. */
export const partOfWords = (field, words, chosen, isMissing, hasMissing) => {
    const values = words.filter((word) => chosen.has(word));
    const isEverything = values.length === words.length && (isMissing || !hasMissing);
    if (isEverything || (values.length === 0 && !isMissing)) return null;
    return {field, ...(values.length && {values}), ...(isMissing && {missing: true})};
};

/** The clauses without what they say of a column, whoever said it. */
export const withoutField = (clauses, key) => clauses.filter(({field}) => field !== key);

export const fieldsOf = (clauses) => new Set(clauses.map(({field}) => field));

/** How many experiments have ended without a value. */
export const countMissing = (set, column) => {
    const states = set.columns.get("state")?.values;
    let count = 0;
    for (let index = 0; index < set.size; index += 1) count += isMissing(column, states, index) ? 1 : 0;
    return count;
};

/** What the box says that lets missing ones pass: alone it selects only them. */
export const missingWords = (count, hasLimits) => `${hasLimits ? "missing ones, too" : "only missing ones"} (${count})`;

// --- the form -----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

const checkbox = (words, isChecked, dataset = {}) => {
    const input = element("input", {type: "checkbox", checked: isChecked, dataset});
    const says = element("span", {textContent: words, title: words});
    return {input, says, label: element("label", {className: "ht-filter-box"}, input, says)};
};

const limitFields = (board, column, clause) => {
    const ends = columns.extent(board.experiments, column);
    const write = columns.formatterOf(board.experiments, column);
    const fields = ["from", "to"].map((word, end) =>
        element("input", {
            type: "text",
            inputMode: "decimal",
            autocomplete: "off",
            spellcheck: false,
            className: "ht-limit",
            placeholder: ends ? write(ends[end]) : "",
            aria: {label: word},
            value: Number.isFinite(clause?.range?.[end]) ? columns.plain(clause.range[end]) : "",
        }),
    );
    const unit = column.key === "duration" ? " s" : "";
    const box = element(
        "div",
        {className: "ht-filter-limits"},
        element("span", {textContent: "from"}),
        fields[0],
        element("span", {textContent: "to"}),
        fields[1],
        unit,
    );
    return {box, fields};
};

const rangeForm = (board, column, clause) => {
    const count = countMissing(board.experiments, column);
    const {box, fields} = limitFields(board, column, clause);
    const missing = checkbox("", Boolean(clause?.missing));
    missing.label.hidden = count === 0 && !clause?.missing;
    const tell = () => {
        missing.says.textContent = missingWords(
            count,
            fields.some(({value}) => value.trim()),
        );
        fields.forEach((field) => field.classList.remove("is-invalid"));
    };
    fields.forEach((field) => field.addEventListener("input", tell));
    tell();
    const read = () => {
        const part = partOfLimits(
            column.key,
            fields.map(({value}) => value),
            missing.input.checked,
        );
        if (Number.isNaN(part)) {
            fields.forEach((field) => field.classList.toggle("is-invalid", Number.isNaN(readLimit(field.value))));
        }
        return part;
    };
    return {content: [box, missing.label], read};
};

const wordsForm = (board, column, clause) => {
    const words = flags.wordsOf(column);
    const count = countMissing(board.experiments, column);
    const isOpen = !clause;
    const chosen = new Set(isOpen ? words : (clause.values ?? []));
    const missing = checkbox(`${column.members ? "none" : "missing"} (${count})`, isOpen || Boolean(clause.missing));
    missing.label.hidden = count === 0 && !clause?.missing;
    const list = element("div", {className: "ht-filter-words"});
    const search = element("input", {
        type: "search",
        className: "ht-search",
        placeholder: "Search",
        aria: {label: `Search ${column.name}`},
    });
    search.hidden = words.length <= MOST_UNSEARCHED;

    const found = () => words.filter((word) => word.toLowerCase().includes(search.value.trim().toLowerCase()));
    const fill = () => {
        const all = found();
        const boxes = all.slice(0, MOST_BOXES).map((word) => {
            const {input, label} = checkbox(word, chosen.has(word));
            input.addEventListener("change", () => chosen[input.checked ? "add" : "delete"](word));
            return label;
        });
        const more =
            all.length > MOST_BOXES
                ? [
                      element("p", {
                          className: "ht-quiet",
                          textContent: `${all.length - MOST_BOXES} more: search for them`,
                      }),
                  ]
                : [];
        list.replaceChildren(...boxes, ...more);
    };
    const setAll = (isChosen) => {
        found().forEach((word) => chosen[isChosen ? "add" : "delete"](word));
        if (!search.value) missing.input.checked = isChosen;
        fill();
    };
    const all = ["all", "none"].map((word) => {
        const button = element("button", {type: "button", className: "ht-link", textContent: word});
        button.addEventListener("click", () => setAll(word === "all"));
        return button;
    });
    search.addEventListener("input", fill);
    fill();
    const read = () =>
        partOfWords(column.key, words, chosen, missing.input.checked && !missing.label.hidden, !missing.label.hidden);
    return {content: [search, element("div", {className: "ht-filter-all"}, ...all), list, missing.label], read};
};

/** Open the filter of a column. */
export const open = (popover, from, board, column, title) => {
    const source = sourceOf(column.key);
    const clause = board.clauses().find((own) => own.source === source && own.field === column.key);
    const isNarrowed = board.clauses().some(({field}) => field === column.key);
    const {content, read} =
        column.kind === "category" ? wordsForm(board, column, clause) : rangeForm(board, column, clause);
    const clear = element("button", {
        type: "button",
        className: "ht-button",
        textContent: "Clear",
        disabled: !isNarrowed,
    });
    const note =
        isNarrowed && !clause
            ? [element("p", {className: "ht-quiet", textContent: "A brush narrows it already; both count."})]
            : [];
    const form = element(
        "form",
        {className: "ht-filter", noValidate: true},
        element("div", {className: "ht-menu-title", textContent: `Filter ${title}`}),
        ...content,
        ...note,
        element(
            "div",
            {className: "ht-filter-buttons"},
            clear,
            element("button", {type: "submit", className: "ht-button is-accent", textContent: "Filter"}),
        ),
    );
    clear.addEventListener("click", () => {
        popover.close();
        board.commit(withoutField(board.clauses(), column.key));
    });
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const part = read();
        if (Number.isNaN(part)) return;
        popover.close();
        board.commit(selection.withClauses(board.clauses(), source, part ? [part] : []));
    });
    popover.open(from, `Filter ${title}`, form);
};

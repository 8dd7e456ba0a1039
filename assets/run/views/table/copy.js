/** Rows of the table as text for other programs: CSV, Markdown and LaTeX, with exact values. */
import * as selection from "../../../selection/selection.js";
import * as shell from "../../../shell/shell.js";

export const MOST_ROWS = 10000;
// What makes a spreadsheet compute a cell, and what it strips before it looks; see app/table.py.
const FORMULA = /^[=+\-@＝＋－＠]/;
const CONTROL = /^[\t\r\n\0]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

// --- what is copied: {heads: [{words, isNumber}], rows}; a cell is a number, a word or null ------------------------

const NAMES = {number: "Experiment", state: "State", epoch: "Epoch", duration: "Duration (s)"};

/** Heads that differ: a name that stands for several columns gets its role in front. */
const headsOf = (columns) => {
    const names = columns.map(({key, name, title}) => NAMES[key] ?? title ?? name);
    return columns.map(({role, kind}, place) => ({
        isNumber: kind !== "category",
        words: names.filter((name) => name === names[place]).length > 1 ? `${role} ${names[place]}` : names[place],
    }));
};

const cellOf = (column, index) => {
    const value = column.values[index];
    if (column.kind === "category") return Number.isNaN(value) ? null : column.categories[value];
    return Number.isNaN(value) && !column.nan.has(index) ? null : value;
};

/** The columns of some experiments, both in the order that is given. */
export const contentOf = (columns, indices) => ({
    heads: headsOf(columns),
    rows: Array.from(indices, (index) => columns.map((column) => cellOf(column, index))),
});

/** Which experiments are copied, in the order of the table: the picked ones, else the selected ones. */
export const chosenOf = (order, {picked, indexOf, mask, bit}) => {
    const wanted = new Set(picked.map((number) => indexOf.get(number)));
    return order.filter((index) => (wanted.size ? wanted.has(index) : mask[index] & bit));
};

const plural = (count) => `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;

export const saidOf = (count, name) => `Copied ${plural(count)} as ${name}`;

/** Why so many are not copied, or null. */
export const refusalOf = (count) =>
    count <= MOST_ROWS
        ? null
        : `${plural(count)} are too many to copy: it takes up to ${MOST_ROWS.toLocaleString("en")}. Select fewer, or take the file: “Download CSV” has them all.`;

// --- the languages ------------------------------------------------------------------------------------------------

/** A number with every digit; Python, pandas and R read it back. */
const exact = (value) =>
    Number.isNaN(value) ? "nan" : Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";

const csvCell = (cell) => {
    const text = cell === null ? "" : typeof cell === "number" ? exact(cell) : cell;
    const isComputed = CONTROL.test(text) || FORMULA.test(text.trimStart());
    const safe = isComputed && !NUMBER.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** As the page's download writes it: text that a spreadsheet would compute is marked as text. */
export const csv = ({heads, rows}) =>
    [heads.map(({words}) => words), ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");

// Line ends and other control characters would end a row, or be nothing to see.
// biome-ignore lint/suspicious/noControlCharactersInRegex: just these are meant.
const onOneLine = (text) => text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, " ");

/** Text that no reader of Markdown takes for markup; an underscore within a word is none. */
const markdownText = (text) =>
    onOneLine(text)
        .replace(/[\\`*[\]<>|~!&$#{}]/g, "\\$&")
        .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
        .replace(/\b(https?:|www\.)/gi, (start) => `${start.slice(0, -1)}\\${start.slice(-1)}`);

const markdownCell = (cell) => (cell === null ? "" : typeof cell === "number" ? exact(cell) : markdownText(cell));

/** A table of GitHub's Markdown, numbers at the right. */
export const markdown = ({heads, rows}) => {
    const line = (cells) => `| ${cells.join(" | ")} |\n`;
    return (
        line(heads.map(({words}) => markdownText(words))) +
        line(heads.map(({isNumber}) => (isNumber ? "---:" : "---"))) +
        rows.map((row) => line(row.map(markdownCell))).join("")
    );
};

const LATEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "`": "{`}",
    "'": "{'}",
    "-": "{-}",
};

/** Text that LaTeX sets as it is: a bracket or a star after a line's end would be an argument, two hyphens a dash. */
const latexText = (text) =>
    onOneLine(text).replace(/[\\~^<>|"[\]*`'{}$&#_%]|-(?=-)/g, (sign) => LATEX[sign] ?? `\\${sign}`);

const latexNumber = (value) => {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value > 0 ? "$\\infty$" : "$-\\infty$";
    const [digits, power] = String(value).split("e");
    if (power !== undefined) return `$${digits} \\times 10^{${Number(power)}}$`;
    return value < 0 ? `$${digits}$` : digits;
};

const latexCell = (cell) => (cell === null ? "" : typeof cell === "number" ? latexNumber(cell) : latexText(cell));

/** A tabular with the rules of the package booktabs. */
export const latex = ({heads, rows}) => {
    const line = (cells) => `  ${cells.join(" & ")} \\\\\n`;
    return [
        "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}.\n",
        `\\begin{tabular}{${heads.map(({isNumber}) => (isNumber ? "r" : "l")).join("")}}\n`,
        "  \\toprule\n",
        line(heads.map(({words}) => latexText(words))),
        "  \\midrule\n",
        ...rows.map((row) => line(row.map(latexCell))),
        "  \\bottomrule\n",
        "\\end{tabular}\n",
    ].join("");
};

const LANGUAGES = [
    ["CSV", csv],
    ["Markdown", markdown],
    ["LaTeX", latex],
];

// --- the button ---------------------------------------------------------------------------------------------------

/** button: offers the languages. orderNow: the experiments in the order of the table; columns: its arrangement. */
export const create = (button, board, columns, orderNow, popover) => {
    const copy = async (name, write) => {
        const set = board.experiments;
        const indices = chosenOf(orderNow(), {
            picked: board.picked,
            indexOf: set.indexOf,
            mask: board.mask,
            bit: selection.SELECTED,
        });
        const refusal = refusalOf(indices.length);
        if (refusal) return board.say(refusal);
        const shown = columns
            .shown()
            .map((key) => set.columns.get(key))
            .filter(Boolean);
        try {
            await shell.copy(write(contentOf(shown, indices)));
        } catch {
            return board.say("This browser does not let the page copy; “Download CSV” has the same numbers.");
        }
        return board.say(saidOf(indices.length, name));
    };

    button.addEventListener(
        "click",
        () => {
            if (popover.isOpenAt(button)) return popover.close();
            const title = board.picked.length
                ? `The ${plural(board.picked.length)} picked`
                : `The ${plural(board.selectedCount)} selected`;
            return popover.openMenu(
                button,
                title,
                LANGUAGES.map(([name, write]) => ({
                    words: name,
                    act: () => copy(name, write),
                    isDisabled: board.picked.length + board.selectedCount === 0,
                })),
            );
        },
        {signal: board.signal},
    );
};

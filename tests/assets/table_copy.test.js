import assert from "node:assert/strict";
import {test} from "node:test";
import * as copying from "../../assets/run/views/table/copy.js";

const words = (...cells) => ({heads: cells.map((_, place) => ({words: `c${place}`, isNumber: false})), rows: [cells]});
const numbers = (...cells) => ({heads: cells.map(() => ({words: "x", isNumber: true})), rows: [cells]});
const column = (key, name, role, values, more = {}) => ({
    key,
    name,
    role,
    kind: "number",
    values,
    nan: new Set(),
    ...more,
});

test("columns come with their names, those of the same name with their role, and exact values", () => {
    const number = column("number", "Experiment", "other", [1, 2, 3]);
    const tuned = column("h:loss", "loss", "hyperparameter", [0, 1, NaN], {
        kind: "category",
        categories: ["mse", "l1"],
    });
    const metric = column("m:loss", "loss", "metric", [0.1 + 0.2, NaN, NaN], {nan: new Set([1])});
    const best = column("m:acc", "acc", "metric", [1, 2, 3], {title: "acc (best)"});
    const content = copying.contentOf([number, tuned, metric, best], [2, 1, 0]);
    assert.deepEqual(
        content.heads.map(({words: head}) => head),
        ["Experiment", "hyperparameter loss", "metric loss", "acc (best)"],
    );
    assert.deepEqual(
        content.heads.map(({isNumber}) => isNumber),
        [true, false, true, true],
    );
    assert.deepEqual(content.rows, [
        [3, null, null, 3],
        [2, "l1", NaN, 2],
        [1, "mse", 0.30000000000000004, 1],
    ]);
});

test("picked rows are copied, else the selected ones, both in the order of the table", () => {
    const own = {
        indexOf: new Map([
            [10, 0],
            [20, 1],
            [30, 2],
        ]),
        mask: Uint8Array.from([2, 1, 2]),
        bit: 2,
    };
    assert.deepEqual(copying.chosenOf([2, 1, 0], {...own, picked: []}), [2, 0]);
    assert.deepEqual(copying.chosenOf([2, 1, 0], {...own, picked: [10, 20]}), [1, 0]);
});

test("it says what was copied, and why so many are not", () => {
    assert.equal(copying.saidOf(12, "Markdown"), "Copied 12 rows as Markdown");
    assert.equal(copying.saidOf(1, "CSV"), "Copied 1 row as CSV");
    assert.equal(copying.refusalOf(10000), null);
    assert.match(copying.refusalOf(100000), /^100,000 rows are too many .* 10,000.*Download CSV/);
});

test("CSV keeps every digit and quotes what needs it", () => {
    assert.equal(
        copying.csv(numbers(0.30000000000000004, 1e-7, NaN, Infinity, null)),
        "x,x,x,x,x\r\n0.30000000000000004,1e-7,nan,inf,\r\n",
    );
    assert.equal(
        copying.csv(words("a,b", 'say "x"', "two\nlines", "")),
        'c0,c1,c2,c3\r\n"a,b","say ""x""","two\nlines",\r\n',
    );
});

test("no cell of the CSV is computed by a spreadsheet", () => {
    const line = (cell) => copying.csv(words(cell)).split("\r\n").slice(1).join("\r\n").trimEnd();
    for (const hostile of ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "  =1", "＝1", "\t=1", "-inf"]) {
        assert.ok(line(hostile).replace(/^"/, "").startsWith("'"), hostile);
    }
    assert.equal(line("-1.5e-3"), "-1.5e-3");
    assert.equal(line("a=b"), "a=b");
    assert.equal(copying.csv({heads: [{words: "=x", isNumber: true}], rows: []}), "'=x\r\n");
});

test("Markdown has one line per row, and no text of a script becomes markup", () => {
    const own = {
        heads: [
            {words: "batch_size", isNumber: true},
            {words: "opt", isNumber: false},
        ],
        rows: [
            [32, "sgd"],
            [null, "a|b"],
        ],
    };
    assert.equal(copying.markdown(own), "| batch_size | opt |\n| ---: | --- |\n| 32 | sgd |\n|  | a\\|b |\n");
    const line = (cell) => copying.markdown(words(cell)).split("\n")[2];
    assert.equal(line("![x](http://a.b)"), "| \\!\\[x\\](http\\://a.b) |");
    assert.equal(line("<img src=x onerror=alert(1)>"), "| \\<img src=x onerror=alert(1)\\> |");
    assert.equal(line("a\\|b"), "| a\\\\\\|b |");
    assert.equal(line("one\r\ntwo\u2028three"), "| one two three |");
    assert.equal(line("_a_b_ *c* `d`"), "| \\_a_b\\_ \\*c\\* \\`d\\` |");
    assert.equal(copying.markdown(numbers(-Infinity, NaN)).split("\n")[2], "| -inf | nan |");
});

test("LaTeX is a table of booktabs that sets any text as it is", () => {
    const own = {
        heads: [
            {words: "batch_size", isNumber: true},
            {words: "opt", isNumber: false},
        ],
        rows: [
            [32, "50 %"],
            [-1.5, "a&b"],
        ],
    };
    assert.equal(
        copying.latex(own),
        [
            "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}.",
            "\\begin{tabular}{rl}",
            "  \\toprule",
            "  batch\\_size & opt \\\\",
            "  \\midrule",
            "  32 & 50 \\% \\\\",
            "  $-1.5$ & a\\&b \\\\",
            "  \\bottomrule",
            "\\end{tabular}",
            "",
        ].join("\n"),
    );
    const cell = (text) => copying.latex(words(text)).split("\n")[5].slice(2, -3);
    assert.equal(cell("\\input{/etc/passwd}"), "\\textbackslash{}input\\{/etc/passwd\\}");
    assert.equal(cell("$x^2$ #1 ~a"), "\\$x\\textasciicircum{}2\\$ \\#1 \\textasciitilde{}a");
    // After \\ these would be read as arguments of the line's end.
    assert.equal(cell("[5cm]*"), "{[}5cm{]}{*}");
    assert.equal(
        cell("--lr % not a comment\n\\end{tabular}"),
        "{-}-lr \\% not a comment \\textbackslash{}end\\{tabular\\}",
    );
    const number = (value) => copying.latex(numbers(value)).split("\n")[5].slice(2, -3);
    assert.equal(number(1.5e-7), "$1.5 \\times 10^{-7}$");
    assert.equal(number(-2e25), "$-2 \\times 10^{25}$");
    assert.equal(number(-Infinity), "$-\\infty$");
    assert.equal(number(NaN), "NaN");
    assert.equal(number(null), "");
});

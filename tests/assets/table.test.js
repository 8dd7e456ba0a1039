const assert = require("node:assert/strict");
const {test} = require("node:test");
const experiments = require("../../assets/experiments.js");
const table = require("../../assets/table.js");

const set = experiments.create([{name: "lr", kind: "number"}, {name: "optimizer", kind: "category"}]);
experiments.patch(set, {
    number: [7], state: ["failed"], epoch: [null], epochs: [4], duration: [1.5],
    hyperparameters: [{name: "lr", values: [0.1]}, {name: "optimizer", values: ["sgd"]}],
    metrics: [{name: "a.b", values: [null], marked: [[0, "nan"]], level: null}], failures: [[0, "exit code 1"]],
});

test("a row has its columns by place, and says why it failed", () => {
    assert.deepEqual(table.rowOf(set, table.fieldsOf(set), 0), {
        id: "7", index: 0, number: 7, reason: "exit code 1", state: "failed", epoch: null, epochs: 4, duration: 1.5,
        h0: 0.1, h1: "sgd", m0: null,
    });
});

test("missing cells are last in both directions", () => {
    const sorted = (isDescending) => [2, null, 1, undefined, 3].map((value) => ({value}))
        .sort((a, b) => table.missingLast(a.value, b.value, null, null, isDescending) * (isDescending ? -1 : 1))
        .map(({value}) => value ?? "–");
    assert.deepEqual(sorted(false), [1, 2, 3, "–", "–"]);
    assert.deepEqual(sorted(true), [3, 2, 1, "–", "–"]);
});

test("words with numbers in them sort as people count", () => {
    assert.ok(table.missingLast("layer2", "layer10", null, null, false) < 0);
});

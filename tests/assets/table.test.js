const assert = require("node:assert/strict");
const {test} = require("node:test");
const experiments = require("../../assets/experiments.js");
const table = require("../../assets/table.js");

const set = experiments.create([{name: "lr", kind: "number"}, {name: "optimizer", kind: "category"}]);
experiments.patch(set, {
    number: [7], state: ["failed"], epoch: [null], epochs: [4], duration: [1.5],
    hyperparameters: [{name: "lr", values: [0.1]}, {name: "optimizer", values: ["sgd"]}],
    metrics: [{name: "a.b", values: [NaN], nan: [0], level: null}], failures: {codes: [0], words: ["exit code 1"]}, notes: {codes: [], words: []},
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

test("a queued experiment says its place, and a running one that it is being ended", () => {
    assert.equal(table.stateWord("queued", 1), "queued, next");
    assert.equal(table.stateWord("queued", 4), "queued, place 4");
    assert.equal(table.stateWord("running", undefined, {isStopping: true}), "stopping");
    assert.equal(table.stateWord("finished", undefined, {source: 3}), "finished");
    assert.equal(table.stateWord("stopped", undefined, undefined, "dropped from the queue"), "dropped");
    assert.equal(table.stateWord("stopped", undefined, undefined, "stopped by request"), "stopped by request");
    assert.equal(table.stateWord("stopped", undefined, undefined, "a time limit"), "stopped");
});

test("what is reused or repeated is marked, and a reused one links to its source", () => {
    assert.deepEqual(table.marksOf({source: 12, repeat: 1}).map(([words, , number]) => [words, number]), [["reused from 12", 12], ["repeat 2", null]]);
    assert.deepEqual(table.marksOf(undefined), []);
});

test("the cell explains itself", () => {
    assert.equal(table.stateExplained("queued", 3, undefined, ""), "queued; 2 others start before it");
    assert.equal(table.stateExplained("failed", undefined, undefined, "exit code 1"), "failed: exit code 1");
    assert.match(table.stateExplained("finished", undefined, {source: 12}, ""), /results are those of experiment 12/);
    assert.match(table.stateExplained("running", undefined, {isStopping: true}, ""), /running: its end was asked for/);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as table from "../../assets/run/views/table/table.js";

const set = experiments.create([
    {name: "lr", kind: "number"},
    {name: "optimizer", kind: "category"},
]);
experiments.patch(set, {
    number: [7],
    state: ["failed"],
    epoch: [null],
    epochs: [4],
    duration: [1.5],
    hyperparameters: [
        {name: "lr", values: [0.1]},
        {name: "optimizer", values: ["sgd"]},
    ],
    metrics: [{name: "a.b", values: [NaN], nan: [0], level: null}],
    failures: {codes: [0], words: ["exit code 1"]},
    notes: {codes: [], words: []},
});

test("a row has its columns by place, and says why it failed", () => {
    assert.deepEqual(table.rowOf(set, table.fieldsOf(set), 0), {
        id: "7",
        index: 0,
        number: 7,
        reason: "exit code 1",
        state: "failed",
        flags: null,
        epoch: null,
        epochs: 4,
        duration: 1.5,
        h0: 0.1,
        h1: "sgd",
        m0: null,
    });
});

const many = experiments.create([{name: "layer", kind: "category"}]);
experiments.patch(many, {
    number: [4, 1, 3, 2],
    state: ["finished", "finished", "finished", "queued"],
    epoch: [1, 1, 1, 1],
    epochs: [1, 1, 1, 1],
    duration: [2, NaN, 1, 2],
    hyperparameters: [{name: "layer", values: ["layer10", "layer2", null, "layer2"]}],
    metrics: [],
    failures: {codes: [], words: []},
    notes: {codes: [], words: []},
});
const numbersBy = (...sorting) =>
    table
        .sorted(
            many,
            sorting.map(([key, isDescending = false]) => ({column: many.columns.get(key), isDescending})),
        )
        .map((index) => many.numbers[index]);

test("missing cells are last in both directions, and equal ones come by number", () => {
    assert.deepEqual(numbersBy(["duration"]), [3, 2, 4, 1]);
    assert.deepEqual(numbersBy(["duration", true]), [2, 4, 3, 1]);
    assert.deepEqual(numbersBy(), [1, 2, 3, 4]);
});

test("words with numbers in them sort as people count", () => {
    assert.deepEqual(numbersBy(["h:layer"]), [1, 2, 4, 3]);
    assert.deepEqual(numbersBy(["h:layer", true]), [4, 1, 2, 3]);
});

test("a second column decides where the first one is equal", () => {
    assert.deepEqual(numbersBy(["h:layer"], ["duration"]), [2, 1, 4, 3]);
    assert.deepEqual(numbersBy(["state", true], ["number", true]), [2, 4, 3, 1]);
});

test("what came since is put in its place", () => {
    assert.deepEqual(
        table.sorted(many, [], [1, 0]).map((index) => many.numbers[index]),
        [1, 2, 3, 4],
    );
});

test("only what is selected has a row, in the order of the table", () => {
    assert.deepEqual([...table.masked([3, 1, 0, 2], Uint8Array.from([3, 1, 2, 3]), 2)], [3, 0, 2]);
    assert.equal(table.beginAlike([1, 2, 3], [1, 2, 4], 2), true);
    assert.equal(table.beginAlike([1, 2, 3], [1, 2, 4], 3), false);
    assert.equal(table.beginAlike([1, 2], [1, 2, 4], 3), false);
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
    assert.deepEqual(
        table.marksOf({source: 12, repeat: 1}).map(([words, , number]) => [words, number]),
        [
            ["reused from 12", 12],
            ["repeat 2", null],
        ],
    );
    assert.deepEqual(table.marksOf(undefined), []);
});

test("the cell explains itself", () => {
    assert.equal(table.stateExplained("queued", 3, undefined, ""), "queued; 2 others start before it");
    assert.equal(table.stateExplained("failed", undefined, undefined, "exit code 1"), "failed: exit code 1");
    assert.match(table.stateExplained("finished", undefined, {source: 12}, ""), /results are those of experiment 12/);
    assert.match(table.stateExplained("running", undefined, {isStopping: true}, ""), /running: its end was asked for/);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as origin from "../../assets/run/origin.js";
import {SELECTED} from "../../assets/selection/selection.js";

const COUNT = 20;
const numbers = Array.from({length: COUNT}, (_, place) => place + 1);

/** A board of 20 experiments; `selected` are numbers. */
const boardOf = (selected, {picked = [], clauses = [{}], kept = [], excluded = []} = {}) => {
    const hyperparameters = [
        {name: "lr", kind: "number", is_tuned: true},
        {name: "optimizer", kind: "category", categories: ["sgd", "adam", "true"], is_tuned: true},
        {name: "seed", kind: "number", is_tuned: false},
        {name: "__proto__", kind: "number", is_tuned: true},
    ];
    const set = experiments.create(hyperparameters);
    const none = numbers.map(() => null);
    experiments.patch(set, {
        number: numbers,
        state: numbers.map(() => "finished"),
        epoch: none,
        epochs: none,
        duration: none,
        metrics: [],
        failures: {codes: [], words: []},
        notes: {codes: [], words: []},
        hyperparameters: [
            {name: "lr", values: numbers.map((number) => number / 10)},
            {name: "optimizer", values: numbers.map((number) => ["adam", "sgd"][number % 2])},
            {name: "seed", values: numbers},
            {name: "__proto__", values: numbers.map((number) => number % 2)},
        ],
    });
    const mask = Uint8Array.from(numbers, (number) => (selected.includes(number) ? SELECTED | 1 : 1));
    return {
        experiments: set,
        mask,
        picked,
        spec: {number: 3, hyperparameters},
        state: () => ({clauses, kept, excluded}),
    };
};

test("without a brush a page gives its run and what is picked", () => {
    assert.deepEqual(origin.of(boardOf(numbers, {clauses: [], picked: [7, 2]})), {
        run: 3,
        picked: [2, 7],
        brush: null,
        selected: 0,
    });
});

test("a brush gives what the selected experiments have of each tuned hyperparameter", () => {
    const {brush, selected} = origin.of(boardOf([2, 4, 5]));
    assert.equal(selected, 3);
    assert.deepEqual(brush.lr, {values: [0.2, 0.4, 0.5]});
    // In the order of the categories, which is the order of the run's candidates.
    assert.deepEqual(brush.optimizer, {values: ["sgd", "adam"]});
    assert.deepEqual(Object.keys(brush), ["lr", "optimizer", "__proto__"]);
    assert.deepEqual(Object.getOwnPropertyDescriptor(brush, "__proto__").value, {values: [0, 1]});
});

test("more than twelve numbers are a range", () => {
    assert.deepEqual(origin.of(boardOf(numbers)).brush.lr, {range: [0.1, 2]});
    assert.equal(origin.of(boardOf(numbers.slice(0, 12))).brush.lr.values.length, 12);
});

test("keeping some is a brush, too; one that selects nothing is none", () => {
    assert.equal(origin.of(boardOf([1], {clauses: [], kept: [{}]})).selected, 1);
    assert.equal(origin.of(boardOf([1], {clauses: [], excluded: [[{}]]})).selected, 1);
    assert.deepEqual(origin.of(boardOf([])), {run: 3, picked: [], brush: null, selected: 0});
});

test("an experiment's page has picked its experiment, and a draft's page knows its run", () => {
    assert.deepEqual(origin.of(null, "/projects/digits/experiments/12"), {
        run: null,
        picked: [12],
        brush: null,
        selected: 0,
    });
    assert.deepEqual(origin.of(null, "/projects/digits/runs/4/"), {run: 4, picked: [], brush: null, selected: 0});
    assert.deepEqual(origin.of(null, "/projects/experiments"), {run: null, picked: [], brush: null, selected: 0});
    assert.deepEqual(origin.of(null), {run: null, picked: [], brush: null, selected: 0});
});

test("what it gives can be sent", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(origin.of(boardOf([2])))).brush.lr, {values: [0.2]});
});

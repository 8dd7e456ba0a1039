import assert from "node:assert/strict";
import {test} from "node:test";
import * as sets from "../../assets/experiment/curves/set.js";

const curve = (experiment, metric, x, y, more = {}) => ({
    experiment,
    metric,
    first: 0,
    count: x.length,
    of: x.length,
    unit: "epoch",
    ends: null,
    epoch: null,
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    ...more,
});
const told = (curves, more = {}) => ({
    experiments: [...new Set(curves.map(({experiment}) => experiment))].map((number) => ({
        number,
        state: "running",
        attempt: 1,
        start: 10,
        settings: {lr: number > 2 ? 0.1 : 0.2, seed: 1},
    })),
    curves,
    pairs: {},
    epochs: [1, 2],
    objective: null,
    ...more,
});
const received = (...answers) => answers.reduce((set, answer) => sets.receive(set, answer), sets.create());

test("what comes later is appended, and other curves stay what they are", () => {
    const first = received(told([curve(1, "loss", [1, 2], [3, 2]), curve(2, "loss", [1], [5])]));
    const next = sets.receive(first, told([curve(1, "loss", [3], [1], {first: 2, count: 3})], {epochs: [3]}));
    const own = next.curves.get(sets.keyOf(1, "loss"));
    assert.deepEqual([[...own.x], [...own.y], own.count, own.of], [[1, 2, 3], [3, 2, 1], 3, 3]);
    assert.deepEqual([...own.points.reached], [1, 2, 3]);
    assert.equal(next.curves.get(sets.keyOf(2, "loss")), first.curves.get(sets.keyOf(2, "loss")));
    assert.deepEqual(next.epochs, [1, 2, 3]);
});

test("another attempt begins anew", () => {
    const first = received(told([curve(1, "loss", [1, 2], [3, 2])]));
    const again = {...told([]), experiments: [{number: 1, attempt: 2, state: "running", settings: {}, start: 0}]};
    assert.equal(sets.receive(first, again).curves.size, 0);
});

test("of what may still report, the page says what it holds", () => {
    const set = received(told([curve(1, "loss", [1, 2], [3, 2], {ends: [0, 9]})]));
    assert.deepEqual(sets.held(set), {1: {attempt: 1, start: 10, curves: {loss: {count: 2, ends: [0, 9], last: 2}}}});
    set.experiments.get(1).state = "finished";
    assert.deepEqual(sets.held(set), {});
});

test("a curve that has grown far beyond what was sent at once is asked for anew", () => {
    const many = Array.from({length: 1600}, (_, at) => at);
    const set = received(
        told([curve(1, "loss", [1, 2], [3, 2])]),
        told([curve(1, "loss", many, many, {first: 2, count: 1602})]),
    );
    assert.deepEqual(sets.held(set)[1].curves, {});
});

test("where epochs go back, a replay has come to the largest of them", () => {
    assert.deepEqual([...sets.reached(Float64Array.from([1, 3, 2, NaN, 4]))], [1, 3, 3, 3, 4]);
    assert.equal(sets.isAscending([1, 1, 2]), true);
    assert.equal(sets.isAscending([1, 3, 2]), false);
    assert.equal(sets.isAscending([1, NaN, 2]), false);
});

test("training and validation share a panel, two units never do, and the objective comes first", () => {
    const two = (metric, more) => curve(1, metric, [1, 2], [1, 2], more);
    const set = received(
        told(
            [
                two("batch_loss", {ends: [0, 9]}),
                two("lr"),
                two("train_loss"),
                two("val_loss"),
                two("accuracy"),
                curve(1, "once", [1], [2]),
            ],
            {pairs: {val_loss: "train_loss"}, objective: "accuracy"},
        ),
    );
    assert.deepEqual(sets.panelsOf(set), [
        {key: "accuracy", metrics: ["accuracy"]},
        {key: "train_loss", metrics: ["train_loss", "val_loss"]},
        {key: "lr", metrics: ["lr"]},
        {key: "batch_loss", metrics: ["batch_loss"]},
    ]);
    assert.deepEqual(
        sets.panelsOf(set, (metric) => metric !== "val_loss"),
        [{key: "train_loss", metrics: ["val_loss"]}],
    );
    assert.equal(sets.drawn(set).includes("once"), false);
    assert.deepEqual(sets.panelsOf(received(told([two("constructor")]))), [
        {key: "constructor", metrics: ["constructor"]},
    ]);
});

test("equal settings are repeats, and what differs is named", () => {
    const set = received(told([1, 2, 3].map((number) => curve(number, "loss", [1, 2], [1, 2]))));
    assert.deepEqual(sets.repeats(set), [[1, 2], [3]]);
    assert.deepEqual(sets.varying(set), ["lr"]);
});

test("the curve of which most is left out tells how much, unless a stretch of it is there in full", () => {
    const set = received(told([curve(1, "loss", [1, 2], [1, 2], {of: 900}), curve(2, "loss", [1, 2], [1, 2])]));
    assert.deepEqual(sets.thinning(set), {shown: 2, of: 900});
    const near = sets.withDetail(set, [curve(1, "loss", [1, 1.5, 2], [1, 3, 2])]);
    assert.equal(sets.thinning(near), null);
    assert.deepEqual(sets.thinning(sets.withoutDetail(near)), {shown: 2, of: 900});
});

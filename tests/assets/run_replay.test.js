import assert from "node:assert/strict";
import {test} from "node:test";
import * as columns from "../../assets/experiments/columns.js";
import {endsOf, framesOf, hold, noteOf, release, restore, show} from "../../assets/run/replay.js";

const ANSWER = {
    numbers: Int32Array.of(2, 1),
    epochs: Float64Array.of(1, 2),
    of: 2,
    still: [],
    metrics: [{name: "loss", values: Float64Array.of(5, NaN, 3, 9)}],
};

const CHANGES = {
    number: [1, 2, 3],
    state: ["finished", "finished", "queued"],
    epoch: [2, 2, null],
    epochs: [2, 2, 2],
    duration: [1, 1, null],
    hyperparameters: [],
    metrics: [{name: "loss", values: [8, 3, null], nan: [], level: "epoch"}],
    failures: {codes: [], words: []},
    notes: {codes: [], words: []},
};

const held = () => {
    const set = columns.create([]);
    columns.patch(set, CHANGES);
    const frames = framesOf(ANSWER);
    return {set, frames, loss: set.columns.get("m:loss"), kept: hold(set, frames, columns.extent)};
};

test("a frame shows what was known then, by the experiments' numbers, and the end comes back as it was", () => {
    const {set, frames, loss, kept} = held();
    const end = [...loss.values.subarray(0, 3)];
    show(set, frames, kept, 0);
    assert.deepEqual([...loss.values.subarray(0, 3)], [NaN, 5, NaN]);
    show(set, frames, kept, 1);
    assert.deepEqual([...loss.values.subarray(0, 3)], [9, 3, NaN]);
    restore(set, kept);
    assert.deepEqual([...loss.values.subarray(0, 3)], end);
});

test("axes hold at everything that the replay shows, and move again after it", () => {
    const {set, frames, loss, kept} = held();
    show(set, frames, kept, 0);
    assert.deepEqual(columns.extent(set, loss), [3, 9]);
    // What is selected has its own ends at every epoch.
    assert.deepEqual(columns.extent(set, loss, new Uint8Array(3).fill(1), 1), [5, 5]);
    release(set, kept);
    assert.deepEqual(columns.extent(set, loss), [3, 8]);
});

test("infinite values and missing ones are no ends of an axis", () => {
    assert.deepEqual(endsOf([NaN, Infinity, 2, -Infinity], null), [2, 2]);
    assert.deepEqual(endsOf([NaN], [0, 1]), [0, 1]);
    assert.equal(endsOf([NaN, Infinity], null), null);
});

test("what the frames do not show is said", () => {
    assert.equal(noteOf(framesOf(ANSWER)), "");
    assert.equal(
        noteOf({...framesOf(ANSWER), of: 2000, still: ["size"]}),
        "2 of 2,000 epochs; size names no epoch and stays as it is",
    );
});

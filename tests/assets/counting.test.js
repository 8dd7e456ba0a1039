import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as counting from "../../assets/experiments/counting.js";
import * as trend from "../../assets/experiments/trend.js";
import * as selection from "../../assets/selection/selection.js";

const NOTHING = {codes: [], words: []};
const STATES = ["finished", "finished", "running", "failed", "stopped", "queued", "finished"];
const LOSS = [0.5, 0.4, 0.3, 0.2, 0.1, null, NaN];

const setOf = (states = STATES, loss = LOSS, number = states.map((_, row) => row + 1)) => {
    const set = experiments.create([], ["finished"]);
    experiments.patch(set, {
        number,
        state: states,
        epoch: number.map(() => 1),
        epochs: number.map(() => 1),
        duration: number.map(() => 1),
        hyperparameters: [],
        metrics: [{name: "loss", values: loss, nan: [], level: null}],
        failures: NOTHING,
        notes: NOTHING,
        flags: NOTHING,
        sentences: [],
    });
    return set;
};

const bestOf = (set, goal, isIncluded) => set.numbers[counting.best(set, "m:loss", goal, isIncluded)];

test("the best is a finished one with a finite value, unless a person includes the others", () => {
    const set = setOf();
    assert.equal(bestOf(set, "minimize"), 2);
    assert.equal(bestOf(set, "maximize"), 1);
    assert.equal(bestOf(set, "minimize", true), 5);
    assert.equal(counting.best(set, "m:nothing", "maximize"), -1);
    assert.equal(counting.best(setOf(["running"], [1]), "m:loss", "maximize"), -1);
    assert.equal(bestOf(setOf(["finished", "finished", "finished"], [-Infinity, 0.2, 0.1]), "minimize"), 3);
});

test("of equal ones the smallest number is the best, whatever came first", () => {
    assert.equal(bestOf(setOf(["finished", "finished"], [1, 1], [7, 3]), "maximize"), 3);
});

test("a mask tells what is finished from what is not, and its other bits are as they were", () => {
    const {mask} = selection.tiers(setOf(), selection.NOTHING);
    const has = (bits) => STATES.map((_, index) => (mask[index] & bits) === bits);
    assert.deepEqual(has(selection.SELECTED | counting.FINISHED), [true, true, false, false, false, false, true]);
    assert.deepEqual(has(selection.KEPT | counting.UNFINISHED), [false, false, true, true, true, true, false]);
});

test("what is off the page is neither", () => {
    const {mask} = selection.tiers(setOf(), {
        clauses: [],
        kept: [],
        excluded: [[{source: "a", field: "number", range: [1, 3]}]],
    });
    assert.deepEqual([...mask.subarray(0, 3)], [0, 0, 0]);
});

test("a trend goes through those that count", () => {
    const [xs, ys] = [Float64Array.from([1, 2, 3, 4, 5, 6]), Float64Array.from([1, 2, 3, 4, 50, 60])];
    const set = setOf(["finished", "finished", "finished", "finished", "running", "failed"], [...ys]);
    const {mask} = selection.tiers(set, selection.NOTHING);
    const of = (isIncluded) => trend.fitOf(xs, ys, mask, counting.countedBits(selection.SELECTED, isIncluded));
    assert.deepEqual([of(false).n, of(false).slope], [4, 1]);
    assert.equal(of(true).n, 6);
    assert.ok(of(true).slope > 5);
});

test("what does not count is said of the experiment and beside the best", () => {
    const set = setOf();
    assert.equal(counting.remarkOf(set, 0, false), "");
    assert.equal(counting.remarkOf(set, 2, false), "not finished: running, not counted");
    assert.equal(counting.remarkOf(set, 2, true), "not finished: running");
    assert.equal(counting.remarkOf(set, 5, false), "");
    assert.equal(
        counting.bestNote(set, "m:loss", "minimize", false),
        "experiment 5 has a better value, and does not count: stopped",
    );
    assert.equal(counting.bestNote(set, "m:loss", "minimize", true), "not finished: stopped");
    assert.equal(counting.bestNote(set, "m:loss", "maximize", false), "");
    assert.equal(
        counting.bestNote(setOf(["running"], [1]), "m:loss", "maximize", false),
        "none that has a value is finished",
    );
    assert.equal(counting.bestNote(setOf(["running"], [null]), "m:loss", "maximize", false), "");
    assert.equal(counting.unfinishedWords(set), "1 running, 1 failed, 1 stopped");
    assert.equal(counting.countFinished(set), 3);
    assert.equal(counting.hasUnfinished(set, [set.columns.get("m:loss")]), true);
});

test("the address says whether unfinished ones count, and keeps what else it says", () => {
    assert.equal(counting.fromQuery("?include=unfinished"), true);
    assert.equal(counting.fromQuery("?include=everything"), false);
    assert.equal(counting.toQuery("?a=1", true), "?a=1&include=unfinished");
    assert.equal(counting.toQuery("?include=unfinished", false), "");
    assert.deepEqual(["?include=unfinished", "?include=1", ""].map(counting.asked), ["unfinished", null, null]);
});

test("where nobody says which states count, all do", () => {
    const set = experiments.create([]);
    assert.equal(counting.isFinished(set, 0), true);
});

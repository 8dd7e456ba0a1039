import assert from "node:assert/strict";
import {test} from "node:test";
import * as legend from "../../assets/experiment/curves/legend.js";

test("a click hides and shows, a double click shows one alone and then all again", () => {
    assert.deepEqual(legend.toggled([2], 3), [2, 3]);
    assert.deepEqual(legend.toggled([2, 3], 3), [2]);
    assert.deepEqual(legend.isolated([], 2, [1, 2, 3]), [1, 3]);
    assert.deepEqual(legend.isolated([1, 3], 2, [1, 2, 3]), []);
    assert.deepEqual(legend.isolated([1, 2], 2, [1, 2, 3]), [1, 3]);
});

test("the panel says how much it leaves out", () => {
    assert.equal(
        legend.thinningWords({shown: 400, of: 1000000}),
        "Showing 400 of 1,000,000 points per curve; lowest and highest are kept. Zoom in for more.",
    );
    assert.equal(legend.thinningWords(null), "");
});

test("any metric may be the axis across", () => {
    assert.deepEqual(
        legend.axisChoices(["loss"]).map(([value]) => value),
        ["epoch", "step", "time", "m:loss"],
    );
    assert.equal(legend.settingsWords({lr: 0.1}, ["lr", "seed"]), "lr 0.1, seed –");
});

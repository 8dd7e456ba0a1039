import assert from "node:assert";
import test from "node:test";
import * as experiment from "../../assets/experiment/page.js";

test("views are named once, in order of appearance", () => {
    assert.deepEqual(experiment.namesOf([{name: "b"}, {name: "a"}, {name: "b"}]), ["b", "a"]);
    assert.equal(experiment.epochLabel({epoch: 3}), "epoch 3");
    assert.equal(experiment.epochLabel({epoch: null}), "");
    assert.deepEqual(experiment.epochsOf([{epoch: 4}, {epoch: null}, {epoch: 2}, {epoch: 4}]), [2, 4]);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as controls from "../../assets/run/views/matrix/controls.js";

test("marks can be coloured by the objective, metrics, hyperparameters that vary, and the rest", () => {
    const set = experiments.create([
        {name: "lr", kind: "number"},
        {name: "seed", kind: "number"},
    ]);
    set.size = 2;
    const put = (key, role, values) =>
        set.columns.set(key, {
            ...set.columns.get("h:lr"),
            key,
            name: key.slice(2),
            role,
            values: Float64Array.from(values),
        });
    put("h:lr", "hyperparameter", [0.1, 0.2]);
    put("h:seed", "hyperparameter", [1, 1]);
    put("m:loss", "metric", [1, 2]);
    put("m:accuracy", "metric", [1, 2]);
    assert.deepEqual(
        controls.colourOptions(set, "accuracy").map(([, words]) => words),
        ["nothing", "accuracy (objective)", "loss", "lr", "state", "duration", "experiment number"],
    );
});

test("typed limits make a part of the selection", () => {
    assert.deepEqual(controls.partOfLimits("m:a", "0,5", "", false), {field: "m:a", range: [0.5, null]});
    assert.deepEqual(controls.partOfLimits("m:a", "3", "1e-2", true), {field: "m:a", range: [0.01, 3], missing: true});
    assert.equal(controls.partOfLimits("m:a", " ", "", true), null);
    assert.ok(Number.isNaN(controls.partOfLimits("m:a", "x", "1", false)));
});

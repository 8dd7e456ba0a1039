import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as filter from "../../assets/run/views/table/filter.js";
import * as selection from "../../assets/selection/selection.js";

test("a filter is the clause that a slider or a count of states makes", () => {
    assert.equal(filter.sourceOf("h:lr"), "panel:h:lr");
    assert.equal(filter.sourceOf("state"), "header:state");
});

test("typed limits are a range whose empty end is open", () => {
    assert.deepEqual(filter.partOfLimits("m:loss", ["0,5", ""], false), {field: "m:loss", range: [0.5, null]});
    assert.deepEqual(filter.partOfLimits("m:loss", [" 2e3 ", "−1"], true), {
        field: "m:loss",
        range: [-1, 2000],
        missing: true,
    });
    assert.equal(filter.partOfLimits("m:loss", ["", ""], false), null);
    assert.deepEqual(filter.partOfLimits("m:loss", ["", ""], true), {field: "m:loss", missing: true});
    assert.ok(Number.isNaN(filter.partOfLimits("m:loss", ["1", "x"], false)));
});

test("check boxes are a list of values; all of them, or none, are no filter", () => {
    const part = (chosen, isMissing, hasMissing) =>
        filter.partOfWords("h:opt", ["sgd", "adam"], new Set(chosen), isMissing, hasMissing);
    assert.deepEqual(part(["adam"], false, false), {field: "h:opt", values: ["adam"]});
    assert.deepEqual(part(["adam"], true, true), {field: "h:opt", values: ["adam"], missing: true});
    assert.equal(part(["adam", "sgd"], false, false), null);
    assert.deepEqual(part(["adam", "sgd"], false, true), {field: "h:opt", values: ["sgd", "adam"]});
    assert.equal(part(["adam", "sgd"], true, true), null);
    assert.deepEqual(part([], true, true), {field: "h:opt", missing: true});
    assert.equal(part([], false, true), null);
});

test("clearing a filter leaves what others say of other columns", () => {
    const clauses = [
        {source: "panel:h:lr", field: "h:lr", range: [0, 1]},
        {source: "matrix:h:lr:m:loss", field: "h:lr", range: [0, 2]},
        {source: "matrix:h:lr:m:loss", field: "m:loss", range: [0, 3]},
    ];
    assert.deepEqual(filter.withoutField(clauses, "h:lr"), [clauses[2]]);
    assert.deepEqual([...filter.fieldsOf(clauses)], ["h:lr", "m:loss"]);
});

test("what the filter selects is what the selection selects, also among missing ones", () => {
    const set = experiments.create([
        {name: "lr", kind: "number"},
        {name: "opt", kind: "category"},
    ]);
    experiments.patch(set, {
        number: [1, 2, 3, 4],
        state: ["finished", "failed", "finished", "running"],
        epoch: [1, 1, 1, 1],
        epochs: [1, 1, 1, 1],
        duration: [1, 1, 1, NaN],
        hyperparameters: [
            {name: "lr", values: [0.1, null, 10, null]},
            {name: "opt", values: ["sgd", "adam", null, "sgd"]},
        ],
        metrics: [],
        failures: {codes: [], words: []},
        notes: {codes: [], words: []},
    });
    const selected = (part) => {
        const {mask} = selection.tiers(set, {
            ...selection.NOTHING,
            clauses: selection.withClauses([], "panel:x", [part]),
        });
        return [1, 2, 3, 4].filter((_, index) => mask[index] & selection.SELECTED);
    };
    assert.deepEqual(selected(filter.partOfLimits("h:lr", ["1", ""], false)), [3]);
    assert.deepEqual(selected(filter.partOfLimits("h:lr", ["1", ""], true)), [2, 3]);
    assert.deepEqual(selected(filter.partOfLimits("h:lr", ["", ""], true)), [2]);
    assert.deepEqual(selected(filter.partOfWords("h:opt", ["sgd", "adam"], new Set(["sgd"]), true, true)), [1, 3, 4]);
    // One that runs still may get a value.
    assert.equal(filter.countMissing(set, set.columns.get("h:lr")), 1);
    assert.equal(filter.missingWords(1, false), "only missing ones (1)");
    assert.equal(filter.missingWords(1, true), "missing ones, too (1)");
});

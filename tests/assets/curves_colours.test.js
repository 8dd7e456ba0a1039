import assert from "node:assert/strict";
import {test} from "node:test";
import * as colours from "../../assets/experiment/curves/colours.js";
import {HUES} from "../../assets/experiments/colours.js";

const experiments = [1, 2, 9].map((number) => ({
    number,
    settings: {lr: 10 ** -number, optimizer: number > 1 ? "sgd" : "adam", layers: null},
}));

test("an experiment keeps its colour whatever else is shown, and dashes tell doubles apart", () => {
    const {colours: found, dashes, legend} = colours.colouring("experiment", experiments, false);
    assert.deepEqual([...found.values()], [HUES.light[0], HUES.light[1], HUES.light[0]]);
    assert.deepEqual([dashes.get(1), dashes.get(9).length > 0, legend], [[], true, null]);
    assert.deepEqual(colours.dashesOf(Array.from({length: 25}, (_, at) => at + 1)).get(25), []);
});

test("a hyperparameter gives numbers a ramp and words a hue each", () => {
    const byNumber = colours.colouring("h:lr", experiments, true);
    assert.deepEqual([byNumber.legend.name, byNumber.legend.ends, byNumber.legend.isLog], ["lr", [1e-9, 0.1], true]);
    assert.equal(new Set(byNumber.colours.values()).size, 3);
    const byWord = colours.colouring("h:optimizer", experiments, false);
    assert.deepEqual(
        byWord.legend.entries.map(([word]) => word),
        ["adam", "sgd"],
    );
    assert.equal(byWord.colours.get(2), byWord.colours.get(9));
});

test("a hyperparameter without a value leaves each its own colour", () => {
    assert.equal(colours.colouring("h:layers", experiments, false).legend, null);
    assert.equal(colours.columnOf("layers", experiments).categories.length, 0);
});

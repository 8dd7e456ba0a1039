import assert from "node:assert/strict";
import {test} from "node:test";
import * as categories from "../../assets/experiments/categories.js";
import * as experiments from "../../assets/experiments/columns.js";
import * as matrix from "../../assets/run/views/matrix/axes.js";
import * as parallel from "../../assets/run/views/parallel/axes.js";

/** A column of `count` words; the i-th experiment has the word that `codes` names. */
const columnOf = (count, codes) => ({
    key: "h:a",
    kind: "category",
    role: "hyperparameter",
    nan: new Set(),
    categories: Array.from({length: count}, (_, code) => `word ${code}`),
    codes: new Map(),
    values: Float64Array.from(codes),
});
const setOf = (column) => ({
    size: column.values.length,
    numbers: Int32Array.from(column.values, (_, index) => index + 1),
    columns: new Map([[column.key, column]]),
});

// Forty words; 39 is the most frequent one, 0 the next, 7 the third, and all others are there once.
const MANY = columnOf(40, [...Array.from({length: 40}, (_, code) => code), 39, 39, 39, 0, 0, 7, NaN]);

test("few categories have a place each", () => {
    const column = columnOf(30, [0, 29]);
    assert.equal(categories.grouped(setOf(column), column), null);
    assert.equal(experiments.axisOf(setOf(column), column).ticks.length, 30);
});

test("of many the most frequent ones keep their order, and the others share the last place", () => {
    const found = categories.grouped(setOf(MANY), MANY, 3);
    assert.deepEqual(found.labels, ["word 0", "word 7", "word 39", "other (37)"]);
    assert.deepEqual(
        [found.places[0], found.places[7], found.places[39], found.places[1], found.places[38]],
        [0, 1, 2, 3, 3],
    );
    assert.equal(categories.grouped(setOf(MANY), MANY).labels.length, 31);
});

test("places on the axis are those of the groups, in every view", () => {
    const axis = experiments.axisOf(setOf(MANY), MANY, 3);
    assert.deepEqual(axis.range, [-0.5, 3.5]);
    assert.deepEqual(
        [0, 7, 39, 5, 38].map((code) => experiments.positionOf(axis, code)),
        [0.125, 0.375, 0.625, 0.875, 0.875],
    );
    assert.ok(Number.isNaN(experiments.positionOf(axis, NaN)));
    assert.deepEqual(experiments.bandEdges(axis), [0, 0.25, 0.5, 0.75, 1]);
    const places = matrix.placesAlong(setOf(MANY), MANY, {...axis, isReversed: false, gutter: 0}, 100);
    assert.ok(places[5] > 75 && places[38] > 75 && places[7] > 25 && places[7] < 50);
    assert.equal(places[46], -1);
});

test("a brush on the last place selects all the others, and is seen there again", () => {
    const column = MANY;
    const axis = {...experiments.axisOf(setOf(column), column, 3), isReversed: false, gutter: 0};
    for (const model of [matrix, parallel]) {
        const part = model.partFor(column, axis, 0.8, 0.95);
        assert.equal(part.values.length, 37);
        assert.ok(part.values.includes("word 1") && !part.values.includes("word 7"));
    }
    const part = matrix.partFor(column, axis, 0.55, 0.95);
    assert.equal(part.values.length, 38);
    assert.deepEqual(matrix.stretchOf(column, axis, part), [0.5, 1]);
    assert.deepEqual(parallel.stretchesOf(column, axis, {field: "h:a", values: ["word 0", "word 12"]}), [
        [0, 0.25],
        [0.75, 1],
    ]);
    assert.equal(parallel.wordAt(axis, 0.9), "other (37)");
});

test("the others always have their word, and no word stands on another", () => {
    const axis = experiments.axisOf(setOf(MANY), MANY);
    for (const most of [1, 2, 4, 7, 12, 40]) {
        const places = experiments.ticksOf(axis, most).map((tick) => axis.places[tick]);
        assert.equal(places.at(-1), 30);
        assert.ok(places.length <= most + 1);
        const step = Math.ceil(31 / most);
        assert.ok(
            places.every((place, i) => i === 0 || place - places[i - 1] >= step),
            `${most}: ${places}`,
        );
    }
});

test("long words keep their ends, where they differ", () => {
    assert.equal(categories.shortened("architecture-013", 12), "architec…013");
    assert.equal(categories.shortened("sgd", 12), "sgd");
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as matrix from "../../assets/run/views/matrix/axes.js";

const BANDS = {log: false, range: [0, 4], ticks: [1, 2, 3], labels: ["1", "2", "3"], isBanded: true, gutter: 0};
const CONTINUUM = {log: false, range: [0, 10], ticks: null, labels: null, isBanded: false, gutter: 0};
const WORDS = {key: "h:optimizer", kind: "category", categories: ["adam", "sgd"]};
const WORD_AXIS = {log: false, range: [-0.5, 1.5], ticks: [0, 1], labels: ["adam", "sgd"], isBanded: true, gutter: 0};
const LR = {key: "h:lr", kind: "number"};

const setOf = (values) => ({
    size: values.length,
    numbers: Int32Array.from(values, (_, i) => i + 1),
    column: {values: Float64Array.from(values)},
});

test("a brush on a continuum selects its range, whichever way it was drawn", () => {
    assert.deepEqual(matrix.partFor(LR, CONTINUUM, 0.2, 0.6), {field: "h:lr", range: [2, 6]});
    assert.deepEqual(matrix.partFor(LR, CONTINUUM, 0.6, 0.2), {field: "h:lr", range: [2, 6]});
});

test("a brush on bands takes whole values: what it touches, or what has its middle inside when it is moved", () => {
    assert.deepEqual(matrix.partFor(LR, BANDS, 0.3, 0.4).range, [1, 2]);
    assert.deepEqual(matrix.partFor(LR, BANDS, 0.3, 0.55, true).range, [2, 2]);
    assert.deepEqual(matrix.partFor(LR, BANDS, 0.3, 0.32, true).range, [1, 1]);
    assert.deepEqual(matrix.partFor(WORDS, WORD_AXIS, 0.6, 0.9), {field: "h:optimizer", values: ["sgd"]});
});

test("a clause covers the stretch that its brush had", () => {
    assert.deepEqual(matrix.stretchOf(LR, CONTINUUM, {range: [2, null]}), [0.2, 1]);
    assert.deepEqual(matrix.stretchOf(LR, CONTINUUM, {range: [-5, 50]}), [0, 1]);
    assert.deepEqual(matrix.stretchOf(LR, BANDS, {range: [2, 3]}), [0.375, 1]);
    assert.deepEqual(matrix.stretchOf(WORDS, WORD_AXIS, {values: ["adam"]}), [0, 0.5]);
    assert.equal(matrix.stretchOf(LR, BANDS, {range: [1.2, 1.8]}), null);
});

test("tied values are spread, always the same way, and never into the next band", () => {
    const {column, ...set} = setOf(Array.from({length: 300}, (_, i) => 1 + (i % 3)));
    const places = matrix.placesAlong(set, column, BANDS, 120);
    assert.ok(new Set(places).size > 250);
    const edges = experiments.bandEdges(BANDS).map((edge) => edge * 120);
    places.forEach((place, i) => assert.ok(place > edges[i % 3] && place < edges[(i % 3) + 1]));
    assert.deepEqual(matrix.placesAlong(set, column, BANDS, 120), places);
});

test("what has no value has no place", () => {
    const {column, ...set} = setOf([5, NaN, Infinity, 99]);
    assert.deepEqual([...matrix.placesAlong(set, column, CONTINUUM, 100)], [50, -1, -1, -1]);
});

const setWith = (values, states) => {
    const column = {key: "m:loss", role: "metric", kind: "number", values: Float64Array.from(values)};
    const state = {values: Float64Array.from(states ?? values.map(() => 2))};
    return [
        {
            size: values.length,
            numbers: Int32Array.from(values, (_, i) => i + 1),
            columns: new Map([
                ["m:loss", column],
                ["state", state],
            ]),
        },
        column,
    ];
};

test("an axis is on the scale that a person chose, where its numbers allow it", () => {
    const [set, column] = setWith([1, 2, 4]);
    assert.equal(matrix.axisOf(set, column).log, false);
    const log = matrix.axisOf(set, column, {log: true, isReversed: true});
    assert.equal(log.isReversed, true);
    assert.ok(log.range[0] < 0 && Math.abs(log.range[1] - Math.log10(4) - 0.06 * Math.log10(4)) < 1e-9);
    assert.equal(matrix.axisOf(...setWith([0, 2]), {log: true}).log, false);
    const [wide, values] = setWith([1, 1000]);
    assert.equal(matrix.axisOf(wide, values).log, true);
    assert.deepEqual(matrix.axisOf(wide, values, {log: false}).range.map(Math.round), [-59, 1060]);
});

test("missing is what has ended without a value", () => {
    assert.equal(matrix.hasMissing(...setWith([1, NaN], [2, 1])), false);
    assert.equal(matrix.hasMissing(...setWith([1, NaN], [2, 3])), true);
    assert.equal(matrix.hasMissing(...setWith([1, Infinity], [2, 2])), true);
});

test("missing values lie in the gutter, values beyond it, and what has not ended nowhere", () => {
    const [set, column] = setWith([0, 10, NaN, NaN], [2, 2, 3, 1]);
    const places = matrix.placesAlong(set, column, {...CONTINUUM, gutter: 0.2}, 100);
    assert.deepEqual([places[0], places[1], places[3]], [20, 100, -1]);
    assert.ok(places[2] > 0 && places[2] < 20);
});

test("what is spread along both axes does not lie on a diagonal", () => {
    const {column, ...set} = setOf(Array.from({length: 300}, (_, i) => 1 + (i % 3)));
    const [xs, ys] = [matrix.placesAlong(set, column, BANDS, 120), matrix.placesAlong(set, column, BANDS, 120, 99)];
    assert.ok(xs.filter((x, i) => Math.abs(x - ys[i]) > 1).length > 200);
});

test("places on a reversed axis and back", () => {
    const axis = {...CONTINUUM, gutter: 0.2, isReversed: true};
    assert.ok(Math.abs(matrix.placeOf(axis, 0) - 1) < 1e-9);
    assert.ok(Math.abs(matrix.placeOf(axis, 10) - 0.2) < 1e-9);
    const part = matrix.partFor(LR, axis, 0.4, 0.6);
    assert.deepEqual(part, {field: "h:lr", range: [5, 7.5]});
    matrix.stretchOf(LR, axis, part).forEach((end, i) => assert.ok(Math.abs(end - [0.4, 0.6][i]) < 1e-9));
});

test("a brush that touches the gutter takes missing ones in, and one inside it nothing else", () => {
    const axis = {...CONTINUUM, gutter: 0.2};
    assert.deepEqual(matrix.partFor(LR, axis, 0.05, 0.15), {field: "h:lr", missing: true});
    assert.deepEqual(matrix.partFor(LR, axis, 0.1, 0.6), {field: "h:lr", range: [0, 5], missing: true});
    assert.equal(matrix.partFor(LR, axis, 0.19, 0.6, true).missing, undefined);
    assert.deepEqual(matrix.stretchOf(LR, axis, {missing: true}), [0, 0.2]);
    assert.deepEqual(
        matrix.stretchOf(LR, axis, {range: [0, 5], missing: true}).map((end) => end.toFixed(2)),
        ["0.00", "0.60"],
    );
    assert.deepEqual(
        matrix.stretchOf(LR, axis, {range: [5, 10], missing: true}).map((end) => end.toFixed(2)),
        ["0.60", "1.00"],
    );
    assert.equal(matrix.stretchOf(LR, CONTINUUM, {missing: true}), null);
});

test("a band of words can be brushed with the missing ones", () => {
    const axis = {...WORD_AXIS, gutter: 0.2};
    assert.deepEqual(matrix.partFor(WORDS, axis, 0.1, 0.4), {field: "h:optimizer", values: ["adam"], missing: true});
});

const assert = require("node:assert/strict");
const {test} = require("node:test");
const experiments = require("../../assets/experiments.js");
require("../../assets/marks.js");
const matrix = require("../../assets/scatter_matrix.js");

const BANDS = {log: false, range: [0, 4], ticks: [1, 2, 3], labels: ["1", "2", "3"], isBanded: true};
const CONTINUUM = {log: false, range: [0, 10], ticks: null, labels: null, isBanded: false};
const WORDS = {key: "h:optimizer", kind: "category", categories: ["adam", "sgd"]};
const WORD_AXIS = {log: false, range: [-0.5, 1.5], ticks: [0, 1], labels: ["adam", "sgd"], isBanded: true};
const LR = {key: "h:lr", kind: "number"};

const setOf = (values) => ({size: values.length, numbers: Int32Array.from(values, (_, i) => i + 1), column: {values: Float64Array.from(values)}});

test("panels fill the width, and never get narrower than can be read", () => {
    const wide = matrix.gridOf(3, 4, 1000, 60);
    assert.ok(wide.width <= 1000 && wide.panelWidth > 200);
    assert.equal(wide.x(1) - wide.x(0), wide.panelWidth + 10);
    const narrow = matrix.gridOf(3, 6, 600, 60);
    assert.equal(narrow.panelWidth, 150);
    assert.ok(narrow.width > 600);
});

test("axes lie exactly where the panels lie", () => {
    const grid = matrix.gridOf(2, 2, 800, 60);
    const rows = [{name: "lr", axis: BANDS}, {name: "dropout", axis: CONTINUUM}];
    const cols = [{name: "loss", axis: CONTINUUM}, {name: "accuracy", axis: CONTINUUM}];
    const base = {layout: {font: {size: 12}, meta: {title: {showarrow: false}}}};
    const {data, layout} = matrix.axesFigure(base, rows, cols, grid);
    const plotWidth = layout.width - layout.margin.l - layout.margin.r;
    const plotHeight = layout.height - layout.margin.t - layout.margin.b;
    assert.ok(Math.abs(layout.xaxis2.domain[0] * plotWidth + layout.margin.l - grid.x(1)) < 1e-9);
    assert.ok(Math.abs((1 - layout.yaxis2.domain[1]) * plotHeight + layout.margin.t - grid.y(1)) < 1e-9);
    assert.deepEqual(layout.yaxis.tickvals, [1, 2, 3]);
    assert.deepEqual(layout.annotations.map(({text}) => text), ["lr", "dropout"]);
    assert.deepEqual(data.map(({xaxis, yaxis}) => xaxis + yaxis), ["xy", "x2y", "xy2", "x2y2"]);
    assert.equal(base.layout.annotations, undefined);
});

test("names are shown as they are written, whatever Plotly would make of them", () => {
    const grid = matrix.gridOf(1, 1, 800, 60);
    const words = {...WORD_AXIS, labels: ["<b>a</b>", "a&lt;"]};
    const {layout} = matrix.axesFigure({layout: {meta: {title: {}}}}, [{name: "<sub>x</sub>", axis: words}], [{name: "a&b", axis: CONTINUUM}], grid);
    assert.deepEqual([layout.annotations[0].text, layout.xaxis.title.text], ["&lt;sub>x&lt;/sub>", "a&amp;b"]);
    assert.deepEqual(layout.yaxis.ticktext, ["&lt;b>a&lt;/b>", "a&amp;lt;"]);
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

test("a press near an edge resizes, inside moves, elsewhere starts anew", () => {
    const rectangle = {left: 20, right: 80, top: 10, bottom: 60};
    assert.equal(matrix.gripAt(rectangle, 50, 30).isMove, true);
    assert.deepEqual(matrix.gripAt(rectangle, 81, 30), {left: false, right: true, top: false, bottom: false, isMove: false});
    assert.equal(matrix.gripAt(rectangle, 120, 30), null);
    assert.equal(matrix.gripAt(null, 50, 30), null);
});

test("a brush stays in its panel with its size", () => {
    const rectangle = {left: 20, right: 80, top: 10, bottom: 60};
    assert.deepEqual(matrix.dragged(rectangle, {isMove: true}, 500, -500, 100, 100), {left: 40, right: 100, top: 0, bottom: 50});
    assert.equal(matrix.dragged(rectangle, {right: true}, 500, 0, 100, 100).right, 100);
});

test("tied values are spread, always the same way, and never into the next band", () => {
    const {column, ...set} = setOf(Array.from({length: 300}, (_, i) => 1 + (i % 3)));
    const places = matrix.placesAlong(set, column, BANDS, 120);
    assert.ok(new Set(places).size > 250);
    const edges = experiments.bandEdges(BANDS).map((edge) => edge * 120);
    places.forEach((place, i) => assert.ok(place > edges[i % 3] && place < edges[i % 3 + 1]));
    assert.deepEqual(matrix.placesAlong(set, column, BANDS, 120), places);
});

test("what has no value has no place", () => {
    const {column, ...set} = setOf([5, NaN, Infinity, 99]);
    assert.deepEqual([...matrix.placesAlong(set, column, CONTINUUM, 100)], [50, -1, -1, -1]);
});

test("the nearest mark is found among those that are kept and near enough", () => {
    const xs = Float32Array.from([10, 20, -1]);
    const ys = Float32Array.from([10, 10, 5]);
    const mask = Uint8Array.from([1, 1, 1]);
    assert.equal(matrix.nearest(xs, ys, mask, 1, 17, 10, 18), 1);
    assert.equal(matrix.nearest(xs, ys, Uint8Array.from([1, 0, 1]), 1, 17, 10, 18), 0);
    assert.equal(matrix.nearest(xs, ys, mask, 1, 90, 90, 18), -1);
});

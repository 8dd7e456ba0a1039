import assert from "node:assert/strict";
import {test} from "node:test";
import * as matrix from "../../assets/run/views/matrix/matrix.js";

const BANDS = {log: false, range: [0, 4], ticks: [1, 2, 3], labels: ["1", "2", "3"], isBanded: true, gutter: 0};
const CONTINUUM = {log: false, range: [0, 10], ticks: null, labels: null, isBanded: false, gutter: 0};
const WORD_AXIS = {log: false, range: [-0.5, 1.5], ticks: [0, 1], labels: ["adam", "sgd"], isBanded: true, gutter: 0};

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
    const rows = [
        {name: "lr", axis: BANDS},
        {name: "dropout", axis: CONTINUUM},
    ];
    const cols = [
        {name: "loss", axis: CONTINUUM},
        {name: "accuracy", axis: CONTINUUM},
    ];
    const base = {layout: {font: {size: 12}}};
    const {data, layout} = matrix.axesFigure(base, rows, cols, grid);
    const plotWidth = layout.width - layout.margin.l - layout.margin.r;
    const plotHeight = layout.height - layout.margin.t - layout.margin.b;
    assert.ok(Math.abs(layout.xaxis2.domain[0] * plotWidth + layout.margin.l - grid.x(1)) < 1e-9);
    assert.ok(Math.abs((1 - layout.yaxis2.domain[1]) * plotHeight + layout.margin.t - grid.y(1)) < 1e-9);
    assert.deepEqual(layout.yaxis.tickvals, [1, 2, 3]);
    assert.deepEqual(
        data.map(({xaxis, yaxis}) => xaxis + yaxis),
        ["xy", "x2y", "xy2", "x2y2"],
    );
    assert.deepEqual(base, {layout: {font: {size: 12}}});
});

test("an axis leaves its gutter out, and runs backwards where it is reversed", () => {
    const grid = matrix.gridOf(1, 1, 800, 60);
    const metric = {...CONTINUUM, gutter: 0.1, isReversed: true};
    const {layout} = matrix.axesFigure(
        {layout: {}},
        [{name: "lr", axis: {...BANDS, gutter: 0.2}}],
        [{name: "loss", axis: metric}],
        grid,
    );
    const plotWidth = layout.width - layout.margin.l - layout.margin.r;
    assert.ok(Math.abs(layout.xaxis.domain[0] * plotWidth - 0.1 * grid.panelWidth) < 1e-9);
    assert.deepEqual(layout.xaxis.range, [10, 0]);
    assert.ok(
        Math.abs(
            layout.yaxis.domain[0] - (0.2 * grid.panelHeight) / (layout.height - layout.margin.t - layout.margin.b),
        ) < 1e-9,
    );
    assert.deepEqual(
        [matrix.scaleWords(metric), matrix.scaleWords({log: true, isReversed: true}), matrix.scaleWords(BANDS)],
        ["reversed", "log, reversed", ""],
    );
});

test("rows stand apart where a trend is said above them", () => {
    const [narrow, wide] = [
        matrix.gridOf(3, 4, 1000, 60, {hasTrend: true}),
        matrix.gridOf(3, 1, 1000, 60, {hasTrend: true}),
    ];
    assert.ok(narrow.y(1) - narrow.y(0) - narrow.panelHeight >= 28);
    assert.ok(wide.y(1) - wide.y(0) - wide.panelHeight < 28);
    assert.equal(narrow.y(2) + narrow.panelHeight + 5, narrow.height);
});

test("words of ticks are shown as they are written, whatever Plotly would make of them", () => {
    const grid = matrix.gridOf(1, 1, 800, 60);
    const words = {...WORD_AXIS, labels: ["<b>a</b>", "a&lt;"]};
    const {layout} = matrix.axesFigure({layout: {}}, [{name: "x", axis: words}], [{name: "y", axis: CONTINUUM}], grid);
    assert.deepEqual(layout.yaxis.ticktext, ["&lt;b>a&lt;/b>", "a&amp;lt;"]);
});

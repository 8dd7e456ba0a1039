import assert from "node:assert/strict";
import {test} from "node:test";
import * as matrix from "../../assets/run/views/matrix/panels.js";

test("the nearest mark is found among those that are kept and near enough", () => {
    const xs = Float32Array.from([10, 20, -1]);
    const ys = Float32Array.from([10, 10, 5]);
    const mask = Uint8Array.from([1, 1, 1]);
    assert.equal(matrix.nearest(xs, ys, mask, 1, 17, 10, 18), 1);
    assert.equal(matrix.nearest(xs, ys, Uint8Array.from([1, 0, 1]), 1, 17, 10, 18), 0);
    assert.equal(matrix.nearest(xs, ys, mask, 1, 90, 90, 18), -1);
});

test("a line runs over the whole height of its panel, wherever its metric is then", () => {
    const row = {log: false, range: [0, 10], gutter: 0, isReversed: false};
    const column = {log: false, range: [0, 1], gutter: 0.5, isReversed: false};
    assert.deepEqual(matrix.lineOf({slope: 0.1, intercept: 0}, row, column, 200, 100), [
        [100, 100],
        [200, 0],
    ]);
    assert.deepEqual(matrix.lineOf({slope: 0.1, intercept: 0}, {...row, isReversed: true}, column, 200, 100), [
        [100, 0],
        [200, 100],
    ]);
});

test("the shading says what it shows", () => {
    assert.equal(matrix.densityWords(2000, 2000), null);
    assert.match(matrix.densityWords(10000, 10000), /in colour the 10,000 selected/);
    assert.match(matrix.densityWords(10000, 12), /The 12 selected are marks/);
});

test("a ring is drawn around its mark", () => {
    assert.equal(matrix.ringsAt([[10, 20]], 6), "M4.0 20.0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0");
    assert.equal(matrix.ringsAt([], 6), "");
});

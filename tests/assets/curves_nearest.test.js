import assert from "node:assert/strict";
import {test} from "node:test";
import * as near from "../../assets/experiment/curves/nearest.js";

const line = (experiment, xs, ys, more = {}) => ({experiment, xs, ys, cut: xs.length, isAscending: true, ...more});

test("a replay shows what was reported up to its epoch", () => {
    assert.equal(near.cutAt([1, 2, 2, 3], 2, 4), 3);
    assert.equal(near.cutAt([1, 2, 2, 3], 0.5, 4), 0);
    assert.equal(near.cutAt([1, 2, 2, 3], null, 4), 4);
    assert.equal(near.cutAt(null, 2, 4), 4);
});

test("the nearest curve is found between its points, too", () => {
    const lines = [line(1, [0, 100], [10, 10]), line(2, [0, 100], [30, 30])];
    const found = near.nearest(lines, 55, 25);
    assert.deepEqual([found.line.experiment, found.at], [2, 1]);
    assert.equal(near.nearest(lines, 20, 12).at, 0);
    assert.equal(near.nearest(lines, 50, 80), null);
});

test("gaps are no lines, and what is not drawn yet is not there", () => {
    assert.equal(near.nearest([line(1, [0, 50, 100], [10, NaN, 10])], 50, 10), null);
    assert.equal(near.nearest([line(1, [0, 50], [10, 10], {cut: 1})], 50, 10, 10), null);
});

test("a line that goes back is searched as a whole", () => {
    const back = line(1, [0, 50, 20], [0, 10, 40], {isAscending: false});
    assert.equal(near.nearest([back], 20, 39).at, 2);
    assert.equal(near.pointAt(back, 21), 2);
});

test("in other panels the point at the same place is lit", () => {
    assert.equal(near.pointAt(line(1, [0, 10, 20, 30], [1, 1, NaN, 1]), 22), 3);
    assert.equal(near.pointAt(line(1, [], []), 5), -1);
    assert.equal(near.placeOf([1, 2, 2, 3], 2), 1);
});

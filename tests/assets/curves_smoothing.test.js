import assert from "node:assert/strict";
import {test} from "node:test";
import * as smoothing from "../../assets/experiment/curves/smoothing.js";

const floats = (...values) => Float64Array.from(values);

test("the average forgets by its weight, and its beginning is not pulled to zero", () => {
    assert.deepEqual(
        [...smoothing.smoothed(floats(4, 4, 4), 0.9)].map((value) => value.toFixed(9)),
        ["4.000000000", "4.000000000", "4.000000000"],
    );
    // (0.5 * 1 * 0.5 + 0.5 * 4) / 0.75
    assert.deepEqual([...smoothing.smoothed(floats(1, 4), 0.5)], [1, 3]);
    assert.deepEqual([...smoothing.smoothed(floats(1, 4), 0)], [1, 4]);
});

test("what is not finite stays in its place and counts for nothing", () => {
    assert.deepEqual([...smoothing.smoothed(floats(1, NaN, Infinity, 4), 0.5)], [1, NaN, Infinity, 3]);
});

test("repeats at the same places have a mean and a band there", () => {
    const x = floats(1, 2, 3);
    const {mean, low, high} = smoothing.bandOf([
        {x, y: floats(1, 2, NaN)},
        {x: floats(1, 2, 3), y: floats(3, 2, 5)},
    ]);
    assert.deepEqual(
        [[...mean], [...low], [...high]],
        [
            [2, 2, 5],
            [1, 2, 5],
            [3, 2, 5],
        ],
    );
});

test("repeats at other places are compared on straight lines between their points, and only where they are", () => {
    const {x, mean, low} = smoothing.bandOf([
        {x: floats(0, 4), y: floats(0, 4)},
        {x: floats(0, 1, 2), y: floats(2, 2, 2)},
    ]);
    assert.deepEqual([...x], [0, 2, 4]);
    assert.deepEqual(
        [[...mean], [...low]],
        [
            [1, 2, 4],
            [0, 2, 4],
        ],
    );
});

test("curves that go back have no band", () => {
    assert.equal(smoothing.bandOf([{x: floats(1, 3, 2), y: floats(1, 1, 1)}]), null);
    assert.equal(smoothing.bandOf([{x: floats(), y: floats()}]), null);
});

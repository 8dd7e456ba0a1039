import assert from "node:assert/strict";
import {test} from "node:test";
import * as axes from "../../assets/experiment/curves/axes.js";

test("an axis spans what is finite, and what is above zero where it is logarithmic", () => {
    assert.deepEqual(
        axes.extentOf([
            [3, NaN, Infinity],
            [-1, 0, 5],
        ]),
        [-1, 5],
    );
    assert.deepEqual(axes.extentOf([[3, -1, 0]], true), [3, 3]);
    assert.equal(axes.extentOf([[NaN], []]), null);
    assert.deepEqual(axes.axisOf([0, 10], false, 0.1).range, [-1, 11]);
    assert.deepEqual(axes.axisOf([1, 100], true, 0), {log: true, range: [0, 2], ticks: null});
    assert.deepEqual(axes.axisOf([2, 2], false).range, [1, 3]);
    assert.equal(axes.axisOf(null, false), null);
});

test("values lie on pixels, upwards where the length is negative", () => {
    assert.deepEqual(
        [...axes.pixels({log: false, range: [0, 10]}, [0, 5, NaN, Infinity], 100, -50)],
        [100, 75, NaN, NaN],
    );
    assert.deepEqual([...axes.pixels({log: true, range: [0, 2]}, [10, 0, -1], 0, 100)], [50, NaN, NaN]);
    assert.equal(axes.valueAt({log: false, range: [0, 10]}, 75, 50, 100), 2.5);
});

test("epochs are whole numbers, and long times are minutes or hours", () => {
    assert.deepEqual(
        axes.labelsOf({log: false, range: [0.9, 3.1], ticks: null}, "epoch", 9).ticks.map(([, word]) => word),
        ["1", "2", "3"],
    );
    const minutes = axes.labelsOf({log: false, range: [0, 1200], ticks: null}, "s", 4);
    assert.deepEqual([minutes.words, minutes.ticks.at(-1)], ["minutes", [1200, "20"]]);
    assert.equal(axes.labelsOf({log: false, range: [0, 90], ticks: null}, "s", 4).words, "seconds");
    assert.equal(axes.labelsOf({log: false, range: [0, 9], ticks: null}, "report", 4).words, "step");
    assert.equal(axes.placeWords("epoch", 3), "epoch 3");
    assert.equal(axes.placeWords("s", 75), "1 min 15 s after the start");
    assert.equal(axes.placeWords("loss", 0.25), "loss 0.25");
});

test("panels stand side by side as evenly as the width allows", () => {
    assert.deepEqual(
        [1, 2, 3, 4, 5, 6].map((count) => axes.columnsFor(count, 1200)),
        [1, 2, 3, 2, 3, 3],
    );
    assert.equal(axes.columnsFor(4, 500), 1);
});

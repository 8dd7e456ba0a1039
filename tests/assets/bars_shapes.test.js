import assert from "node:assert/strict";
import {test} from "node:test";
import * as shapes from "../../assets/run/views/bars/shapes.js";

test("the place under the pointer is the bar that is drawn there", () => {
    for (const count of [3, 18, 200]) {
        const [x, width] = shapes.barAt(2, count, 400);
        assert.equal(shapes.placeAt(x + width / 2, count, 400), 2);
    }
    assert.equal(shapes.placeAt(399, 3, 400), -1);
    assert.equal(shapes.placeAt(-5, 3, 400), -1);
});

test("where bars share a pixel no extreme is lost", () => {
    const values = Float64Array.from([1, 8, 2, NaN]);
    const scale = {low: 0, high: 8};
    const {lows, highs} = shapes.columnEnds(
        Uint32Array.from([0, 1, 2, 3]),
        values,
        Uint8Array.from([1, 1, 1, 1]),
        1,
        scale,
        2,
    );
    assert.deepEqual([...highs], [1, 0.25]);
    assert.deepEqual([...lows], [0.125, 0.25]);
});

test("bars become dots where they run together, unless a person chose a shape", () => {
    assert.equal(shapes.shapeFor(null, 18, 400), "bars");
    assert.equal(shapes.shapeFor(null, 1000, 400), "dots");
    assert.equal(shapes.shapeFor("bars", 100000, 400), "bars");
    assert.equal(shapes.shapeFor("line", 3, 400), "line");
});

test("a dot lies over the middle of its bar at its value, and nowhere without one", () => {
    const {xs, ys} = shapes.dotsOf(
        Uint32Array.from([2, 0, 1]),
        Float64Array.from([0, NaN, 8]),
        {low: 0, high: 8},
        30,
        100,
    );
    assert.deepEqual([...ys], [100, -1, 0]);
    assert.deepEqual([...xs], [15, -1, 5]);
});

test("what is not finished looks as its marks have room for", () => {
    assert.equal(shapes.unfinishedLook("bars", 10, 400), "hatched");
    assert.equal(shapes.unfinishedLook("bars", 150, 400), "lighter");
    assert.equal(shapes.unfinishedLook("dots", 150, 400), "hollow");
    assert.equal(shapes.unfinishedLook("line", 3001, 400), null);
});

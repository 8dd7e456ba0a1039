import assert from "node:assert/strict";
import {test} from "node:test";
import * as matrix from "../../assets/run/views/matrix/brush.js";

test("a press near an edge resizes, inside moves, elsewhere starts anew", () => {
    const rectangle = {left: 20, right: 80, top: 10, bottom: 60};
    assert.equal(matrix.gripAt(rectangle, 50, 30).isMove, true);
    assert.deepEqual(matrix.gripAt(rectangle, 81, 30), {
        left: false,
        right: true,
        top: false,
        bottom: false,
        isMove: false,
    });
    assert.equal(matrix.gripAt(rectangle, 120, 30), null);
    assert.equal(matrix.gripAt(null, 50, 30), null);
});

test("a brush stays in its panel with its size", () => {
    const rectangle = {left: 20, right: 80, top: 10, bottom: 60};
    assert.deepEqual(matrix.dragged(rectangle, {isMove: true}, 500, -500, 100, 100), {
        left: 40,
        right: 100,
        top: 0,
        bottom: 50,
    });
    assert.equal(matrix.dragged(rectangle, {right: true}, 500, 0, 100, 100).right, 100);
});

test("cursors say what a press would do", () => {
    const rectangle = {left: 20, right: 80, top: 10, bottom: 60};
    const at = (x, y) => matrix.cursorOf(matrix.gripAt(rectangle, x, y));
    assert.deepEqual(
        [at(50, 30), at(20, 10), at(80, 10), at(80, 30), at(50, 60), at(150, 30)],
        ["move", "nwse-resize", "nesw-resize", "ew-resize", "ns-resize", "crosshair"],
    );
});

test("an arrow moves two pixels or a band, with Shift ten times as far", () => {
    assert.deepEqual(matrix.nudgeOf("ArrowRight", false, 200, 100, 0, 4), [2, 0]);
    assert.deepEqual(matrix.nudgeOf("ArrowLeft", true, 200, 100, 0, 4), [-20, 0]);
    assert.deepEqual(matrix.nudgeOf("ArrowUp", false, 200, 100, 0, 4), [0, -25]);
    assert.deepEqual(matrix.nudgeOf("ArrowRight", false, 200, 100, 5, 4), [40, 0]);
});

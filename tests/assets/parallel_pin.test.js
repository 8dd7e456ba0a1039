import assert from "node:assert/strict";
import {test} from "node:test";
import * as pin from "../../assets/run/views/parallel/pin.js";

const XS = [50, 150, 250, 350, 450, 550];
const windowAt = (from, width) => ({from, width, right: 50, spacing: 100});

test("an axis that is in sight is not held", () => {
    assert.equal(pin.pinFor(XS, windowAt(0, 600)), null);
    assert.equal(pin.pinFor(XS, windowAt(300, 300)), null);
    assert.equal(pin.pinFor([], windowAt(0, 300)), null);
    assert.equal(pin.pinFor([50, 500], windowAt(0, 300)), null);
});

test("the last axis is held at the right edge, next to the last one in sight that leaves it room", () => {
    assert.deepEqual(pin.pinFor(XS, windowAt(0, 300)), {x: 250, place: 1});
    assert.deepEqual(pin.pinFor(XS, windowAt(80, 300)), {x: 330, place: 2});
    assert.deepEqual(pin.pinFor(XS, windowAt(40, 300)), {x: 290, place: 1});
    assert.deepEqual(pin.pinFor(XS, windowAt(0, 100)), {x: 50, place: 0});
});

test("its lines come from that axis, and the scene of all stays as it is", () => {
    const scene = {xs: XS, ys: ["a", "b", "c", "d", "e", "f"], height: 300, moving: {1: "kept"}};
    const found = pin.sceneOf(scene, {x: 330, place: 2}, 130);
    assert.deepEqual(
        [found.xs, found.ys, found.width, found.height, found.moving],
        [[0, 80], ["c", "f"], 130, 300, {}],
    );
    assert.deepEqual(scene.moving, {1: "kept"});
});

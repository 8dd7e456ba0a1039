import assert from "node:assert/strict";
import {test} from "node:test";
import * as colours from "../../assets/experiments/colours.js";
import * as density from "../../assets/experiments/density.js";

const XS = density.cellsOf(Float32Array.from([0, 1, 5, 5, 9.9, -1]), 10, 2);
const YS = density.cellsOf(Float32Array.from([0, 1, 3, 3, 4, 0]), 4, 2);
const MASK = Uint8Array.from([3, 3, 3, 1, 3, 3]);

test("places become cells, and the end belongs to the last one", () => {
    assert.deepEqual([...XS], [0, 0, 2, 2, 4, density.NONE]);
    assert.deepEqual([...YS], [0, 0, 1, 1, 1, 0]);
});

test("cells count what the mask has, and nothing that has no place", () => {
    const counts = new Uint32Array(10);
    assert.equal(density.countCells(XS, YS, MASK, 1, 5, counts), 2);
    assert.deepEqual([...counts], [2, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
    assert.equal(density.countCells(XS, YS, MASK, 2, 5, counts), 2);
    assert.deepEqual([...counts], [2, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
});

test("a cell has the mean colour of those with a value", () => {
    const counts = new Uint32Array(10);
    density.countCells(XS, YS, MASK, 1, 5, counts);
    const codes = new Uint8Array(10);
    const own = Uint8Array.from([10, 20, 40, colours.MISSING, colours.MISSING, 0]);
    density.codeCells(XS, YS, MASK, 1, 5, counts, {isOrdered: true, codes: own}, new Float64Array(10), codes);
    assert.deepEqual([codes[0], codes[7], codes[9]], [15, 40, colours.MISSING]);
    density.codeCells(XS, YS, MASK, 1, 5, counts, {isOrdered: false, codes: own}, new Float64Array(10), codes);
    assert.equal(codes[0], 20);
});

test("one experiment is seen, and the fullest cell is opaque", () => {
    const strengths = density.opacities(100);
    assert.equal(strengths[0], 0);
    assert.ok(strengths[1] > 40 && strengths[1] < 80);
    assert.equal(strengths[100], 255);
    const pixels = new Uint32Array(2);
    density.shade(pixels, Uint32Array.from([0, 500]), strengths, () => 0x123456);
    assert.deepEqual([...pixels], [0, 0xff123456]);
});

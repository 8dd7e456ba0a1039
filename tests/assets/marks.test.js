import assert from "node:assert/strict";
import {test} from "node:test";
import * as marks from "../../assets/base/marks.js";

test("a ring is as wide as its disc, and hollow", () => {
    const [ring, disc] = [marks.ring(4.5, 100), marks.disc(4.5, 100)];
    const inked = ({steps, alphas}) => [...steps].filter((_, at) => alphas[at] > 40);
    assert.deepEqual(
        [Math.min(...inked(ring)), Math.max(...inked(ring)), ring.reach],
        [Math.min(...inked(disc)), Math.max(...inked(disc)), disc.reach],
    );
    assert.ok([...disc.steps].includes(0) && ![...ring.steps].includes(0));
    assert.ok([-1, 1, -100, 100].every((step) => !ring.steps.includes(step)));
});

test("a disc is round, and softer at its edge", () => {
    const {steps, alphas} = marks.disc(2, 100);
    assert.equal(alphas[steps.indexOf(0)], 255);
    assert.equal(steps.includes(2 * 100 + 2), false);
    assert.ok(alphas[steps.indexOf(2)] < 255);
});

test("only marks in the mask are written, in their colour, denser where they overlap", () => {
    const pixels = new Uint32Array(100);
    const shape = {steps: Int32Array.from([0]), alphas: Uint8Array.from([128])};
    marks.stamp(
        pixels,
        Int32Array.from([5, 5, 7, marks.NOWHERE, 9]),
        new Int32Array(5),
        Uint8Array.from([3, 3, 3, 3, 1]),
        2,
        shape,
        marks.pixelColour("#102030"),
    );
    assert.equal(pixels[7] & 0xffffff, 0x302010);
    assert.equal(pixels[7] >>> 24, 127);
    assert.ok(pixels[5] >>> 24 > 127);
    assert.equal(pixels[9], 0);
    assert.equal(pixels.filter(Boolean).length, 2);
});

test("marks in colours of their own mix where they overlap", () => {
    const pixels = new Uint32Array(20);
    const shape = {steps: Int32Array.from([0]), alphas: Uint8Array.from([128])};
    const palette = Uint32Array.from([0x0000ff, 0xff0000]);
    marks.stampCoded(
        pixels,
        Int32Array.from([1, 1, 3]),
        Int32Array.from([0, 0, 10]),
        Uint8Array.from([3, 3, 3]),
        2,
        shape,
        Uint8Array.from([0, 1, 1]),
        palette,
    );
    assert.equal(pixels[13] >>> 0, 0x80ff0000);
    const [blue, red] = [(pixels[1] >>> 16) & 255, pixels[1] & 255];
    assert.ok(blue > 150 && red > 60 && blue + red >= 254 && blue + red <= 256, `${blue} ${red}`);
    assert.equal(marks.over(0xff112233, 0x445566, 255) >>> 0, 0xff445566);
});

test("jitter is between -1 and 1, spread, and the same for the same experiment", () => {
    const jitters = Array.from({length: 1000}, (_, number) => marks.jitterOf(number));
    assert.ok(jitters.every((jitter) => jitter >= -1 && jitter <= 1));
    assert.ok(Math.abs(jitters.reduce((sum, jitter) => sum + jitter) / 1000) < 0.1);
    assert.equal(marks.jitterOf(7), jitters[7]);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as trend from "../../assets/experiments/trend.js";

const all = (list) => new Uint8Array(list.length).fill(3);
const near = (seen, wanted, within = 1e-9) => assert.ok(Math.abs(seen - wanted) <= within, `${seen} is not ${wanted}`);

// Anscombe's first quartet: y = 3.0001 + 0.5001 x, r = 0.81642.
const X = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
const Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

test("slope, intercept and correlation are those of Anscombe's quartet", () => {
    const fit = trend.fitOf(Float64Array.from(X), Float64Array.from(Y), all(X), 2);
    near(fit.slope, 0.500091, 1e-6);
    near(fit.intercept, 3.000091, 1e-6);
    near(fit.r, 0.816421, 1e-6);
    assert.equal(fit.n, 11);
});

test("the interval is Fisher's", () => {
    // cor.test of R 4 gives these for the quartet: 0.4243912, 0.9506933.
    const [low, high] = trend.intervalOf(0.81642051634484, 11);
    near(low, 0.4243912, 1e-6);
    near(high, 0.9506933, 1e-6);
    assert.deepEqual(trend.intervalOf(1, 10), [1, 1]);
});

test("only what is selected counts, and what has both numbers", () => {
    const xs = Float64Array.from([1, 2, 3, 4, 99, NaN, 5]);
    const ys = Float64Array.from([2, 4, 6, 8, -99, 5, Infinity]);
    const mask = Uint8Array.from([3, 3, 3, 3, 1, 3, 3]);
    const fit = trend.fitOf(xs, ys, mask, 2);
    assert.equal(fit.n, 4);
    near(fit.slope, 2);
    assert.deepEqual([fit.r, ...fit.interval], [1, 1, 1]);
});

test("large numbers that differ little keep their slope", () => {
    const xs = Float64Array.from(X, (x) => 1e9 + x / 1000);
    const fit = trend.fitOf(xs, Float64Array.from(Y), all(X), 2);
    near(fit.slope / 1000, 0.500091, 1e-3);
    near(fit.r, 0.816421, 1e-4);
});

test("it says nothing about three pairs, or where nothing varies", () => {
    const three = Float64Array.from([1, 2, 3]);
    assert.equal(trend.fitOf(three, three, all(three), 2), null);
    const xs = Float64Array.from(X);
    const tied = new Float64Array(X.length).fill(0.1);
    assert.equal(trend.fitOf(xs, tied, all(X), 2), null);
    assert.equal(trend.fitOf(tied, xs, all(X), 2), null);
});

test("a planted correlation lies in its interval in about 95 of 100 samples", () => {
    let seed = 7;
    const random = () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return (seed + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    let held = 0;
    for (let sample = 0; sample < 400; sample += 1) {
        const xs = Float64Array.from({length: 18}, normal);
        const ys = xs.map((x) => 0.6 * x + 0.8 * normal());
        const {interval} = trend.fitOf(xs, ys, all(xs), 2);
        held += interval[0] <= 0.6 && interval[1] >= 0.6 ? 1 : 0;
    }
    assert.ok(held >= 370 && held <= 392, `${held} of 400`);
});

test("a fit is said with the units of its axes", () => {
    const fit = {n: 18, slope: 0.01234, r: 0.826, interval: [0.611, 0.929]};
    assert.deepEqual(trend.wordsOf(fit, false, false), ["slope 0.012 per unit", "r = 0.83 [0.61, 0.93], n = 18"]);
    const down = {n: 5, slope: -0.5, r: -0.9, interval: [-0.99, 0.1]};
    assert.deepEqual(trend.wordsOf(down, true, true), [
        "slope −0.5 decades per decade",
        "r = −0.90 [−0.99, 0.10], n = 5",
    ]);
    assert.equal(trend.wordsOf({...fit, r: -0.001}, false, false)[1], "r = 0.00 [0.61, 0.93], n = 18");
});

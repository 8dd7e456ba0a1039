import assert from "node:assert/strict";
import {test} from "node:test";
import * as parameters from "../../assets/run/views/parameters.js";

const CANDIDATES = {log: true, range: [Math.log10(20), Math.log10(160)], ticks: [28, 56, 112], isBanded: true};
const CONTINUUM = {log: false, range: [0, 10], ticks: null, isBanded: false};

test("a thumb snaps to candidates, and not on a continuum", () => {
    assert.equal(parameters.thumbValue(CANDIDATES, 400), 56);
    assert.equal(parameters.thumbValue(CANDIDATES, 1000), 112);
    assert.equal(parameters.thumbValue(CONTINUUM, 425), 4.25);
});

test("a value stands where its thumb was", () => {
    assert.equal(parameters.thumbStep(CONTINUUM, 4.25, 0), 425);
    assert.equal(parameters.thumbStep(CONTINUUM, null, 1000), 1000);
    assert.equal(parameters.thumbStep(CONTINUUM, 99, 0), 1000);
});

test("a key goes to the next candidate, or a hundredth further", () => {
    assert.equal(parameters.steppedValue(CANDIDATES, 56, 1), 112);
    assert.equal(parameters.steppedValue(CANDIDATES, 112, 1), 112);
    assert.equal(parameters.steppedValue(CANDIDATES, 28, -1), 28);
    assert.equal(parameters.steppedValue(CONTINUUM, 5, -1), 4.9);
});

test("an end beyond all values is open, so that later experiments are in it", () => {
    assert.deepEqual(parameters.rangeOf([28, 112], 28, 56), [null, 56]);
    assert.deepEqual(parameters.rangeOf([28, 112], 56, Infinity), [56, null]);
    assert.deepEqual(parameters.rangeOf([28, 112], 100, 56), [56, 100]);
    assert.equal(parameters.rangeOf([28, 112], 20, 120), null);
});

test("a typed limit is a number, nothing, or a slip", () => {
    assert.deepEqual([" 0.5 ", "1e-3", "0,5", "−2", ""].map(parameters.readLimit), [0.5, 0.001, 0.5, -2, null]);
    assert.ok(Number.isNaN(parameters.readLimit("many")));
});

test("chips add and take away; all or none select everything", () => {
    assert.deepEqual(parameters.toggled(["a", "b", "c"], null, "b"), ["b"]);
    assert.deepEqual(parameters.toggled(["a", "b", "c"], ["b"], "a"), ["a", "b"]);
    assert.equal(parameters.toggled(["a", "b", "c"], ["b"], "b"), null);
    assert.equal(parameters.toggled(["a", "b"], ["b"], "a"), null);
});

test("a lock says what, who and when", () => {
    const at = "2026-03-05T14:02:00Z";
    const words = (lock) => parameters.lockWords({by: "anna", at, ...lock}, String, "en-GB", "UTC");
    assert.match(words({range: [0.01, 0.1]}), /^Locked to 0\.01 – 0\.1 by anna, 5 Mar 2026, 14:02\./);
    assert.match(words({values: ["adam", "sgd"]}), /^Locked to adam, sgd by anna/);
});

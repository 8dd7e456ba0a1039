import assert from "node:assert";
import test from "node:test";
import {
    curvePath,
    decidedByFingerprint,
    decidedByStatus,
    modeOf,
    searched,
    without,
} from "../../assets/launch/dialog.js";

const options = [
    {value: "batch_size", search: "batch_size examples per step"},
    {value: "lr", search: "lr learning rate"},
    {value: "lr_decay", search: "lr_decay"},
];

test("a search keeps what holds all of its words, in whatever order", () => {
    assert.deepEqual(searched("LR", options), [options[1], options[2]]);
    assert.deepEqual(searched("step batch", options), [options[0]]);
    assert.deepEqual(searched("  ", options), options);
    assert.deepEqual(searched(null, options), options);
    assert.deepEqual(searched("[", options), []);
});

test("of what is found, picked ones stand first; without a search the order stays", () => {
    assert.deepEqual(searched("lr", options, ["lr_decay"]), [options[2], options[1]]);
    assert.deepEqual(searched("", options, ["lr_decay"]), options);
    assert.deepEqual(searched("batch", options, ["lr_decay"]), [options[0]]);
});

test("a button opens the dialog for what it says, and others do not", () => {
    assert.equal(modeOf("start-run"), "new");
    assert.equal(modeOf("launch-extend"), "extend");
    assert.equal(modeOf("launch-duplicate"), "duplicate");
    assert.equal(modeOf("launch-open-draft"), "draft");
    assert.equal(modeOf("launch-cancel"), null);
    assert.equal(modeOf(undefined), null);
});

test("a decision about a status leaves the others and the single ones alone", () => {
    const before = {by_status: {done: "reuse"}, by_fingerprint: {f: "run"}};
    assert.deepEqual(decidedByStatus(before, {failed: "skip"}), {
        by_status: {done: "reuse", failed: "skip"},
        by_fingerprint: {f: "run"},
    });
    assert.deepEqual(decidedByStatus(before, {done: "skip"}).by_status, {done: "skip"});
    assert.deepEqual(before, {by_status: {done: "reuse"}, by_fingerprint: {f: "run"}});
});

test("a single decision leaves the others and those by status alone", () => {
    const before = {by_status: {done: "reuse"}, by_fingerprint: {f: "run"}};
    assert.deepEqual(decidedByFingerprint(before, {g: "skip"}), {
        by_status: {done: "reuse"},
        by_fingerprint: {f: "run", g: "skip"},
    });
    assert.deepEqual(decidedByFingerprint(before, {f: "skip"}).by_fingerprint, {f: "skip"});
});

test("decisions begin from nothing", () => {
    for (const nothing of [null, undefined, {}]) {
        assert.deepEqual(decidedByStatus(nothing, {done: "run"}), {by_status: {done: "run"}, by_fingerprint: {}});
        assert.deepEqual(decidedByFingerprint(nothing, {f: "run"}), {by_status: {}, by_fingerprint: {f: "run"}});
    }
});

test("a small curve goes from its first to its last value, upwards for larger ones", () => {
    assert.equal(curvePath([0, 1], 76, 22), "M1.0 21.0L75.0 1.0");
    assert.equal(curvePath([1, 0, 1], 76, 22), "M1.0 1.0L38.0 21.0L75.0 1.0");
});

test("a curve has a gap where there is no number", () => {
    assert.equal(curvePath([0, null, 1, 0], 76, 22), "M1.0 21.0M50.3 1.0L75.0 21.0");
});

test("a level curve is a level line", () => {
    assert.equal(curvePath([3, 3], 76, 22), "M1.0 21.0L75.0 21.0");
});

test("fewer than two numbers are no curve", () => {
    for (const values of [[], [1], [null, 1], [null, null]]) assert.equal(curvePath(values, 76, 22), null);
});

test("one name is taken out", () => {
    assert.deepEqual(without(["a", "b"], "a"), ["b"]);
    assert.deepEqual(without(["a"], "x"), ["a"]);
});

import assert from "node:assert";
import test from "node:test";
import {groupsOf, partsOf, titleOf} from "../../assets/run/failures.js";

const setOf = (codes, categories, numbers = codes.map((_, index) => index + 1)) => ({
    size: codes.length,
    numbers,
    columns: new Map([["failure", {values: Float64Array.from(codes), categories}]]),
});

test("failures come in groups, the largest first, with the first experiment of each", () => {
    const groups = groupsOf(setOf([NaN, 0, 1, 1, NaN, 1], ["a", "b", "gone"], [1, 7, 9, 3, 4, 5]));
    assert.deepEqual(groups, [
        {words: "b", count: 3, first: 3},
        {words: "a", count: 1, first: 7},
    ]);
    assert.equal(titleOf(groups), "4 failed, in 2 ways:");
});

test("without failures there are no groups, and one way is not counted", () => {
    assert.deepEqual(groupsOf(setOf([NaN], [])), []);
    assert.equal(titleOf([{count: 12_345}]), "12,345 failed:");
});

test("the place in the code stands apart, so that a long message can be cut", () => {
    assert.deepEqual(partsOf("KeyError: (a) (train.py:41, in step)"), ["KeyError: (a)", "(train.py:41, in step)"]);
    assert.deepEqual(partsOf("E (a/b.py:3)"), ["E", "(a/b.py:3)"]);
    assert.deepEqual(partsOf("killed by signal 9 (SIGKILL)"), ["killed by signal 9 (SIGKILL)", ""]);
});

test("ten thousand of them take no time", () => {
    const codes = Array.from({length: 10_000}, (_, index) => index);
    assert.equal(groupsOf(setOf(codes, codes.map(String))).length, 10_000);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as curves from "../../assets/experiment/curves/curves.js";

const setOf = (states, sizes = []) => ({
    experiments: new Map(states.map((state, at) => [at, {state}])),
    curves: new Map(sizes.map(([experiment, of, shown], at) => [at, {experiment, of, x: {length: shown}}])),
});

test("a page asks often while something may come", () => {
    assert.equal(curves.pollInterval(setOf(["finished", "running"]), false), 1000);
    assert.equal(curves.pollInterval(setOf(["finished", "failed"]), false), 15000);
    assert.equal(curves.pollInterval(setOf(["running"]), true), 30000);
    assert.equal(curves.addressOf("a b"), "/curves/a%20b");
});

test("views hear of an epoch only where it changes one", () => {
    assert.deepEqual(
        [1, 2, 3, 9, null].map((epoch) => curves.viewEpoch([2, 4], epoch)),
        [2, 2, 2, 4, null],
    );
    assert.equal(curves.viewEpoch([], 3), null);
});

test("only thinned curves have more to show", () => {
    assert.deepEqual(
        curves.thinnedIn(
            setOf(
                [],
                [
                    [1, 5, 5],
                    [2, 900, 5],
                    [2, 900, 7],
                ],
            ),
        ),
        [2],
    );
});

test("the epochs of all views are one list", () => {
    assert.deepEqual(curves.unionOf([[1, 10], [2, 10], []]), [1, 2, 10]);
});

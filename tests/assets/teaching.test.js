import assert from "node:assert";
import test from "node:test";
import {doneWords, namesOf, piecesOf, rolesFrom, triedWords, withRole} from "../../assets/rules/teaching.js";

test("a line falls into pieces at its numbers, whatever its characters", () => {
    const marks = [
        {start: 8, end: 11, name: "b"},
        {start: 2, end: 4, name: "a"},
    ];
    assert.deepEqual(
        piecesOf("\u{1F600} 30 loss0.5!", [{start: 2, end: 4, name: "a"}]).map(({text}) => text),
        ["\u{1F600} ", "30", " loss0.5!"],
    );
    assert.deepEqual(
        piecesOf("x 30 at 0.5!", marks).map(({text, mark}) => [text, mark?.name ?? null]),
        [
            ["x ", null],
            ["30", "a"],
            [" at ", null],
            ["0.5", "b"],
            ["!", null],
        ],
    );
    assert.deepEqual(piecesOf("", []), []);
});

const NUMBERS = [
    ["epoch", true],
    ["of", true],
    ["loss", true],
    ["v", false],
    ["step", true],
    ["acc", true],
].map(([name, can], place) => ({name, place, can_take: can}));

test("a number that is pressed is a metric, and a counter before it comes along", () => {
    assert.deepEqual(
        [...rolesFrom(NUMBERS, 2)],
        [
            [0, "epoch"],
            [2, "metric"],
        ],
    );
    assert.deepEqual(
        [...rolesFrom(NUMBERS, 5)],
        [
            [0, "epoch"],
            [4, "step"],
            [5, "metric"],
        ],
    );
    // A counter that is pressed is wanted as a metric.
    assert.deepEqual([...rolesFrom(NUMBERS, 0)], [[0, "metric"]]);
});

test("a number gets another role, and only one is the epoch", () => {
    const roles = withRole(rolesFrom(NUMBERS, 2), 1, "epoch");
    assert.deepEqual(
        [...roles],
        [
            [2, "metric"],
            [1, "epoch"],
        ],
    );
    assert.deepEqual([...withRole(roles, 5, "metric")].length, 3);
    assert.deepEqual([...withRole(roles, 2, "")], [[1, "epoch"]]);
});

test("the number that was pressed is the metric that is missed", () => {
    const roles = new Map([
        [5, "metric"],
        [2, "metric"],
        [1, "epoch"],
    ]);
    assert.deepEqual(namesOf(NUMBERS, roles, "quality", 5), {1: "epoch", 2: "loss", 5: "quality"});
    assert.deepEqual(namesOf(NUMBERS, roles, undefined, 5), {1: "epoch", 2: "loss", 5: "acc"});
    // Another number has that name already.
    assert.deepEqual(namesOf(NUMBERS, roles, "loss", 5), {1: "epoch", 2: "loss", 5: "acc"});
    // A counter as a metric is no counter.
    assert.deepEqual(namesOf(NUMBERS, new Map([[0, "metric"]])), {0: "epoch number"});
});

test("what a pattern takes is one sentence", () => {
    assert.equal(triedWords({fitting: 0, of: 1203, counts: {}}), "It fits none of the 1,203 lines.");
    assert.equal(
        triedWords({fitting: 5, of: 12, counts: {loss: 5, acc: 1}}),
        "It fits 5 of 12 lines: 5 values of loss, 1 value of acc.",
    );
    assert.equal(triedWords({fitting: 1, of: 1, counts: {}}), "It fits 1 of 1 line, and names no metric.");
});

test("what was read again is said, also where it was nothing", () => {
    assert.match(doneWords(1), /^Kept. 1 past experiment has values/);
    assert.match(doneWords(18), /18 past experiments have values/);
    assert.match(doneWords(0), /No past experiment/);
});

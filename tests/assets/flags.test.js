import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as flags from "../../assets/experiments/flags.js";
import {toggled} from "../../assets/run/views/parameters.js";
import * as selection from "../../assets/selection/selection.js";

const NOTHING = {codes: [], words: []};
const LOOKS = [
    ["NaN", "bad"],
    ["overfitting", "warn"],
    ["plateau", "plain"],
    ["highlighted", "lit"],
];

const changesOf = (number, words, sentences = []) => ({
    number,
    state: number.map(() => "finished"),
    epoch: number.map(() => 1),
    epochs: number.map(() => 1),
    duration: number.map(() => 1),
    hyperparameters: [],
    metrics: [],
    failures: NOTHING,
    notes: NOTHING,
    flags: words.length ? {codes: number.map((_, row) => row), words} : NOTHING,
    sentences,
});

const setOf = (...changes) => {
    const set = experiments.create([], null, LOOKS);
    changes.forEach((change) => experiments.patch(set, change));
    return set;
};

const set = setOf(
    changesOf(
        [1, 2, 3, 4],
        [["overfitting", "plateau"], ["plateau"], ["NaN", "highlighted"]],
        [
            [
                0,
                [
                    ["overfitting", "It turns up."],
                    ["plateau", "It stays."],
                    ["plateau", "So does the other."],
                ],
            ],
        ],
    ),
);
const column = set.columns.get("flags");
const selected = (clause) => {
    const {mask} = selection.tiers(set, {...selection.NOTHING, clauses: [{source: "x", field: "flags", ...clause}]});
    return [1, 2, 3, 4].filter((_, index) => mask[index] & selection.SELECTED);
};

test("a clause selects whatever has any of its words, alone or beside others", () => {
    assert.deepEqual(selected({values: ["plateau"]}), [1, 2]);
    assert.deepEqual(selected({values: ["NaN", "overfitting"]}), [1, 3]);
    assert.deepEqual(selected({values: ["nothing of the kind"]}), []);
    assert.deepEqual(selected({values: ["NaN"], missing: true}), [3, 4]);
    assert.deepEqual(selected({missing: true}), [4]);
});

test("each word counts all that have it", () => {
    assert.deepEqual(flags.wordsOf(column), ["NaN", "overfitting", "plateau", "highlighted"]);
    assert.deepEqual([...flags.countsOf(column, 4, new Uint8Array([1, 1, 0, 1]), 1)], [0, 1, 2, 0]);
});

test("a column of plain categories has its categories for words", () => {
    const plain = {categories: ["adam", "sgd"], values: [1, NaN, 1]};
    assert.deepEqual(flags.wordsOf(plain), ["adam", "sgd"]);
    assert.deepEqual([...flags.countsOf(plain, 3, new Uint8Array([1, 1, 1]), 1)], [0, 2]);
});

test("a chip says its word, how bad it is, and all its sentences", () => {
    assert.deepEqual(flags.chipsOf(set, 0), [
        {word: "overfitting", kind: "warn", title: "It turns up."},
        {word: "plateau", kind: "plain", title: "It stays.\nSo does the other."},
    ]);
    assert.deepEqual(flags.chipsOf(set, 3), []);
    assert.equal(flags.lookOf(column, "constructor"), "tag");
    assert.deepEqual(
        [0, 2].map((index) => flags.isLit(set, index)),
        [false, true],
    );
});

test("flags that are withdrawn leave no word and no sentence behind", () => {
    const own = setOf(changesOf([1], [["NaN"]], [[0, [["NaN", "It is."]]]]), changesOf([1], []));
    assert.deepEqual(flags.chipsOf(own, 0), []);
    assert.equal(own.sentences.size, 0);
});

test("all words of a column that not everybody has are not everything", () => {
    assert.deepEqual(toggled(["NaN"], null, "NaN", false), ["NaN"]);
    assert.equal(toggled(["NaN"], null, "NaN"), null);
    assert.equal(toggled(["NaN"], ["NaN"], "NaN", false), null);
});

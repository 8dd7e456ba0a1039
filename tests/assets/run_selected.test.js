import assert from "node:assert/strict";
import {test} from "node:test";
import * as selected from "../../assets/run/selected.js";

const SPEC = {slug: "digits", number: 3};

test("the download names the selected experiments, unless they are too many for an address", () => {
    const all = "/download/digits/experiments.csv?run=3&flavour=spreadsheet";
    assert.deepEqual(selected.csvRequest(SPEC, "1-3,9"), {address: `${all}&numbers=1-3,9`, body: null});
    assert.deepEqual(selected.csvRequest(SPEC, null), {address: all, body: null});
    assert.equal(
        selected.csvRequest(SPEC, null, '{"a b":"smallest"}').address,
        `${all}&reduce=%7B%22a%20b%22%3A%22smallest%22%7D`,
    );
    assert.equal(selected.csvRequest(SPEC, null, null, "unfinished").address, `${all}&include=unfinished`);
    const many = "1,".repeat(2000);
    assert.deepEqual(selected.csvRequest(SPEC, many), {address: all, body: {numbers: many}});
});

test("the report counts what the page counts", () => {});

test("picked experiments open together", () => {
    const few = {
        numbers: [4, 7],
        hint: "Side by side: settings, metrics, curves and views",
        words: "Compare the 2 picked",
    };
    assert.deepEqual(selected.curvesOffer([7, 4], [], false, 500), few);
    assert.equal(selected.curvesOffer([1, 2, 3, 4, 5, 6], [], false, 500).words, "Compare the 6 picked");
    assert.equal(selected.curvesOffer([1, 2, 3, 4, 5, 6, 7], [], false, 500).words, "Open curves of the 7 picked");
    assert.equal(selected.curvesOffer([4], [1, 2], true, 500).words, "Open curves of the one picked");
    assert.equal(selected.curvesOffer([3, 2, 1], [], false, 2).words, "Open curves of the first 2 picked");
});

test("without picks a selection opens together, as many as can be told apart", () => {
    assert.equal(selected.curvesOffer([], [1, 2, 3], false, 500), null);
    assert.equal(selected.curvesOffer([], [], true, 500), null);
    assert.deepEqual(selected.curvesOffer([], [1, 2, 3], true, 500), {
        numbers: [1, 2, 3],
        hint: "",
        words: "Curves of all 3 selected",
    });
    const {hint, numbers, words} = selected.curvesOffer([], [1, 2, 3], true, 2);
    assert.deepEqual([numbers, words], [[1, 2], "Curves of the first 2 selected"]);
    assert.match(hint, /^The first 2 of 3: /);
});

test("whoever copies the address hears what it leaves out", () => {
    assert.match(selected.linkWords(true), /without the long list/);
    assert.doesNotMatch(selected.linkWords(false), /without/);
});

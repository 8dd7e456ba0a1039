import assert from "node:assert/strict";
import {test} from "node:test";
import * as selection from "../../assets/selection/selection.js";

const column = (values) => ({values: Float64Array.from(values), categories: [], codes: new Map()});

const words = (labels, codes) => ({
    values: Float64Array.from(codes),
    categories: labels,
    codes: new Map(labels.map((word, i) => [word, i])),
});

const SET = {
    size: 4,
    numbers: Int32Array.from([3, 4, 7, 9]),
    columns: new Map([
        ["h:lr", column([0.1, 0.2, 0.3, NaN])],
        ["m:loss", column([4, 3, 2, 1])],
        ["h:optimizer", words(["adam", "sgd"], [0, 1, 0, NaN])],
    ]),
};

const selected = (clauses, kept = [], excluded = []) => {
    const {mask} = selection.tiers(SET, {clauses, kept, excluded});
    return [0, 1, 2, 3].filter((index) => mask[index] & selection.SELECTED);
};

test("a new clause replaces the old one of the same source", () => {
    const first = selection.withClause([], "panel:h:lr", "h:lr", [0, 1]);
    const second = selection.withClause(first, "panel:h:lr", "h:lr", [0.2, null]);
    assert.deepEqual(second, [{source: "panel:h:lr", field: "h:lr", range: [0.2, null]}]);
    assert.deepEqual(selection.withClause(second, "panel:h:lr", "h:lr", null), []);
    assert.deepEqual(selection.withClause(second, "panel:h:lr", "h:lr", [null, null]), []);
});

test("clauses of different sources combine", () => {
    assert.deepEqual(selected([]), [0, 1, 2, 3]);
    assert.deepEqual(selected([{source: "a", field: "h:lr", range: [0.2, null]}]), [1, 2]);
    assert.deepEqual(
        selected([
            {source: "a", field: "h:lr", range: [0.2, null]},
            {source: "b", field: "m:loss", range: [3, 4]},
        ]),
        [1],
    );
});

test("limits belong to the range, and a missing value to none", () => {
    assert.deepEqual(selected([{source: "a", field: "h:lr", range: [0.1, 0.3]}]), [0, 1, 2]);
});

test("categories are selected by word; an unknown word or field selects nothing", () => {
    assert.deepEqual(selected([{source: "a", field: "h:optimizer", values: ["adam"]}]), [0, 2]);
    assert.deepEqual(selected([{source: "a", field: "h:optimizer", values: ["lion"]}]), []);
    assert.deepEqual(selected([{source: "a", field: "m:gone", range: [0, 1]}]), []);
});

test("what is not kept is not selected either", () => {
    const kept = [{source: "a", field: "m:loss", range: [2, null]}];
    const {mask, keptCount, selectedCount} = selection.tiers(SET, {
        clauses: [{source: "b", field: "h:lr", range: [0.2, null]}],
        kept,
        excluded: [],
    });
    assert.deepEqual(
        [...mask].map((tiers) => tiers & 3),
        [1, 3, 3, 0],
    );
    assert.deepEqual([keptCount, selectedCount], [3, 2]);
});

test("the mask is used again as long as it is long enough", () => {
    const {mask} = selection.tiers(SET, selection.NOTHING, new Uint8Array(8));
    assert.equal(mask.length, 8);
    assert.equal(selection.tiers(SET, selection.NOTHING, mask).mask, mask);
});

test("undo and redo walk through what was committed, and a new step forgets the future", () => {
    const state = (n) => ({clauses: [{source: "a", field: "x", range: [n, null]}], kept: [], excluded: []});
    const history = [1, 2].reduce((past, n) => selection.commit(past, state(n)), selection.begin());
    assert.deepEqual(selection.undo(history).present, state(1));
    assert.deepEqual(selection.undo(selection.undo(history)).present, selection.NOTHING);
    assert.equal(selection.undo(selection.begin()).past.length, 0);
    assert.deepEqual(selection.redo(selection.undo(history)), history);
    assert.deepEqual(selection.commit(selection.undo(history), state(3)).future, []);
});

test("the same state again is no step", () => {
    const history = selection.begin();
    assert.equal(selection.commit(history, {clauses: [], kept: [], excluded: []}), history);
});

test("numbers are written as short ranges", () => {
    assert.equal(selection.compactNumbers([9, 1, 2, 3, 5, 11, 12]), "1-3,5,9,11-12");
    assert.equal(selection.compactNumbers([]), "");
});

test("a clause may take missing values in, or be about nothing else; what has not ended yet is not missing", () => {
    const states = {values: Float64Array.from([2, 2, 2, 3])};
    const set = {...SET, columns: new Map([...SET.columns, ["state", states]])};
    const chosen = (clause) =>
        [...selection.tiers(set, {clauses: [{source: "a", ...clause}], kept: [], excluded: []}).mask].flatMap(
            (tier, index) => (tier & selection.SELECTED ? [index] : []),
        );
    assert.deepEqual(chosen({field: "h:lr", missing: true}), [3]);
    assert.deepEqual(chosen({field: "h:lr", range: [0.25, null], missing: true}), [2, 3]);
    assert.deepEqual(chosen({field: "h:optimizer", values: ["sgd"], missing: true}), [1, 3]);
    states.values[3] = 1;
    assert.deepEqual(chosen({field: "h:lr", missing: true}), []);
});

const lr = (low, high) => ({source: "a", field: "h:lr", range: [low, high]});
const loss = (low, high) => ({source: "b", field: "m:loss", range: [low, high]});

test("what is excluded passes every clause of one group, and is off the page", () => {
    assert.deepEqual(selected([], [], [[lr(0.2, 0.3), loss(3, null)]]), [0, 2, 3]);
    assert.deepEqual(selected([], [], [[lr(0.2, 0.2)], [loss(null, 1)]]), [0, 2]);
    const {mask, keptCount, selectedCount} = selection.tiers(SET, {
        clauses: [lr(0.2, null)],
        kept: [loss(2, null)],
        excluded: [[lr(0.3, null)]],
    });
    assert.deepEqual(
        [...mask].map((tiers) => tiers & 3),
        [1, 3, 0, 0],
    );
    assert.deepEqual([keptCount, selectedCount], [2, 1]);
});

test("a missing value and an unknown field exclude nothing", () => {
    assert.deepEqual(selected([], [], [[lr(null, 9)]]), [3]);
    assert.deepEqual(selected([], [], [[{source: "a", field: "m:gone", range: [0, 1]}]]), [0, 1, 2, 3]);
});

test("experiments are selected, kept and excluded by number, too", () => {
    const picked = selection.pickedClause([9, 3, 1000]);
    assert.deepEqual(picked, {source: "picked", field: "number", numbers: [3, 9, 1000]});
    assert.deepEqual(selected([picked]), [0, 3]);
    assert.deepEqual(selected([], [picked]), [0, 3]);
    assert.deepEqual(selected([], [], [[picked]]), [1, 2]);
    assert.deepEqual(selected([selection.pickedClause([])]), []);
});

test("keeping and excluding end what was selected; excluding picked ones does not", () => {
    const state = {clauses: [lr(0, 1)], kept: [loss(0, 9)], excluded: [[lr(5, 6)]]};
    assert.deepEqual(selection.keep(state), {clauses: [], kept: [loss(0, 9), lr(0, 1)], excluded: [[lr(5, 6)]]});
    assert.deepEqual(selection.exclude(state), {clauses: [], kept: [loss(0, 9)], excluded: [[lr(5, 6)], [lr(0, 1)]]});
    const picked = [selection.pickedClause([4])];
    assert.deepEqual(selection.exclude(state, picked), {...state, excluded: [[lr(5, 6)], picked]});
    assert.equal(selection.exclude(selection.NOTHING), selection.NOTHING);
});

test("what is off the page is counted", () => {
    assert.equal(selection.countWords(5, 1600), "5 of 1,600 selected");
    assert.equal(selection.offWords(1600, 1802), "202 of 1,802 off the page");
    assert.deepEqual(
        [selection.isReduced(selection.NOTHING), selection.isReduced({...selection.NOTHING, excluded: [[lr(0, 1)]]})],
        [false, true],
    );
    assert.deepEqual(
        [selection.isNarrowed(selection.NOTHING), selection.isNarrowed({...selection.NOTHING, clauses: [lr(0, 1)]})],
        [false, true],
    );
});

test("what is on the page is worked out once while a brush moves", () => {
    const state = {...selection.NOTHING, kept: [loss(2, null)], clauses: [lr(0.2, null)]};
    const base = selection.baseTiers(SET, state);
    assert.deepEqual(
        [...base].map((tiers) => tiers & 3),
        [3, 3, 3, 0],
    );
    assert.deepEqual(selection.tiers(SET, state, null, base), selection.tiers(SET, state));
    assert.deepEqual(
        [...base].map((tiers) => tiers & 3),
        [3, 3, 3, 0],
    );
});

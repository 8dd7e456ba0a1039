import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as actions from "../../assets/run/actions.js";

const set = experiments.create([]);
experiments.patch(set, {
    number: [1, 2, 3, 4, 5, 6],
    state: ["finished", "running", "running", "queued", "queued", "stopped"],
    epoch: Array(6).fill(null),
    epochs: Array(6).fill(null),
    duration: Array(6).fill(null),
    hyperparameters: [],
    metrics: [],
    failures: {codes: [], words: []},
    notes: {codes: [1, 1, 0, 1, 1, 1], words: [{isStopping: true}]},
});
const all = [0, 1, 2, 3, 4, 5];
const nothing = {picked: [], mask: new Uint8Array(6), bit: 2, isBrushed: false};

test("picked experiments go before brushed ones, and without either there is nothing to do it to", () => {
    assert.deepEqual(actions.targetOf(set, nothing), {kind: "none", indices: []});
    assert.deepEqual(actions.targetOf(set, {...nothing, picked: [5, 99]}), {kind: "picked", indices: [4]});
    const brushed = {...nothing, mask: Uint8Array.of(3, 1, 3, 1, 1, 1), isBrushed: true};
    assert.deepEqual(actions.targetOf(set, brushed), {kind: "selected", indices: [0, 2]});
    assert.deepEqual(actions.targetOf(set, {...brushed, isBrushed: false}).kind, "none");
});

test("the target is said in words", () => {
    assert.equal(actions.targetWords({kind: "none", indices: []}), "Nothing picked");
    assert.equal(actions.targetWords({kind: "picked", indices: [1, 2]}), "2 picked");
    assert.equal(actions.targetWords({kind: "selected", indices: [1, 2, 3]}), "For all 3 selected");
});

test("an action is for those whose state allows it; what is being interrupted is not interrupted twice", () => {
    const found = Object.fromEntries(
        actions.ACTIONS.map((action) => [action.name, actions.numbersFor(set, action, all)]),
    );
    assert.deepEqual(found, {first: [4, 5], last: [4, 5], drop: [4, 5], interrupt: [2], again: [6]});
    assert.deepEqual(actions.countsFor(set, all), [2, 2, 2, 1, 1]);
    assert.deepEqual(actions.countsFor(set, [0, 2]), [0, 0, 0, 0, 0]);
});

test("buttons say for how many", () => {
    assert.deepEqual(
        actions.ACTIONS.map(({words}) => words(5)),
        ["Run 5 next", "Run 5 last", "Drop 5 queued", "Interrupt 5 running", "Queue 5 again"],
    );
});

test("what is asked names what is lost", () => {
    assert.equal(actions.questionOf(3, 0).title, "Drop 3 queued experiments?");
    assert.doesNotMatch(actions.questionOf(3, 0).body, /lost/);
    const both = actions.questionOf(1, 2);
    assert.equal(both.title, "Drop 1 queued and interrupt 2 running experiments?");
    assert.match(both.body, /lost/);
    assert.equal(actions.questionOf(0, 1).title, "Interrupt 1 running experiment?");
    assert.equal(actions.questionOf(0, 1).confirm, "Interrupt 1 running");
});

test("picked ones can be selected, kept and excluded; what is selected already only the latter two", () => {
    const names = (kind) => actions.choicesFor({kind}).map(({name}) => name);
    assert.deepEqual(names("picked"), ["select", "keep", "exclude"]);
    assert.deepEqual(names("selected"), ["keep", "exclude"]);
    assert.deepEqual(names("none"), []);
});

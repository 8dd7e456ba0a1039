const assert = require("node:assert/strict");
const {test} = require("node:test");
const {STATES} = require("../../assets/experiments.js");
const {compactNumbers} = require("../../assets/selection.js");
const run = require("../../assets/run.js");

const SPEC = {slug: "digits", number: 3};

test("an open run is asked for every second, an ended or hidden one seldom", () => {
    assert.equal(run.pollInterval("running", false), 1000);
    assert.ok(run.pollInterval("finished", false) >= 10000);
    assert.ok(run.pollInterval("running", true) >= 10000);
});

test("the download names the selected experiments, unless they are too many for an address", () => {
    assert.equal(run.csvAddress(SPEC, [1, 2, 3, 9], true, compactNumbers), "/download/digits/experiments.csv?run=3&flavour=spreadsheet&numbers=1-3,9");
    assert.equal(run.csvAddress(SPEC, [1, 2], false, compactNumbers), "/download/digits/experiments.csv?run=3&flavour=spreadsheet");
    assert.equal(run.csvAddress(SPEC, Array.from({length: 501}, (_, i) => i), true, compactNumbers), "/download/digits/experiments.csv?run=3&flavour=spreadsheet");
});

test("picked experiments open together", () => {
    assert.equal(run.curvesAddress("digits", [4]), "/projects/digits/experiments/4");
    assert.equal(run.curvesAddress("digits", [4, 7, 9]), "/projects/digits/experiments/4?with=7,9");
});

test("only states that occur are counted in words", () => {
    assert.deepEqual(run.stateWords(STATES, [0, 2, 7, 1, 0]), [[7, "finished"], [2, "running"], [1, "failed"]]);
});

test("a run without numbers says what it waits for", () => {
    const open = {state: "queued", waiting: null, request: null};
    assert.match(run.waitingWords(open, [3, 0, 0, 0, 0], false), /dispatcher/);
    assert.equal(run.waitingWords({...open, waiting: "Nothing is running this queue."}, [3, 0, 0, 0, 0], false), "Nothing is running this queue.");
    assert.match(run.waitingWords({...open, state: "running"}, [1, 2, 0, 0, 0], false), /numbers appear/);
    assert.match(run.waitingWords({...open, state: "running", request: "stop"}, [1, 2, 0, 0, 0], true), /Stopping/);
    assert.equal(run.waitingWords({...open, state: "running"}, [1, 2, 0, 0, 0], true), null);
    assert.equal(run.waitingWords({...open, state: "finished"}, [0, 0, 3, 0, 0], true), null);
});

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
    const all = "/download/digits/experiments.csv?run=3&flavour=spreadsheet";
    assert.deepEqual(run.csvRequest(SPEC, "1-3,9"), {address: `${all}&numbers=1-3,9`, body: null});
    assert.deepEqual(run.csvRequest(SPEC, null), {address: all, body: null});
    assert.equal(run.csvRequest(SPEC, null, '{"a b":"smallest"}').address, `${all}&reduce=%7B%22a%20b%22%3A%22smallest%22%7D`);
    const many = "1,".repeat(2000);
    assert.deepEqual(run.csvRequest(SPEC, many), {address: all, body: {numbers: many}});
});

test("picked experiments open together", () => {
    assert.deepEqual(run.curvesOffer([7, 4], [], false, 500), {numbers: [4, 7], hint: "", words: "Open curves of the 2 picked"});
    assert.equal(run.curvesOffer([4], [1, 2], true, 500).words, "Open curves of the one picked");
    assert.equal(run.curvesOffer([3, 2, 1], [], false, 2).words, "Open curves of the first 2 picked");
});

test("without picks a selection opens together, as many as can be told apart", () => {
    assert.equal(run.curvesOffer([], [1, 2, 3], false, 500), null);
    assert.equal(run.curvesOffer([], [], true, 500), null);
    assert.deepEqual(run.curvesOffer([], [1, 2, 3], true, 500), {numbers: [1, 2, 3], hint: "", words: "Curves of all 3 selected"});
    const {hint, numbers, words} = run.curvesOffer([], [1, 2, 3], true, 2);
    assert.deepEqual([numbers, words], [[1, 2], "Curves of the first 2 selected"]);
    assert.match(hint, /^The first 2 of 3: /);
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

const OPEN = {state: "running", waiting: null, request: null};

test("a paused run says what still runs and what waits", () => {
    const paused = {...OPEN, state: "paused"};
    assert.deepEqual(run.badgeOf(paused, [3, 2, 0, 0, 0]), {word: "paused: 2 still running", kind: "paused"});
    assert.deepEqual(run.badgeOf(paused, [3, 0, 0, 0, 0]), {word: "paused", kind: "paused"});
    assert.equal(run.waitingWords(paused, [3, 2, 0, 0, 0], true),
        "The 2 experiments that run go on to the end; the 3 that wait start when the run is resumed.");
    assert.equal(run.waitingWords(paused, [1, 0, 0, 0, 0], true), "Nothing runs; the one that waits starts when the run is resumed.");
    assert.equal(run.waitingWords(paused, [0, 0, 4, 0, 0], true), "Nothing runs; no new one starts until the run is resumed.");
    assert.match(run.waitingWords({...paused, waiting: "Nobody."}, [1, 1, 0, 0, 0], true), /Nobody/);
    assert.doesNotMatch(run.waitingWords({...paused, waiting: "Nobody."}, [1, 0, 0, 0, 0], true), /Nobody/);
});

test("stopping goes before pausing, until the run has ended", () => {
    assert.equal(run.badgeOf({...OPEN, state: "paused", request: "stop"}, [0, 1, 0, 0, 0]).word, "stopping");
    assert.equal(run.badgeOf({...OPEN, state: "stopped", request: "stop"}, [0, 0, 0, 0, 1]).word, "stopped");
});

test("one button pauses and resumes, and says at once that it does", () => {
    assert.deepEqual(run.pauseButton(OPEN, null), {does: "pause", words: "Pause", isBusy: false});
    assert.deepEqual(run.pauseButton({...OPEN, state: "paused"}, null), {does: "resume", words: "Resume", isBusy: false});
    assert.equal(run.pauseButton(OPEN, "pause").words, "Pausing …");
    assert.equal(run.pauseButton({...OPEN, state: "paused"}, "resume").isBusy, true);
    assert.equal(run.pauseButton(OPEN, "drop").isBusy, false);
});

test("what was left out is counted with its reasons", () => {
    const leftOut = [{reason: "done before", count: 4}, {reason: "not valid", count: 2}, {reason: "none", count: 0}];
    assert.deepEqual(run.scheduleOf(18, leftOut), {words: "18 of 24 scheduled", reasons: ["4 done before", "2 not valid"]});
    assert.equal(run.scheduleOf(18, []), null);
});

test("the metrics that a person chose are in the address", () => {
    assert.equal(run.metricsFrom("?tab=1"), null);
    const query = run.withMetrics("?tab=1&metrics=m%3Aold", ["m:loss", "m:a&b"]);
    assert.deepEqual(run.metricsFrom(query), ["m:loss", "m:a&b"]);
    assert.equal(run.withMetrics(query, []), "?tab=1");
});

test("whoever copies the address hears what it leaves out", () => {
    assert.match(run.linkWords(true), /without the long list/);
    assert.doesNotMatch(run.linkWords(false), /without/);
});

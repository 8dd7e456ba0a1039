import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";

const {STATES} = experiments;

import * as header from "../../assets/run/header.js";

const OPEN = {state: "running", waiting: null, request: null};

test("only states that occur are counted in words", () => {
    assert.deepEqual(header.stateWords(STATES, [0, 2, 7, 1, 0]), [
        [7, "finished"],
        [2, "running"],
        [1, "failed"],
    ]);
});

test("a run without numbers says what it waits for", () => {
    const open = {state: "queued", waiting: null, request: null};
    assert.match(header.waitingWords(open, [3, 0, 0, 0, 0], false), /dispatcher/);
    assert.equal(
        header.waitingWords(
            {...open, waiting: {text: "Nothing is running this queue.", age: null, log: null}},
            [3, 0, 0, 0, 0],
            false,
        ),
        "Nothing is running this queue.",
    );
    const starting = {text: "This run waits for a worker that is starting", age: 35, log: "/tmp/logs"};
    assert.equal(
        header.waitingWords({...open, waiting: starting}, [3, 0, 0, 0, 0], false, 5.5),
        "This run waits for a worker that is starting (40 s so far). Its log: /tmp/logs",
    );
    assert.match(header.waitingWords({...open, state: "running"}, [1, 2, 0, 0, 0], false), /numbers appear/);
    assert.match(header.waitingWords({...open, state: "running", request: "stop"}, [1, 2, 0, 0, 0], true), /Stopping/);
    assert.equal(header.waitingWords({...open, state: "running"}, [1, 2, 0, 0, 0], true), null);
    assert.equal(header.waitingWords({...open, state: "finished"}, [0, 0, 3, 0, 0], true), null);
});

test("a paused run says what still runs and what waits", () => {
    const paused = {...OPEN, state: "paused"};
    assert.deepEqual(header.badgeOf(paused, [3, 2, 0, 0, 0]), {word: "paused: 2 still running", kind: "paused"});
    assert.deepEqual(header.badgeOf(paused, [3, 0, 0, 0, 0]), {word: "paused", kind: "paused"});
    assert.equal(
        header.waitingWords(paused, [3, 2, 0, 0, 0], true),
        "The 2 experiments that run go on to the end; the 3 that wait start when the run is resumed.",
    );
    assert.equal(
        header.waitingWords(paused, [1, 0, 0, 0, 0], true),
        "Nothing runs; the one that waits starts when the run is resumed.",
    );
    assert.equal(
        header.waitingWords(paused, [0, 0, 4, 0, 0], true),
        "Nothing runs; no new one starts until the run is resumed.",
    );
    assert.equal(
        header.waitingWords({...paused, reason: "paused: the files take 3 GB"}, [2, 0, 0, 0, 0], true),
        "Paused: the files take 3 GB. Nothing runs; the 2 that wait start when the run is resumed.",
    );
    assert.match(
        header.waitingWords({...paused, waiting: {text: "Nobody.", age: null, log: null}}, [1, 1, 0, 0, 0], true),
        /Nobody/,
    );
    assert.doesNotMatch(
        header.waitingWords({...paused, waiting: {text: "Nobody.", age: null, log: null}}, [1, 0, 0, 0, 0], true),
        /Nobody/,
    );
});

test("stopping goes before pausing, until the run has ended", () => {
    assert.equal(header.badgeOf({...OPEN, state: "paused", request: "stop"}, [0, 1, 0, 0, 0]).word, "stopping");
    assert.equal(header.badgeOf({...OPEN, state: "stopped", request: "stop"}, [0, 0, 0, 0, 1]).word, "stopped");
});

test("what is not as usual in a run's share is said", () => {
    assert.equal(header.shareWords({priority: 0, weight: 1}), "");
    assert.equal(header.shareWords({priority: 5, weight: 2}), "priority 5, share 2");
    assert.equal(header.shareWords({priority: -5, weight: 1}), "priority -5");
    assert.equal(header.shareWords({priority: 0, weight: 0.5}), "share 0.5");
});

test("one button pauses and resumes, and says at once that it does", () => {
    assert.deepEqual(header.pauseButton(OPEN, null), {does: "pause", words: "Pause", isBusy: false});
    assert.deepEqual(header.pauseButton({...OPEN, state: "paused"}, null), {
        does: "resume",
        words: "Resume",
        isBusy: false,
    });
    assert.equal(header.pauseButton(OPEN, "pause").words, "Pausing …");
    assert.equal(header.pauseButton({...OPEN, state: "paused"}, "resume").isBusy, true);
    assert.equal(header.pauseButton(OPEN, "drop").isBusy, false);
});

test("what was left out is counted with its reasons", () => {
    const leftOut = [
        {reason: "done before", count: 4},
        {reason: "not valid", count: 2},
        {reason: "none", count: 0},
    ];
    assert.deepEqual(header.scheduleOf(18, leftOut), {
        words: "18 of 24 scheduled",
        reasons: ["4 done before", "2 not valid"],
    });
    assert.equal(header.scheduleOf(18, []), null);
});

test("where nobody reports the objective, what is reported instead is named once somebody is far enough", () => {
    const setOf = (state, epoch, metrics) => {
        const set = experiments.create([]);
        const nothing = {codes: [], words: []};
        experiments.patch(set, {
            number: [1, 2],
            state: [state, "queued"],
            epoch: [epoch, NaN],
            epochs: [NaN, NaN],
            duration: [1, NaN],
            hyperparameters: [],
            metrics: Object.entries(metrics).map(([name, value]) => ({
                name,
                values: [value, NaN],
                nan: Number.isNaN(value) ? [0] : [],
                level: "epoch",
            })),
            failures: nothing,
            notes: nothing,
        });
        return set;
    };
    const others = {loss: 0.5, accuracy: 0.9};
    assert.deepEqual(header.reportedInstead(setOf("finished", NaN, others), "val_acc"), ["loss", "accuracy"]);
    assert.deepEqual(header.reportedInstead(setOf("running", 2, others), "val_acc"), ["loss", "accuracy"]);
    // A first value of it may be on its way.
    assert.equal(header.reportedInstead(setOf("running", 1, others), "val_acc"), null);
    assert.equal(header.reportedInstead(setOf("finished", NaN, others), "accuracy"), null);
    assert.equal(header.reportedInstead(setOf("finished", NaN, {...others, val_acc: NaN}), "val_acc"), null);
    assert.deepEqual(header.reportedInstead(setOf("running", 1, others), null), ["loss", "accuracy"]);
    assert.equal(header.reportedInstead(setOf("finished", NaN, {}), null), null);
    assert.equal(header.reportedInstead(setOf("failed", NaN, {}), "val_acc"), null);
});

test("experiments that wrote the same are named, or counted where they are many", () => {
    assert.equal(
        header.twiceWords({experiments: [3, 5], size: "11.6 MB"}),
        "Experiments 3 and 5 each wrote the same 11.6 MB",
    );
    assert.equal(
        header.twiceWords({experiments: [1, 2, 3, 4, 5, 6], size: "2 GB"}),
        "6 experiments each wrote the same 2 GB",
    );
});

test("once all have ended, it is said what comes next where something does", () => {
    const shown = {isOver: true, hasValues: true, isMissed: false, hasOutput: true};
    assert.match(header.nextWords(true, "accuracy", shown), /accuracy is read\. Now launch it/);
    assert.match(header.nextWords(true, null, {...shown, hasValues: false}), /No metric was read/);
    assert.match(header.nextWords(false, null, {...shown, hasValues: false}), /No metric was read/);
    assert.equal(header.nextWords(true, null, {...shown, hasValues: false, hasOutput: false}), null);
    assert.equal(header.nextWords(true, null, {...shown, isMissed: true}), null);
    assert.equal(header.nextWords(true, "accuracy", {...shown, isOver: false}), null);
    assert.equal(header.nextWords(false, "accuracy", shown), null);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import {csvQuestion, isOpen, stateWords} from "../../assets/shell/exports.js";

test("a file says its place, its progress, and why it could not be made", () => {
    assert.equal(stateWords({state: "queued", ahead: 3, progress: 0}), "waits: 3 before it");
    assert.equal(stateWords({state: "queued", ahead: 0, progress: 0}), "starts in a moment");
    assert.equal(stateWords({state: "working", progress: 0}), "is being made");
    assert.equal(stateWords({state: "working", progress: 0.426}), "42 %");
    assert.equal(stateWords({state: "done", progress: 1}), "ready");
    assert.equal(stateWords({state: "failed", progress: 1, reason: "Too large."}), "Too large.");
});

test("what waits or is made is looked after", () => {
    assert.deepEqual(
        ["queued", "working", "done", "failed"].map((state) => isOpen({state})),
        [true, true, false, false],
    );
});

test("a table is asked for as it is selected", () => {
    const run = {slug: "digits", number: 3};
    assert.deepEqual(csvQuestion(run, null, null), {kind: "csv", slug: "digits", run: "3", flavour: "spreadsheet"});
    assert.deepEqual(csvQuestion(run, "1-4", '{"loss":"smallest"}'), {
        kind: "csv",
        slug: "digits",
        run: "3",
        flavour: "spreadsheet",
        numbers: "1-4",
        reduce: '{"loss":"smallest"}',
    });
});

import assert from "node:assert";
import test from "node:test";
import * as shell from "../../assets/shell/shell.js";

const free = {isTyping: false, hasModifier: false, dialogIsOpen: false};

test("a key presses its button, unless it belongs to a field, a dialog or the browser", () => {
    assert.equal(shell.shortcutOf("n", free), "start-run");
    assert.equal(shell.shortcutOf("?", free), "help-toggle");
    assert.equal(shell.shortcutOf("x", free), null);
    for (const state of ["isTyping", "hasModifier", "dialogIsOpen"]) {
        assert.equal(shell.shortcutOf("n", {...free, [state]: true}), null);
    }
});

test("the title reads from the page up to the product", () => {
    assert.equal(shell.titleOf(["Digits", "Run 3"]), "Run 3 · Digits · HyperTuner");
    assert.equal(shell.titleOf([]), "HyperTuner");
});

test("times are shown in the reader's zone", () => {
    assert.equal(shell.localTime("2026-01-02T23:30:00+00:00", "en-GB", "Europe/Berlin"), "3 Jan 2026, 00:30");
});

test("durations have their two largest units", () => {
    const shown = [0.42, 42, 75.2, 3600, 200000].map(shell.durationText);
    assert.deepEqual(shown, ["0.4 s", "42 s", "1 min 15 s", "1 h 0 min", "2 d 7 h"]);
});

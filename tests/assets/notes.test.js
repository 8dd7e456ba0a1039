import assert from "node:assert/strict";
import {test} from "node:test";
import * as notes from "../../assets/experiment/notes.js";

const note = (text, version, by = "anna") => ({text, version, by, at: "2026-01-01T00:00:00+00:00"});
const typing = (text, base = note("old", 1)) => notes.typed(notes.begun(base), text);

test("a colleague's note comes into a box that nobody changed", () => {
    const state = notes.received(notes.begun(note("old", 1)), note("new", 2, "ben"));
    assert.equal(state.text, "new");
    assert.equal(state.theirs, null);
    assert.equal(notes.wordsOf(state), "");
    assert.equal(notes.received(state, note("old", 1)), state);
});

test("of two who write, the later one is told and keeps both texts", () => {
    const told = notes.answered({...typing("mine"), sent: "mine"}, {note: note("theirs", 2, "ben"), changed: true});
    assert.equal(told.text, "mine");
    assert.equal(notes.quarrelOf(told), "ben changed this note while you wrote:");
    assert.equal(notes.wordsOf(told), "Not saved");
    assert.equal(notes.canSave(told), false);
    for (const [choice, text] of [
        ["both", "theirs\n\nmine"],
        ["mine", "mine"],
        ["theirs", "theirs"],
    ]) {
        const merged = notes.merged(told, choice);
        assert.deepEqual([merged.text, merged.base.version, merged.theirs], [text, 2, null]);
        assert.equal(notes.canSave(merged), choice !== "theirs");
    }
    const deleted = notes.received(typing("mine"), note("", 2));
    assert.equal(notes.quarrelOf(deleted), "Somebody deleted this note while you wrote.");
    assert.equal(notes.merged(deleted, "both").text, "mine");
});

test("the poll tells of a colleague before anything is sent, and of no quarrel with oneself", () => {
    assert.equal(notes.received(typing("mine"), note("theirs", 2)).theirs.text, "theirs");
    assert.equal(notes.received(typing("mine"), note("mine", 2)).theirs, null);
    const sent = {...typing("mine and more"), sent: "mine"};
    const own = notes.received(sent, note("mine", 2));
    assert.deepEqual([own.text, own.base.version, own.theirs], ["mine and more", 2, null]);
});

test("where the server is away the text stays and the page says so", () => {
    const away = notes.answered({...typing("mine"), sent: "mine"}, null);
    assert.equal(away.text, "mine");
    assert.match(notes.wordsOf(away), /^Not saved: the server does not answer/);
    assert.equal(notes.canSave(away), true);
    const saved = notes.answered({...away, sent: "mine"}, {note: note("mine", 2)});
    assert.equal(notes.wordsOf(saved), "Saved");
    assert.equal(notes.draftOf(saved), null);
});

test("what was typed while saving is not saved yet", () => {
    const state = notes.answered({...typing("mine and more"), sent: "mine"}, {note: note("mine", 2)});
    assert.equal(notes.wordsOf(state), "Not saved yet");
    assert.equal(notes.canSave(state), true);
});

test("a text that is too long says by how much, and one that is refused says why", () => {
    const long = typing("🌊".repeat(notes.LONGEST + 3));
    assert.match(notes.wordsOf(long), /^3 characters more than the 10,000 of a note/);
    assert.equal(notes.canSave(long), false);
    assert.equal(notes.canSave(typing("🌊".repeat(notes.LONGEST))), true);
    assert.equal(notes.wordsOf(notes.answered(typing("x"), {error: "No."})), "Not saved: No.");
});

test("a deletion is taken back with what was in the box", () => {
    const state = notes.removed(typing("old and more"), note("", 2));
    assert.equal(notes.wordsOf(state), "Deleted");
    const back = notes.restored(state, note("old", 3));
    assert.deepEqual([back.text, back.base.text], ["old and more", "old"]);
});

test("what was not saved comes back with the page", () => {
    const draft = notes.draftOf(typing("mine"));
    assert.deepEqual(draft, {text: "mine", was: "old", version: 1});
    assert.equal(notes.resumed(note("old", 1), draft).text, "mine");
    assert.equal(notes.resumed(note("theirs", 2), draft).theirs.text, "theirs");
    assert.equal(notes.resumed(note("mine", 2), draft).base.version, 2);
    for (const other of [null, 7, {}, {text: 3}]) assert.equal(notes.resumed(note("old", 1), other).text, "old");
});

test("of blanks alone the server keeps nothing, and nothing is left to send", () => {
    const saved = notes.answered({...typing(" \n"), sent: " \n"}, {note: note("", 2)});
    assert.deepEqual([saved.text, notes.canSave(saved)], ["", false]);
    const more = notes.answered({...typing("x"), sent: " "}, {note: note("", 2)});
    assert.deepEqual([more.text, notes.canSave(more)], ["x", true]);
});

test("a draft of a version that the server does not know is decided upon", () => {
    const told = notes.answered(
        {...typing("mine", note("old", 9)), sent: "mine"},
        {note: note("theirs", 1), changed: true},
    );
    assert.equal(told.theirs.text, "theirs");
    assert.equal(notes.canSave(told), false);
});

import assert from "node:assert";
import test from "node:test";
import {noteOf} from "../../assets/experiment/own_files.js";

test("a text that is cut says so, and an empty one, too", () => {
    assert.equal(noteOf(500, 500), "");
    assert.equal(noteOf(200_000, 5_000_000), "The first 200 KB; the download has all of it.");
    assert.equal(noteOf(0, 0), "The file is empty.");
});

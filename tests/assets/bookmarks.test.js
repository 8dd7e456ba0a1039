import assert from "node:assert/strict";
import {test} from "node:test";
import * as bookmarks from "../../assets/run/bookmarks.js";

test("a name is one line; none and one that is too long are named as such", () => {
    assert.equal(bookmarks.plainName("  best \n rates "), "best rates");
    assert.match(bookmarks.problemOf(" \t"), /a name/);
    assert.match(bookmarks.problemOf("x".repeat(81)), /81 characters/);
    assert.equal(bookmarks.problemOf("🙂".repeat(80)), null);
});

test("an earlier bookmark is found by its name as it is kept", () => {
    const known = [{name: "best rates"}, {name: "failed"}];
    assert.equal(bookmarks.named(known, " best  rates "), known[0]);
    assert.equal(bookmarks.named(known, "Best rates"), null);
});

test("whatever was kept, a query is a query", () => {
    assert.equal(bookmarks.plainQuery("?a=1&b=%5B%5D"), "?a=1&b=%5B%5D");
    assert.equal(bookmarks.plainQuery("//elsewhere/x"), "?%2F%2Felsewhere%2Fx=");
    assert.equal(bookmarks.plainQuery(""), "");
});

test("a moment is said by how long ago it was", () => {
    const at = "2026-01-01T00:00:00+00:00";
    const after = (seconds) => bookmarks.agoWords(at, Date.parse(at) + seconds * 1000);
    assert.deepEqual([-5, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map(after), [
        "just now",
        "just now",
        "1 min ago",
        "59 min ago",
        "1 h ago",
        "47 h ago",
        "2 days ago",
    ]);
    assert.match(
        bookmarks.replaceWords({name: "best", by: "anna", at}, Date.parse(at)),
        /“best” .*anna, just now.* Replace/,
    );
});

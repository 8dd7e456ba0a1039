import assert from "node:assert/strict";
import {test} from "node:test";
import {loginAddress, sessionWords, spanWords} from "../../assets/shell/sessions.js";

test("a span is said in its largest unit", () => {
    assert.equal(spanWords(20000), "less than a minute");
    assert.equal(spanWords(-60000), "1 minute");
    assert.equal(spanWords(3 * 3600000), "3 hours");
    assert.equal(spanWords(7 * 86400000), "7 days");
});

test("a session says where it is, since when, and when it ends", () => {
    const now = Date.parse("2026-01-02T12:00:00Z");
    const session = {
        address: "127.0.0.1",
        began: "2026-01-02T10:00:00Z",
        seen: "2026-01-02T11:59:00Z",
        ends: "2026-01-09T12:00:00Z",
    };
    assert.equal(
        sessionWords(session, now),
        "from 127.0.0.1 · began 2 hours ago · last used 1 minute ago · ends in 7 days if it is not used",
    );
});

test("after the next login a page comes back", () => {
    assert.equal(
        loginAddress({pathname: "/projects/x", search: "?with=1&x=2"}),
        "/login?next=%2Fprojects%2Fx%3Fwith%3D1%26x%3D2",
    );
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as share from "../../assets/run/share.js";

test("a priority and a share that a run can have are no problem", () => {
    for (const [priority, weight] of [
        ["0", "1"],
        ["-1000", "0.5"],
        [" 1000 ", "1e6"],
        ["5", "2.5"],
    ]) {
        assert.equal(share.problemOf(priority, weight), null);
    }
});

test("what no run can have is named with its field", () => {
    for (const priority of ["", "high", "1.5", "1001", "-1001", "Infinity"])
        assert.equal(share.problemOf(priority, "1").field, "priority");
    for (const weight of ["", "much", "0", "-1", "Infinity", "1e7", "1e-7"])
        assert.equal(share.problemOf("1", weight).field, "share");
    assert.match(share.problemOf("1", "0").words, /above 0/);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import {newsOf, newsWords} from "../../assets/run/views/table/news.js";

const words = (before, after) => newsWords(newsOf(Uint32Array.from(before), Uint32Array.from(after), 10));

test("the badge counts what would come and go", () => {
    assert.equal(words([0, 1, 2], [0, 3, 1, 2, 4]), "2 new");
    assert.equal(words([0, 1, 2], [2]), "2 gone");
    assert.equal(words([0, 1], [1, 5]), "1 new, 1 gone");
    assert.equal(words([], [7]), "1 new");
});

test("where only the order is another it says so, and else nothing", () => {
    assert.equal(words([0, 1, 2], [1, 0, 2]), "order changed");
    assert.equal(words([0, 1, 2], [0, 1, 2]), "");
    assert.equal(words([], []), "");
});

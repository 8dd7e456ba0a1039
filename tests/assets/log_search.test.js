import assert from "node:assert";
import test from "node:test";
import {countWords, partsOf, placeIn, stepped} from "../../assets/experiment/log_search.js";

test("what was found is marked wherever it stands, whatever its case", () => {
    assert.deepEqual(
        partsOf("a Loss, loss", "LOSS").map(({text, isFound}) => [text, isFound]),
        [
            ["a ", false],
            ["Loss", true],
            [", ", false],
            ["loss", true],
        ],
    );
    assert.deepEqual(partsOf("nothing", "x"), [{text: "nothing", isFound: false}]);
    // In lower case this letter is two, so that places in the line would be wrong.
    assert.deepEqual(partsOf("\u0130x", "x"), [{text: "\u0130x", isFound: false}]);
});

test("next and previous go around the ends", () => {
    assert.equal(stepped(4, 5, 1), 0);
    assert.equal(stepped(0, 5, -1), 4);
    assert.equal(stepped(0, 0, 1), -1);
    assert.equal(countWords(0, 0), "nothing found");
    assert.equal(countWords(1, 1200), "2 of 1,200");
});

test("a line is among the last that are shown, or before them", () => {
    assert.equal(placeIn("c\nd\n", 4, 4), 1);
    assert.equal(placeIn("c\nd", 3, 4), 0);
    assert.equal(placeIn("c\nd\n", 2, 4), -1);
    assert.equal(placeIn("c\nd\n", 5, 4), -1);
});

import assert from "node:assert";
import test from "node:test";
import {holds, kindsOf, piecesOf} from "../../assets/experiment/configuration.js";

const DIFF = `diff --git a/x b/x
index 1..2 100644
--- a/x
+++ b/x
@@ -1,3 +1,3 @@ def f():
 same
--- a removed line that began with two hyphens
+added
+again
diff --git a/y b/y
deleted file mode 100644
`;

test("each line of a diff has its kind, and heads are no changes", () => {
    assert.deepEqual(kindsOf(DIFF.trimEnd().split("\n")), [
        "head",
        "head",
        "head",
        "head",
        "hunk",
        "same",
        "removed",
        "added",
        "added",
        "head",
        "head",
    ]);
});

test("neighbours of one kind are one piece, and nothing is lost", () => {
    const pieces = piecesOf(DIFF);
    assert.deepEqual(
        pieces.map(({kind}) => kind),
        ["head", "hunk", "same", "removed", "added", "head"],
    );
    assert.equal(`${pieces.map(({text}) => text).join("\n")}\n`, DIFF);
});

test("a filter wants all words, whatever their case and order", () => {
    assert.ok(holds("scikit-learn==1.9", "1.9 SCI"));
    assert.ok(!holds("scikit-learn==1.9", "sci torch"));
    assert.ok(holds("anything", ""));
});

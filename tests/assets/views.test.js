import assert from "node:assert";
import test from "node:test";
import * as views from "../../assets/experiment/attached_views.js";

test("examples of exactly the hovered cell are found", () => {
    const examples = [
        {true: 0, predicted: 1, text: "a"},
        {true: 1, predicted: 0, text: "b"},
        {true: 0, predicted: 1, text: "c"},
    ];
    assert.deepEqual(
        views.examplesOf(examples, [0, 1]).map((example) => example.text),
        ["a", "c"],
    );
});

test("only pictures that the payload itself holds are shown", () => {
    assert.ok(views.isPicture("data:image/png;base64,AAAA"));
    for (const other of [
        "https://evil.example/x.png",
        "data:image/svg+xml;base64,AAAA",
        "data:text/html,x",
        "",
        null,
    ]) {
        assert.ok(!views.isPicture(other));
    }
});

test("what an example shows is told by what it holds", () => {
    assert.equal(views.contentOf({image: "data:image/png;base64,AAAA"}), "image");
    assert.equal(views.contentOf({image: "https://evil.example/x.png"}), "none");
    assert.equal(views.contentOf({text: ""}), "text");
    assert.equal(views.contentOf({row: [["a", 1]]}), "row");
    assert.equal(views.contentOf({id: "7"}), "none");
});

test("arrow keys stay inside the matrix", () => {
    assert.deepEqual(views.stepped([1, 1], "ArrowUp", 3), [0, 1]);
    assert.deepEqual(views.stepped([1, 1], "ArrowRight", 3), [1, 2]);
    assert.equal(views.stepped([0, 0], "ArrowUp", 3), null);
    assert.equal(views.stepped([2, 2], "ArrowRight", 3), null);
    assert.deepEqual(views.stepped(null, "ArrowDown", 3), [0, 0]);
    assert.equal(views.stepped([0, 0], "a", 3), null);
});

test("a place of the picture is the cell around it", () => {
    assert.deepEqual(views.cellAt(1.4, -0.4, 3), [0, 1]);
    assert.equal(views.cellAt(2.6, 0, 3), null);
    assert.equal(views.cellAt(-0.6, 0, 3), null);
});

test("a pinned cell stays while the same view goes on, and only there", () => {
    const payload = {view: ["matrix", "confusion_matrix", "counts"], labels: ["a", "b"], examples: [], first: [1, 0]};
    const first = views.firstCellOf(payload, null);
    assert.deepEqual(first, {view: "matrix\nconfusion_matrix", cell: [1, 0], pinned: false});
    const pinned = {...first, cell: [0, 0], pinned: true};
    assert.equal(views.firstCellOf({...payload, view: ["matrix", "confusion_matrix", "row shares"]}, pinned), pinned);
    assert.deepEqual(
        views.firstCellOf({...payload, view: ["other", "confusion_matrix", "counts"]}, pinned).cell,
        [1, 0],
    );
    assert.deepEqual(
        views.firstCellOf({...payload, labels: ["a"], first: [0, 0]}, {...pinned, cell: [1, 1]}).cell,
        [0, 0],
    );
    assert.equal(views.firstCellOf({view: ["x", "roc", null]}, pinned), null);
});

test("a difference tells what came, what left, what was fixed and what was broken", () => {
    const changes = [
        {id: "1", true: 0, here: 0, there: 1},
        {id: "2", true: 0, here: 1, there: 0},
        {id: "3", true: 1, here: 2, there: 0},
    ];
    const names = (found) => found.map((change) => change.id);
    assert.deepEqual(names(views.turnsOf(changes).fixed), ["1"]);
    assert.deepEqual(names(views.turnsOf(changes).broken), ["2"]);
    assert.deepEqual(names(views.movesOf(changes, [0, 0]).came), ["1"]);
    assert.deepEqual(names(views.movesOf(changes, [0, 0]).left), ["2"]);
    assert.deepEqual(names(views.movesOf(changes, [1, 2]).came), ["3"]);
    assert.deepEqual(names(views.movesOf(changes, [1, 1]).left), []);
});

test("a table's columns are those of all its rows, whatever they are called", () => {
    assert.deepEqual(
        views.columnsOf([
            [["a", 1]],
            [
                ["__proto__", 2],
                ["a", 3],
            ],
        ]),
        ["a", "__proto__"],
    );
});

test("a body is arranged by what it holds", () => {
    assert.equal(views.arrangement(true, true), "view-body has-side");
    assert.equal(views.arrangement(true, false), "view-body is-figure");
    assert.equal(views.arrangement(false, true), "view-body is-content");
});

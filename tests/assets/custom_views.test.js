import assert from "node:assert";
import test from "node:test";
import * as views from "../../assets/experiment/custom_views.js";

const OWNERS = [[3, 1, 3], null, [2]];

test("a point is its experiment's, and a trace without experiments is nobody's", () => {
    const points = [
        {curveNumber: 0, pointNumber: 0},
        {curveNumber: 1, pointNumber: 0},
        {curveNumber: 0, pointIndex: 2},
        {curveNumber: 2, pointNumber: 0},
    ];
    assert.deepEqual(views.experimentsOf(OWNERS, points), [3, 2]);
    assert.deepEqual(views.experimentsOf(OWNERS, [{curveNumber: 9, pointNumber: 9}]), []);
    // Plotly says nothing at all when a selection is taken back.
    assert.deepEqual(views.experimentsOf(OWNERS, undefined), []);
});

test("an experiment is found at all of its points", () => {
    assert.deepEqual(views.placesOf(OWNERS, 3), [
        [0, 0],
        [0, 2],
    ]);
    assert.deepEqual(views.placesOf(OWNERS, 7), []);
    assert.equal(views.placesOf([Array(1000).fill(3)], 3).length, 300);
});

test("a click adds an experiment, one more takes it away, and the page's own one stays", () => {
    assert.deepEqual(views.toggled([1], 2, 1), [1, 2]);
    assert.deepEqual(views.toggled([1, 2], 2, 1), [1]);
    assert.deepEqual(views.toggled([1, 2], 1, 1), [1, 2]);
});

test("a lasso adds what is not there yet, up to what a page shows", () => {
    assert.deepEqual(views.merged([1, 2], [2, 3]), [1, 2, 3]);
    assert.equal(
        views.merged(
            [1],
            Array.from({length: 900}, (_, at) => at),
        ).length,
        500,
    );
});

test("what a view took is said", () => {
    assert.equal(views.wordsOf({seconds: 1.234, summary: "", isLive: false}), "took 1.2 s");
    assert.equal(
        views.wordsOf({seconds: 0, summary: "One in 2 points is drawn", isLive: true}),
        "One in 2 points is drawn · made anew while the run goes on",
    );
});

test("a view that takes long is made anew less often", () => {
    assert.equal(views.waitAfter(0.4), 10000);
    assert.equal(views.waitAfter(10), 100000);
    assert.equal(views.waitAfter(undefined), 10000);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as bars from "../../assets/run/views/bars/bars.js";

test("a fitted scale shows differences, the other begins at zero", () => {
    assert.deepEqual(bars.barScale([0.91, 0.97], true), {
        low: 0.9,
        high: 0.98,
        ticks: [0.9, 0.92, 0.94, 0.96, 0.98],
        base: 0.9,
    });
    assert.equal(bars.barScale([0.91, 0.97], false).base, 0);
    assert.equal(bars.barScale([-3, 2], false).base, 0);
    assert.equal(bars.barScale(null, true), null);
    // Equal ones would have bars without a height.
    assert.deepEqual([bars.barScale([3, 3], true).base, bars.barScale([3, 3], true).high >= 3], [0, true]);
    assert.equal(bars.barScale([0, 0], true).base, 0);
});

test("plots stand side by side as evenly as the width allows", () => {
    assert.deepEqual(
        [1, 2, 3, 4, 5, 6].map((count) => bars.columnsFor(count, 1000)),
        [1, 2, 3, 2, 3, 3],
    );
    assert.equal(bars.columnsFor(4, 500), 1);
});

test("how the bars are arranged is in the address, unless it is as by default", () => {
    const plain = {sort: "number", isDescending: false, isFitted: true, shape: null};
    const arranged = {sort: "m:loss", isDescending: true, isFitted: false, shape: "dots"};
    const query = bars.toQuery("?tab=1", arranged);
    assert.deepEqual(bars.fromQuery(query), arranged);
    assert.equal(bars.toQuery(query, plain), "?tab=1");
    for (const text of ["", "?bars=7", "?bars=%5B1%5D", "?bars=%5B", "?bars=null"])
        assert.deepEqual(bars.fromQuery(text), plain);
});

test("numbers below the bars are round where they count up, and never too close", () => {
    const counting = Array.from({length: 300}, (_, place) => place + 1);
    assert.deepEqual(
        bars.footPlaces(counting, 86).map((place) => counting[place]),
        [100, 200, 300],
    );
    assert.deepEqual(
        bars.footPlaces(counting.slice(0, 12), 3).map((place) => counting[place]),
        [5, 10],
    );
    assert.deepEqual(bars.footPlaces([4, 5, 6], 1), [0, 1, 2]);
    assert.deepEqual(bars.footPlaces([9, 2, 7, 1, 3], 2), [0, 2, 4]);
});

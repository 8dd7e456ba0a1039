const assert = require("node:assert/strict");
const {test} = require("node:test");
require("../../assets/experiments.js");
const bars = require("../../assets/bars.js");

test("a fitted scale shows differences, the other begins at zero", () => {
    assert.deepEqual(bars.barScale([0.91, 0.97], true), {low: 0.9, high: 0.98, ticks: [0.9, 0.92, 0.94, 0.96, 0.98], base: 0.9});
    assert.equal(bars.barScale([0.91, 0.97], false).base, 0);
    assert.equal(bars.barScale([-3, 2], false).base, 0);
    assert.equal(bars.barScale(null, true), null);
});

test("the place under the pointer is the bar that is drawn there", () => {
    for (const count of [3, 18, 200]) {
        const [x, width] = bars.barAt(2, count, 400);
        assert.equal(bars.placeAt(x + width / 2, count, 400), 2);
    }
    assert.equal(bars.placeAt(399, 3, 400), -1);
    assert.equal(bars.placeAt(-5, 3, 400), -1);
});

test("where bars share a pixel no extreme is lost", () => {
    const values = Float64Array.from([1, 8, 2, NaN]);
    const scale = {low: 0, high: 8};
    const {lows, highs} = bars.columnEnds(Uint32Array.from([0, 1, 2, 3]), values, Uint8Array.from([1, 1, 1, 1]), 1, scale, 2);
    assert.deepEqual([...highs], [1, 0.25]);
    assert.deepEqual([...lows], [0.125, 0.25]);
});

test("plots stand side by side as evenly as the width allows", () => {
    assert.deepEqual([1, 2, 3, 4, 5, 6].map((count) => bars.columnsFor(count, 1000)), [1, 2, 3, 2, 3, 3]);
    assert.equal(bars.columnsFor(4, 500), 1);
});

test("how the bars are arranged is in the address, unless it is as by default", () => {
    const plain = {sort: "number", isDescending: false, isFitted: true};
    const arranged = {sort: "m:loss", isDescending: true, isFitted: false};
    const query = bars.toQuery("?tab=1", arranged);
    assert.deepEqual(bars.fromQuery(query), arranged);
    assert.equal(bars.toQuery(query, plain), "?tab=1");
    for (const text of ["", "?bars=7", "?bars=%5B1%5D", "?bars=%5B", "?bars=null"]) assert.deepEqual(bars.fromQuery(text), plain);
});

test("numbers below the bars are round where they count up, and never too close", () => {
    const counting = Array.from({length: 300}, (_, place) => place + 1);
    assert.deepEqual(bars.footPlaces(counting, 86).map((place) => counting[place]), [100, 200, 300]);
    assert.deepEqual(bars.footPlaces(counting.slice(0, 12), 3).map((place) => counting[place]), [5, 10]);
    assert.deepEqual(bars.footPlaces([4, 5, 6], 1), [0, 1, 2]);
    assert.deepEqual(bars.footPlaces([9, 2, 7, 1, 3], 2), [0, 2, 4]);
});

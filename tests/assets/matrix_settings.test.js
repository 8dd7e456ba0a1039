import assert from "node:assert/strict";
import {test} from "node:test";
import * as settings from "../../assets/run/views/matrix/settings.js";

test("rows, colour and scales are in the address, beside everything else", () => {
    const chosen = {
        rows: ["h:lr", "h:depth"],
        colour: "m:loss",
        scales: new Map([
            ["h:lr", {log: false, isReversed: true}],
            ["m:loss", {log: undefined, isReversed: true}],
        ]),
    };
    const query = settings.toQuery("?select=x", chosen);
    assert.match(query, /select=x/);
    assert.deepEqual(settings.fromQuery(query), chosen);
    assert.equal(settings.toQuery(query, {rows: null, colour: null, scales: new Map()}), "?select=x");
});

test("an address that cannot be read is as none", () => {
    for (const text of ["[", "3", "null", '{"rows":[1],"colour":2,"scales":[["a"],3,["b","cubic"]]}']) {
        assert.deepEqual(settings.fromQuery(`?matrix=${encodeURIComponent(text)}`), {
            rows: null,
            colour: null,
            scales: new Map(),
        });
    }
});

test("a scale as by default is not kept", () => {
    const scales = settings.withScale(new Map(), "h:lr", {log: true, isReversed: false});
    assert.deepEqual([...scales.keys()], ["h:lr"]);
    assert.equal(settings.withScale(scales, "h:lr", {log: undefined, isReversed: false}).size, 0);
});

test("rows are those chosen that are still there, or the first ones", () => {
    const offered = ["a", "b", "c"];
    assert.deepEqual(settings.rowsOf(null, offered, 2), ["a", "b"]);
    assert.deepEqual(settings.rowsOf(["c", "gone", "a"], offered), ["c", "a"]);
    assert.deepEqual(settings.rowsOf(["gone"], offered), offered);
});

test("rows come, go and move", () => {
    assert.deepEqual(settings.toggledRow(["a", "c"], "b", ["a", "b", "c"]), ["a", "b", "c"]);
    assert.deepEqual(settings.toggledRow(["c"], "a", ["a", "b", "c"]), ["a", "c"]);
    assert.deepEqual(settings.toggledRow(["a", "c"], "a", ["a", "b", "c"]), ["c"]);
    assert.deepEqual(settings.toggledRow(["a"], "a", ["a", "b"]), ["a"]);
    assert.deepEqual(settings.movedRow(["a", "b", "c"], "c", -1), ["a", "c", "b"]);
    assert.deepEqual(settings.movedRow(["a", "b"], "a", -1), ["a", "b"]);
});

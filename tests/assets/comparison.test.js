import assert from "node:assert/strict";
import {test} from "node:test";
import * as comparison from "../../assets/experiment/comparison.js";

test("what is chosen stands in the address, and all else in it stays", () => {
    const query = comparison.withChoice("?with=3-5,9&smooth=0.5", {against: "4"});
    assert.equal(query, "?with=3-5,9&smooth=0.5&against=4");
    assert.deepEqual(comparison.fromQuery(query), {against: 4, onlyDifferences: null, reduce: ""});
    const all = comparison.withChoice(`${query}&reduce={"loss":"mean 3"}`, {rows: "all"});
    assert.deepEqual(comparison.fromQuery(all), {against: 4, onlyDifferences: false, reduce: '{"loss":"mean 3"}'});
    assert.equal(comparison.fromQuery(comparison.withChoice(all, {rows: "differing"})).onlyDifferences, true);
});

test("an address that was edited by hand chooses nothing", () => {
    for (const query of ["", "?against=x&rows=some", "?against=-1&rows=", "?against=12345678901&rows=toString"]) {
        assert.deepEqual(comparison.fromQuery(query), {against: null, onlyDifferences: null, reduce: ""});
    }
});

test("a button is found again in the table that comes anew", () => {
    const button = (name, value) => ({hasAttribute: (each) => each === name, getAttribute: () => value});
    assert.equal(comparison.selectorOf(button("data-comparison-against", "7")), '[data-comparison-against="7"]');
    assert.equal(comparison.selectorOf(button("data-comparison-rows", "all")), "[data-comparison-rows]");
    assert.equal(comparison.selectorOf(button("href", "/")), null);
    assert.equal(comparison.selectorOf({}), null);
});

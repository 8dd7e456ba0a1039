import assert from "node:assert/strict";
import {test} from "node:test";
import {itemsOf} from "../../assets/run/views/table/head.js";

const arrangement = (done, shown = ["number", "h:lr", "m:loss"]) => ({
    shown: () => shown,
    isPinned: (key) => key === "number",
    sortOf: (key) => (key === "h:lr" ? "desc" : null),
    sort: (...words) => done.push(["sort", ...words]),
    pin: (...words) => done.push(["pin", ...words]),
    show: (...words) => done.push(["show", ...words]),
    move: (key, by) => done.push(["move", key, by]),
});
const menu = (key, done = [], shown = undefined, isNarrowed = false) =>
    itemsOf(arrangement(done, shown), key, {isNarrowed, filter() {}, clear() {}}).filter(Boolean);
const item = (items, words) => items.find((other) => other.words === words);

test("the menu of a column says how it is sorted and does what it says", () => {
    const done = [];
    const items = menu("h:lr", done);
    assert.deepEqual(
        items.filter(({isOn}) => isOn).map(({words}) => words),
        ["Sort descending"],
    );
    item(items, "Sort ascending").act();
    item(items, "Pin to the left").act();
    item(items, "Move right").act();
    item(items, "Hide").act();
    assert.deepEqual(done, [
        ["sort", "h:lr", "asc"],
        ["pin", "h:lr", true],
        ["move", "h:lr", 1],
        ["show", ["h:lr"], false],
    ]);
});

test("what cannot be done cannot be chosen", () => {
    assert.equal(item(menu("h:lr"), "Move left").isDisabled, true);
    assert.equal(item(menu("m:loss"), "Move right").isDisabled, true);
    assert.equal(item(menu("h:lr"), "Clear filter").isDisabled, true);
    assert.equal(item(menu("h:lr", [], undefined, true), "Clear filter").isDisabled, false);
    assert.equal(item(menu("number", [], ["number"]), "Hide").isDisabled, true);
    assert.ok(item(menu("number"), "Unpin"));
});

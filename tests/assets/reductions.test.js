import assert from "node:assert/strict";
import {test} from "node:test";
import * as reductions from "../../assets/experiments/reductions.js";

const query = (found) => `?${new URLSearchParams({reduce: JSON.stringify(found)})}`;

test("what is written reads back", () => {
    for (const word of ["last", "smallest", "largest", "mean 3", "mean 999999", "epoch 0", "epoch 2.5"]) {
        assert.equal(reductions.written(reductions.read(word)), word);
    }
});

test("what is no reduction is none", () => {
    for (const word of [
        null,
        undefined,
        3,
        "",
        "median",
        "mean",
        "mean 0",
        "mean -1",
        "mean 2.5",
        "mean 1000000",
        "epoch x",
        "epoch -1",
        "epoch 1e3",
        "last 3",
    ]) {
        assert.equal(reductions.read(word), null);
    }
});

test("an address names reductions by metric, and what cannot be read is left out", () => {
    assert.deepEqual(
        [
            ...reductions.fromQuery(
                query({loss: "smallest", accuracy: "mean 3", speed: "last", noise: "median", more: 3}),
            ),
        ],
        [
            ["loss", "smallest"],
            ["accuracy", "mean 3"],
        ],
    );
    for (const bad of ["", "?reduce=", "?reduce={", "?reduce=[]", "?reduce=null", "?reduce=3", '?reduce="loss"']) {
        assert.equal(reductions.fromQuery(bad).size, 0);
    }
});

test("another choice replaces that of its metric and leaves the rest of the address", () => {
    let address = reductions.withReduction("?select=x", "loss", "smallest");
    address = reductions.withReduction(address, "accuracy", "epoch 5");
    address = reductions.withReduction(address, "loss", "mean 2");
    assert.deepEqual(
        [...reductions.fromQuery(address)],
        [
            ["loss", "mean 2"],
            ["accuracy", "epoch 5"],
        ],
    );
    assert.equal(new URLSearchParams(address).get("select"), "x");
    address = reductions.withReduction(address, "loss", "last");
    assert.deepEqual([...reductions.fromQuery(address)], [["accuracy", "epoch 5"]]);
    assert.equal(reductions.withReduction(address, "accuracy", "last"), "?select=x");
    assert.equal(reductions.withReduction("", "accuracy", "last"), "");
});

test("a metric may have any name", () => {
    for (const name of ["__proto__", "a b&c=d", 'loss"}', "m:loss", "損失"]) {
        assert.deepEqual([...reductions.fromQuery(reductions.withReduction("", name, "mean 3"))], [[name, "mean 3"]]);
    }
});

test("where the goal is known the better extreme is the best", () => {
    const words = (goal) => new Map(reductions.choices(goal));
    assert.equal(words("minimize").get("smallest"), "best (smallest)");
    assert.equal(words("minimize").get("largest"), "largest");
    assert.equal(words("maximize").get("largest"), "best (largest)");
    assert.equal(words(null).get("smallest"), "smallest");
});

test("a number that cannot be is named, and the first one can", () => {
    for (const [by, typed] of [
        ["mean", "0"],
        ["mean", ""],
        ["mean", "2.5"],
        ["mean", "-3"],
        ["mean", "x"],
        ["epoch", "x"],
        ["epoch", "-1"],
        ["epoch", ""],
        ["epoch", "1e9"],
    ]) {
        assert.notEqual(reductions.problemOf(by, typed), "", `${by} ${typed}`);
    }
    for (const by of ["mean", "epoch"]) assert.equal(reductions.problemOf(by, reductions.firstOf(by)), "");
    assert.equal(reductions.problemOf("smallest", ""), "");
    assert.equal(reductions.firstOf("smallest"), null);
});

test("a column without a number says why", () => {
    const words = (reduction, hasEpochs = null) => reductions.emptyWords({reduction, hasEpochs});
    assert.equal(words("last"), "no number yet");
    assert.equal(words("mean 3"), "no number yet");
    assert.equal(words("epoch 5", true), "no value at epoch 5 yet");
    assert.equal(words("epoch 5"), "no value at epoch 5 yet");
    assert.equal(words("epoch 5", false), "the script names no epoch with this metric");
});

test("a column whose title is another one gets the room for it, and no other column", () => {
    let titles = {m0: "loss", m1: "accuracy", h0: "lr"};
    const widths = {m0: 90, m1: 300, h0: 90, m2: 90};
    const grid = {
        getColumns: () =>
            Object.entries(titles).map(([id, headerName]) => ({
                getColId: () => id,
                getActualWidth: () => widths[id],
                getColDef: () => ({headerName, initialWidth: 150}),
            })),
        setColumnWidths: (wanted) =>
            wanted.forEach(({key, newWidth}) => {
                widths[key] = newWidth;
            }),
    };
    const onColumns = reductions.fitHeads(grid);
    onColumns();
    titles = {m0: "loss (smallest)", m1: "accuracy (best)", h0: "learning rate", m2: "speed"};
    onColumns();
    assert.deepEqual(widths, {m0: 150, m1: 300, h0: 90, m2: 90});
});

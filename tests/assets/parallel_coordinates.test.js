import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as model from "../../assets/run/views/parallel/axes.js";
import * as density from "../../assets/run/views/parallel/density.js";
import * as handles from "../../assets/run/views/parallel/handles.js";
import * as lines from "../../assets/run/views/parallel/lines.js";
import * as view from "../../assets/run/views/parallel/parallel.js";

/** A set with one column. */
const setOf = (values, options = {}) => {
    const column = {
        key: "m:x",
        name: "x",
        role: "metric",
        kind: "number",
        values: Float64Array.from(values),
        categories: [],
        ...options,
    };
    return {set: {size: values.length, columns: new Map([[column.key, column]])}, column};
};

const categories = (words) =>
    setOf(
        words.map((_, code) => code),
        {key: "h:c", role: "hyperparameter", kind: "category", categories: words},
    );

/** Numbers that look random and are the same every time. */
const random = (seed) => () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
};

const near = (a, b, tolerance = 1e-9) =>
    assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b)), `${a} is not ${b}`);

// --- values and places -------------------------------------------------------------------------------------------------

test("a value on any axis comes back from its place, on every scale and in both directions", () => {
    const next = random(7);
    for (let round = 0; round < 60; round += 1) {
        const size = 2 + Math.floor(40 * next());
        const magnitude = 10 ** Math.floor(12 * next() - 6);
        const isPositive = round % 2 === 0;
        const {set, column} = setOf(
            Array.from({length: size}, () => magnitude * (isPositive ? 0.001 + next() : next() - 0.5)),
        );
        for (const scale of [null, "linear", "log"]) {
            for (const isReversed of [false, true]) {
                const axis = model.axisFor(set, column, {scale, isReversed, isWhole: true});
                assert.ok(!axis.log || column.values.every((value) => value > 0));
                for (const value of column.values) near(model.valueFrom(axis, model.placeOf(axis, value)), value, 1e-6);
            }
        }
    }
});

test("every category lies in its own band, and a brush around its middle takes it alone", () => {
    for (const count of [1, 2, 3, 7, 30]) {
        const words = Array.from({length: count}, (_, i) => `word ${i}`);
        const {set, column} = categories(words);
        for (const isReversed of [false, true]) {
            const axis = model.axisFor(set, column, {isReversed});
            words.forEach((word, code) => {
                const place = model.placeOf(axis, code);
                const part = model.partFor(column, axis, place - 1e-4, place + 1e-4);
                assert.deepEqual(part, {field: "h:c", values: [word]});
                const [[low, high]] = model.stretchesOf(column, axis, part);
                assert.ok(low < place && place < high);
                assert.equal(model.wordAt(axis, place), word);
            });
        }
    }
});

test("a range comes back from where it is shown", () => {
    const next = random(3);
    const {set, column} = setOf(Array.from({length: 50}, () => 1 + 9 * next()));
    for (const kind of [{}, {isReversed: true}, {scale: "log"}, {scale: "log", isReversed: true}]) {
        const axis = model.axisFor(set, column, kind);
        for (let round = 0; round < 20; round += 1) {
            const range = [1 + 4 * next(), 5 + 4 * next()].map((value) => Number(value.toPrecision(6)));
            const [[low, high]] = model.stretchesOf(column, axis, {range});
            assert.ok(low < high);
            model.partFor(column, axis, low, high).range.forEach((end, i) => near(end, range[i], 1e-5));
        }
    }
});

test("what is missing or infinite has no place, and what a logarithm cannot show has none either", () => {
    const {set, column} = setOf([1, 10, 1000, NaN, Infinity]);
    const axis = model.axisFor(set, column, {scale: "log"});
    for (const value of [NaN, Infinity, -Infinity, 0, -1]) assert.ok(Number.isNaN(model.placeOf(axis, value)));
    assert.ok(model.placeOf(axis, 1) < model.placeOf(axis, 10));
    const empty = setOf([NaN, NaN]);
    assert.equal(model.axisFor(empty.set, empty.column), null);
});

test("three diverged experiments do not flatten the others, and are still on the axis and in its brush", () => {
    const values = [...Array.from({length: 200}, (_, i) => -1 + i / 100), 5000, 5001, 5002];
    const {set, column} = setOf(values);
    const axis = model.axisFor(set, column);
    assert.deepEqual(axis.cut, [null, 5002]);
    assert.ok(model.placeOf(axis, 0.99) - model.placeOf(axis, -1) > 0.8);
    assert.equal(model.placeOf(axis, 5000), 1);
    assert.deepEqual(model.partFor(column, axis, 0.9, 1).range[1], null);
    assert.equal(model.axisFor(set, column, {isWhole: true}).cut, null);
    // Nobody set a hyperparameter to 5000 by accident.
    const chosen = setOf(values, {role: "hyperparameter"});
    assert.equal(model.axisFor(chosen.set, chosen.column).cut, null);
});

test("an end of a brush at the end of the axis is open", () => {
    const {set, column} = setOf(Array.from({length: 30}, (_, i) => i / 7));
    assert.deepEqual(model.partFor(column, model.axisFor(set, column), 0, 1).range, [null, null]);
    const turned = model.axisFor(set, column, {isReversed: true});
    const [low, high] = model.partFor(column, turned, 0, 0.25).range;
    assert.equal(high, null);
    assert.ok(low > 2);
});

test("chosen words that are no neighbours are shown as two stretches", () => {
    const {set, column} = categories(["a", "b", "c", "d"]);
    const axis = model.axisFor(set, column);
    assert.deepEqual(model.stretchesOf(column, axis, {values: ["a", "c", "d"]}), [
        [0, 0.25],
        [0.5, 1],
    ]);
    assert.deepEqual(model.stretchesOf(column, {...axis, isReversed: true}, {values: ["a"]}), [[0.75, 1]]);
    assert.deepEqual(model.stretchesOf(column, axis, {missing: true}), []);
});

test("whole numbers have whole ticks", () => {
    const {set, column} = setOf(Array.from({length: 20}, (_, i) => i));
    const ticks = model.ticksFor(set, column, model.axisFor(set, column, {scale: "linear"}), 40);
    assert.ok(ticks.length > 2);
    assert.ok(ticks.every(({text}) => /^\d+$/.test(text)));
});

// --- order ---------------------------------------------------------------------------------------------------------------

test("the objective is the last axis, and what does not vary is none", () => {
    const set = experiments.create([
        {name: "lr", kind: "number"},
        {name: "seed", kind: "number"},
    ]);
    set.size = 2;
    for (const [key, values] of [
        ["h:lr", [1, 2]],
        ["h:seed", [3, 3]],
    ])
        set.columns.get(key).values = Float64Array.from(values);
    for (const key of ["m:loss", "m:acc"])
        set.columns.set(key, {key, role: "metric", values: Float64Array.from([1, 2])});
    assert.deepEqual(model.defaultKeys(set, ["m:acc", "m:loss", "m:gone"], "m:acc"), ["h:lr", "m:loss", "m:acc"]);
    assert.deepEqual(model.defaultKeys(set, ["m:loss"], null), ["h:lr", "m:loss"]);
});

test("an order that somebody made holds, and a new axis comes behind its neighbour", () => {
    assert.deepEqual(model.arranged(["a", "b", "c"], ["c", "a"]), ["c", "a", "b"]);
    assert.deepEqual(model.arranged(["new", "a"], ["a", "gone"]), ["new", "a"]);
    assert.deepEqual(model.moved(["a", "b", "c"], "a", 2), ["b", "c", "a"]);
    const shown = model.shownKeys(["a", "b", "objective"], {order: [], hidden: ["a"], added: ["x"]});
    assert.deepEqual(shown, ["b", "x", "objective"]);
});

test("hidden axes can be had again", () => {
    const hidden = model.hide(model.PLAIN, "a");
    assert.deepEqual(model.shownKeys(["a", "b"], hidden), ["b"]);
    assert.deepEqual(model.shownKeys(["a", "b"], model.add(hidden, "a")), ["a", "b"]);
});

test("a view survives the address, and a plain one leaves no trace", () => {
    const made = model.withKind(model.hide({...model.PLAIN, order: ["b", "a"]}, "__proto__"), "a", {
        scale: "log",
        isReversed: true,
    });
    const query = model.toQuery("?select=1", made);
    assert.deepEqual(model.fromQuery(query), made);
    assert.deepEqual(model.kindOf(model.fromQuery(query), "a"), {scale: "log", isReversed: true, isWhole: null});
    assert.equal(model.toQuery(query, model.PLAIN), "?select=1");
    for (const text of ["{", "3", "null", "[1,2]", '[["a"],[],[],[["a","odd"],[1]]]']) {
        assert.deepEqual(model.fromQuery(`?axes=${encodeURIComponent(text)}`).kinds, []);
    }
    assert.deepEqual(model.withKind(made, "a", {scale: null, isReversed: false}).kinds, []);
});

test("axes never stand closer than can be read, and something dropped has the nearest place", () => {
    const wide = model.layoutOf(3, 900, 50, 50);
    assert.deepEqual([wide.x(0), wide.x(2), wide.width], [50, 850, 900]);
    const narrow = model.layoutOf(30, 900, 50, 50);
    assert.equal(narrow.spacing, 84);
    assert.ok(narrow.width > 2500);
    assert.deepEqual(
        [-20, 300, 5000].map((x) => model.dropPlace(x, wide, 3)),
        [0, 1, 2],
    );
});

// --- hands ---------------------------------------------------------------------------------------------------------------

test("a press takes an end of the brush, its middle, or nothing", () => {
    const grips = [0.29, 0.31, 0.5, 0.69, 0.71, 0.9].map((place) => model.gripAt([0.3, 0.7], place, 200));
    assert.deepEqual(grips, ["low", "low", "move", "high", "high", null]);
    assert.equal(model.gripAt(null, 0.5, 200), null);
    assert.equal(model.gripAt([0.5, 0.506], 0.503, 200), "move");
});

test("a brush stays on its axis and never turns over", () => {
    assert.deepEqual(model.dragged([0.25, 0.5], "move", 2), [0.75, 1]);
    assert.deepEqual(model.dragged([0.25, 0.5], "low", 1), [0.5, 0.5]);
    assert.deepEqual(model.dragged([0.25, 0.5], "high", 0.25), [0.25, 0.75]);
    assert.deepEqual(model.dragged([0.25, 0.5], "low", -1), [0, 0.5]);
});

test("the nearest line is found between its axes, among those that may be", () => {
    const layout = model.layoutOf(3, 300, 50, 50);
    const ys = [
        [0, 100],
        [100, 0],
        [100, 50],
    ].map((list) => Float32Array.from(list));
    const mask = Uint8Array.from([1, 1]);
    assert.equal(model.nearestLine(ys, layout, mask, 1, 75, 26, 14), 0);
    assert.equal(model.nearestLine(ys, layout, mask, 1, 75, 74, 14), 1);
    assert.equal(model.nearestLine(ys, layout, mask, 1, 230, 44, 14), 1);
    assert.equal(model.nearestLine(ys, layout, mask, 1, 75, 180, 14), -1);
    assert.equal(model.nearestLine(ys, layout, Uint8Array.from([0, 1]), 1, 75, 26, 14), -1);
    // Left of the first axis its own end counts.
    assert.equal(model.nearestLine(ys, layout, mask, 1, 20, -20, 1000), 0);
});

test("a menu offers what its axis can do", () => {
    const {set, column} = setOf([0.1, 1, 100]);
    const words = (each, place) => handles.menuFor(each, place, 3).map((entry) => entry.words);
    const axis = model.axisFor(set, column);
    assert.deepEqual(words({column, axis, kind: {}}, 0), [
        "Linear scale",
        "Logarithmic scale",
        "Reversed, largest below",
        "Move right",
        "Hide this axis",
    ]);
    const named = categories(["a", "b"]);
    assert.deepEqual(words({column: named.column, axis: model.axisFor(named.set, named.column), kind: {}}, 2), [
        "Turned over",
        "Move left",
        "Hide this axis",
    ]);
});

// --- lines ---------------------------------------------------------------------------------------------------------------

const SCENE = {
    size: 4,
    top: 0,
    length: 100,
    ys: [
        [5, 5, 95, 120],
        [95, 95, 5, 5],
    ].map((list) => Float32Array.from(list)),
    tints: Uint8Array.from([0, 254, 100, density.UNTINTED]),
};

test("lines that take the same way are one bundle, and every one is counted", () => {
    const bundles = density.bundlesOf(SCENE, 10);
    density.fill(bundles, SCENE, Uint8Array.from([3, 3, 3, 3]), 2);
    const at = (from, to) => from * 11 + to;
    const [tinted, untinted] = bundles.sums;
    assert.equal(tinted[at(0, 9)] % density.TINT, 2);
    assert.equal(Math.floor(tinted[at(0, 9)] / density.TINT), 254);
    assert.equal(tinted[at(9, 0)], 1 + 100 * density.TINT);
    assert.equal(untinted[at(10, 0)], 1);
});

test("bundles that follow a brush are those that were made anew", () => {
    const moving = density.bundlesOf(SCENE, 10);
    for (const mask of [
        [3, 3, 3, 3],
        [1, 3, 1, 3],
        [1, 1, 1, 1],
        [3, 1, 3, 3],
    ]) {
        density.fill(moving, SCENE, Uint8Array.from(mask), 2);
        const fresh = density.bundlesOf(SCENE, 10);
        density.fill(fresh, SCENE, Uint8Array.from(mask), 2);
        assert.deepEqual(moving.sums, fresh.sums);
    }
});

test("a bundle's weight is the same in every column that it crosses", () => {
    const target = {weights: new Float32Array(10 * 8), tints: new Float32Array(10 * 8), width: 10};
    density.trace(target, 2, 8, 1, 5.5, 3, 100);
    for (let x = 0; x < 10; x += 1) {
        let [weight, tint] = [0, 0];
        for (let row = 0; row < 8; row += 1) {
            weight += target.weights[row * 10 + x];
            tint += target.tints[row * 10 + x];
        }
        near(weight, x >= 2 && x < 8 ? 3 : 0, 1e-5);
        near(tint, x >= 2 && x < 8 ? 300 : 0, 1e-5);
    }
});

test("a single line is seen among any number, and more are never fainter", () => {
    for (const typical of [0.1, 10, 1000]) {
        const tones = density.toneTable(typical);
        assert.ok(tones[8] >= 40);
        assert.ok(tones.every((tone, i) => i === 0 || tone >= tones[i - 1]));
    }
});

test("many lines are a density, coarser while they move, and never a sample", () => {
    assert.equal(lines.methodFor(1000, false, 2).isDense, false);
    assert.equal(lines.methodFor(1000, true, 2).isDense, true);
    assert.ok(lines.methodFor(10000, true, 2).bins < lines.methodFor(10000, false, 2).bins);
    const shades = lines.byShade({size: 3, tints: Uint8Array.from([255, 0, 254])}, [2, 2, 2], 2, false);
    assert.deepEqual([shades[0], shades[1], shades.at(-1)], [[0], [1], [2]]);
    assert.ok(lines.strokeFor(10).opacity > lines.strokeFor(1000).opacity);
});

test("the number of lines is always said", () => {
    assert.equal(view.countWords(12, 12, {}), "showing all 12");
    assert.equal(
        view.countWords(37, 10000, {isDense: true, isCoarse: true}),
        "showing 37 of 10,000 in colour, in coarser lines while you drag",
    );
    assert.match(view.countWords(9000, 10000, {isDense: true}), /^showing 9,000 of 10,000 in colour; /);
    assert.deepEqual(
        [view.missingWords(3, 0), view.missingWords(0, 20), view.missingWords(3, 20)],
        ["3 missing", "20 to come", "3 missing, 20 to come"],
    );
});

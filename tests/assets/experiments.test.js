import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";

const HYPERPARAMETERS = [
    {name: "lr", kind: "number"},
    {name: "optimizer", kind: "category"},
];

const NOTHING = {codes: [], words: []};

const changesOf = (number, {loss, nan = [], state, lr, optimizer, failures = NOTHING, notes = NOTHING} = {}) => ({
    number,
    state: state ?? number.map(() => "finished"),
    epoch: number.map(() => 2),
    epochs: number.map(() => 4),
    duration: number.map(() => 1.5),
    hyperparameters: [
        {name: "lr", values: lr ?? number.map((n) => n / 10)},
        {name: "optimizer", values: optimizer ?? number.map((n) => (n % 2 ? "adam" : "sgd"))},
    ],
    metrics: loss ? [{name: "loss", values: loss, nan, level: "epoch"}] : [],
    failures,
    notes,
});

const setOf = (...changes) => {
    const set = experiments.create(HYPERPARAMETERS);
    changes.forEach((change) => experiments.patch(set, change));
    return set;
};

test("experiments are held by number, and a change replaces only what it names", () => {
    const set = setOf(changesOf([4, 5, 6], {loss: [0.4, 0.5, 0.6]}));
    const {touched, added, metricsCame} = experiments.patch(set, changesOf([5, 7], {loss: [0.55, 0.7]}));
    assert.deepEqual([[...touched], added, metricsCame, set.size], [[1, 3], 1, false, 4]);
    assert.deepEqual([...set.columns.get("m:loss").values.subarray(0, 4)], [0.4, 0.55, 0.6, 0.7]);
});

test("a metric that comes later is missing for the earlier experiments", () => {
    const set = setOf(changesOf([1, 2]));
    assert.equal(experiments.patch(set, changesOf([2], {loss: [0.2]})).metricsCame, true);
    assert.deepEqual([...set.columns.get("m:loss").values.subarray(0, 2)], [NaN, 0.2]);
});

test("NaN and infinities arrive, and differ from a value that is missing", () => {
    const set = setOf(changesOf([1, 2, 3, 4], {loss: [NaN, NaN, Infinity, 0.1], nan: [1]}));
    const loss = set.columns.get("m:loss");
    assert.deepEqual(
        [0, 1, 2, 3].map((index) => experiments.wordOf(loss, index)),
        ["", "NaN", "∞", "0.1"],
    );
    assert.deepEqual(experiments.extent(set, loss), [0.1, 0.1]);
});

test("a NaN that became a number is one no more", () => {
    const set = setOf(changesOf([1], {loss: [NaN], nan: [0]}), changesOf([1], {loss: [2]}));
    assert.equal(experiments.wordOf(set.columns.get("m:loss"), 0), "2");
    assert.equal(set.columns.get("m:loss").nan.size, 0);
});

test("another number of a metric replaces its column and its name, but not its key", () => {
    const set = setOf(changesOf([1, 2], {loss: [0.5, NaN], nan: [1]}));
    const change = experiments.patchMetrics(set, {
        number: [1, 9, 2],
        metrics: [
            {
                name: "loss",
                title: "loss (at epoch 3)",
                reduction: "epoch 3",
                hasEpochs: true,
                values: [0.25, 7, 0.75],
                nan: [1],
                level: null,
            },
        ],
    });
    const column = set.columns.get("m:loss");
    assert.deepEqual([set.size, set.indexOf.has(9), change.touched], [2, false, null]);
    assert.deepEqual([...column.values.slice(0, 2)], [0.25, 0.75]);
    assert.deepEqual(
        [column.name, column.reduction, column.level, experiments.wordOf(column, 1)],
        ["loss (at epoch 3)", "epoch 3", "epoch", "0.75"],
    );
    const news = {reduction: "epoch 3", hasEpochs: null, values: [NaN], nan: [], level: null};
    experiments.patchMetrics(set, {number: [1], metrics: [{name: "loss", ...news}]});
    assert.equal(column.hasEpochs, true);
    experiments.patchMetrics(set, {number: [1], metrics: [{name: "loss", ...news, reduction: "last"}]});
    assert.deepEqual([column.name, column.hasEpochs], ["loss", null]);
});

test("codes are read as the words that they count in, and the last code as missing", () => {
    const set = setOf({
        ...changesOf([1, 2, 3]),
        duration: {codes: Uint8Array.from([1, 0, 2]), words: [0.5, 2]},
        hyperparameters: [
            {name: "lr", values: Float64Array.from([0.1, NaN, 0.3])},
            {name: "optimizer", values: {codes: Uint8Array.from([0, 2, 1]), words: [true, 1e-5]}},
        ],
    });
    assert.deepEqual([...set.columns.get("duration").values.subarray(0, 3)], [2, 0.5, NaN]);
    assert.deepEqual([...set.columns.get("h:lr").values.subarray(0, 3)], [0.1, NaN, 0.3]);
    assert.deepEqual(
        [0, 1, 2].map((index) => experiments.wordOf(set.columns.get("h:optimizer"), index)),
        ["true", "", "0.00001"],
    );
});

test("what was said of an experiment is replaced by its next change", () => {
    const set = setOf(changesOf([1, 2], {failures: {codes: [0, 1], words: ["exit code 1"]}}));
    assert.deepEqual([...set.failures], [[0, "exit code 1"]]);
    experiments.patch(set, changesOf([1]));
    assert.equal(set.failures.size, 0);
});

test("names from a script are never keys of objects", () => {
    const set = experiments.create([{name: "__proto__", kind: "number"}]);
    experiments.patch(set, {
        ...changesOf([1]),
        hyperparameters: [{name: "__proto__", values: [3]}],
        metrics: [{name: "constructor", values: [1], nan: [], level: null}],
    });
    assert.equal(set.columns.get("h:__proto__").values[0], 3);
    assert.equal(set.columns.get("m:constructor").values[0], 1);
    assert.equal({}.x, undefined);
});

test("missing values are last in both directions", () => {
    const set = setOf(changesOf([1, 2, 3, 4], {loss: [0.3, null, 0.1, 0.2]}));
    const numbers = (descending) =>
        [...experiments.orderBy(set, "m:loss", descending)].map((index) => set.numbers[index]);
    assert.deepEqual(numbers(false), [3, 4, 1, 2]);
    assert.deepEqual(numbers(true), [1, 4, 3, 2]);
});

test("candidates that multiply lie on a logarithmic axis, equidistant ones do not", () => {
    const axis = (lr) =>
        experiments.axisOf(
            setOf(
                changesOf(
                    lr.map((_, i) => i + 1),
                    {lr},
                ),
            ),
            {...setOf(changesOf([1])).columns.get("h:lr"), values: Float64Array.from(lr)},
        );
    assert.equal(axis([28, 56, 112]).log, true);
    assert.equal(axis([0.3, 0.5, 0.7]).log, false);
    assert.equal(axis([1e-5, 3e-2, 7e-4]).log, true);
});

test("a place on an axis and its value are each other's inverse", () => {
    const set = setOf(changesOf([1, 2, 3], {lr: [0.001, 0.01, 1]}));
    const axis = experiments.axisOf(set, set.columns.get("h:lr"));
    for (const value of [0.001, 0.02, 0.5]) {
        assert.ok(Math.abs(experiments.valueAt(axis, experiments.positionOf(axis, value)) - value) < 1e-12);
    }
});

test("categories stand in the middle of their bands", () => {
    const set = setOf(changesOf([1, 2]));
    const axis = experiments.axisOf(set, set.columns.get("h:optimizer"));
    assert.deepEqual(axis.labels, ["adam", "sgd"]);
    assert.deepEqual(
        axis.ticks.map((tick) => experiments.positionOf(axis, tick)),
        [0.25, 0.75],
    );
    assert.deepEqual(experiments.bandEdges(axis), [0, 0.5, 1]);
});

test("categories stand in the order of the candidates, with unexpected ones behind", () => {
    const set = experiments.create([{name: "optimizer", kind: "category", categories: ["sgd", "adam"]}]);
    experiments.patch(set, {...changesOf([1, 2]), hyperparameters: [{name: "optimizer", values: ["lion", "adam"]}]});
    assert.deepEqual(set.columns.get("h:optimizer").categories, ["sgd", "adam", "lion"]);
    assert.deepEqual([...set.columns.get("h:optimizer").values.subarray(0, 2)], [2, 1]);
});

test("a column without a number has no axis", () => {
    const set = setOf(changesOf([1, 2], {loss: [null, null]}));
    assert.equal(experiments.axisOf(set, set.columns.get("m:loss")), null);
});

test("a histogram counts only what the mask has", () => {
    const set = setOf(changesOf([1, 2, 3, 4], {loss: [0, 0.1, 1, null]}));
    const axis = {log: false, range: [0, 1]};
    const bins = experiments.binsOf(set, set.columns.get("m:loss"), axis, 2);
    assert.deepEqual([...experiments.countBins(bins, 2, Uint8Array.from([3, 1, 3, 3]), 2)], [1, 1]);
    assert.deepEqual([...experiments.countBins(bins, 2, Uint8Array.from([3, 1, 3, 3]), 1)], [2, 1]);
});

test("at first the objective and what is reported per epoch are chosen; rare metrics are not", () => {
    const set = experiments.create([]);
    const metric = (name, values, level = "epoch") => ({name, values, nan: [], level});
    experiments.patch(set, {
        ...changesOf([1, 2, 3, 4]),
        hyperparameters: [],
        metrics: [
            metric("batch_loss", [1, 1, 1, 1], "batch"),
            metric("rare", [1, null, null, null]),
            metric("loss", [1, 1, 1, 1]),
            metric("silent", [null, null, null, null]),
            metric("accuracy", [1, 1, null, null]),
        ],
    });
    assert.deepEqual(experiments.chooseMetrics(set, "accuracy"), ["m:accuracy", "m:loss", "m:batch_loss"]);
    assert.deepEqual(experiments.chooseMetrics(set, "accuracy", [], 2), ["m:accuracy", "m:loss"]);
});

test("an interval is a continuum from the first value on, logarithmic where it was drawn so", () => {
    const set = experiments.create([
        {name: "lr", kind: "number", interval: {isLog: true}},
        {name: "dropout", kind: "number", interval: {isLog: false}},
    ]);
    experiments.patch(set, {
        ...changesOf([1, 2]),
        hyperparameters: [
            {name: "lr", values: [0.1, 0.2]},
            {name: "dropout", values: [0.1, 0.2]},
        ],
    });
    const axes = ["h:lr", "h:dropout"].map((key) => experiments.axisOf(set, set.columns.get(key)));
    assert.deepEqual(
        axes.map(({log, ticks, isBanded}) => [log, ticks, isBanded]),
        [
            [true, null, false],
            [false, null, false],
        ],
    );
    experiments.patch(set, {
        ...changesOf([3]),
        hyperparameters: [
            {name: "lr", values: [0.00001234567]},
            {name: "dropout", values: [0.0004]},
        ],
    });
    const columns = ["h:lr", "h:dropout"].map((key) => set.columns.get(key));
    assert.deepEqual(
        columns.map((column) => experiments.axisOf(set, column).log),
        [true, false],
    );
    assert.deepEqual(
        columns.map((column) => experiments.formatterOf(set, column)(column.values[2])),
        ["1.23e-5", "0.000"],
    );
});

test("metrics that a person asked for are chosen, after the objective, as soon as they have numbers", () => {
    const set = experiments.create([]);
    const metric = (name, values) => ({name, values, nan: [], level: "epoch"});
    experiments.patch(set, {
        ...changesOf([1, 2]),
        hyperparameters: [],
        metrics: [
            metric("loss", [1, 1]),
            metric("speed", [1, null]),
            metric("accuracy", [1, 1]),
            metric("silent", [null, null]),
        ],
    });
    assert.deepEqual(experiments.chooseMetrics(set, "accuracy", ["speed", "silent", "nothing"]), [
        "m:accuracy",
        "m:speed",
    ]);
    assert.deepEqual(experiments.chooseMetrics(set, null, ["nothing"]), ["m:loss", "m:speed", "m:accuracy"]);
});

test("what waits has a place: by priority, then by number", () => {
    const set = setOf({
        ...changesOf([1, 2, 3, 4], {state: ["running", "queued", "queued", "queued"]}),
        notes: {codes: [2, 1, 2, 0], words: [{priority: 1}, {priority: -1}]},
    });
    assert.deepEqual(
        [...experiments.placesInQueue(set)],
        [
            [3, 1],
            [2, 2],
            [1, 3],
        ],
    );
    experiments.patch(set, {...changesOf([2]), state: ["queued"]});
    assert.deepEqual(
        [...experiments.placesInQueue(set)],
        [
            [3, 1],
            [1, 2],
            [2, 3],
        ],
    );
});

test("numbers of a column line up and differ where they differ", () => {
    const written = (loss) => {
        const set = setOf(
            changesOf(
                loss.map((_, i) => i + 1),
                {loss},
            ),
        );
        return loss.map(experiments.formatterOf(set, set.columns.get("m:loss")));
    };
    assert.deepEqual(written([0.91234, 0.9]), ["0.9123", "0.9000"]);
    assert.deepEqual(written([10, 250]), ["10", "250"]);
    assert.deepEqual(written([1e-5, 2.5e-2]), ["1e-5", "0.025"]);
    assert.equal(experiments.plain(0.1 + 0.2), "0.3");
});

test("ticks are round and at least two where there is a range", () => {
    assert.deepEqual(experiments.niceTicks(0.62, 0.98, 3), [0.6, 0.8, 1]);
    assert.deepEqual(experiments.ticksOf({log: false, range: [0.62, 0.98], ticks: null}, 3), [0.7, 0.8, 0.9]);
    assert.deepEqual(
        experiments.ticksOf({log: true, range: [-5.2, -0.9], ticks: null}, 6),
        [1e-5, 1e-4, 1e-3, 0.01, 0.1],
    );
    assert.deepEqual(experiments.ticksOf({log: false, range: [0, 1], ticks: [1, 2, 3, 4]}, 2), [1, 3]);
});

test("time is written as people say it", () => {
    assert.deepEqual([3.21, 42.9, 187, 7260, NaN].map(experiments.durationWords), [
        "3.2 s",
        "42 s",
        "3 min 07 s",
        "2 h 01 min",
        "",
    ]);
});

test("a metric that somebody reduced to nothing stays chosen", () => {
    const set = setOf(changesOf([1, 2], {loss: [0.5, 0.25]}));
    experiments.patchMetrics(set, {
        number: [1, 2],
        metrics: [
            {
                name: "loss",
                title: "loss (at epoch 99)",
                reduction: "epoch 99",
                values: [NaN, NaN],
                nan: [],
                level: null,
            },
        ],
    });
    assert.deepEqual(experiments.chooseMetrics(set, "loss"), ["m:loss"]);
    assert.deepEqual(experiments.chooseMetrics(set, "loss", ["loss"]), ["m:loss"]);
});

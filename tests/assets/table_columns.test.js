import assert from "node:assert/strict";
import {test} from "node:test";
import * as experiments from "../../assets/experiments/columns.js";
import * as columns from "../../assets/run/views/table/columns.js";
import * as panel from "../../assets/run/views/table/panel.js";

const offer = (key, role, isShown = true, isPinned = false) => ({
    key,
    name: key.replace(/^[hm]:/, ""),
    role,
    isShown,
    isPinned,
});
const OFFERED = [
    offer("number", "other", true, true),
    offer("state", "other"),
    offer("h:lr", "hyperparameter"),
    offer("h:seed", "hyperparameter", false),
    offer("h:layers", "hyperparameter"),
    offer("m:loss", "metric"),
];
const BY_DEFAULT = ["number", "state", "h:lr", "h:layers", "m:loss"];
const arranged = (part) => ({...columns.DEFAULTS, ...part});

test("by default the table shows what is offered so", () => {
    assert.deepEqual(columns.shownOf(columns.DEFAULTS, OFFERED), BY_DEFAULT);
});

test("pinned columns come first, unknown ones are ignored, and one is always there", () => {
    const own = arranged({shown: ["m:loss", "m:later", "state", "number"], pinned: ["state"]});
    assert.deepEqual(columns.shownOf(own, OFFERED), ["state", "m:loss", "number"]);
    assert.deepEqual(columns.shownOf(arranged({shown: ["m:later"]}), OFFERED), ["number"]);
});

test("only what differs shows exactly those hyperparameters, where the offer has them", () => {
    const own = arranged({differs: true});
    assert.deepEqual(columns.shownOf(own, OFFERED, ["h:seed", "h:layers"]), [
        "number",
        "state",
        "h:seed",
        "h:layers",
        "m:loss",
    ]);
    assert.deepEqual(columns.shownOf(own, OFFERED, []), ["number", "state", "m:loss"]);
    const moved = arranged({differs: true, shown: ["number", "m:loss", "h:layers", "h:lr"]});
    assert.deepEqual(columns.shownOf(moved, OFFERED, ["h:lr", "h:layers"]), ["number", "m:loss", "h:layers", "h:lr"]);
});

test("what differs is asked of the selected ones alone; a missing value is no value", () => {
    const set = experiments.create([
        {name: "lr", kind: "number"},
        {name: "opt", kind: "category"},
        {name: "seed", kind: "number"},
    ]);
    experiments.patch(set, {
        number: [1, 2, 3],
        state: ["finished", "finished", "finished"],
        epoch: [1, 1, 1],
        epochs: [1, 1, 1],
        duration: [1, 1, 1],
        hyperparameters: [
            {name: "lr", values: [0.1, 0.1, Infinity]},
            {name: "opt", values: ["sgd", "adam", "sgd"]},
            {name: "seed", values: [7, null, 7]},
        ],
        metrics: [],
        failures: {codes: [], words: []},
        notes: {codes: [], words: []},
    });
    assert.deepEqual(columns.differing(set, Uint8Array.from([2, 2, 2]), 2), ["h:lr", "h:opt"]);
    assert.deepEqual(columns.differing(set, Uint8Array.from([2, 2, 1]), 2), ["h:opt"]);
    assert.deepEqual(columns.differing(set, Uint8Array.from([2, 0, 2]), 2), ["h:lr"]);
    assert.deepEqual(columns.differing(set, Uint8Array.from([0, 0, 0]), 2), []);
});

test("a column that is shown goes where the offer has it, and the last one stays", () => {
    const keys = OFFERED.map(({key}) => key);
    assert.deepEqual(columns.withShown(["m:loss", "h:lr", "number"], ["h:seed"], true, keys), [
        "m:loss",
        "h:lr",
        "h:seed",
        "number",
    ]);
    assert.deepEqual(columns.withShown(["h:lr"], ["number"], true, keys), ["number", "h:lr"]);
    assert.deepEqual(columns.withShown(["h:lr", "state"], ["h:lr"], false, keys), ["state"]);
    assert.deepEqual(columns.withShown(["h:lr"], ["h:lr"], false, keys), ["h:lr"]);
});

test("a column moves past its next neighbour of its kind, and not beyond the ends", () => {
    const isSetting = (key) => key.startsWith("h:");
    assert.deepEqual(columns.moved(["h:lr", "state", "h:layers"], "h:layers", -1, isSetting), [
        "h:layers",
        "h:lr",
        "state",
    ]);
    assert.deepEqual(columns.moved(["h:lr", "state"], "h:lr", 1), ["state", "h:lr"]);
    assert.deepEqual(columns.moved(["h:lr", "state"], "h:lr", -1), ["h:lr", "state"]);
    assert.deepEqual(columns.moved(["h:lr", "state"], "h:lr", 1, isSetting), ["h:lr", "state"]);
});

test("an arrangement that is as by default says nothing", () => {
    assert.deepEqual(columns.settled(arranged({shown: BY_DEFAULT, pinned: ["number"]}), OFFERED, []), arranged({}));
    const differs = arranged({differs: true, shown: ["number", "state", "h:lr", "m:loss"]});
    assert.equal(columns.settled(differs, OFFERED, ["h:lr"]).shown, null);
    assert.deepEqual(columns.settled(arranged({pinned: []}), OFFERED, []).pinned, []);
});

test("metrics that come later are shown after all that a person arranged", () => {
    assert.deepEqual(columns.withArrived(arranged({shown: ["state", "m:b"]}), ["m:a", "m:b"]).shown, [
        "state",
        "m:b",
        "m:a",
    ]);
    assert.equal(columns.withArrived(columns.DEFAULTS, ["m:a"]).shown, null);
});

test("the address keeps any name and other parameters, and nothing of the default", () => {
    const own = {
        shown: ["h:a,b&c=1", 'm:"µ" %20', "state"],
        pinned: [],
        differs: true,
        sort: [
            ['m:"µ" %20', "desc"],
            ["h:a,b&c=1", "asc"],
        ],
    };
    const query = columns.toQuery("?select=x", own);
    assert.deepEqual(columns.fromQuery(query), own);
    assert.equal(new URLSearchParams(query).get("select"), "x");
    assert.equal(columns.toQuery(query, columns.DEFAULTS), "?select=x");
    assert.equal(columns.toQuery("", columns.DEFAULTS), "");
});

test("an address that cannot be read is as by default", () => {
    for (const query of [
        "",
        "?columns=%7B",
        "?columns=null&sort=1",
        "?columns=[1]&sort={}",
        '?columns={"shown":"x","pinned":3}',
        '?columns={"shown":[]}',
    ]) {
        assert.deepEqual(columns.fromQuery(query), {...columns.DEFAULTS, sort: []});
    }
    assert.deepEqual(
        columns.fromQuery('?columns={"shown":[1,"state","state"]}&sort=[["a","up"],["b","asc"],3]'),
        arranged({shown: ["state"], sort: [["b", "asc"]]}),
    );
});

test("a search finds the names that hold every word", () => {
    const found = (search) => columns.matching(OFFERED, search).map(({key}) => key);
    assert.deepEqual(found("L R"), ["h:lr", "h:layers"]);
    assert.equal(found("").length, OFFERED.length);
    assert.deepEqual(found("nothing"), []);
});

test("the panel lists shown columns in their order, then the others, by role", () => {
    const groups = panel.groupsOf(OFFERED, ["m:loss", "h:layers", "number", "h:lr"]);
    assert.deepEqual(
        groups.map(({title, shownCount}) => [title, shownCount]),
        [
            ["Hyperparameters", 2],
            ["Metrics", 1],
            ["Other", 1],
        ],
    );
    assert.deepEqual(
        groups[0].columns.map(({key}) => key),
        ["h:layers", "h:lr", "h:seed"],
    );
});

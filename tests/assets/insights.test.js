import assert from "node:assert/strict";
import {test} from "node:test";
import * as insights from "../../assets/run/views/insights.js";

const ANSWER = {
    metric: "loss",
    interaction: {
        data: [
            {
                customdata: [
                    [["lr", "size"], null],
                    [
                        ["drop", "lr"],
                        ["size", "drop"],
                    ],
                ],
            },
        ],
    },
    importance: {
        data: [{customdata: ["lr", "size", "drop"]}],
        layout: {yaxis: {ticktext: ["lr", "size", "drop"]}, height: 9},
    },
    surfaces: [
        {pair: ["lr", "size"], figure: 1},
        {pair: ["drop", "lr"], figure: 2},
    ],
};

test("at first the most important one and the strongest pair are shown", () => {
    assert.deepEqual(insights.pickFrom(ANSWER, null, {}), {metric: "loss", name: "lr", pair: ["lr", "size"]});
});

test("a click is shown, and outlives a new answer that still knows it", () => {
    const clicked = insights.pickFrom(ANSWER, {metric: "loss", name: "lr", pair: ["lr", "size"]}, {name: "drop"});
    assert.deepEqual(clicked, {metric: "loss", name: "drop", pair: ["lr", "size"]});
    assert.deepEqual(insights.pickFrom(ANSWER, {metric: "loss", name: "drop", pair: ["lr", "drop"]}, {}), {
        metric: "loss",
        name: "drop",
        pair: ["drop", "lr"],
    });
    assert.deepEqual(insights.pickFrom(ANSWER, {metric: "loss", name: "gone", pair: ["gone", "lr"]}, {}), {
        metric: "loss",
        name: "lr",
        pair: ["lr", "size"],
    });
});

test("another metric begins with what matters most to it", () => {
    const former = {metric: "accuracy", name: "drop", pair: ["drop", "lr"]};
    assert.deepEqual(insights.pickFrom(ANSWER, former, {}), {metric: "loss", name: "lr", pair: ["lr", "size"]});
});

test("a cell is found by its place", () => {
    assert.deepEqual(insights.pairUnder({points: [{x: 0, y: 1}]}, ANSWER), ["drop", "lr"]);
    assert.equal(insights.pairUnder({points: [{x: 1, y: 0}]}, ANSWER), null);
    assert.equal(insights.pairUnder({points: [{x: 5, y: 9}]}, ANSWER), null);
    assert.equal(insights.pairUnder(null, ANSWER), null);
});

test("an answer without charts picks nothing", () => {
    assert.deepEqual(insights.pickFrom({problem: "Too few"}, {name: "lr", pair: null}, {}), {
        metric: null,
        name: null,
        pair: null,
    });
});

test("a pair is the same either way round", () => {
    assert.ok(insights.samePair(["a", "b"], ["b", "a"]));
    assert.ok(!insights.samePair(["a", "b"], ["a", "c"]));
    assert.ok(!insights.samePair(null, ["a", "c"]));
});

test("the shown name is bold, and the figure of the answer stays as it was", () => {
    const shown = insights.withPick(ANSWER.importance, "size");
    assert.deepEqual(shown.layout.yaxis.ticktext, ["lr", "<b>size</b>", "drop"]);
    assert.deepEqual(ANSWER.importance.layout.yaxis.ticktext, ["lr", "size", "drop"]);
});

test("a click between marks is none", () => {
    assert.equal(insights.clickedOf(null), null);
    assert.equal(insights.clickedOf({points: [{}]}), null);
    assert.equal(insights.clickedOf({points: [{customdata: 7}]}), 7);
});

test("words count", () => {
    assert.equal(insights.scopeWords(12, 40), "the 12 selected");
    assert.equal(insights.scopeWords(40, 40), "selected only");
    assert.equal(insights.updateWords(0), "");
    assert.equal(insights.updateWords(1), "1 newer experiment: compute anew");
    assert.deepEqual(insights.titlesOf({name: "lr", pair: ["lr", "size"]}), {
        effect: "Effect of lr",
        surface: "lr and size",
    });
    assert.equal(insights.otherThan(["a", "b"], "a"), "b");
    assert.equal(insights.otherThan(["a"], "a"), null);
});

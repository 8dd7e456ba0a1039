import assert from "node:assert/strict";
import {test} from "node:test";
import {fieldsOf, firedWords, isReady, likeThese, roundedOut, ruleOf} from "../../assets/rules/rules.js";

const FORM = {metric: "loss", comparison: ">", value: "2", flag: "noise", times: "3", after: "", do: "stop", tag: "x"};

test("a rule has only the fields of its comparison and action", () => {
    assert.deepEqual(ruleOf(FORM), {metric: "loss", comparison: ">", value: "2", times: "3", after: "", do: "stop"});
    assert.deepEqual(ruleOf({...FORM, comparison: "present", do: "tag"}), {
        metric: "loss",
        comparison: "present",
        flag: "noise",
        after: "",
        do: "tag",
        tag: "x",
    });
    assert.deepEqual(ruleOf({...FORM, comparison: "worse"}), {
        metric: "loss",
        comparison: "worse",
        times: "3",
        after: "",
        do: "stop",
    });
    assert.equal(fieldsOf({...FORM, comparison: "rises"}).percent, true);
});

test("a form is tried by itself once it is complete", () => {
    assert.equal(isReady(FORM), true);
    assert.equal(isReady({...FORM, metric: " "}), false);
    assert.equal(isReady({...FORM, value: ""}), false);
    assert.equal(isReady({...FORM, comparison: "worse", value: ""}), true);
    assert.equal(isReady({...FORM, comparison: "present", metric: ""}), true);
});

const [KEPT, SELECTED] = [1, 2];

const page = (loss, isSelected, more = {}) => ({
    set: {
        size: loss.length,
        columns: new Map([
            ["m:loss", {key: "m:loss", role: "metric", values: loss}],
            ["m:error", {key: "m:error", role: "metric", values: loss.map((v) => -v)}],
            ["epoch", {key: "epoch", role: "other", values: loss.map(() => 20)}],
        ]),
    },
    mask: isSelected.map((own) => KEPT | (own ? SELECTED : 0)),
    kept: KEPT,
    selected: SELECTED,
    clauses: [],
    objective: "loss",
    ...more,
});

test("like these is beyond the end of their range that faces the others, from the middle of training on", () => {
    const high = likeThese(page([1, 1.2, 5, 4, NaN], [false, false, true, true, true]));
    assert.deepEqual(high, {metric: "loss", comparison: ">=", value: "4", after: "10", times: "1"});
    const low = likeThese(page([1, 1.2, 5, 4], [true, true, false, false]));
    assert.deepEqual([low.comparison, low.value], ["<=", "1.2"]);
});

test("the metric of a brush comes before the objective", () => {
    const found = likeThese(page([1, 5], [false, true], {clauses: [{field: "h:lr"}, {field: "m:error"}]}));
    assert.deepEqual([found.metric, found.comparison, found.value], ["error", "<=", "-5"]);
});

test("without numbers on both sides there is nothing to be like", () => {
    assert.equal(likeThese(page([1, 2], [true, true])), null);
    assert.equal(likeThese(page([NaN, 2], [true, false])), null);
    assert.equal(likeThese(page([1, 2], [true, false], {objective: null})), null);
});

test("how often a rule fired is said in words", () => {
    assert.deepEqual([0, 1, 1200].map(firedWords), ["has not fired yet", "fired on 1", "fired on 1,200"]);
});

test("a threshold has few digits and still catches what it was taken from", () => {
    assert.deepEqual(
        [
            roundedOut(0.772637, true),
            roundedOut(0.772637, false),
            roundedOut(-0.00012345, true),
            roundedOut(12345, false),
        ],
        [0.7727, 0.7726, -0.0001234, 12340],
    );
    assert.deepEqual([roundedOut(0, true), roundedOut(5, false)], [0, 5]);
});

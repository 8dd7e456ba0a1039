import assert from "node:assert/strict";
import {test} from "node:test";
import * as lines from "../../assets/experiment/curves/lines.js";
import * as sets from "../../assets/experiment/curves/set.js";

const set = sets.receive(sets.create(), {
    pairs: {},
    epochs: [1, 2],
    objective: null,
    experiments: [1, 2, 3].map((number) => ({
        number,
        state: "finished",
        attempt: 1,
        settings: {lr: number === 3 ? 1 : 2},
        start: 0,
    })),
    curves: [1, 2, 3].map((experiment) => ({
        experiment,
        metric: "loss",
        first: 0,
        count: 2,
        of: 2,
        unit: "epoch",
        ends: null,
        epoch: null,
        x: Float64Array.of(1, 2),
        y: Float64Array.of(experiment, 3),
    })),
});

test("each experiment that is shown is a line, and a smooth one keeps what it was", () => {
    const plain = lines.linesOf(set, ["loss"], (number) => number !== 2, {weight: 0, groups: null});
    assert.deepEqual(
        plain.map(({experiment, raw}) => [experiment, raw]),
        [
            [1, null],
            [3, null],
        ],
    );
    const [smooth] = lines.linesOf(set, ["loss"], () => true, {weight: 0.5, groups: null});
    assert.deepEqual([[...smooth.raw], smooth.y[1].toFixed(4)], [[1, 3], "2.3333"]);
    assert.equal(lines.linesOf(set, ["loss"], () => true, {weight: 0.5, groups: null})[0].y, smooth.y);
    assert.deepEqual(
        lines.linesOf(set, ["other"], () => true, {weight: 0, groups: null}),
        [],
    );
});

test("repeats become one line with a band, and what was not repeated stays", () => {
    const [mean, alone] = lines.linesOf(set, ["loss"], () => true, {weight: 0, groups: sets.repeats(set)});
    assert.deepEqual(
        [mean.members, [...mean.y], [...mean.low], [...mean.high]],
        [
            [1, 2],
            [1.5, 3],
            [1, 3],
            [2, 3],
        ],
    );
    assert.deepEqual([alone.members, alone.low], [[3], null]);
});

test("zoomed in, a line has the points there and a neighbour on each side", () => {
    const line = {
        isAscending: true,
        x: Float64Array.of(1, 2, 3, 4, 5, 6),
        y: Float64Array.of(1, 2, 3, 4, 5, 6),
        raw: null,
        low: null,
        high: null,
        reached: null,
    };
    assert.deepEqual([...lines.within(line, [3.5, 4.5]).x], [3, 4, 5]);
    assert.equal(lines.within({...line, isAscending: false}, [3, 4]).x.length, 6);
    assert.equal(lines.within(line, null), line);
});

test("what is not finite has a mark at its place", () => {
    const values = [NaN, 2, NaN, Infinity, -Infinity];
    const places = lines.broken(values);
    assert.deepEqual(places, [0, 2, 3, 4]);
    assert.deepEqual(lines.heightsOf(values, [NaN, 50, NaN, NaN, NaN], places, 8, 200), [50, 50, 8, 200]);
    assert.deepEqual(lines.heightsOf([NaN], [NaN], [0], 0, 200), [100]);
});

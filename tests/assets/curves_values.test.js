import assert from "node:assert/strict";
import {test} from "node:test";
import * as sets from "../../assets/experiment/curves/set.js";
import * as values from "../../assets/experiment/curves/values.js";

const setOf = (count) =>
    sets.receive(sets.create(), {
        pairs: {},
        epochs: [1, 2],
        objective: null,
        experiments: Array.from({length: count}, (_, at) => ({
            number: at + 1,
            state: "finished",
            attempt: 1,
            settings: {},
            start: 0,
        })),
        curves: Array.from({length: count}, (_, at) => ({
            experiment: at + 1,
            metric: "loss",
            first: 0,
            count: 2,
            of: 2,
            unit: "epoch",
            ends: null,
            epoch: null,
            x: Float64Array.of(1, 2),
            y: Float64Array.of(at, at === 1 ? NaN : 10 * at),
        })),
    });
const numbers = (count) => Array.from({length: count}, (_, at) => at + 1);

test("few experiments have a column each, with what they had reported by then", () => {
    const tableAt = (epoch) =>
        values.tableOf(
            values.valuesAt(setOf(3), ["loss"], () => true, epoch),
            numbers(3),
        );
    assert.deepEqual(tableAt(1), {head: ["1", "2", "3"], rows: [["loss", "0", "1", "2"]]});
    assert.deepEqual(tableAt(null).rows, [["loss", "0", "NaN", "20"]]);
    assert.deepEqual(tableAt(0).rows, [["loss", "–", "–", "–"]]);
});

test("many have the lowest, the median and the highest, and whose they are", () => {
    const {head, rows} = values.tableOf(
        values.valuesAt(setOf(10), ["loss"], (number) => number > 1, 2),
        numbers(10),
    );
    assert.deepEqual(head, ["lowest", "median", "highest", "experiments"]);
    assert.deepEqual(rows, [["loss", "20 (experiment 3)", "55", "90 (experiment 10)", "8"]]);
    assert.equal(values.summaryOf(new Map([[1, NaN]])), null);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as attempts from "../../assets/experiment/attempts.js";

test("an answer fills the panel, and none hides it", () => {
    const answer = {
        title: "Attempt 1: lost",
        note: "",
        csv: "/download/x.csv",
        figure: {data: [{y: [1]}], layout: {height: 240}},
    };
    assert.deepEqual(
        attempts.partsOf(answer, (figure) => ({...figure, painted: true})),
        [false, "Attempt 1: lost", "", "/download/x.csv", {...answer.figure, painted: true}, {height: "240px"}],
    );
    assert.deepEqual(attempts.partsOf(null).slice(0, 2), [true, ""]);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as run from "../../assets/run/page.js";

test("an open run is asked for every second, an ended or hidden one seldom", () => {
    assert.equal(run.pollInterval("running", false), 1000);
    assert.ok(run.pollInterval("finished", false) >= 10000);
    assert.ok(run.pollInterval("running", true) >= 10000);
});

test("the metrics that a person chose are in the address", () => {
    assert.equal(run.metricsFrom("?tab=1"), null);
    const query = run.withMetrics("?tab=1&metrics=m%3Aold", ["m:loss", "m:a&b"]);
    assert.deepEqual(run.metricsFrom(query), ["m:loss", "m:a&b"]);
    assert.equal(run.withMetrics(query, []), "?tab=1");
});

"use strict";
const test = require("node:test");
const assert = require("node:assert");
const {searched} = require("../../assets/launch.js");

const options = [{search: "batch_size examples per step"}, {search: "lr learning rate"}, {search: "lr_decay"}];

test("a search keeps what holds all of its words, in whatever order", () => {
    assert.deepEqual(searched("LR", options), [options[1], options[2]]);
    assert.deepEqual(searched("step batch", options), [options[0]]);
    assert.deepEqual(searched("  ", options), options);
    assert.deepEqual(searched(null, options), options);
    assert.deepEqual(searched("[", options), []);
});

"use strict";
const test = require("node:test");
const assert = require("node:assert");
const experiment = require("../../assets/experiment.js");

test("the slider follows the newest view until a person moves it", () => {
    assert.equal(experiment.indexToShow(3, null, 0), 2);
    assert.equal(experiment.indexToShow(4, 2, 2), 3);
    assert.equal(experiment.indexToShow(4, 1, 2), 1);
    assert.equal(experiment.indexToShow(1, 5, 9), 0);
});

test("views are named once, in order of appearance", () => {
    assert.deepEqual(experiment.namesOf([{name: "b"}, {name: "a"}, {name: "b"}]), ["b", "a"]);
    assert.equal(experiment.epochLabel({epoch: 3}), "epoch 3");
    assert.equal(experiment.epochLabel({epoch: null}), "");
});

test("the address names the experiments that were added", () => {
    assert.equal(experiment.searchOf([2, 3, 7], 2), "?with=3,7");
    assert.equal(experiment.searchOf([2], 2), "");
    assert.equal(experiment.searchOf(null, 2), "");
});

test("a zoom stays with its panel when data arrive, and only with its panel", () => {
    const figure = (title, more) => ({data: [], layout: {annotations: [{text: title}], xaxis: {title: "epoch", ...more}}});
    const zoomed = figure("loss", {range: [2, 5], autorange: false});
    assert.deepEqual(experiment.withZoom(figure("loss"), zoomed).layout.xaxis, {title: "epoch", range: [2, 5], autorange: false});
    assert.deepEqual(experiment.withZoom(figure("accuracy"), zoomed).layout.xaxis, {title: "epoch"});
    assert.deepEqual(experiment.withZoom(figure("loss"), figure("loss", {range: [0, 9], autorange: true})), figure("loss"));
    assert.deepEqual(experiment.withZoom(figure("loss"), {}), figure("loss"));
});

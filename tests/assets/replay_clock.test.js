import assert from "node:assert/strict";
import {test} from "node:test";
import * as clock from "../../assets/base/replay_clock.js";

const EPOCHS = [1, 2, 5, 10];

test("the last epoch is live, and so is what comes after it", () => {
    assert.equal(clock.epochAt(EPOCHS, 3), null);
    assert.equal(clock.epochAt(EPOCHS, 1), 2);
    assert.equal(clock.placeOf(EPOCHS, null), 3);
    assert.equal(clock.placeOf(EPOCHS, 7), 2);
    assert.equal(clock.placeOf(EPOCHS, 0), 0);
});

test("steps go from one reported epoch to the next and stay within them", () => {
    assert.equal(clock.stepped(EPOCHS, 2, 1), 5);
    assert.equal(clock.stepped(EPOCHS, null, -1), 5);
    assert.equal(clock.stepped(EPOCHS, 1, -1), 1);
    assert.equal(clock.stepped(EPOCHS, 5, 1), null);
});

test("it plays four epochs a second, faster by its speed, and long ones within twenty seconds", () => {
    const usual = {speed: 1, isLoop: false};
    assert.equal(clock.advanced(EPOCHS, 0, 0.25, usual).epoch, 2);
    assert.equal(clock.advanced(EPOCHS, 0, 0.25, {...usual, speed: 0.5}).epoch, 1);
    assert.deepEqual(clock.advanced(EPOCHS, 2.5, 0.25, usual), {place: 3, epoch: null, isOver: true});
    assert.deepEqual(clock.advanced(EPOCHS, 2.5, 0.25, {...usual, isLoop: true}), {place: 0, epoch: 1, isOver: false});
    assert.equal(clock.perSecond(Array(1000), 1), 50);
});

test("keys play, step, and go to both ends", () => {
    assert.deepEqual([" ", "ArrowLeft", "ArrowRight", "Home", "End", "x"].map(clock.actOf), [
        {toggles: true},
        {steps: -1},
        {steps: 1},
        {place: 0},
        {place: Infinity},
        null,
    ]);
});

test("a view belongs to the epochs from its own one on", () => {
    const views = [{epoch: 2}, {epoch: 4}, {epoch: 6}];
    assert.deepEqual(
        [1, 2, 5, 9, null].map((epoch) => clock.viewAt(views, epoch)),
        [0, 0, 1, 2, 2],
    );
    assert.equal(clock.viewAt([], 3), -1);
});

test("it says where it is", () => {
    assert.equal(clock.words(EPOCHS, 2), "epoch 2 of 10");
    assert.equal(clock.words(EPOCHS, null), "live · epoch 10");
});

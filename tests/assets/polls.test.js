import assert from "node:assert/strict";
import {test} from "node:test";
import * as polls from "../../assets/base/polls.js";

const revivedIn = (context) => {
    const revived = [];
    globalThis.dash_clientside = {set_props: (id, {disabled}) => revived.push([id, disabled])};
    context.mock.timers.enable({apis: ["setTimeout"]});
    return revived;
};

test("a poll whose answer never came is switched on again", (context) => {
    const revived = revivedIn(context);
    polls.watch(true, "poll");
    context.mock.timers.tick(polls.PATIENCE_MS - 1);
    assert.deepEqual(revived, []);
    context.mock.timers.tick(1);
    assert.deepEqual(revived, [["poll", false]]);
});

test("a poll that was answered is left alone", (context) => {
    const revived = revivedIn(context);
    polls.watch(true, "poll");
    polls.watch(false, "poll");
    context.mock.timers.tick(10 * polls.PATIENCE_MS);
    assert.deepEqual(revived, []);
});

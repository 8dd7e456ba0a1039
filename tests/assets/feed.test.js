import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import * as feed from "../../assets/base/feed.js";

const SEEN = {cursor: {seen: "1"}};
const settled = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

let asked;
let answers;
let page;

globalThis.document = {
    hidden: false,
    addEventListener: (_type, listener, {signal}) => {
        page = listener;
        signal.addEventListener("abort", () => {
            page = () => {};
        });
    },
};
globalThis.fetch = (address, {body}) => {
    asked.push([address, JSON.parse(body).cursor]);
    const answer = answers.shift() ?? {status: 204};
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
};

/** As the server packs an answer without arrays: how long its JSON is, and the JSON. */
const packed = (content) => {
    const json = new TextEncoder().encode(JSON.stringify(content));
    const bytes = new Uint8Array(4 + json.length);
    new DataView(bytes.buffer).setUint32(0, json.length, true);
    bytes.set(json, 4);
    return bytes.buffer;
};

const news = (content) => ({status: 200, arrayBuffer: async () => packed(content)});

const listening = (context, options = {}) => {
    context.mock.timers.enable({apis: ["setTimeout"]});
    const heard = [];
    let away = 0;
    const line = feed.create("/changes/digits/runs/3", {
        onAnswer: (answer) => heard.push(answer),
        onAway: () => {
            away += 1;
        },
        waitMs: (isHidden) => (isHidden ? 30000 : 1000),
        isOver: () => false,
        ...options,
    });
    context.after(line.end);
    return {
        line,
        heard,
        away: () => away,
        tick: async (ms) => {
            context.mock.timers.tick(ms);
            await settled();
        },
    };
};

beforeEach(() => {
    asked = [];
    answers = [];
    document.hidden = false;
});

test("it asks with what it heard last, and says nothing where there is no news", async (context) => {
    answers = [news(SEEN)];
    const {heard, tick} = listening(context);
    await tick(0);
    await tick(1000);
    await tick(1000);
    assert.deepEqual(
        asked.map(([, cursor]) => cursor),
        [{}, SEEN.cursor, SEEN.cursor],
    );
    assert.deepEqual(heard, [SEEN]);
});

test("a hidden page asks seldom, and once when it is seen again", async (context) => {
    const {tick} = listening(context);
    await tick(0);
    document.hidden = true;
    page();
    await tick(29000);
    assert.equal(asked.length, 1);
    await tick(1000);
    assert.equal(asked.length, 2);
    document.hidden = false;
    page();
    await tick(0);
    assert.equal(asked.length, 3);
    await tick(999);
    assert.equal(asked.length, 3);
});

test("one question at a time: who asks meanwhile is heard right after", async (context) => {
    let reply;
    answers = [
        new Promise((resolve) => {
            reply = resolve;
        }),
    ];
    const {line, tick} = listening(context);
    line.ask();
    line.ask();
    await tick(60000);
    assert.equal(asked.length, 1);
    reply({status: 204});
    await settled();
    assert.equal(asked.length, 2);
});

test("a server that is away is asked again, and the page says so", async (context) => {
    answers = [new TypeError("Failed to fetch"), {status: 503}, news(SEEN)];
    const {heard, away, tick} = listening(context);
    for (let turn = 0; turn < 3; turn += 1) await tick(turn ? 1000 : 0);
    assert.deepEqual([asked.length, away(), heard.length], [3, 1, 1]);
});

test("a page that was left asks nothing any more", async (context) => {
    let isOver = false;
    const {heard, tick} = listening(context, {isOver: () => isOver});
    await tick(0);
    isOver = true;
    answers = [news(SEEN)];
    await tick(1000);
    await tick(100000);
    assert.deepEqual([asked.length, heard], [1, []]);
});

test("what was asked while the program was loading is not asked again", async (context) => {
    feed.begin("/projects/digits/runs/3");
    const {tick} = listening(context);
    await tick(0);
    assert.deepEqual(asked, [["/changes/digits/runs/3", {}]]);
});

test("only a run's own address is asked early, and only its page takes the answer", async (context) => {
    for (const path of ["/", "/projects/digits", "/projects/digits/experiments/3", "/projects/digits/runs/3/x"])
        feed.begin(path);
    assert.deepEqual(asked, []);
    feed.begin("/projects/digits/runs/4");
    const {tick} = listening(context);
    await tick(0);
    assert.deepEqual(
        asked.map(([address]) => address),
        ["/changes/digits/runs/4", "/changes/digits/runs/3"],
    );
});

test("a page that wants other numbers of its metrics says so, and one that does not says nothing of it", () => {
    assert.deepEqual(feed.questionOf({seen: "1"}, "?select=x"), {cursor: {seen: "1"}});
    assert.deepEqual(feed.questionOf({}, undefined), {cursor: {}});
    assert.deepEqual(feed.questionOf({}, "?reduce=%7B%7D"), {cursor: {}, reduce: "{}"});
});

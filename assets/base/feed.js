/**
 * The line on which a run's page hears what changed: one question at a time, and nothing to do where there is no news.
 * Dash's own polls would pass every answer through React, and the first one would wait until everything is loaded.
 */
import * as packing from "./packing.js";

const RUN = /^\/projects\/([a-z0-9-]+)\/runs\/([0-9]{1,9})\/?$/;
// What was asked for early is old when its page comes later than this.
const EARLY_MS = 10000;
const PATIENCE_MS = 60000;

export const addressOf = (slug, number) => `/changes/${encodeURIComponent(slug)}/runs/${number}`;

/** What a page asks: what changed since its cursor, and which numbers of its metrics it wants, as its address says. */
export const questionOf = (cursor, query) => {
    const reduce = new URLSearchParams(query).get("reduce");
    return reduce === null ? {cursor} : {cursor, reduce};
};

const runQuestion = (cursor) => questionOf(cursor, globalThis.location?.search);

const send = (address, question, signal) =>
    fetch(address, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(question),
        signal,
    });

let early = null;

/** Ask at once for the run that the address names, while the program is still being loaded. */
export const begin = (pathname) => {
    const [, slug, number] = RUN.exec(pathname) ?? [];
    if (!slug) return;
    const address = addressOf(slug, number);
    early = {address, at: performance.now(), answer: send(address, runQuestion({}), AbortSignal.timeout(PATIENCE_MS))};
    // Whoever takes it finds out.
    early.answer.catch(() => {});
};

const taken = (address) => {
    const found = early;
    early = null;
    return found?.address === address && performance.now() - found.at < EARLY_MS ? found.answer : null;
};

/**
 * Ask, wait, and ask again, until `isOver`. waitMs: how long to wait, given whether the page is hidden. question: what to
 * ask, given the cursor of the last answer. read: what a response says, or null where it breaks off. A page that is seen
 * again asks at once. Returns `ask`, for when news is expected, and `end`.
 */
export const create = (address, {onAnswer, onAway, waitMs, isOver, question = runQuestion, read = packing.read}) => {
    const ending = new AbortController();
    const {signal} = ending;
    let cursor = {};
    let timer = null;
    let isAsking = false;
    let isAskedAgain = false;

    const later = () => {
        clearTimeout(timer);
        if (!signal.aborted) timer = setTimeout(ask, waitMs(document.hidden));
    };

    const hear = async (response) => {
        if (response?.status === 503) onAway();
        if (response?.status !== 200) return;
        const answer = await read(response);
        if (answer === null || signal.aborted || isOver()) return;
        cursor = answer.cursor;
        onAnswer(answer);
    };

    const ask = async () => {
        if (isOver()) ending.abort();
        if (signal.aborted) return;
        isAskedAgain = isAsking;
        if (isAsking) return;
        isAsking = true;
        clearTimeout(timer);
        try {
            // A server that is away is asked again, as often as always.
            await hear(
                await (
                    taken(address) ??
                    send(address, question(cursor), AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]))
                ).catch(() => null),
            );
        } finally {
            isAsking = false;
            if (isAskedAgain) ask();
            else later();
        }
    };

    document.addEventListener("visibilitychange", () => (document.hidden ? later() : ask()), {signal});
    signal.addEventListener("abort", () => clearTimeout(timer));
    ask();
    return {ask, end: () => ending.abort()};
};

/** How the curves of a page are shown, in its address. What is as by default is left out. */
import * as replay_clock from "../../base/replay_clock.js";
import * as selection from "../../selection/selection.js";

export const AS_USUAL = {
    x: "epoch",
    isLogX: false,
    isLogY: false,
    weight: 0,
    isMean: false,
    colour: "experiment",
    hiddenMetrics: [],
    off: [],
    zoom: null,
    fixed: null,
    epoch: null,
    speed: 1,
    isLoop: false,
};
const X = /^(epoch|step|time|m:.*)$/s;
const MOST_WEIGHT = 0.99;
const NUMBERS = /^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/;
// As many as the server shows together.
export const MOST_NUMBERS = 500;

/** The numbers of a list such as 1-40,57; an address edited by hand may say anything. */
export const readNumbers = (text) => {
    if (!NUMBERS.test(text ?? "")) return [];
    const found = new Set();
    for (const part of text.split(",")) {
        const [low, high = low] = part.split("-").map(Number);
        for (let number = low; number <= high && found.size < MOST_NUMBERS; number += 1) found.add(number);
    }
    return [...found];
};

const json = (text) => {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
};

const isRange = (value) =>
    Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];

const readZoom = (text) => {
    const found = json(text);
    return Array.isArray(found) && typeof found[0] === "string" && isRange(found.slice(1))
        ? {unit: found[0], range: found.slice(1)}
        : null;
};

const readFixed = (text) => {
    const found = json(text);
    if (found === null || typeof found !== "object" || Array.isArray(found)) return null;
    return Object.fromEntries(Object.entries(found).filter(([, range]) => isRange(range)));
};

const readNames = (text) => {
    const found = json(text);
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
};

const numberIn = (text, low, high, usual) => {
    const number = text === null || text.trim() === "" ? NaN : Number(text);
    return number >= low && number <= high ? number : usual;
};

/** How a query shows the curves. */
export const fromQuery = (query) => {
    const parameters = new URLSearchParams(query);
    const get = (name) => parameters.get(name);
    const logs = (get("log") ?? "").split(",");
    return {
        x: X.test(get("x") ?? "") ? get("x") : AS_USUAL.x,
        isLogX: logs.includes("x"),
        isLogY: logs.includes("y"),
        weight: numberIn(get("smooth"), 0, MOST_WEIGHT, 0),
        isMean: get("mean") === "1",
        colour: get("colour") || AS_USUAL.colour,
        hiddenMetrics: readNames(get("hide")),
        off: readNumbers(get("off")),
        zoom: readZoom(get("zoom")),
        fixed: readFixed(get("fix")),
        epoch: numberIn(get("epoch"), -1e9, 1e9, null),
        speed: replay_clock.SPEEDS.find((speed) => String(speed) === get("speed")) ?? 1,
        isLoop: get("loop") === "1",
    };
};

/** The query that shows the curves so; other parameters stay. */
export const toQuery = (query, shown) => {
    const parameters = new URLSearchParams(query);
    const put = (name, value, isUsual) => {
        if (isUsual) parameters.delete(name);
        else parameters.set(name, value);
    };
    const logs = [...(shown.isLogX ? ["x"] : []), ...(shown.isLogY ? ["y"] : [])].join(",");
    put("x", shown.x, shown.x === AS_USUAL.x);
    put("log", logs, logs === "");
    put("smooth", shown.weight, shown.weight === 0);
    put("mean", "1", !shown.isMean);
    put("colour", shown.colour, shown.colour === AS_USUAL.colour);
    put("hide", JSON.stringify(shown.hiddenMetrics), shown.hiddenMetrics.length === 0);
    put("off", selection.compactNumbers(shown.off), shown.off.length === 0);
    put("zoom", shown.zoom && JSON.stringify([shown.zoom.unit, ...shown.zoom.range]), shown.zoom === null);
    put("fix", JSON.stringify(shown.fixed), shown.fixed === null);
    put("epoch", shown.epoch, shown.epoch === null);
    put("speed", shown.speed, shown.speed === 1);
    put("loop", "1", !shown.isLoop);
    return written(parameters);
};

// Commas may stand in a query, and short lists of numbers stay readable.
const written = (parameters) => {
    const text = parameters.toString().replaceAll("%2C", ",");
    return text ? `?${text}` : "";
};

/** The query with the experiments beside the page's own one. */
export const withOthers = (query, picked, own) => {
    const parameters = new URLSearchParams(query);
    const others = picked.filter((number) => number !== own);
    if (others.length) parameters.set("with", selection.compactNumbers(others));
    else parameters.delete("with");
    return written(parameters);
};

/** The address of some experiments' curves, on the page of the first one. */
export const addressOf = (slug, [first, ...others], query = "") =>
    `/projects/${encodeURIComponent(slug)}/experiments/${first}${withOthers(query, others, first)}`;

/** The axes of a panel of curves: what they span, what is written along them, and a line's points in pixels. */
import * as experiments from "../../experiments/columns.js";
import {durationWords, short} from "../../experiments/columns.js";

// Of what is drawn, so that no line runs along the frame.
const ROOM = 0.05;
// What a time is written in, from so many seconds on.
const TIMES = [
    [36000, 3600, "hours"],
    [600, 60, "minutes"],
    [0, 1, "seconds"],
];
const UNITS = {report: "step", batch: "batch", epoch: "epoch"};

/** The lowest and highest finite number of columns, above zero where `isLog`; null where there is none. */
export const extentOf = (columns, isLog = false) => {
    let low = Infinity;
    let high = -Infinity;
    for (const column of columns) {
        for (let at = 0; at < column.length; at += 1) {
            const value = column[at];
            if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
            if (value < low) low = value;
            if (value > high) high = value;
        }
    }
    return low <= high ? [low, high] : null;
};

/** An axis from end to end, as assets/experiments/columns.js has them; `room` on both sides is a share of it. */
export const axisOf = (ends, isLog, room = ROOM) => {
    if (ends === null) return null;
    const log = isLog && ends[0] > 0;
    const [low, high] = log ? ends.map(Math.log10) : ends;
    const span = high - low || (log ? 1 : Math.abs(high) || 1);
    const margin = high === low ? span / 2 : span * room;
    return {log, range: [low - margin, high + margin], ticks: null};
};

const timeOf = (axis) => TIMES.find(([from]) => axis.range[1] - axis.range[0] >= from) ?? TIMES.at(-1);

/** What to write along an axis: [[value, word]], and what they count. */
export const labelsOf = (axis, unit, most) => {
    if (unit !== "s" || axis.log) {
        const ticks = experiments.ticksOf(axis, most);
        const isWhole = unit === "epoch" || unit === "report" || unit === "batch";
        const shown = isWhole && !axis.log ? ticks.filter(Number.isInteger) : ticks;
        return {
            ticks: (shown.length ? shown : ticks).map((tick) => [tick, experiments.short(tick, 6)]),
            words: unit === "s" ? "seconds" : (UNITS[unit] ?? unit),
        };
    }
    const [, seconds, words] = timeOf(axis);
    const ticks = experiments.ticksOf({...axis, range: axis.range.map((end) => end / seconds)}, most);
    return {ticks: ticks.map((tick) => [tick * seconds, experiments.short(tick, 6)]), words};
};

/** Values along an axis in pixels, `length` of them from `start` on (downwards where it is negative); NaN where there is no place. */
export const pixels = (axis, values, start, length) => {
    const found = new Float32Array(values.length);
    const [low, high] = axis.range;
    const scale = length / (high - low);
    for (let at = 0; at < values.length; at += 1) {
        const value = axis.log ? Math.log10(values[at]) : values[at];
        found[at] = Number.isFinite(value) ? start + (value - low) * scale : NaN;
    }
    return found;
};

/** The value at a pixel. */
export const valueAt = (axis, pixel, start, length) => experiments.valueAt(axis, (pixel - start) / length);

/** How many panels side by side: as even as possible, none narrower than can be read. */
export const columnsFor = (count, width) => {
    const most = Math.max(1, Math.floor(width / 380));
    const rows = Math.ceil(count / Math.min(3, most));
    return Math.max(1, Math.min(most, Math.ceil(count / rows)));
};

/** A place along an axis in words. */
export const placeWords = (unit, x) => {
    if (unit === "s") return `${durationWords(x)} after the start`;
    return `${UNITS[unit] ?? unit} ${short(x, 6)}`;
};

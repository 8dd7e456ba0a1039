/** What a panel draws: a line per experiment and metric, or per setting that was repeated, in values and then in pixels. */
import {placeOf} from "./nearest.js";
import * as curves_smoothing from "./smoothing.js";

// Points that have a dot each, in lines of few points and among few lines.
const MOST_DOTTED = 40;
const MOST_DOTTED_LINES = 12;

// Points stay what they are as long as nothing comes to them; only the last weight is kept.
const smooth = new WeakMap();

const smoothedOf = (points, weight) => {
    const known = smooth.get(points);
    if (known?.weight === weight) return known.values;
    const values = curves_smoothing.smoothed(points.y, weight);
    smooth.set(points, {weight, values});
    return values;
};

/** Lines of single curves. */
const singleLines = (set, metrics, isShown, weight) =>
    [...set.curves.values()]
        .filter(({experiment, metric}) => metrics.includes(metric) && isShown(experiment))
        .map((curve) => {
            const points = (curve.detail ?? curve).points;
            return {
                experiment: curve.experiment,
                members: [curve.experiment],
                metric: curve.metric,
                unit: curve.unit,
                ...points,
                raw: weight > 0 ? points.y : null,
                y: weight > 0 ? smoothedOf(points, weight) : points.y,
                low: null,
                high: null,
            };
        });

/** The lines of repeated settings made one each, with what lies between the lowest and the highest. */
const meanLines = (lines, groups) => {
    const groupOf = new Map(groups.flatMap((group) => group.map((number) => [number, group[0]])));
    const together = new Map();
    for (const line of lines) {
        const key = JSON.stringify([line.metric, groupOf.get(line.experiment)]);
        together.set(key, [...(together.get(key) ?? []), line]);
    }
    return [...together.values()].flatMap((those) => {
        const band = those.length > 1 ? curves_smoothing.bandOf(those) : null;
        if (!band) return those;
        const [first] = those;
        // Where the axis counts epochs, the replay follows it; else the longest curve says when.
        const longest = those.reduce((most, line) => (line.x.length > most.x.length ? line : most));
        const reached = first.unit === "epoch" ? band.x : longest.reached && reachedAt(longest, band.x);
        return [
            {
                ...first,
                members: those.map(({experiment}) => experiment),
                x: band.x,
                y: band.mean,
                low: band.low,
                high: band.high,
                raw: null,
                reached,
                isAscending: true,
            },
        ];
    });
};

const reachedAt = (line, places) => {
    return Float64Array.from(
        places,
        (place) => line.reached[Math.min(line.reached.length - 1, placeOf(line.x, place))],
    );
};

/** The lines of a panel. groups: repeated settings, or null where each experiment is a line of its own. */
export const linesOf = (set, metrics, isShown, {weight, groups}) => {
    const lines = singleLines(set, metrics, isShown, weight);
    return groups ? meanLines(lines, groups) : lines;
};

/** The stretch of a line between two places, and a neighbour on each side; lines that go back stay whole. */
export const within = (line, range) => {
    if (!range || !line.isAscending) return line;
    const [from, to] = [
        Math.max(0, placeOf(line.x, range[0]) - 1),
        Math.min(line.x.length, placeOf(line.x, range[1]) + 1),
    ];
    const part = (column) => column?.subarray(from, to);
    return {
        ...line,
        x: part(line.x),
        y: part(line.y),
        raw: part(line.raw),
        low: part(line.low),
        high: part(line.high),
        reached: part(line.reached),
    };
};

/** Where values that are not finite are marked: [place, kind], each at the height of the finite one before it. */
export const broken = (values) => {
    const found = [];
    for (let at = 0; at < values.length; at += 1) if (!Number.isFinite(values[at])) found.push(at);
    return found;
};

/** Heights in pixels of what is not finite: infinities at the edges, NaN beside the finite value before it (or after). */
export const heightsOf = (values, ys, places, top, bottom) =>
    places.map((place) => {
        if (values[place] === Infinity) return top;
        if (values[place] === -Infinity) return bottom;
        for (let at = place - 1; at >= 0; at -= 1) if (!Number.isNaN(ys[at])) return ys[at];
        for (let at = place + 1; at < ys.length; at += 1) if (!Number.isNaN(ys[at])) return ys[at];
        return (top + bottom) / 2;
    });

export const isDotted = (line, count) => count <= MOST_DOTTED_LINES && line.x.length <= MOST_DOTTED;

/** The axes of parallel coordinates: which there are and in what order, how values lie on them, what a brush selects. */
import {wordsAt} from "../../../experiments/categories.js";
import * as experiments from "../../../experiments/columns.js";
import * as matrix_axes from "../matrix/axes.js";

const LEAST_SPACING = 84;
const EDGE = 5;
const PARAMETER = "axes";
// Outliers are left out by themselves where everything else would keep less than this share of the axis.
const LEAST_SHARE = 0.4;
// Below this gain a menu entry for it would only be noise.
const WORTH_OFFERING = 0.9;
// Among fewer values none is an outlier, and outliers are never more than this share.
const LEAST_VALUES = 10;
const MOST_OUTLIERS = 0.1;
// Quartiles need no more values than this; the extremes are always all looked at.
const MOST_SAMPLED = 5000;

const shared = () => experiments;

// --- which axes, in what order --------------------------------------------------------------------------------------

export const PLAIN = Object.freeze({order: [], hidden: [], added: [], kinds: [], isFolded: false});

/** The keys to begin with: what varies, then the chosen metrics with the objective last. */
export const defaultKeys = (set, chosen, objective) => [
    ...shared()
        .varying(set)
        .map(({key}) => key),
    ...chosen.filter((key) => key !== objective && set.columns.has(key)),
    ...chosen.filter((key) => key === objective && set.columns.has(key)),
];

/** Sort keys by a wish that may name others or too few: what it does not name stays behind its neighbour. */
export const arranged = (keys, order) => {
    const result = order.filter((key) => keys.includes(key));
    keys.forEach((key, place) => {
        if (!result.includes(key)) result.splice(place === 0 ? 0 : result.indexOf(keys[place - 1]) + 1, 0, key);
    });
    return result;
};

/** The axes of a view: the usual ones and those that somebody added, without those that somebody hid. */
export const shownKeys = (defaults, {order, hidden, added}) => {
    const more = added.filter((key) => !defaults.includes(key));
    const all = [...defaults.slice(0, -1), ...more, ...defaults.slice(-1)];
    return arranged(
        all.filter((key) => !hidden.includes(key)),
        order,
    );
};

/** Keys with one of them at another place. */
export const moved = (keys, key, place) => {
    const others = keys.filter((other) => other !== key);
    return [...others.slice(0, place), key, ...others.slice(place)];
};

const without = (list, key) => list.filter((other) => other !== key);

/** A view without an axis, or with one more. */
export const hide = (view, key) => ({
    ...view,
    added: without(view.added, key),
    hidden: [...without(view.hidden, key), key],
});
export const add = (view, key) => ({
    ...view,
    hidden: without(view.hidden, key),
    added: [...without(view.added, key), key],
});

/** How an axis is asked to be: `{scale, isReversed, isWhole}`; null is whatever suits the values. */
export const kindOf = (view, key) => {
    const [, scale = null, isReversed = false, isWhole = null] = view.kinds.find(([of]) => of === key) ?? [];
    return {scale, isReversed, isWhole};
};

export const withKind = (view, key, change) => {
    const {scale, isReversed, isWhole} = {...kindOf(view, key), ...change};
    const isPlain = scale === null && !isReversed && isWhole === null;
    return {
        ...view,
        kinds: [...view.kinds.filter(([of]) => of !== key), ...(isPlain ? [] : [[key, scale, isReversed, isWhole]])],
    };
};

/** The query with the view in it; a view as it is by itself leaves no trace. */
export const toQuery = (query, view) => {
    const parameters = new URLSearchParams(query);
    const {order, hidden, added, kinds, isFolded} = view;
    const isPlain = !isFolded && [order, hidden, added, kinds].every((list) => list.length === 0);
    if (isPlain) parameters.delete(PARAMETER);
    else parameters.set(PARAMETER, JSON.stringify([order, hidden, added, kinds, isFolded]));
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

const wordsOf = (list) => (Array.isArray(list) ? list.filter((item) => typeof item === "string") : []);

const isKind = (item) =>
    Array.isArray(item) && typeof item[0] === "string" && [null, "log", "linear"].includes(item[1] ?? null);

export const fromQuery = (query) => {
    try {
        const [order, hidden, added, kinds, isFolded] = JSON.parse(new URLSearchParams(query).get(PARAMETER)) ?? [];
        return {
            order: wordsOf(order),
            hidden: wordsOf(hidden),
            added: wordsOf(added),
            kinds: (Array.isArray(kinds) ? kinds : []).filter(isKind),
            isFolded: isFolded === true,
        };
    } catch {
        // An address edited by hand may say anything.
        return PLAIN;
    }
};

// --- how values lie on an axis --------------------------------------------------------------------------------------

const marginFor = (span, ticks) => span * (ticks ? Math.min(0.3, 0.6 / ticks.length) : 0.05);

const rangeAround = (low, high, ticks) => {
    const span = high - low || Math.abs(high) || 1;
    const margin = high === low ? span / 2 : marginFor(span, ticks);
    return [low - margin, high + margin];
};

/** Smallest and largest of what is no outlier, in axis units: three box lengths beyond the quartiles. Null without any spread. */
const fences = (set, column, log) => {
    const step = Math.max(1, Math.floor(set.size / MOST_SAMPLED));
    const unitAt = (index) => (log ? Math.log10(column.values[index]) : column.values[index]);
    const sampled = Float64Array.from({length: Math.floor(set.size / step)}, (_, i) => unitAt(i * step))
        .filter(Number.isFinite)
        .sort();
    const [first, third] = [0.25, 0.75].map((share) => sampled[Math.floor(share * (sampled.length - 1))]);
    const reach = 3 * (third - first);
    if (!(reach > 0) || sampled.length < LEAST_VALUES) return null;
    if (sampled.filter((unit) => unit < first - reach || unit > third + reach).length > MOST_OUTLIERS * sampled.length)
        return null;
    let [low, high] = [Infinity, -Infinity];
    for (let index = 0; index < set.size; index += 1) {
        const unit = unitAt(index);
        if (unit < low && unit >= first - reach) low = unit;
        if (unit > high && unit <= third + reach) high = unit;
    }
    return [low, high];
};

/**
 * How a column lies on its axis: as `axisOf` has it, with what a person asked for. `canLog` and `hasOutliers` say
 * what may be asked; `cut` is where outliers beyond its ends really end, and
 * `cutAt` where the others do. Null where there is no number.
 */
export const axisFor = (set, column, {scale = null, isReversed = false, isWhole = null} = {}) => {
    const base = shared().axisOf(set, column);
    if (base === null) return null;
    const plain = {...base, isReversed, canLog: false, hasOutliers: false, cut: null, cutAt: null};
    if (column.kind === "category") return plain;
    const ends = shared().extent(set, column);
    const canLog = ends[0] > 0;
    const log = scale === null ? base.log : scale === "log" && canLog;
    const units = log ? ends.map(Math.log10) : ends;
    const whole = {...plain, canLog, log, range: rangeAround(...units, base.ticks)};
    // What a replay holds still shows all that it moves through.
    const inner = base.isBanded || column.held ? null : fences(set, column, log);
    if (inner === null) return whole;
    const share = (inner[1] - inner[0]) / (units[1] - units[0]);
    // Settings are chosen on purpose; only measured values have outliers that nobody asked for.
    const isCut =
        share < WORTH_OFFERING && (isWhole === null ? share < LEAST_SHARE && column.role === "metric" : !isWhole);
    if (!isCut) return {...whole, hasOutliers: share < WORTH_OFFERING};
    return {
        ...whole,
        hasOutliers: true,
        range: rangeAround(...inner, null),
        cutAt: inner.map((unit) => (log ? 10 ** unit : unit)),
        cut: [units[0] < inner[0] ? ends[0] : null, units[1] > inner[1] ? ends[1] : null],
    };
};

/** Where a value lies, 0 (low end) to 1; outliers at the end, NaN for what is missing or infinite. */
export const placeOf = (axis, value) => {
    if (!Number.isFinite(value) || (axis.log && value <= 0)) return NaN;
    const place = Math.min(1, Math.max(0, shared().positionOf(axis, value)));
    return axis.isReversed ? 1 - place : place;
};

/** The value at a place; the other way round of `placeOf`. */
export const valueFrom = (axis, place) => shared().valueAt(axis, axis.isReversed ? 1 - place : place);

// --- what a brush selects -------------------------------------------------------------------------------------------

/** What a brush between two places selects. An end at the end of the axis is open: what lies beyond is in it, too. */
export const partFor = (column, axis, from, to, byMiddle = false) => {
    const part = matrix_axes.partFor(column, axis, from, to, byMiddle);
    if (axis.isBanded) return part;
    const [low, high] = axis.isReversed ? [1 - to, 1 - from] : [from, to];
    return {field: part.field, range: [low <= 0 ? null : part.range[0], high >= 1 ? null : part.range[1]]};
};

const nearestTick = (axis, position) =>
    axis.ticks.reduce((best, tick) =>
        Math.abs(shared().positionOf(axis, tick) - position) < Math.abs(shared().positionOf(axis, best) - position)
            ? tick
            : best,
    );

/** A place in words: the nearest of the named values, or the number there. */
export const wordAt = (axis, place) =>
    axis.labels
        ? axis.labels[axis.ticks.indexOf(nearestTick(axis, axis.isReversed ? 1 - place : place))]
        : shared().short(valueFrom(axis, place), 4);

/** The stretches that a clause covers, lowest first: one, or one per group of neighbouring bands. */
export const stretchesOf = (column, axis, clause) => {
    // A clause may be about missing values alone, which lie on no stretch.
    if (!clause.range && !clause.values) return [];
    const found = axis.isBanded ? bandsOf(column, axis, clause) : [rangeOn(axis, clause.range ?? [null, null])];
    return axis.isReversed ? found.map(([low, high]) => [1 - high, 1 - low]).reverse() : found;
};

const rangeOn = (axis, range) =>
    range.map((end, i) => {
        if (end === null || !Number.isFinite(end)) return i;
        if (axis.log && end <= 0) return 0;
        return Math.min(1, Math.max(0, shared().positionOf(axis, end)));
    });

const bandsOf = (column, axis, {values, range}) => {
    const [low, high] = range ?? [];
    const isHeld = values
        ? (tick) => Boolean(column.categories) && wordsAt(column, axis, tick).some((word) => values.includes(word))
        : (tick) => tick >= (low ?? -Infinity) && tick <= (high ?? Infinity);
    const edges = shared().bandEdges(axis);
    const found = [];
    axis.ticks.forEach((tick, i) => {
        if (!isHeld(tick)) return;
        if (found.length && found.at(-1)[1] === edges[i]) found.at(-1)[1] = edges[i + 1];
        else found.push([edges[i], edges[i + 1]]);
    });
    return found;
};

const isWholeColumn = (set, {values}) => {
    for (let index = 0; index < set.size; index += 1) {
        if (Number.isFinite(values[index]) && !Number.isInteger(values[index])) return false;
    }
    return true;
};

/** The words beside an axis: `{place, text}`; whole numbers where all values are whole. */
export const ticksFor = (set, column, axis, most) => {
    const {short, ticksOf} = shared();
    const labels = axis.labels && new Map(axis.ticks.map((tick, place) => [tick, axis.labels[place]]));
    const isInteger = !labels && isWholeColumn(set, column);
    return ticksOf(axis, most)
        .filter((tick) => !isInteger || Number.isInteger(tick))
        .map((tick) => ({place: placeOf(axis, tick), text: labels?.get(tick) ?? short(tick, 4)}));
};

// --- where axes stand, and what is under the pointer ----------------------------------------------------------------

/** Where the axes stand in a place of this width; closer than can be read they never get. */
export const layoutOf = (count, width, left, right) => {
    const spacing = count < 2 ? 0 : Math.max(LEAST_SPACING, (width - left - right) / (count - 1));
    return {
        left,
        spacing,
        width: Math.max(width, left + spacing * (count - 1) + right),
        x: (place) => left + place * spacing,
    };
};

/** The place in the order for something dropped at x. */
export const dropPlace = (x, {left, spacing}, count) =>
    spacing === 0 ? 0 : Math.min(count - 1, Math.max(0, Math.round((x - left) / spacing)));

/** What a press at a place (0 to 1) takes hold of, for an axis of this length in pixels. */
export const gripAt = (stretch, place, length) => {
    if (!stretch) return null;
    const reach = EDGE / length;
    const [low, high] = stretch;
    if (place < low - reach || place > high + reach) return null;
    // A brush thinner than its own ends can still be moved and resized.
    const inner = Math.min(reach, (high - low) / 3);
    if (place >= high - inner) return "high";
    return place <= low + inner ? "low" : "move";
};

/** A stretch with one end, or all of it, moved; it stays on the axis and never turns over. */
export const dragged = ([low, high], grip, by) => {
    if (grip === "move") {
        const step = Math.min(1 - high, Math.max(-low, by));
        return [low + step, high + step];
    }
    const end = (value) => Math.min(1, Math.max(0, value + by));
    return grip === "low" ? [Math.min(end(low), high), high] : [low, Math.max(low, end(high))];
};

/** The line nearest to (x, y) among those whose mask has `bit`, or -1; `ys` are pixels, one array per axis. */
export const nearestLine = (ys, layout, mask, bit, x, y, most) => {
    if (ys.length === 0) return -1;
    const gap = Math.min(
        Math.max(0, ys.length - 2),
        Math.max(0, Math.floor((x - layout.left) / (layout.spacing || 1))),
    );
    const share = layout.spacing ? (x - layout.x(gap)) / layout.spacing : 0;
    const [from, to] = [ys[gap], ys[gap + 1] ?? ys[gap]];
    let found = -1;
    let least = most * most;
    for (let index = 0; index < from.length; index += 1) {
        if (!(mask[index] & bit)) continue;
        const rise = to[index] - from[index];
        const above = from[index] + share * rise - y;
        // The distance to a slanted line is shorter than straight up to it.
        const slope = layout.spacing ? rise / layout.spacing : 0;
        const distance = (above * above) / (1 + slope * slope);
        if (distance < least) {
            least = distance;
            found = index;
        }
    }
    return found;
};

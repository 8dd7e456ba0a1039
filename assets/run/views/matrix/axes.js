/** The axes of the scatter matrix: scale and direction, a gutter for missing values, and what a stretch of one selects. */
import {jitterOf} from "../../../base/marks.js";
import * as categories from "../../../experiments/categories.js";
import {wordsAt} from "../../../experiments/categories.js";
import * as experiments from "../../../experiments/columns.js";
import {bandEdges, positionOf, valueAt} from "../../../experiments/columns.js";
import {isMissing} from "../../../selection/selection.js";

// --- scales -------------------------------------------------------------------------------------------------------

/** The margin that experiments.axisOf leaves around the outermost values, as a share of the span. */
const marginOf = (ticks) => (ticks ? Math.min(0.3, 0.6 / ticks.length) : 0.06);

export const canBeLog = (set, column) => {
    const ends = column.kind === "category" ? null : experiments.extent(set, column);
    return ends !== null && ends[0] > 0;
};

/** The same axis on the other scale. */
const rescaled = (set, column, axis, log) => {
    const [low, high] = experiments.extent(set, column).map(log ? Math.log10 : (value) => value);
    const span = high - low || Math.abs(high) || 1;
    const margin = high === low ? span / 2 : span * marginOf(axis.ticks);
    return {...axis, log, range: [low - margin, high + margin]};
};

/**
 * How a column lies in the matrix: what experiments.axisOf says, `isReversed`, and `gutter`, the share of the length
 * that missing values have at its low end. scale: {log, isReversed} as a person chose them, `log` undefined for automatic.
 * most: how many of very many categories have a place of their own.
 */
export const axisOf = (set, column, {log, isReversed = false} = {}, most = undefined) => {
    const axis = experiments.axisOf(set, column, most);
    if (axis === null) return null;
    const isOther =
        log !== undefined && log !== axis.log && (!log || canBeLog(set, column)) && column.kind !== "category";
    return {...(isOther ? rescaled(set, column, axis, log) : axis), isReversed, gutter: 0};
};

/** Whether any experiment has ended without a value in this column. */
export const hasMissing = (set, column) => {
    const states = set.columns.get("state")?.values;
    for (let index = 0; index < set.size; index += 1) if (isMissing(column, states, index)) return true;
    return false;
};

// --- places -------------------------------------------------------------------------------------------------------

/** From a share of the part that has values (0 for the smallest) to a share of the whole length, and back. */
const outward = (axis, share) => axis.gutter + (1 - axis.gutter) * (axis.isReversed ? 1 - share : share);
const inward = (axis, place) => {
    const share = (place - axis.gutter) / (1 - axis.gutter);
    return axis.isReversed ? 1 - share : share;
};

/** Where a value lies along the whole length, 0 to 1. */
export const placeOf = (axis, value) => outward(axis, experiments.positionOf(axis, value));

/** How far marks of equal value are spread, in pixels: more where more share a value, never into the next band. */
export const spreadOf = (axis, count, length) => {
    if (!axis.isBanded || count <= axis.ticks.length) return 0;
    const edges = experiments.bandEdges(axis);
    const narrowest = Math.min(...edges.slice(1).map((edge, i) => edge - edges[i])) * length * (1 - (axis.gutter ?? 0));
    return Math.min(0.32 * narrowest, 1.5 + 1.1 * Math.sqrt(count / axis.ticks.length));
};

/**
 * Where every mark lies along one axis, in pixels from its low end; -1 for what has no place. Missing ones lie in the
 * gutter. salt: another one for the other axis, or what is spread along both would lie on a diagonal.
 */
export const placesAlong = (set, column, axis, length, salt = 0) => {
    const states = set.columns?.get("state")?.values;
    const {
        gutter = 0,
        log,
        places: own,
        range: [low, high],
    } = axis;
    const spread = spreadOf(axis, set.size, length);
    // The same as placeOf, without its calls: a hundred thousand values wait here.
    const room = ((1 - gutter) * length) / (high - low);
    const start = axis.isReversed ? length + low * room : gutter * length - low * room;
    const slope = axis.isReversed ? -room : room;
    const places = new Float32Array(set.size);
    for (let index = 0; index < set.size; index += 1) {
        const value = column.values[index];
        const place = start + slope * (own ? own[value] : log ? Math.log10(value) : value);
        // Rounding may put a value at the very end just beyond it.
        if (place >= gutter * length - 1e-6 && place <= length + 1e-6) {
            places[index] = spread === 0 ? Math.max(0, place) : place + spread * jitterOf(set.numbers[index] ^ salt);
        } else if (gutter > 0 && isMissing(column, states, index)) {
            places[index] = gutter * length * (0.5 + 0.3 * jitterOf(set.numbers[index] ^ salt));
        } else places[index] = -1;
    }
    return places;
};

/** The values in the unit of their axis (powers of ten where it is logarithmic), null for categories. */
export const unitsOf = (set, column, axis) => {
    if (column.kind === "category") return null;
    if (!axis.log) return column.values;
    // A typed array's own map takes a tenth of the time of Float64Array.from.
    return column.values.subarray(0, set.size).map((value) => (value > 0 ? Math.log10(value) : NaN));
};

/** Where a number in the unit of its axis lies along the whole length, 0 to 1. */
export const placeOfUnit = (axis, unit) => outward(axis, (unit - axis.range[0]) / (axis.range[1] - axis.range[0]));

// --- brushes ------------------------------------------------------------------------------------------------------

/**
 * What a brush from `start` to `end` (0 to 1 along the whole length) selects: {field, range | values, missing}. A band is
 * taken when it is touched; while a brush is moved or resized only when its middle is inside, or the brush would grow
 * at each step.
 */
export const partFor = (column, axis, start, end, byMiddle = false) => {
    const [low, high] = start <= end ? [start, end] : [end, start];
    const {gutter = 0} = axis;
    const missing = gutter > 0 && low <= (byMiddle ? gutter / 2 : gutter * 0.9);
    if (missing && high <= gutter * 1.001) return {field: column.key, missing};
    const shares = [Math.max(low, gutter), Math.max(high, gutter)]
        .map((place) => inward({...axis, gutter}, place))
        .sort((a, b) => a - b);
    return {...valuesBetween(column, axis, shares, byMiddle), ...(missing && {missing})};
};

const valuesBetween = (column, axis, [low, high], byMiddle) => {
    if (!axis.isBanded) {
        return {field: column.key, range: [rounded(valueAt(axis, low)), rounded(valueAt(axis, high))]};
    }
    const edges = bandEdges(axis);
    const middles = axis.ticks.map((tick) => positionOf(axis, tick));
    const isHeld = byMiddle
        ? (i) => middles[i] >= low && middles[i] <= high
        : (i) => edges[i + 1] > low && edges[i] < high;
    let held = axis.ticks.filter((_, i) => isHeld(i));
    if (held.length === 0) held = [axis.ticks[closest(middles, (low + high) / 2)]];
    return column.kind === "category"
        ? {field: column.key, values: held.flatMap((tick) => categories.wordsAt(column, axis, tick))}
        : {field: column.key, range: [held[0], held.at(-1)]};
};

const closest = (middles, place) =>
    middles.reduce((best, middle, i) => (Math.abs(middle - place) < Math.abs(middles[best] - place) ? i : best), 0);

// Six digits are finer than any screen, and keep the address short.
const rounded = (value) => Number(value.toPrecision(6));

/** The stretch of the whole length (0 to 1) that a clause covers; whole bands where the axis has them. */
export const stretchOf = (column, axis, clause) => {
    const {gutter = 0} = axis;
    const shares = clause.range || clause.values ? sharesOf(column, axis, clause) : null;
    const places = shares?.map((share) => outward({...axis, gutter}, share)).sort((a, b) => a - b);
    if (!clause.missing || gutter === 0) return places ?? null;
    if (!places) return [0, gutter];
    // Typed limits may be far from the gutter; a rectangle over all between would claim too much.
    return places[0] <= gutter + 0.02 ? [0, places[1]] : places;
};

const sharesOf = (column, axis, clause) => {
    const clamp = (position) => Math.min(1, Math.max(0, position));
    if (axis.isBanded) {
        const isHeld = clause.values
            ? (tick) => wordsAt(column, axis, tick).some((word) => clause.values.includes(word))
            : (tick) => tick >= (clause.range[0] ?? -Infinity) && tick <= (clause.range[1] ?? Infinity);
        const edges = bandEdges(axis);
        const held = axis.ticks.map((tick, i) => (isHeld(tick) ? i : -1)).filter((i) => i >= 0);
        return held.length ? [edges[held[0]], edges[held.at(-1) + 1]] : null;
    }
    const [low, high] = clause.range ?? [null, null];
    // A limit that a logarithmic axis has no place for lies before its beginning.
    const shareOf = (value, open) =>
        value === null ? open : clamp(axis.log && value <= 0 ? 0 : positionOf(axis, value));
    return [shareOf(low, 0), shareOf(high, 1)];
};

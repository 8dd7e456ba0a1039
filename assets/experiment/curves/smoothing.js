/** Curves made smoother, and several of them made one: numbers of the picture only, never of what is exported. */
import * as curves_set from "./set.js";

const MOST_PLACES = 300;

/**
 * The exponential moving average of values, without the pull of its beginning: the first value stands for itself.
 * weight: 0 (none) to 1 (excluded), of what came before. What is not finite stays as it is and counts for nothing.
 */
export const smoothed = (values, weight) => {
    const found = new Float64Array(values.length);
    let sum = 0;
    let share = 0;
    for (let at = 0; at < values.length; at += 1) {
        const value = values[at];
        if (!Number.isFinite(value)) {
            found[at] = value;
            continue;
        }
        sum = weight * sum + (1 - weight) * value;
        share = weight * share + (1 - weight);
        found[at] = sum / share;
    }
    return found;
};

/** Places of several curves: their own where all have the same, else evenly from the first to the last one. */
export const placesOf = (curves, most = MOST_PLACES) => {
    const [{x: first}] = curves;
    if (curves.every(({x}) => x.length === first.length && x.every((place, at) => place === first[at]))) return first;
    const low = Math.min(...curves.map(({x}) => x[0]));
    const high = Math.max(...curves.map(({x}) => x.at(-1)));
    const count = Math.min(most, Math.max(...curves.map(({x}) => x.length)));
    return Float64Array.from({length: count}, (_, at) => low + ((high - low) * at) / Math.max(1, count - 1));
};

/** The values of a curve at these places, on straight lines between its points; NaN outside it. Both ascend. */
export const valuesAt = ({x, y}, places) => {
    const found = new Float64Array(places.length).fill(NaN);
    let at = 0;
    for (let place = 0; place < places.length; place += 1) {
        const wanted = places[place];
        while (at + 1 < x.length && x[at + 1] <= wanted) at += 1;
        if (!(x[at] <= wanted)) continue;
        if (x[at] === wanted) found[place] = y[at];
        else if (at + 1 < x.length)
            found[place] = y[at] + ((y[at + 1] - y[at]) * (wanted - x[at])) / (x[at + 1] - x[at]);
    }
    return found;
};

/** The mean of curves and what lies between their lowest and highest: {x, mean, low, high}. Null where they go back. */
export const bandOf = (curves) => {
    const isAscending = curves_set.isAscending;
    const those = curves.filter(({x}) => x.length > 0);
    if (!those.length || !those.every(({x}) => isAscending(x))) return null;
    const x = placesOf(those);
    const columns = those.map((curve) => valuesAt(curve, x));
    const [mean, low, high] = [0, 1, 2].map(() => new Float64Array(x.length).fill(NaN));
    for (let place = 0; place < x.length; place += 1) {
        const finite = columns.map((column) => column[place]).filter(Number.isFinite);
        if (!finite.length) continue;
        mean[place] = finite.reduce((sum, value) => sum + value, 0) / finite.length;
        low[place] = Math.min(...finite);
        high[place] = Math.max(...finite);
    }
    return {x, mean, low, high};
};

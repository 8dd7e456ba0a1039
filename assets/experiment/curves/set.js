/** The curves of a page: what the server sent of each, by experiment and metric, and which of them share a panel. */

export const create = () => ({
    curves: new Map(),
    experiments: new Map(),
    metrics: [],
    pairs: {},
    epochs: [],
    objective: null,
});

export const keyOf = (experiment, metric) => JSON.stringify([experiment, metric]);

const joined = (before, after) => {
    if (!before || !after) return before && after;
    const whole = new Float64Array(before.length + after.length);
    whole.set(before);
    whole.set(after, before.length);
    return whole;
};

export const isAscending = (values) => {
    for (let at = 1; at < values.length; at += 1) if (!(values[at] >= values[at - 1])) return false;
    return true;
};

/** The largest number up to each place: where a replay has come to, also where a script's epochs go back. */
export const reached = (values) => {
    const largest = new Float64Array(values.length);
    let most = -Infinity;
    for (let at = 0; at < values.length; at += 1) {
        if (values[at] > most) most = values[at];
        largest[at] = most;
    }
    return largest;
};

/** The points of a curve as they are drawn. epoch: null where the metric names none. */
const pointsOf = ({x, y, epoch, unit}) => {
    const epochs = epoch ?? (unit === "epoch" ? x : null);
    return {x, y, reached: epochs && reached(epochs), isAscending: isAscending(x)};
};

const appended = (curve, news) => {
    const parts = {
        x: joined(curve.x, news.x),
        y: joined(curve.y, news.y),
        epoch: joined(curve.epoch, news.epoch),
        unit: curve.unit,
    };
    return {...curve, ...parts, count: news.count, of: curve.of + news.of, points: pointsOf(parts)};
};

const union = (before, after) => [...new Set([...before, ...after])].sort((a, b) => a - b);

/** Take an answer of answers/curve_changes.py. Returns a new set; curves that did not change are the same ones. */
export const receive = (set, answer) => {
    const curves = new Map(set.curves);
    const experiments = new Map(set.experiments);
    for (const told of answer.experiments) {
        // Another attempt has none of the values of the former one.
        const isNew = experiments.get(told.number)?.attempt !== told.attempt;
        if (isNew) for (const [key, curve] of curves) if (curve.experiment === told.number) curves.delete(key);
        experiments.set(told.number, told);
    }
    for (const told of answer.curves) {
        const key = keyOf(told.experiment, told.metric);
        const before = curves.get(key);
        curves.set(
            key,
            told.first > 0 && before
                ? appended(before, told)
                : {...told, points: pointsOf(told), sent: told.x.length, detail: null},
        );
        const detail = told.first > 0 && before?.detail;
        if (detail) curves.get(key).detail = appended(detail, told);
    }
    const metrics = [...new Set([...set.metrics, ...answer.curves.map(({metric}) => metric)])];
    return {
        curves,
        experiments,
        metrics,
        objective: answer.objective,
        pairs: {...set.pairs, ...answer.pairs},
        epochs: union(set.epochs, answer.epochs),
    };
};

/** The same with a stretch of some curves as close together as they are. */
export const withDetail = (set, told) => {
    const curves = new Map(set.curves);
    for (const each of told) {
        const key = keyOf(each.experiment, each.metric);
        if (curves.has(key)) curves.set(key, {...curves.get(key), detail: {...each, points: pointsOf(each)}});
    }
    return {...set, curves};
};

export const withoutDetail = (set) => ({
    ...set,
    curves: new Map([...set.curves].map(([key, curve]) => [key, curve.detail ? {...curve, detail: null} : curve])),
});

/** What of a set is held, for the next question: of experiments that may still report, and of curves not too finely. */
export const held = (set, isOpen = (state) => state === "running" || state === "queued") => {
    const found = {};
    for (const {number, attempt, start, state} of set.experiments.values()) {
        if (isOpen(state)) found[number] = {attempt, start, curves: {}};
    }
    for (const {experiment, metric, count, ends, x, sent} of set.curves.values()) {
        // What was appended has every point; at some time the whole curve is thinned anew.
        if (!found[experiment] || x.length === 0 || x.length > 3 * Math.max(sent, 500)) continue;
        found[experiment].curves[metric] = {count, ends, last: x.at(-1)};
    }
    return found;
};

/** Metrics that are curves: a single number is none. */
export const drawn = (set) => {
    const found = new Set();
    for (const {metric, count} of set.curves.values()) if (count > 1) found.add(metric);
    return set.metrics.filter((metric) => found.has(metric));
};

/**
 * The panels in order: {key, metrics}. Training and validation of one quantity share one, and no others do. The objective
 * comes first, then what has both, then the others, and last what is told per batch.
 */
export const panelsOf = (set, isHidden = () => false) => {
    const perBatch = new Set([...set.curves.values()].filter(({ends}) => ends).map(({metric}) => metric));
    const panels = new Map();
    for (const metric of drawn(set)) {
        // A metric may be named like what every object has.
        const key = Object.hasOwn(set.pairs, metric) ? set.pairs[metric] : metric;
        panels.set(key, [...(panels.get(key) ?? []), metric]);
    }
    return [...panels]
        .map(([key, metrics]) => ({key, metrics: metrics.filter((metric) => !isHidden(metric))}))
        .filter(({metrics}) => metrics.length)
        .sort((a, b) => rankOf(a, set, perBatch) - rankOf(b, set, perBatch));
};

const rankOf = ({metrics}, {objective}, perBatch) => {
    if (metrics.includes(objective)) return 0;
    if (metrics.every((metric) => perBatch.has(metric))) return 3;
    return metrics.length > 1 ? 1 : 2;
};

/** The names of hyperparameters that differ between the experiments. */
export const varying = (set) => {
    const seen = new Map();
    for (const {settings} of set.experiments.values()) {
        for (const [name, value] of Object.entries(settings))
            seen.set(name, (seen.get(name) ?? new Set()).add(JSON.stringify(value)));
    }
    return [...seen].filter(([, values]) => values.size > 1).map(([name]) => name);
};

/** Which experiments repeat one setting: lists of numbers, each in order. */
export const repeats = (set) => {
    const groups = new Map();
    for (const {number, settings} of set.experiments.values()) {
        const key = JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
        groups.set(
            key,
            [...(groups.get(key) ?? []), number].sort((a, b) => a - b),
        );
    }
    return [...groups.values()].sort(([a], [b]) => a - b);
};

/** How many points are shown of how many, of the curve of which most are left out; null where all are shown. */
export const thinning = (set) => {
    let most = null;
    for (const curve of set.curves.values()) {
        const {of, x} = curve.detail ?? curve;
        if (of > x.length && (most === null || of > most.of)) most = {shown: x.length, of};
    }
    return most;
};

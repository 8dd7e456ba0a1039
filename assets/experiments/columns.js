/** The experiment set of a page: one typed array per column, loaded once and then patched by the change cursor. */
import * as categories from "./categories.js";

export const STATES = ["queued", "running", "finished", "failed", "stopped"];
// Up to this many different numbers a column is read as a list of candidates rather than as a continuum.
const MOST_TICKS = 12;

/** An empty column. Categories are coded 0, 1, 2 ...; a missing value is NaN, a reported NaN is also in `nan`. */
const emptyColumn = (key, name, role, kind, capacity = 0) => ({
    key,
    name,
    role,
    kind,
    values: new Float64Array(capacity).fill(NaN),
    categories: [],
    codes: new Map(),
    nan: new Set(),
    level: "epoch",
    reduction: "last",
    hasEpochs: null,
    held: null,
});

/**
 * An experiment set with its fixed columns and one column per hyperparameter, and no experiments. counted: the states
 * that count, see assets/experiments/counting.js; null for all. looks: words on experiments, with how each looks.
 */
export const create = (hyperparameters, counted = null, looks = []) => {
    const set = {
        size: 0,
        numbers: new Int32Array(0),
        indexOf: new Map(),
        columns: new Map(),
        failures: new Map(),
        notes: new Map(),
        sentences: new Map(),
        counted: counted && new Set(counted.map((word) => STATES.indexOf(word))),
    };
    for (const [key, name] of [
        ["number", "Experiment"],
        ["epoch", "Epoch"],
        ["epochs", "Epochs"],
        ["duration", "Duration"],
    ]) {
        set.columns.set(key, emptyColumn(key, name, "other", "number"));
    }
    const state = emptyColumn("state", "State", "other", "category");
    STATES.forEach((word) => codeOf(state, word));
    set.columns.set("state", state);
    set.columns.set("failure", emptyColumn("failure", "Failure", "other", "category"));
    // An experiment may have several flags: a category of this column is a combination of words, see assets/experiments/flags.js.
    set.columns.set("flags", {
        ...emptyColumn("flags", "Flags", "other", "category"),
        words: [],
        members: [],
        looks: new Map(looks),
    });
    for (const {name, kind, categories = [], interval = null} of hyperparameters) {
        const column = {...emptyColumn(`h:${name}`, name, "hyperparameter", kind), interval};
        if (kind === "category") categories.forEach((word) => codeOf(column, word));
        set.columns.set(column.key, column);
    }
    return set;
};

/** The code of a category; an unknown one is added. */
const codeOf = (column, value) => {
    if (value === null || value === undefined) return NaN;
    const label = String(value);
    if (!column.codes.has(label)) {
        column.codes.set(label, column.categories.length);
        column.categories.push(label);
    }
    return column.codes.get(label);
};

const grown = (old, capacity, filler) => {
    const larger = new old.constructor(capacity).fill(filler);
    larger.set(old);
    return larger;
};

const reserve = (set, count) => {
    if (count <= set.numbers.length) return;
    const capacity = Math.max(count, 2 * set.numbers.length);
    set.numbers = grown(set.numbers, capacity, 0);
    for (const column of set.columns.values()) column.values = grown(column.values, capacity, NaN);
};

const asNumber = (value) => (typeof value === "number" ? value : NaN);

/** The code of a combination of words; an unknown one is added, and so are its words. */
const combinationOf = (column, words) => {
    const code = codeOf(column, words.join(", "));
    column.members[code] = words;
    words.filter((word) => !column.words.includes(word)).forEach((word) => column.words.push(word));
    return code;
};

const readValue = (column, value) => (column.members ? combinationOf(column, value) : readPlainValue(column, value));

const readPlainValue = (column, value) => (column.kind === "category" ? codeOf(column, value) : asNumber(value));

/** Write a list of values, or codes into a list of words, at the places of a column; see answers/experiment_columns.py. */
const fill = (column, touched, list) => {
    const {values} = column;
    const known = list.words?.map((word) => readValue(column, word));
    for (let row = 0; row < touched.length; row += 1) {
        values[touched[row]] = known ? (known[list.codes[row]] ?? NaN) : readValue(column, list[row]);
    }
};

/** Replace what was said of the touched experiments. */
const fillWords = (said, touched, {codes, words}) => {
    if (said.size) touched.forEach((index) => said.delete(index));
    if (!words.length) return;
    touched.forEach((index, row) => {
        if (codes[row] < words.length) said.set(index, words[codes[row]]);
    });
};

const fillFlags = (set, touched, {flags, sentences}) => {
    fill(set.columns.get("flags"), touched, flags);
    if (set.sentences.size) touched.forEach((index) => set.sentences.delete(index));
    sentences.forEach(([row, said]) => set.sentences.set(touched[row], said));
};

/** The places of experiments in the set by their numbers; unknown ones are added. */
const placesOf = (set, numbers) => {
    let added = 0;
    for (let row = 0; row < numbers.length; row += 1) added += set.indexOf.has(numbers[row]) ? 0 : 1;
    reserve(set, set.size + added);
    const touched = new Uint32Array(numbers.length);
    for (let row = 0; row < numbers.length; row += 1) {
        const known = set.indexOf.get(numbers[row]);
        touched[row] = known ?? set.size;
        if (known !== undefined) continue;
        set.indexOf.set(numbers[row], set.size);
        set.numbers[set.size] = numbers[row];
        set.size += 1;
    }
    return {touched, added};
};

/** Apply what changed (columns, one entry per experiment). Returns the indices touched and whether metrics came. */
export const patch = (set, changes) => {
    const {touched, added} = placesOf(set, changes.number);
    for (const key of ["number", "state", "epoch", "epochs", "duration"])
        fill(set.columns.get(key), touched, changes[key]);
    for (const {name, values} of changes.hyperparameters) fill(set.columns.get(`h:${name}`), touched, values);
    const known = set.columns.size;
    changes.metrics.forEach((metric) => fillMetric(set, touched, metric));
    fillWords(set.failures, touched, changes.failures);
    if (changes.failure) fill(set.columns.get("failure"), touched, changes.failure);
    fillWords(set.notes, touched, changes.notes);
    if (changes.flags) fillFlags(set, touched, changes);
    return {touched, added, metricsCame: set.columns.size > known};
};

/** Replace whole metrics of the experiments that are there already. Returns a change like that of `patch`. */
export const patchMetrics = (set, {number, metrics}) => {
    // An experiment that has come since has no place, and an array takes nothing at -1.
    const touched = Int32Array.from(number, (each) => set.indexOf.get(each) ?? -1);
    metrics.forEach((metric) => fillMetric(set, touched, metric));
    return {touched: null, added: 0, metricsCame: false};
};

/**
 * A missing number is NaN; a NaN that the script reported is named by its row, too. The title says which number of its
 * values a metric holds; its key does not.
 */
const fillMetric = (set, touched, {name, title = name, reduction = "last", hasEpochs = null, values, nan, level}) => {
    const key = `m:${name}`;
    if (!set.columns.has(key)) set.columns.set(key, emptyColumn(key, name, "metric", "number", set.numbers.length));
    const column = set.columns.get(key);
    if (level) column.level = level;
    column.hasEpochs = (column.reduction === reduction && column.hasEpochs) || hasEpochs;
    Object.assign(column, {name: title, reduction});
    fill(column, touched, values);
    if (column.nan.size) touched.forEach((index) => column.nan.delete(index));
    nan.forEach((row) => column.nan.add(touched[row]));
};

export const columnsOf = (set, role) => [...set.columns.values()].filter((column) => column.role === role);

/**
 * Smallest and largest finite value, of those whose mask has `bit`; null where there is none. Of all of a column that
 * a replay holds still, those of the whole replay.
 */
export const extent = (set, column, mask = null, bit = 0) => {
    if (mask === null && column.held) return column.held;
    let low = Infinity;
    let high = -Infinity;
    const {values} = column;
    for (let index = 0; index < set.size; index += 1) {
        if (mask !== null && !(mask[index] & bit)) continue;
        const value = values[index];
        // Infinite values are neither smaller nor larger than what can be drawn.
        if (value < low && value !== -Infinity) low = value;
        if (value > high && value !== Infinity) high = value;
    }
    return low <= high ? [low, high] : null;
};

/** The different finite values in order, or null where there are more than `most`. */
export const distinct = (set, column, most = MOST_TICKS) => {
    const seen = new Set();
    for (let index = 0; index < set.size; index += 1) {
        const value = column.values[index];
        if (!Number.isFinite(value)) continue;
        seen.add(value);
        if (seen.size > most) return null;
    }
    return [...seen].sort((a, b) => a - b);
};

/** How many experiments have a finite value in this column. */
export const countFinite = (set, column) => {
    let count = 0;
    for (let index = 0; index < set.size; index += 1) count += Number.isFinite(column.values[index]) ? 1 : 0;
    return count;
};

const isMultiplicative = (ticks) => {
    if (ticks.length < 3 || ticks[0] <= 0) return false;
    const ratio = ticks[1] / ticks[0];
    return ratio >= 1.5 && ticks.every((tick, i) => i === 0 || Math.abs(tick / ticks[i - 1] / ratio - 1) < 0.01);
};

/**
 * How a column lies on an axis: `range` in axis units (log10 where `log`), `ticks` where it has few values,
 * `isBanded` where brushes take whole values. Null where there is nothing to draw. most: of very many categories so many
 * have a place of their own, and `places` says where each is (see assets/experiments/categories.js).
 */
export const axisOf = (set, column, most = undefined) => {
    if (column.kind === "category") {
        if (column.categories.length === 0) return null;
        const grouped = categories.grouped(set, column, most);
        const {ticks, labels} = grouped ?? {ticks: column.categories.map((_, code) => code), labels: column.categories};
        return {log: false, range: [-0.5, ticks.length - 0.5], ticks, labels, isBanded: true, ...grouped};
    }
    const ends = extent(set, column);
    if (ends === null) return null;
    // What was drawn from an interval has no candidates, however few values there are yet.
    const ticks = column.role === "hyperparameter" && !column.interval ? distinct(set, column) : null;
    // How an interval is searched was said; one value close to zero makes it no logarithmic one.
    const isLog = column.interval
        ? column.interval.isLog
        : ends[1] / ends[0] > 100 || (ticks !== null && isMultiplicative(ticks));
    const log = ends[0] > 0 && isLog;
    const [low, high] = log ? ends.map(Math.log10) : ends;
    const span = high - low || Math.abs(high) || 1;
    // Bands need room around the outermost values; a continuum only room for half a mark.
    const margin = high === low ? span / 2 : span * (ticks ? Math.min(0.3, 0.6 / ticks.length) : 0.06);
    return {
        log,
        range: [low - margin, high + margin],
        ticks,
        labels: ticks?.map((tick) => plain(tick)) ?? null,
        isBanded: ticks !== null,
    };
};

/** Round numbers that cover low to high in about `count` steps; the outermost may lie outside. */
export const niceTicks = (low, high, count = 3) => {
    const span = high - low || Math.abs(high) || 1;
    const raw = span / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
    const ticks = [];
    for (let i = Math.floor(low / step + 1e-9); i * step <= high + step * (1 - 1e-9); i += 1) {
        ticks.push(Number((i * step).toPrecision(12)));
    }
    return ticks;
};

/** The values to name on an axis, at most about `most`: its candidates, powers of ten, or round numbers. */
export const ticksOf = (axis, most) => {
    const [low, high] = axis.range;
    if (axis.ticks) {
        const step = Math.ceil(axis.ticks.length / most);
        // The place of all others means nothing without its word.
        const last = axis.others ? axis.ticks.length - 1 : -1;
        return axis.ticks.filter(
            (_, place) => place === last || (place % step === 0 && (last < 0 || place + step <= last || step === 1)),
        );
    }
    const isInside = (unit) => unit >= low && unit <= high;
    if (!axis.log) {
        const ticks = niceTicks(low, high, most).filter(isInside);
        // Round numbers may all lie at the ends; one tick alone is no scale.
        return ticks.length > 1 ? ticks : niceTicks(low, high, 2 * most).filter(isInside);
    }
    const step = Math.max(1, Math.ceil((high - low) / most));
    const powers = niceTicks(Math.ceil(low), Math.floor(high), (high - low) / step).filter(
        (unit) => Number.isInteger(unit) && isInside(unit),
    );
    return powers.length > 1
        ? powers.map((unit) => Number((10 ** unit).toPrecision(6)))
        : niceTicks(10 ** low, 10 ** high, most).filter((value) => value > 0 && isInside(Math.log10(value)));
};

/** Where a value lies on its axis, 0 to 1. */
export const positionOf = (axis, value) =>
    ((axis.places ? axis.places[value] : axis.log ? Math.log10(value) : value) - axis.range[0]) /
    (axis.range[1] - axis.range[0]);

/** The value at a place on the axis, 0 to 1. */
export const valueAt = (axis, position) => {
    const unit = axis.range[0] + position * (axis.range[1] - axis.range[0]);
    return axis.log ? 10 ** unit : unit;
};

/** The edges of the bands between neighbouring ticks, one more than there are ticks. */
export const bandEdges = (axis) => {
    const centres = axis.ticks.map((tick) => positionOf(axis, tick));
    return [0, ...centres.slice(1).map((centre, i) => (centre + centres[i]) / 2), 1];
};

/** The bin of every experiment along the axis, 255 for missing ones. At most 255 bins. */
export const binsOf = (set, column, axis, count) => {
    const bins = new Uint8Array(set.size).fill(255);
    for (let index = 0; index < set.size; index += 1) {
        const position = positionOf(axis, column.values[index]);
        if (position >= 0 && position <= 1) bins[index] = Math.min(count - 1, Math.floor(position * count));
    }
    return bins;
};

/** How many experiments whose mask has `bit` are in each bin. */
export const countBins = (bins, count, mask, bit) => {
    const counts = new Uint32Array(count + 1);
    for (let index = 0; index < bins.length; index += 1) {
        if (mask[index] & bit) counts[Math.min(bins[index], count)] += 1;
    }
    return counts.subarray(0, count);
};

/** Compare two values so that missing ones stay last in both directions. */
export const compare = (a, b, descending) => {
    const isMissingA = Number.isNaN(a);
    if (isMissingA || Number.isNaN(b)) return isMissingA - Number.isNaN(b);
    return descending ? b - a : a - b;
};

/** Indices sorted by a column; ties by number. */
export const orderBy = (set, key, descending = false) => {
    const {values} = set.columns.get(key) ?? set.columns.get("number");
    const {numbers} = set;
    return Uint32Array.from({length: set.size}, (_, index) => index).sort(
        (a, b) => compare(values[a], values[b], descending) || numbers[a] - numbers[b],
    );
};

/** How many experiments are in each state, in the order of STATES. */
export const countStates = (set) => {
    const counts = STATES.map(() => 0);
    const {values} = set.columns.get("state");
    for (let index = 0; index < set.size; index += 1) counts[values[index]] += 1;
    return counts;
};

/** The places of the queued experiments in their queue, 1 for the next: by priority, then by number. */
export const placesInQueue = (set) => {
    const {values} = set.columns.get("state");
    const queued = [];
    for (let index = 0; index < set.size; index += 1) if (values[index] === 0) queued.push(index);
    const priority = (index) => set.notes.get(index)?.priority ?? 0;
    // Mostly in order already, which sorting makes use of.
    queued.sort((a, b) => priority(b) - priority(a) || set.numbers[a] - set.numbers[b]);
    return new Map(queued.map((index, place) => [index, place + 1]));
};

/** The metrics that a person asked to see, after the objective; [] as long as none of them has a number. */
const wantedMetrics = (set, objective, wanted) => {
    if (!wanted.length) return [];
    const keys = [...new Set([objective, ...wanted])].map((name) => `m:${name}`);
    return keys.filter(
        (key) =>
            set.columns.has(key) &&
            (set.columns.get(key).reduction !== "last" || countFinite(set, set.columns.get(key)) > 0),
    );
};

/**
 * The metrics to begin with: those that a person wants to see, else the objective, then those reported once per
 * epoch; rare and silent ones wait.
 */
export const chooseMetrics = (set, objective, wanted = [], most = 6) => {
    const asked = wantedMetrics(set, objective, wanted);
    if (asked.length) return asked;
    const first = `m:${objective}`;
    // What a person reduced to few numbers was chosen on purpose.
    const counts = new Map(
        columnsOf(set, "metric").map((column) => [
            column.key,
            column.reduction === "last" ? countFinite(set, column) : set.size,
        ]),
    );
    const largest = Math.max(0, ...counts.values());
    return columnsOf(set, "metric")
        .filter(({key}) => key === first || counts.get(key) * 2 >= largest)
        .filter(({key}) => key === first || counts.get(key) > 0)
        .map(({key, level}, place) => ({key, rank: (key === first ? 0 : 1) + (level === "epoch" ? 0 : 2), place}))
        .sort((a, b) => a.rank - b.rank || a.place - b.place)
        .slice(0, most)
        .map(({key}) => key);
};

/** Hyperparameters that take more than one value. */
export const varying = (set) => columnsOf(set, "hyperparameter").filter((column) => distinct(set, column, 1) === null);

// --- numbers as text ---------------------------------------------------------------------------------------------

/** A number in full, without float noise. */
export const plain = (value) => {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const text = String(Number(value.toPrecision(12)));
    return text.replace("e+", "e");
};

/** How a column's numbers are written, so that they line up and differ where they differ: a function of a number. */
export const formatterOf = (set, column) => {
    const ends = extent(set, column);
    if (ends === null) return plain;
    const [low, high] = ends;
    // At an epoch of a replay there may be no value yet.
    let isWhole = Number.isInteger(low) && Number.isInteger(high);
    for (let index = 0; index < set.size && isWhole; index += 1) {
        const value = column.values[index];
        isWhole = !Number.isFinite(value) || Number.isInteger(value);
    }
    if (isWhole && Math.max(Math.abs(low), Math.abs(high)) < 1e7) return plain;
    const finite = (write) => (value) => (Number.isFinite(value) ? write(value) : plain(value));
    if (column.role === "hyperparameter" && !column.interval && distinct(set, column) !== null)
        return finite((value) => short(value, 6));
    const largest = Math.max(Math.abs(low), Math.abs(high));
    if (largest >= 1e6 || largest < 1e-3 || (low > 0 && high / low > 1000)) return finite((value) => short(value, 3));
    const span = high - low || largest;
    const decimals = Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(span))));
    return finite((value) => value.toFixed(decimals));
};

/** A number with so many significant digits, in powers of ten where that is shorter. */
export const short = (value, digits = 4) => {
    if (!Number.isFinite(value)) return plain(value);
    const magnitude = Math.abs(value);
    if (value !== 0 && (magnitude < 1e-3 || magnitude >= 1e6)) {
        return value
            .toExponential(digits - 1)
            .replace(/\.?0+e/, "e")
            .replace("e+", "e");
    }
    return String(Number(value.toPrecision(digits)));
};

/** What a cell says: a category, a number by `write`, or nothing. */
export const wordOf = (column, index, write = plain) => {
    const value = column.values[index];
    if (column.kind === "category") return Number.isNaN(value) ? "" : column.categories[value];
    if (Number.isNaN(value)) return column.nan.has(index) ? "NaN" : "";
    return write(value);
};

/** Seconds as people say them. */
export const durationWords = (seconds) => {
    if (!Number.isFinite(seconds)) return "";
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    const minutes = Math.floor(seconds / 60);
    const two = (number) => String(number).padStart(2, "0");
    if (minutes < 60) return `${minutes} min ${two(Math.floor(seconds % 60))} s`;
    return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
};

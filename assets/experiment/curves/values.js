/** The numbers of curves at an epoch: what each experiment had reported by then. */
import * as experiments from "../../experiments/columns.js";
import * as curves_nearest from "./nearest.js";

// More experiments than these have no column each.
export const MOST_COLUMNS = 8;

/** The value that a curve has at an epoch: the last one up to there; null where there is none yet. */
export const valueAt = ({points: {y, reached}}, epoch) => {
    const cut = curves_nearest.cutAt(reached, epoch, y.length);
    return cut > 0 ? y[cut - 1] : null;
};

/** [{metric, values: Map(experiment -> value)}] of the metrics at an epoch, of the experiments that are shown. */
export const valuesAt = (set, metrics, isShown, epoch) =>
    metrics.map((metric) => {
        const values = new Map();
        for (const curve of set.curves.values()) {
            const value = curve.metric === metric && isShown(curve.experiment) ? valueAt(curve, epoch) : null;
            if (value !== null) values.set(curve.experiment, value);
        }
        return {metric, values};
    });

/** The lowest, the middle and the highest finite value, and whose the ends are; null where there is none. */
export const summaryOf = (values) => {
    const sorted = [...values].filter(([, value]) => Number.isFinite(value)).sort((a, b) => a[1] - b[1]);
    if (!sorted.length) return null;
    const middle = sorted.length / 2;
    const median = sorted.length % 2 ? sorted[Math.floor(middle)][1] : (sorted[middle - 1][1] + sorted[middle][1]) / 2;
    return {low: sorted[0], median, high: sorted.at(-1), count: sorted.length};
};

export const word = (value) =>
    value === undefined || value === null
        ? "–"
        : Number.isNaN(value)
          ? "NaN"
          : Number.isFinite(value)
            ? experiments.short(value, 5)
            : value > 0
              ? "∞"
              : "−∞";

/** The table as texts: {head, rows}; a column per experiment where they are few, else lowest, middle and highest. */
export const tableOf = (found, numbers) => {
    if (numbers.length <= MOST_COLUMNS) {
        return {
            head: numbers.map(String),
            rows: found.map(({metric, values}) => [metric, ...numbers.map((number) => word(values.get(number)))]),
        };
    }
    const end = ([number, value]) => `${word(value)} (experiment ${number})`;
    return {
        head: ["lowest", "median", "highest", "experiments"],
        rows: found.map(({metric, values}) => {
            const summary = summaryOf(values);
            return [
                metric,
                ...(summary
                    ? [end(summary.low), word(summary.median), end(summary.high), String(summary.count)]
                    : ["–", "–", "–", "0"]),
            ];
        }),
    };
};

/** The colours of curves: each experiment's own, which it has on every page, or by a hyperparameter. */
import * as colours from "../../experiments/colours.js";

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
// Among more curves than these, dashes tell nothing apart any more.
const MOST_DASHED = 24;
const DECADES = 100;

/** A hyperparameter of some experiments as a column that assets/experiments/colours.js reads. */
export const columnOf = (name, experiments) => {
    const found = experiments.map(({settings}) => settings[name] ?? null);
    const known = found.filter((value) => value !== null);
    if (known.length && known.every((value) => typeof value === "number")) {
        return {kind: "number", name, values: Float64Array.from(found, (value) => value ?? NaN), categories: []};
    }
    const categories = [...new Set(known.map(String))].sort((a, b) => a.localeCompare(b, "en", {numeric: true}));
    return {
        kind: "category",
        name,
        values: Float64Array.from(found, (value) => (value === null ? NaN : categories.indexOf(String(value)))),
        categories,
    };
};

const isWide = ({kind, values}) => {
    const finite = kind === "number" ? [...values].filter(Number.isFinite) : [];
    return finite.length > 0 && Math.min(...finite) > 0 && Math.max(...finite) / Math.min(...finite) >= DECADES;
};

export const hueOf = (number, isDark) => {
    const hues = colours.HUES[isDark ? "dark" : "light"];
    return hues[(number - 1) % hues.length];
};

/** Dashes by experiment, where two of few have one colour. */
export const dashesOf = (numbers) => {
    const hues = colours.HUES.light.length;
    const seen = new Map();
    return new Map(
        [...numbers]
            .sort((a, b) => a - b)
            .map((number) => {
                const hue = (number - 1) % hues;
                seen.set(hue, (seen.get(hue) ?? -1) + 1);
                return [number, numbers.length > MOST_DASHED ? [] : DASHES[seen.get(hue) % DASHES.length]];
            }),
    );
};

/**
 * How experiments are coloured by a choice ("experiment" or "h:" and a hyperparameter): {colours, dashes} by their
 * numbers, and a legend as assets/experiments/colours.js has it, null where each has its own colour.
 */
export const colouring = (choice, experiments, isDark) => {
    const name = choice.startsWith("h:") ? choice.slice(2) : null;
    const isKnown = experiments.some(({settings}) => (settings[name] ?? null) !== null);
    const column = isKnown ? columnOf(name, experiments) : null;
    const found = column && colours.colouring({size: experiments.length}, column, isDark, isWide(column));
    if (!found) {
        const numbers = experiments.map(({number}) => number);
        return {
            colours: new Map(numbers.map((number) => [number, hueOf(number, isDark)])),
            dashes: dashesOf(numbers),
            legend: null,
        };
    }
    return {
        colours: new Map(experiments.map(({number}, at) => [number, found.palette[found.codes[at]]])),
        dashes: new Map(),
        legend: {...found.legend, name},
    };
};

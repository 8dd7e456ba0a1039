/** Colour by any column: a ramp for numbers, eight hues for categories, readable on light and on dark ground. */
import * as experiments from "./columns.js";

const STEPS = 64;
const MOST_HUES = 8;
const OTHER = MOST_HUES;
export const MISSING = 255;

// From blue over green to yellow: brightness alone tells the order, whichever colours an eye confuses. Each ground has
// the part of it that stands out there.
export const RAMPS = {
    light: ["#2b1d6e", "#2f4a91", "#27709a", "#1e9088", "#4fa95a", "#9db52e"],
    dark: ["#5a55b8", "#4a7cc4", "#3fa0bd", "#4fc29a", "#9bdb69", "#f3ea4b"],
};
// Hues that stay apart under the three kinds of colour blindness (tests/assets/colours.test.js simulates them).
export const HUES = {
    light: ["#1b62c4", "#f08200", "#0b7d62", "#d65aa0", "#62b0f0", "#8f1d24", "#7fb414", "#20262f"],
    dark: ["#5b93f5", "#f0a22e", "#1fa884", "#e873b3", "#8fd3f7", "#cf5a30", "#e8e05a", "#f2f4f8"],
};
const QUIET = {light: ["#8d97a8", "#8d97a8"], dark: ["#77839a", "#77839a"]};

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

const hexOf = (parts) => `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** The ramp in so many steps, from small to large. */
export const rampOf = (theme, steps = STEPS) => {
    const anchors = RAMPS[theme].map(channels);
    return Array.from({length: steps}, (_, step) => {
        const place = (step / (steps - 1)) * (anchors.length - 1);
        const first = Math.min(anchors.length - 2, Math.floor(place));
        return hexOf(anchors[first].map((part, i) => part + (place - first) * (anchors[first + 1][i] - part)));
    });
};

const themeOf = (isDark) => (isDark ? "dark" : "light");

/**
 * How a column colours the experiments: `codes` (one byte each), `palette` (a colour per code), and a `legend`:
 * {ramp, ends} for numbers, {entries: [[word, colour]]} for categories. Null where the column has no value.
 */
export const colouring = (set, column, isDark, isLog = false) =>
    column.kind === "category"
        ? byCategory(set, column, themeOf(isDark))
        : byNumber(set, column, themeOf(isDark), isLog);

const byNumber = (set, column, theme, isLog) => {
    const ends = experiments.extent(set, column);
    if (ends === null) return null;
    const unit = isLog && ends[0] > 0 ? Math.log10 : (value) => value;
    const low = unit(ends[0]);
    const span = unit(ends[1]) - low;
    const codes = new Uint8Array(set.size);
    let isAnyMissing = false;
    for (let index = 0; index < set.size; index += 1) {
        const value = column.values[index];
        const isMissing = !Number.isFinite(value);
        isAnyMissing ||= isMissing;
        codes[index] = isMissing
            ? MISSING
            : span > 0
              ? Math.min(STEPS - 1, Math.floor(((unit(value) - low) / span) * STEPS))
              : STEPS >> 1;
    }
    const ramp = rampOf(theme);
    return {
        codes,
        isOrdered: true,
        palette: paletteOf(ramp, theme),
        legend: {ramp, ends, isLog: unit === Math.log10, entries: isAnyMissing ? [["no value", QUIET[theme][1]]] : []},
    };
};

const byCategory = (set, column, theme) => {
    const counts = column.categories.map(() => 0);
    for (let index = 0; index < set.size; index += 1) if (column.values[index] >= 0) counts[column.values[index]] += 1;
    const hueOf = huesFor(counts);
    const codes = new Uint8Array(set.size);
    let isAnyMissing = false;
    for (let index = 0; index < set.size; index += 1) {
        const isMissing = Number.isNaN(column.values[index]);
        isAnyMissing ||= isMissing;
        codes[index] = isMissing ? MISSING : hueOf[column.values[index]];
    }
    const entries = column.categories.flatMap((word, code) =>
        counts[code] && hueOf[code] < OTHER ? [[word, HUES[theme][hueOf[code]]]] : [],
    );
    const others = hueOf.filter((hue, code) => hue === OTHER && counts[code]).length;
    if (others) entries.push([`other (${others})`, QUIET[theme][0]]);
    if (isAnyMissing) entries.push(["no value", QUIET[theme][1]]);
    return entries.length ? {codes, isOrdered: false, palette: paletteOf(HUES[theme], theme), legend: {entries}} : null;
};

/** A hue for each category, in their own order; where there are too many, the most frequent ones have one. */
export const huesFor = (counts) => {
    const used = counts.map((count, code) => ({count, code})).filter(({count}) => count > 0);
    const chosen =
        used.length <= MOST_HUES
            ? used
            : used
                  .sort((a, b) => b.count - a.count || a.code - b.code)
                  .slice(0, MOST_HUES)
                  .sort((a, b) => a.code - b.code);
    const hues = counts.map(() => OTHER);
    chosen.forEach(({code}, hue) => {
        hues[code] = hue;
    });
    return hues;
};

const paletteOf = (colours, theme) => {
    const palette = new Array(MISSING + 1).fill(QUIET[theme][0]);
    colours.forEach((colour, code) => {
        palette[code] = colour;
    });
    palette[MISSING] = QUIET[theme][1];
    return palette;
};

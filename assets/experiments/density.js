/** Density: how many marks fall into each cell of a panel, and the picture of it. Where thousands overlap it shows what marks hide. */
import {MISSING} from "./colours.js";

export const NONE = 0xffff;
// The faintest cell must still be seen, or single experiments vanish.
const FAINTEST = 0.22;

/** The cell of every place along an axis, `size` pixels each; NONE for what has no place. */
export const cellsOf = (places, length, size) => {
    const last = Math.ceil(length / size) - 1;
    const cells = new Uint16Array(places.length);
    for (let index = 0; index < places.length; index += 1) {
        cells[index] = places[index] < 0 ? NONE : Math.min(last, Math.floor(places[index] / size));
    }
    return cells;
};

/** Count those whose mask has `bit` into `counts` (across * down, made zero first); returns the largest count. */
export const countCells = (xs, ys, mask, bit, across, counts) => {
    counts.fill(0);
    let most = 0;
    for (let index = 0; index < xs.length; index += 1) {
        if (!(mask[index] & bit) || xs[index] === NONE || ys[index] === NONE) continue;
        const count = (counts[ys[index] * across + xs[index]] += 1);
        if (count > most) most = count;
    }
    return most;
};

/**
 * The code of each cell's colour into `codes`: the mean where codes have an order, else that of one of its
 * experiments. sums: as long as counts, to work in.
 */
export const codeCells = (xs, ys, mask, bit, across, counts, colouring, sums, codes) => {
    sums.fill(0);
    const {isOrdered, codes: own} = colouring;
    for (let index = 0; index < xs.length; index += 1) {
        if (!(mask[index] & bit) || xs[index] === NONE || ys[index] === NONE) continue;
        const cell = ys[index] * across + xs[index];
        // Missing ones have no place in a mean; each of them takes one from the count, kept in the upper half.
        if (!isOrdered) codes[cell] = own[index];
        else if (own[index] === MISSING) sums[cell] += 0x1000000;
        else sums[cell] += own[index];
    }
    if (!isOrdered) return;
    for (let cell = 0; cell < counts.length; cell += 1) {
        const known = counts[cell] - Math.floor(sums[cell] / 0x1000000);
        codes[cell] = known > 0 ? Math.round((sums[cell] % 0x1000000) / known) : MISSING;
    }
};

/** The opacity (0 to 255) of every count up to `most`: a cell ten times as full is as much stronger everywhere. */
export const opacities = (most) =>
    Uint8Array.from({length: most + 1}, (_, count) =>
        count === 0
            ? 0
            : Math.round(
                  255 * (FAINTEST + ((1 - FAINTEST) * Math.log1p(count - 1)) / Math.log1p(Math.max(1, most - 1))),
              ),
    );

/** Write the picture: pixelOf(cell) is the low 24 bits of its colour. `most` is the count of full strength. */
export const shade = (pixels, counts, strengths, pixelOf) => {
    for (let cell = 0; cell < counts.length; cell += 1) {
        pixels[cell] =
            counts[cell] === 0 ? 0 : (strengths[Math.min(counts[cell], strengths.length - 1)] << 24) | pixelOf(cell);
    }
};

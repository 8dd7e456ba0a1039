/** What performance is drawn as: a bar, a dot or a point of a line per experiment, in the order of the plot. */

import * as marks from "../../../base/marks.js";
import * as counting from "../../../experiments/counting.js";
import {FINISHED, UNFINISHED} from "../../../experiments/counting.js";
import * as density from "../../../experiments/density.js";
import * as selection from "../../../selection/selection.js";

const WIDEST_BAR = 34;
// Narrower bars run together to an area that shows only the best of them.
const LEAST_BAR = 2;
// Above so many, dots hide each other: cells of this many pixels are shaded by how many they hold.
const MOST_DOTS = 3000;
const CELL = 2;
export const SHAPES = ["bars", "dots", "line"];

// --- pure ---------------------------------------------------------------------------------------------------------

export const fractionOf = (scale, value) => (value - scale.low) / (scale.high - scale.low || 1);

/** Left edge and width of the bar at a place among `count` in so many pixels; wide ones get a gap. */
export const barAt = (place, count, width) => {
    const slot = Math.min(width / count, WIDEST_BAR);
    const gap = slot >= 4 ? Math.max(1, slot * 0.22) : 0;
    return [place * slot + gap / 2, Math.max(slot - gap, 0.5)];
};

/** The place under x, or -1. */
export const placeAt = (x, count, width) => {
    const place = Math.floor(x / Math.min(width / count, WIDEST_BAR));
    return place >= 0 && place < count ? place : -1;
};

/** The shape that is drawn: the one that a person chose, else bars as long as they can be told apart. */
export const shapeFor = (wanted, count, width) => wanted ?? (width / count < LEAST_BAR ? "dots" : "bars");

/** For each pixel column the lowest and highest end of the bars whose mask has all bits of `bit`, as fractions; NaN for none. */
export const columnEnds = (order, values, mask, bit, scale, width) => {
    const lows = new Float32Array(width).fill(NaN);
    const highs = new Float32Array(width).fill(NaN);
    for (let place = 0; place < order.length; place += 1) {
        const value = values[order[place]];
        if ((mask[order[place]] & bit) !== bit || !Number.isFinite(value)) continue;
        const fraction = fractionOf(scale, value);
        const from = Math.min(width - 1, Math.floor((place / order.length) * width));
        const to = Math.max(from + 1, Math.floor(((place + 1) / order.length) * width));
        for (let x = from; x < to; x += 1) {
            if (!(lows[x] <= fraction)) lows[x] = fraction;
            if (!(highs[x] >= fraction)) highs[x] = fraction;
        }
    }
    return {lows, highs};
};

/** Where every experiment's dot lies, in pixels from the plot's top left corner; -1 for what has no number. */
export const dotsOf = (order, values, scale, width, height) => {
    const [xs, ys] = [new Float32Array(order.length).fill(-1), new Float32Array(order.length).fill(-1)];
    for (let place = 0; place < order.length; place += 1) {
        const index = order[place];
        if (!Number.isFinite(values[index])) continue;
        const [x, wide] = barAt(place, order.length, width);
        xs[index] = x + wide / 2;
        ys[index] = (1 - fractionOf(scale, values[index])) * height;
    }
    return {xs, ys};
};

// What is not finished is hatched, or lighter where a hatching would not be seen, and hollow as a dot.
const LEAST_HATCHED = 4;
const LIGHTER = 0.4;

/** How what is not finished looks in a shape; null in a shading, which cannot show it. */
export const unfinishedLook = (shape, count, width) => {
    if (shape !== "bars") return count > MOST_DOTS ? null : "hollow";
    return barAt(0, count, width)[1] >= LEAST_HATCHED ? "hatched" : "lighter";
};

// --- drawing ------------------------------------------------------------------------------------------------------
// frame: {order, values, scale, shape, left, top, width, height}. Each draws those whose mask has `bit`.

const HATCH = 5;

const hatches = new Map();

/** Strokes of this colour from the lower left to the upper right. */
const hatchOf = (context, colour) => {
    if (!hatches.has(colour)) {
        const tile = Object.assign(document.createElement("canvas"), {width: HATCH, height: HATCH});
        const pen = tile.getContext("2d");
        pen.strokeStyle = colour;
        pen.lineWidth = 1.4;
        // Three strokes, so that the tiles meet at their corners.
        for (const shift of [-HATCH, 0, HATCH]) {
            pen.moveTo(shift - 1, HATCH + 1);
            pen.lineTo(shift + HATCH + 1, -1);
        }
        pen.stroke();
        hatches.set(colour, context.createPattern(tile, "repeat"));
    }
    return hatches.get(colour);
};

const bars = (context, frame, mask, bit) => {
    const colour = context.fillStyle;
    barPath(context, frame, mask, bit | UNFINISHED);
    if (unfinishedLook("bars", frame.order.length, frame.width) === "hatched") {
        Object.assign(context, {fillStyle: hatchOf(context, colour), strokeStyle: colour, lineWidth: 1});
        context.fill();
        context.stroke();
    } else {
        context.globalAlpha = LIGHTER;
        context.fill();
    }
    Object.assign(context, {fillStyle: colour, globalAlpha: 1});
    barPath(context, frame, mask, bit | FINISHED);
    context.fill();
};

/** Begin a path of the bars of those whose mask has all bits of `bit`. */
const barPath = (context, frame, mask, bit) => {
    const {order, values, scale, left, top, width, height} = frame;
    const y = (fraction) => top + (1 - fraction) * height;
    const base = y(fractionOf(scale, scale.base));
    context.beginPath();
    if (order.length > width / 1.5) {
        // Many bars become one line per pixel column, so that no extreme is lost.
        const {lows, highs} = columnEnds(order, values, mask, bit, scale, Math.floor(width));
        for (let x = 0; x < highs.length; x += 1) {
            if (Number.isNaN(highs[x])) continue;
            const [from, to] = [Math.min(base, y(highs[x])), Math.max(base, y(lows[x]))];
            context.rect(left + x, from, 1, to - from);
        }
    } else {
        for (let place = 0; place < order.length; place += 1) {
            const value = values[order[place]];
            if ((mask[order[place]] & bit) !== bit || !Number.isFinite(value)) continue;
            const [x, wide] = barAt(place, order.length, width);
            const end = y(fractionOf(scale, value));
            // A value at the base still shows that it is there.
            context.rect(
                left + x,
                Math.min(base, end) - (Math.abs(base - end) < 1 ? 1 : 0),
                wide,
                Math.max(1, Math.abs(base - end)),
            );
        }
    }
};

const dots = (context, frame, mask, bit) => {
    frame.dots ??= dotsOf(frame.order, frame.values, frame.scale, frame.width, frame.height);
    (frame.order.length > MOST_DOTS ? shade : discs)(context, frame, mask, bit);
};

const discs = (context, {order, dots: {xs, ys}, left, top}, mask, bit) => {
    const radius = marks.radiusFor(order.length);
    Object.assign(context, {
        globalAlpha: marks.opacityFor(order.length),
        strokeStyle: context.fillStyle,
        lineWidth: 1.2,
    });
    for (const index of order) {
        if (!(mask[index] & bit) || xs[index] < 0) continue;
        const isHollow = (mask[index] & counting.UNFINISHED) !== 0;
        context.beginPath();
        context.arc(left + xs[index], top + ys[index], isHollow ? radius - 0.6 : radius, 0, 2 * Math.PI);
        if (isHollow) context.stroke();
        else context.fill();
    }
    context.globalAlpha = 1;
};

const shade = (context, frame, mask, bit) => {
    const {
        dots: {xs, ys},
        left,
        top,
        width,
        height,
    } = frame;
    const cells = (frame.cells ??= cellsOf(density, xs, ys, width, height));
    const most = density.countCells(cells.xs, cells.ys, mask, bit, cells.across, cells.counts);
    // What is selected has the strength that it has among all.
    if (bit === selection.KEPT || !cells.strengths) cells.strengths = density.opacities(most);
    const colour = marks.pixelColour(context.fillStyle);
    density.shade(cells.pixels, cells.counts, cells.strengths, () => colour);
    cells.canvas.getContext("2d").putImageData(cells.image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(cells.canvas, left, top, cells.across * CELL, cells.down * CELL);
};

const cellsOf = (density, xs, ys, width, height) => {
    const [across, down] = [Math.ceil(width / CELL), Math.ceil((height + 1) / CELL)];
    const image = new ImageData(across, down);
    const canvas = Object.assign(document.createElement("canvas"), {width: across, height: down});
    return {
        across,
        down,
        image,
        canvas,
        pixels: new Uint32Array(image.data.buffer),
        counts: new Uint32Array(across * down),
        xs: density.cellsOf(xs, width, CELL),
        ys: density.cellsOf(ys, height + 1, CELL),
    };
};

const line = (context, frame, mask, bit) => {
    const {order, values, scale, left, top, width, height} = frame;
    const y = (fraction) => top + (1 - fraction) * height;
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    if (order.length > 2 * width) {
        const {lows, highs} = columnEnds(order, values, mask, bit, scale, Math.floor(width));
        for (let x = 0; x < highs.length; x += 1) {
            if (Number.isNaN(highs[x])) continue;
            context.lineTo(left + x + 0.5, y(lows[x]));
            context.lineTo(left + x + 0.5, y(highs[x]));
        }
    } else {
        frame.dots ??= dotsOf(order, values, scale, width, height);
        const {xs, ys} = frame.dots;
        for (const index of order)
            if (mask[index] & bit && xs[index] >= 0) context.lineTo(left + xs[index], top + ys[index]);
    }
    context.stroke();
    // A point between two that are not drawn has no line.
    if (order.length <= MOST_DOTS) dots(context, frame, mask, bit);
};

const DRAWN = {bars, dots, line};

export const draw = (context, frame, mask, bit, colour) => {
    context.fillStyle = colour;
    DRAWN[frame.shape](context, frame, mask, bit);
};

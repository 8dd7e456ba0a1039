/** Polylines on a canvas: strokes where they are few, else a density (density.js). */
import * as counting from "../../../experiments/counting.js";
import * as parallel_density from "./density.js";

// Without a GPU a stroked line over ten axes costs about 20 microseconds; a density costs the same for any number.
const MOST_STROKES = 1500;
const MOST_STROKES_MOVING = 150;
// How many places an axis has in a density, and how many pixels there are per CSS pixel in each direction.
const BINS_MOVING = 48;
const SCALE_MOVING = 0.5;
const BINS = 236;
const MOST_FINE = 25000;
const BINS_MANY = 118;
const SHADES = 64;

// --- pure ---------------------------------------------------------------------------------------------------------

/** The width and opacity of a stroke among so many. */
export const strokeFor = (count) => {
    if (count <= 30) return {width: 2, opacity: 0.9};
    if (count <= 120) return {width: 1.5, opacity: 0.7};
    return {width: 1, opacity: count <= 500 ? 0.5 : 0.3};
};

/** How to draw `count` lines: as strokes, or as a density with so many bins and pixels per CSS pixel. */
export const methodFor = (count, isMoving, ratio) => {
    if (count <= (isMoving ? MOST_STROKES_MOVING : MOST_STROKES)) return {isDense: false, scale: ratio};
    if (isMoving) return {isDense: true, bins: BINS_MOVING, scale: SCALE_MOVING};
    return count > MOST_FINE ? {isDense: true, bins: BINS_MANY, scale: 1} : {isDense: true, bins: BINS, scale: ratio};
};

/** The lines whose mask has all bits of `bit`, by shade: 0 without a tint or where there is one colour, then the smallest first. */
export const byShade = ({size, tints}, mask, bit, isPlain) => {
    const untinted = 255;
    const shades = Array.from({length: SHADES + 1}, () => []);
    for (let index = 0; index < size; index += 1) {
        if ((mask[index] & bit) !== bit) continue;
        shades[isPlain || tints[index] === untinted ? 0 : 1 + Math.floor((tints[index] * SHADES) / 255)].push(index);
    }
    return shades;
};

// --- drawing -------------------------------------------------------------------------------------------------------

/** Stroke lines in the present colour; few per path, or crossings would not get denser. */
const strokeAll = (context, {xs, ys}, indices, perPath = 40) => {
    for (let first = 0; first < indices.length; first += perPath) {
        context.beginPath();
        const last = Math.min(indices.length, first + perPath);
        for (let place = first; place < last; place += 1) {
            context.moveTo(xs[0], ys[0][indices[place]]);
            for (let axis = 1; axis < xs.length; axis += 1) context.lineTo(xs[axis], ys[axis][indices[place]]);
        }
        context.stroke();
    }
};

const order = (list, isTurned) => (isTurned ? list.reverse() : list);

// What is not finished is dashed.
const DASHES = [5, 4];

/** Strokes, dashed ones below. */
const drawStrokes = (context, scene, {bit, count, ...of}) => {
    const {width, opacity} = strokeFor(count);
    Object.assign(context, {lineWidth: width, globalAlpha: opacity, lineJoin: "round"});
    for (const [ended, dashes] of [
        [counting.UNFINISHED, DASHES],
        [counting.FINISHED, []],
    ]) {
        context.setLineDash(dashes);
        drawShades(context, scene, {...of, bit: bit | ended});
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
};

/** Strokes, the larger ones on top, or the smaller ones where those are better. */
const drawShades = (context, scene, {mask, bit, palette, isTurned}) => {
    const [untinted, ...shades] = byShade(scene, mask, bit, palette.length === 1);
    const painted = [
        [palette[0], untinted],
        ...order(
            shades.map((indices, shade) => [palette[1 + Math.floor(((shade + 0.5) * 255) / SHADES)], indices]),
            isTurned,
        ),
    ];
    for (const [colour, indices] of painted) {
        context.strokeStyle = colour;
        strokeAll(context, scene, indices);
    }
};

/** The bundles of a tier. Those of a moving picture stay with the scene, because the next move changes few of them. */
const bundlesFor = (scene, bins, isMoving, mask, bit) => {
    const density = parallel_density;
    const bundles = isMoving ? (scene.moving[bit] ??= density.bundlesOf(scene, bins)) : density.bundlesOf(scene, bins);
    density.fill(bundles, scene, mask, bit);
    return bundles;
};

/**
 * Draw the lines whose mask has `bit`, `count` of them, into a canvas. palette and pixels: the colour of what has no tint,
 * then 255 for the tints, as words and as pixels; or one colour for all. Returns how it was drawn.
 */
export const draw = (canvas, scene, {mask, bit, count, palette, pixels, isMoving, isTurned}) => {
    const method = methodFor(count, isMoving, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(scene.width * method.scale), Math.round(scene.height * method.scale)];
    Object.assign(canvas.style, {width: `${scene.width}px`, height: `${scene.height}px`});
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (count === 0 || scene.xs.length < 2) return method;
    if (method.isDense) {
        const bundles = bundlesFor(scene, method.bins, isMoving, mask, bit);
        parallel_density.draw(context, scene, bundles, {count, pixels, scale: method.scale});
    } else {
        context.setTransform(method.scale, 0, 0, method.scale, 0, 0);
        drawStrokes(context, scene, {mask, bit, palette, count, isTurned});
    }
    return method;
};

/** One line over all others, in each of these colours and widths, and a dot on every axis. */
export const drawOne = (context, scene, index, strokes) => {
    if (index < 0 || index >= scene.size || scene.xs.length < 2) return;
    for (const [colour, width] of strokes) {
        Object.assign(context, {strokeStyle: colour, lineWidth: width, lineJoin: "round"});
        strokeAll(context, scene, [index]);
    }
    context.fillStyle = strokes.at(-1)[0];
    scene.xs.forEach((x, axis) => {
        context.beginPath();
        context.arc(x, scene.ys[axis][index], 3.5, 0, 7);
        context.fill();
    });
};

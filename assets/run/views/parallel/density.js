/** Very many polylines as a density: lines between the same two places are one bundle, every line counts, none is left out. */

// The tint of a line that has none, and is drawn below the others in a colour of its own.
export const UNTINTED = 255;
// A bundle holds its number of lines and the sum of their tints in one number: half the memory to go through.
export const TINT = 2 ** 20;

/** The bins of all experiments, axis by axis for each: 0 at the top, `bins` for those in the gutter. */
export const binsOf = ({ys, size, top, length}, bins) => {
    const axes = ys.length;
    const found = new Uint8Array(size * axes);
    for (let axis = 0; axis < axes; axis += 1) {
        const own = ys[axis];
        for (let index = 0; index < size; index += 1) {
            const bin = Math.floor(((own[index] - top) / length) * bins);
            found[index * axes + axis] = own[index] > top + length ? bins : Math.min(bins - 1, Math.max(0, bin));
        }
    }
    return found;
};

/** Empty bundles for the lines of a scene: `sums[0]` for those with a tint, `sums[1]` for the others, or null. */
export const bundlesOf = (scene, bins) => {
    const count = Math.max(0, scene.ys.length - 1) * (bins + 1) ** 2;
    return {
        bins,
        placed: binsOf(scene, bins),
        isIn: new Uint8Array(scene.size),
        sums: [new Float64Array(count), scene.tints.includes(UNTINTED) ? new Float64Array(count) : null],
    };
};

/** Let the bundles hold exactly the lines whose mask has `bit`. Only what changed is work: between two moves that is little. */
export const fill = ({bins, placed, isIn, sums}, {tints, ys, size}, mask, bit) => {
    const axes = ys.length;
    const side = bins + 1;
    for (let index = 0; index < size; index += 1) {
        const isWanted = (mask[index] & bit) === 0 ? 0 : 1;
        if (isWanted === isIn[index]) continue;
        isIn[index] = isWanted;
        const tint = tints[index];
        const sum = tint === UNTINTED ? sums[1] : sums[0];
        const step = (isWanted ? 1 : -1) * (1 + (tint === UNTINTED ? 0 : tint) * TINT);
        let at = index * axes;
        for (let gap = 0; gap + 1 < axes; gap += 1, at += 1)
            sum[(gap * side + placed[at]) * side + placed[at + 1]] += step;
    }
};

/** Add a bundle to every column of pixels that it crosses, shared between the two nearest rows. */
export const trace = ({weights, tints, width}, x0, x1, y0, y1, weight, tint) => {
    const step = (y1 - y0) / Math.max(1, x1 - x0);
    let y = y0;
    for (let x = x0; x < x1; x += 1) {
        const row = y | 0;
        const lower = weight * (y - row);
        const upper = weight - lower;
        const at = row * width + x;
        weights[at] += upper;
        tints[at] += upper * tint;
        weights[at + width] += lower;
        tints[at + width] += lower * tint;
        y += step;
    }
};

/** Opacities (0 to 255) for weights in eighths: a single line is seen, and many never look like few. */
export const toneTable = (typical) => {
    const floor = 0.16;
    const rate = 0.45 / Math.max(1, typical);
    const table = new Uint8Array(4096);
    for (let i = 0; i < table.length; i += 1) {
        const weight = i / 8;
        table[i] = Math.round(
            255 * Math.min(0.96, Math.min(1, weight) * floor + (1 - floor) * (1 - Math.exp(-weight * rate))),
        );
    }
    return table;
};

// --- drawing -------------------------------------------------------------------------------------------------------

// Kept from one drawing to the next: making them anew for every move would be much of the work.
const plane = {weights: new Float32Array(0), tints: new Float32Array(0), width: 0};

const cleared = (width, height) => {
    // A row more, for the lower half of what crosses the last one.
    const length = width * (height + 2);
    if (plane.weights.length < length)
        Object.assign(plane, {weights: new Float32Array(length), tints: new Float32Array(length)});
    plane.weights.fill(0, 0, length);
    plane.tints.fill(0, 0, length);
    return Object.assign(plane, {width});
};

const traceAll = (target, scene, {bins}, sums, scale) => {
    const side = bins + 1;
    const rows = Float32Array.from(
        {length: side},
        (_, bin) => scale * (bin === bins ? scene.gutter : scene.top + ((bin + 0.5) / bins) * scene.length),
    );
    for (let gap = 0; gap + 1 < scene.xs.length; gap += 1) {
        const [x0, x1] = [Math.round(scene.xs[gap] * scale), Math.round(scene.xs[gap + 1] * scale)];
        for (let from = 0; from < side; from += 1) {
            const first = (gap * side + from) * side;
            for (let to = 0; to < side; to += 1) {
                const sum = sums[first + to];
                if (sum === 0) continue;
                const tint = Math.floor(sum / TINT);
                const count = sum - tint * TINT;
                trace(target, x0, x1, rows[from], rows[to], count, tint / count);
            }
        }
    }
};

/** The pixels of bundles. pixels: the colour of what has no tint, then 255 for the tints; or one colour for all. */
const imageOf = (context, scene, bundles, sums, {pixels, scale, opacities}) => {
    const image = context.createImageData(context.canvas.width, context.canvas.height);
    const target = cleared(image.width, image.height);
    traceAll(target, scene, bundles, sums, scale);
    const out = new Uint32Array(image.data.buffer);
    const {weights, tints} = target;
    for (let at = 0; at < out.length; at += 1) {
        const weight = weights[at];
        if (weight === 0) continue;
        const colour = pixels.length === 1 ? pixels[0] : pixels[1 + Math.min(254, (tints[at] / weight) | 0)];
        out[at] = (opacities[Math.min(4095, (weight * 8 + 0.5) | 0)] << 24) | colour;
    }
    return image;
};

/** Draw bundles into a canvas that is `scale` times as large as the scene, on whatever is there. */
export const draw = (context, scene, bundles, {count, pixels, scale}) => {
    const options = {pixels, scale, opacities: toneTable(count / (scene.length * scale))};
    context.putImageData(imageOf(context, scene, bundles, bundles.sums[0], options), 0, 0);
    if (bundles.sums[1] === null) return;
    const below = (draw.canvas ??= document.createElement("canvas"));
    Object.assign(below, {width: context.canvas.width, height: context.canvas.height});
    const image = imageOf(context, scene, bundles, bundles.sums[1], {...options, pixels: pixels.slice(0, 1)});
    below.getContext("2d").putImageData(image, 0, 0);
    context.globalCompositeOperation = "destination-over";
    context.drawImage(below, 0, 0);
    context.globalCompositeOperation = "source-over";
};

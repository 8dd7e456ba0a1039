/** Marks on a canvas: sizes, colours of the theme, and discs written as pixels at precomputed offsets. */

/** The radius of a mark in CSS pixels: many marks are small ones. */
export const radiusFor = (count) => {
    if (count <= 60) return 4.5;
    if (count <= 400) return 3.5;
    if (count <= 3000) return 2.5;
    return count <= 20000 ? 1.6 : 1;
};

/** The opacity of a mark: among many, overlaps show where they are dense. */
export const opacityFor = (count) => {
    if (count <= 60) return 0.95;
    if (count <= 400) return 0.75;
    return count <= 3000 ? 0.6 : 0.4;
};

/** The rim of a disc, for what is not finished: as disc() has it, and as far around. */
export const ring = (radius, width, opacity = 1) => {
    // Thinner, it could not be told from a faint disc.
    const rim = Math.max(1, radius * 0.28);
    const {reach} = disc(radius, width, opacity);
    const steps = [];
    const alphas = [];
    for (let dy = -reach; dy <= reach; dy += 1) {
        for (let dx = -reach; dx <= reach; dx += 1) {
            const distance = Math.hypot(dx, dy);
            const cover =
                Math.min(1, Math.max(0, radius + 0.5 - distance)) -
                Math.min(1, Math.max(0, radius - rim + 0.5 - distance));
            const alpha = Math.round(255 * opacity * cover);
            if (alpha > 0) {
                steps.push(dy * width + dx);
                alphas.push(alpha);
            }
        }
    }
    return {steps: Int32Array.from(steps), alphas: Uint8Array.from(alphas), reach};
};

/** A disc as pixel steps and opacities (0-255) relative to its centre, in a bitmap of this width. */
export const disc = (radius, width, opacity = 1) => {
    const reach = Math.ceil(radius);
    const steps = [];
    const alphas = [];
    for (let dy = -reach; dy <= reach; dy += 1) {
        for (let dx = -reach; dx <= reach; dx += 1) {
            const alpha = Math.round(255 * opacity * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy))));
            if (alpha > 0) {
                steps.push(dy * width + dx);
                alphas.push(alpha);
            }
        }
    }
    return {steps: Int32Array.from(steps), alphas: Uint8Array.from(alphas), reach};
};

/** A coordinate that no pixel has: a sum with it stays negative. */
export const NOWHERE = -(2 ** 30);

/**
 * Write a disc of one colour at every pixel xs + ys whose mask has all bits of `bit`; where discs overlap the colour gets denser.
 * xs: columns of the bitmap; ys: rows, as the index of their first pixel.
 */
export const stamp = (pixels, xs, ys, mask, bit, {steps, alphas}, colour) => {
    const count = steps.length;
    for (let index = 0; index < xs.length; index += 1) {
        const offset = xs[index] + ys[index];
        if (offset < 0 || (mask[index] & bit) !== bit) continue;
        for (let step = 0; step < count; step += 1) {
            const at = offset + steps[step];
            const below = pixels[at] >>> 24;
            const alpha = below + (((255 - below) * alphas[step]) >> 8);
            pixels[at] = (alpha << 24) | colour;
        }
    }
};

/** The same in the colour that each one's code has in the palette; where discs overlap their colours mix. */
export const stampCoded = (pixels, xs, ys, mask, bit, {steps, alphas}, codes, palette) => {
    const count = steps.length;
    for (let index = 0; index < xs.length; index += 1) {
        const offset = xs[index] + ys[index];
        if (offset < 0 || (mask[index] & bit) !== bit) continue;
        const colour = palette[codes[index]];
        for (let step = 0; step < count; step += 1) {
            const at = offset + steps[step];
            pixels[at] = over(pixels[at], colour, alphas[step]);
        }
    }
};

/** A pixel with a colour of this opacity (0 to 255) laid over it. */
export const over = (pixel, colour, opacity) => {
    const below = pixel >>> 24;
    if (below === 0 || opacity === 255) return (opacity << 24) | colour;
    const alpha = below + (((255 - below) * opacity) >> 8);
    const share = opacity / alpha;
    const mixed = (shift) => {
        const old = (pixel >>> shift) & 255;
        return Math.round(old + (((colour >>> shift) & 255) - old) * share) << shift;
    };
    return (alpha << 24) | mixed(16) | mixed(8) | mixed(0);
};

/** "#rrggbb" as the low 24 bits of a pixel on a little-endian machine. */
export const pixelColour = (hex) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return (blue << 16) | (green << 8) | red;
};

/** A number from -1 to 1 that is always the same for the same experiment. */
export const jitterOf = (number) => {
    let hash = Math.imul(number ^ 0x9e3779b9, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (((hash ^ (hash >>> 16)) >>> 0) / 0xffffffff) * 2 - 1;
};

// --- the page ------------------------------------------------------------------------------------------------------

/** A colour of the theme by its variable, as "#rrggbb". */
export const colourOf = (variable) => {
    const context = (colourOf.canvas ??= document.createElement("canvas")).getContext("2d");
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    return context.fillStyle;
};

/** An element with properties, and `dataset`, `aria` and children. */
export const element = (tag, {dataset = {}, aria = {}, ...properties} = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    Object.assign(made.dataset, dataset);
    for (const [name, value] of Object.entries(aria)) made.setAttribute(name === "role" ? name : `aria-${name}`, value);
    made.append(...children);
    return made;
};

/** Give a canvas a size in CSS pixels and a bitmap that fits the screen; returns its context in CSS pixels. */
export const fit = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
};

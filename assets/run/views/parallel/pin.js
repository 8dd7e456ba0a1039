/** The last axis at the right edge while the others scroll past it, and the lines from the last one in sight to it. */
import * as marks from "../../../base/marks.js";
import * as lines from "./lines.js";

// Nearer to the pinned axis no other one can be read.
const LEAST_SHARE = 0.75;

// --- pure ---------------------------------------------------------------------------------------------------------

/**
 * Where the last axis is held in a window of this width that begins at `from`: its `x`, and the `place` of the last
 * axis left of it that is in sight. Null where it is in sight by itself.
 */
export const pinFor = (xs, {from, width, right, spacing}) => {
    const last = xs.length - 1;
    const x = from + width - right;
    if (last < 2 || x >= xs[last] - 1) return null;
    let place = last - 1;
    while (place > 0 && xs[place] > x - LEAST_SHARE * spacing) place -= 1;
    return {x, place};
};

/** The scene of the two axes alone. */
export const sceneOf = (scene, {x, place}, width) => ({
    ...scene,
    width,
    xs: [0, x - scene.xs[place]],
    ys: [scene.ys[place], scene.ys.at(-1)],
    moving: {},
});

// --- the view ------------------------------------------------------------------------------------------------------

/**
 * A window over the right end of a sheet in a place that scrolls. draw(canvases, scene): both tiers of lines anew.
 */
export const create = (scroll, sheet, {signal, right, draw}) => {
    const canvases = ["base", "top", "over"].map((name) => marks.element("canvas", {className: `ht-pin-${name}`}));
    const box = marks.element("div", {className: "ht-parallel-pin", hidden: true}, ...canvases);
    const [base, top, over] = canvases;
    let held = null;
    let whole = null;
    let pinned = null;
    let waiting = null;

    /** Put an axis where it is taken hold of, which is where it is seen. */
    const stand = (axis, x) => {
        axis.x = x;
        axis.element.style.left = `${x}px`;
    };

    /** Lay the window anew, for a scene and its axes; none where there is nothing to draw. */
    const lay = (scene, shown, spacing) => {
        held = scene && {scene, shown, spacing};
        const {scrollLeft: from, clientWidth: width} = scroll;
        const found = held && pinFor(scene.xs, {from, width, right, spacing});
        const last = shown.length - 1;
        box.hidden = !found;
        pinned = null;
        if (held && last >= 0) stand(shown[last], found ? found.x : scene.xs[last]);
        shown.forEach(({element}, place) => {
            element.classList.toggle("is-edge", Boolean(found) && place <= found.place);
            element.classList.toggle("is-beneath", Boolean(found) && place > found.place && place < last);
            element.classList.toggle("is-pinned", Boolean(found) && place === last);
        });
        if (!found) return;
        const left = scene.xs[found.place];
        const wide = from + width - left;
        Object.assign(box.style, {left: `${left}px`, width: `${wide}px`, height: `${scene.height}px`});
        pinned = {...found, left};
        whole = sceneOf(scene, found, wide);
    };

    const redraw = () => {
        if (pinned) draw({base, top}, whole);
    };

    scroll.addEventListener(
        "scroll",
        () => {
            if (waiting !== null) return;
            waiting = requestAnimationFrame(() => {
                waiting = null;
                if (!held || signal.aborted) return;
                lay(held.scene, held.shown, held.spacing);
                redraw();
            });
        },
        {signal, passive: true},
    );
    sheet.append(box);
    return {
        box,
        lay,
        redraw,
        /** Lines over all others: [index, strokes] one by one. */
        over(drawn) {
            if (!pinned) return;
            const context = marks.fit(over, whole.width, whole.height);
            drawn.forEach(([index, strokes]) => lines.drawOne(context, whole, index, strokes));
        },
        /** What lies under x of the sheet, as `nearestLine` asks for it; null left of the window. */
        under: (x) =>
            pinned && x >= pinned.left
                ? {
                      ys: whole.ys,
                      layout: {
                          left: pinned.left,
                          spacing: pinned.x - pinned.left,
                          x: (place) => pinned.left + place * (pinned.x - pinned.left),
                      },
                  }
                : null,
    };
};

/** One panel of curves: its axes, its lines up to the epoch that the page shows, and what the pointer does in it. */
import * as marks from "../../base/marks.js";
import * as axes from "./axes.js";
import * as drawing from "./drawing.js";
import * as lines from "./lines.js";
import * as near from "./nearest.js";

const LEFT = 54;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 36;
const HEIGHT = 210;
const HEIGHT_ALONE = 300;
// A shorter way is a click.
const LEAST_DRAG = 5;
// So long a click waits for another one.
const DOUBLE_CLICK_MS = 260;
const MOST_END_DOTS = 40;

/** The order of metrics in a panel: what others are compared with is behind them. */
const isBehind = (metric, {key, metrics}) => metrics.length > 1 && metric === key;

/** A panel of a board of curves. `scene` builds everything anew, `grow` follows the epoch, `light` the pointer. */
export const create = (board, panel) => {
    const base = marks.element("canvas");
    const top = marks.element("canvas");
    const area = marks.element("div", {className: "curves-area"}, base, top);
    const empty = marks.element("p", {className: "ht-quiet curves-empty", hidden: true});
    const title = marks.element(
        "figcaption",
        {className: "curves-title"},
        ...panel.metrics.map((metric) =>
            marks.element(
                "span",
                {},
                marks.element("i", {
                    className: isBehind(metric, panel) ? "curves-sample is-behind" : "curves-sample",
                    hidden: panel.metrics.length < 2,
                }),
                marks.element("b", {textContent: metric, title: metric}),
            ),
        ),
    );
    const element = marks.element(
        "figure",
        {className: "curves-plot", dataset: {panel: panel.key}},
        title,
        area,
        empty,
    );
    let shown = null;
    let frame = null;
    let drag = null;
    let opening = null;

    const colours = () => ({
        border: marks.colourOf("--ht-border"),
        muted: marks.colourOf("--ht-muted"),
        ground: marks.colourOf("--ht-surface"),
        text: marks.colourOf("--ht-text"),
        bad: marks.colourOf("--ht-bad"),
        accent: marks.colourOf("--ht-accent"),
        warn: marks.colourOf("--ht-warn"),
    });

    // --- the scene ---

    const rangeOf = (unit) => (board.shown.zoom?.unit === unit ? board.shown.zoom.range : null);

    const scaled = (all, unit) => {
        const {isLogX, isLogY, fixed} = board.shown;
        const range = rangeOf(unit);
        const extent = axes.extentOf(
            all.map(({x}) => x),
            isLogX,
        );
        const xAxis = range ? axes.axisOf(range, isLogX, 0) : axes.axisOf(extent, isLogX, 0.015);
        const held = fixed && Object.hasOwn(fixed, panel.key) ? fixed[panel.key] : null;
        const drawn = all.map((line) => lines.within(line, range));
        const yAxis = held
            ? axes.axisOf(held, isLogY, 0)
            : axes.axisOf(
                  axes.extentOf(
                      drawn.flatMap(({y, raw, low, high}) => [low ?? raw ?? y, high ?? y]),
                      isLogY,
                  ),
                  isLogY,
              );
        return {xAxis, yAxis, drawn};
    };

    const inPixels = (line, count, {xAxis, yAxis}) => {
        const down = (column) => column && axes.pixels(yAxis, column, frame.top + frame.height, -frame.height);
        const ys = down(line.y);
        const found = {
            ...line,
            xs: axes.pixels(xAxis, line.x, frame.left, frame.width),
            ys,
            raws: down(line.raw),
            lows: down(line.low),
            highs: down(line.high),
            values: line.y,
            broken: lines.broken(line.y),
            colour: board.colourOf(line.experiment),
            dash: board.dashOf(line.experiment),
            isDotted: lines.isDotted(line, count),
            ...drawing.strokeFor(count, isBehind(line.metric, panel)),
            cut: 0,
        };
        found.brokenYs = found.broken.length
            ? lines.heightsOf(line.y, ys, found.broken, frame.top, frame.top + frame.height)
            : [];
        return found;
    };

    const scene = (height) => {
        const width = Math.max(60, element.clientWidth - LEFT - RIGHT);
        frame = {left: LEFT, top: TOP, width, height};
        const all = board.linesOf(panel.metrics);
        const unit = all[0]?.unit ?? "epoch";
        const scales = scaled(all, unit);
        const isEmpty = !scales.xAxis || !scales.yAxis;
        empty.hidden = !isEmpty;
        area.hidden = isEmpty;
        empty.textContent = all.length
            ? board.shown.isLogX || board.shown.isLogY
                ? "Nothing here is above zero, as a logarithmic axis needs it."
                : "No finite value yet."
            : "Every experiment is hidden.";
        shown = isEmpty
            ? null
            : {...scales, unit, lines: scales.drawn.map((line) => inPixels(line, all.length, scales))};
        // What others are compared with is drawn first.
        shown?.lines.sort((a, b) => isBehind(b.metric, panel) - isBehind(a.metric, panel));
        draw();
    };

    const labels = (axis, unit, most, start, length) => {
        const found = axes.labelsOf(axis, unit, most);
        const at = ({0: tick}) => axes.pixels(axis, [tick], start, length)[0];
        return {
            words: found.words,
            labels: found.ticks
                .map((tick) => ({at: at(tick), word: tick[1]}))
                .filter(
                    (label) =>
                        label.at >= Math.min(start, start + length) - 1 &&
                        label.at <= Math.max(start, start + length) + 1,
                ),
        };
    };

    const clipped = (context, act) => {
        context.save();
        context.beginPath();
        // Marks at the edges stand a little over them.
        context.rect(frame.left, frame.top - 6, frame.width + 5, frame.height + 12);
        context.clip();
        act();
        context.restore();
    };

    const draw = () => {
        if (!shown) return;
        const {left, width, height} = frame;
        const context = marks.fit(base, LEFT + width + RIGHT, TOP + height + BOTTOM);
        const painted = colours();
        const across = labels(shown.xAxis, shown.unit, Math.max(2, Math.floor(width / 80)), left, width);
        const up = labels(shown.yAxis, "", 4, TOP + height, -height);
        drawing.drawAxes(context, frame, across.labels, up.labels, painted);
        Object.assign(context, {textAlign: "center", textBaseline: "bottom", fillStyle: painted.muted});
        context.fillText(across.words, left + width / 2, TOP + height + BOTTOM);
        shown.lines.forEach((line) => {
            line.cut = 0;
        });
        advance(context, painted.bad);
    };

    /** Draw what is there at the epoch of the page and was not at the former one. */
    const advance = (context, bad) =>
        clipped(context, () => {
            for (const line of shown.lines) {
                const cut = near.cutAt(line.reached, board.epoch, line.x.length);
                drawing.drawLine(context, line, line.cut, cut, bad);
                line.cut = cut;
            }
        });

    const grow = () => {
        if (!shown) return;
        const goesOn = shown.lines.every((line) => near.cutAt(line.reached, board.epoch, line.x.length) >= line.cut);
        // Bands lie over each other where they are drawn bit by bit, and dashes would begin anew.
        if (!goesOn || shown.lines.some(({lows, dash}) => lows || dash.length)) draw();
        else advance(base.getContext("2d"), marks.colourOf("--ht-bad"));
    };

    // --- what lies over it ---

    const light = () => {
        if (!shown) return;
        const context = marks.fit(top, LEFT + frame.width + RIGHT, TOP + frame.height + BOTTOM);
        const painted = colours();
        clipped(context, () => {
            drawFlags(context, painted);
            drawCursor(context, painted);
            const {hovered} = board;
            if (hovered)
                for (const line of shown.lines.filter(({members}) => members.includes(hovered.experiment)))
                    lightLine(context, line, painted);
            if (drag) drawDrag(context, painted);
        });
    };

    const lightLine = (context, line, painted) => {
        drawing.drawLit(context, line, painted.ground);
        if (board.hovered.unit !== shown.unit) return;
        const at = near.pointAt(line, axes.pixels(shown.xAxis, [board.hovered.x], frame.left, frame.width)[0]);
        if (at >= 0) drawing.drawDot(context, line.xs[at], line.ys[at], line.colour, painted.ground);
    };

    /** A ring where something began that is said of a curve. */
    const drawFlags = (context, painted) => {
        for (const {experiment, metric, began, unit} of board.marks) {
            const line = shown.lines.find((each) => each.experiment === experiment && each.metric === metric);
            if (!line || (unit === "epoch") !== (shown.unit === "epoch")) continue;
            const x = axes.pixels(shown.xAxis, [began], frame.left, frame.width)[0];
            const at = near.pointAt(line, x);
            if (at >= 0 && Math.abs(line.xs[at] - x) < frame.width / 20)
                drawing.drawRing(context, line.xs[at], line.ys[at], painted.warn, painted.ground);
        }
    };

    const drawCursor = (context, painted) => {
        if (board.epoch === null) return;
        if (shown.unit === "epoch") {
            const x = Math.round(axes.pixels(shown.xAxis, [board.epoch], frame.left, frame.width)[0]) + 0.5;
            Object.assign(context, {strokeStyle: painted.accent, lineWidth: 1, globalAlpha: 0.8});
            context.beginPath();
            context.moveTo(x, frame.top);
            context.lineTo(x, frame.top + frame.height);
            context.stroke();
            context.globalAlpha = 1;
        }
        if (shown.lines.length > MOST_END_DOTS) return;
        for (const line of shown.lines)
            if (line.cut > 0)
                drawing.drawDot(
                    context,
                    line.xs[line.cut - 1],
                    line.ys[line.cut - 1],
                    line.colour,
                    painted.ground,
                    3.5,
                );
    };

    const drawDrag = (context, painted) => {
        const [from, to] = [drag.from, drag.to].sort((a, b) => a - b);
        Object.assign(context, {fillStyle: painted.accent, globalAlpha: 0.14});
        context.fillRect(from, frame.top, to - from, frame.height);
        context.globalAlpha = 1;
    };

    // --- the pointer ---

    const placeIn = (event) => {
        const box = area.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
    };

    const hoverAt = (event) => {
        if (!shown) return;
        const found = near.nearest(shown.lines, ...placeIn(event));
        board.hover(
            found && {
                experiment: found.line.experiment,
                members: found.line.members,
                unit: shown.unit,
                x: found.line.x[found.at],
                panel: panel.key,
                metric: found.line.metric,
            },
            event,
        );
    };

    const readAt = (x) => Math.max(frame.left, Math.min(frame.left + frame.width, x));

    const endDrag = (isKept) => {
        const {from, to} = drag;
        drag = null;
        if (isKept && Math.abs(to - from) >= LEAST_DRAG) {
            const range = [from, to]
                .sort((a, b) => a - b)
                .map((x) => Number(axes.valueAt(shown.xAxis, x, frame.left, frame.width).toPrecision(6)));
            if (range[0] < range[1]) board.change({zoom: {unit: shown.unit, range}});
            return;
        }
        light();
        if (isKept && board.hovered) open(board.hovered.experiment);
    };

    /** Open an experiment, unless another click follows: that is how a zoom is taken back. */
    const open = (experiment) => {
        clearTimeout(opening);
        opening = setTimeout(() => board.open(experiment), DOUBLE_CLICK_MS);
    };

    area.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || !shown) return;
        const [x] = placeIn(event);
        drag = {from: readAt(x), to: readAt(x)};
        area.setPointerCapture(event.pointerId);
    });
    area.addEventListener("pointermove", (event) => {
        if (!drag) return hoverAt(event);
        drag.to = readAt(placeIn(event)[0]);
        if (Math.abs(drag.to - drag.from) >= LEAST_DRAG) board.hover(null);
        return light();
    });
    area.addEventListener("pointerup", () => {
        if (drag) endDrag(true);
    });
    area.addEventListener("pointercancel", () => {
        if (drag) endDrag(false);
    });
    area.addEventListener("pointerleave", () => {
        if (!drag) board.hover(null);
    });
    area.addEventListener("dblclick", () => {
        clearTimeout(opening);
        board.change({zoom: null});
    });

    return {
        key: panel.key,
        element,
        scene: (isAlone) => scene(isAlone ? HEIGHT_ALONE : HEIGHT),
        grow,
        light,
        /** The ends of the axis that counts up, as they are drawn now. */
        heights: () => shown?.yAxis.range.map((end) => (shown.yAxis.log ? 10 ** end : end)),
        /** For tests and the curious: what is drawn. */
        state: () =>
            shown && {
                key: panel.key,
                unit: shown.unit,
                x: shown.xAxis.range,
                y: shown.yAxis.range,
                lines: shown.lines.map(({experiment, metric, cut, xs, ys, x, y}) => ({
                    experiment,
                    metric,
                    cut,
                    last: cut > 0 ? [x[cut - 1], y[cut - 1]] : null,
                    at: cut > 0 ? [xs[cut - 1], ys[cut - 1]] : null,
                })),
            },
    };
};

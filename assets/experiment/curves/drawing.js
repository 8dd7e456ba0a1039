/** Curves as strokes on a canvas: whole ones, what a replay adds to them, and the one under the pointer. */
import * as parallel_lines from "../../run/views/parallel/lines.js";

const DOT = 2.4;
const FAINT = 0.28;
const BAND = 0.16;

/** The width and opacity of a line among so many; training beside validation stays behind it. */
export const strokeFor = (count, isBehind) => {
    const {width, opacity} = parallel_lines.strokeFor(count);
    return {width: count <= 30 ? 1.8 : width, opacity: isBehind ? opacity * 0.45 : opacity};
};

/** Put the points `from` to `to` into the path; a point between two gaps gets a dot's length. */
const trace = (context, xs, ys, from, to) => {
    let isDown = false;
    for (let at = from; at < to; at += 1) {
        const [x, y] = [xs[at], ys[at]];
        if (Number.isNaN(x) || Number.isNaN(y)) {
            isDown = false;
            continue;
        }
        if (isDown) context.lineTo(x, y);
        else context.moveTo(x, y);
        if (!isDown && (at + 1 >= to || Number.isNaN(ys[at + 1]))) context.lineTo(x + 0.5, y);
        isDown = true;
    }
};

const stroke = (context, xs, ys, from, to) => {
    context.beginPath();
    trace(context, xs, ys, from, to);
    context.stroke();
};

const dots = (context, {xs, ys}, from, to) => {
    context.beginPath();
    for (let at = from; at < to; at += 1) {
        if (Number.isNaN(xs[at]) || Number.isNaN(ys[at])) continue;
        context.moveTo(xs[at] + DOT, ys[at]);
        context.arc(xs[at], ys[at], DOT, 0, 7);
    }
    context.fill();
};

const band = (context, {xs, lows, highs}, from, to) => {
    context.beginPath();
    for (let at = from; at < to; at += 1) context.lineTo(xs[at], highs[at]);
    for (let at = to - 1; at >= from; at -= 1) context.lineTo(xs[at], lows[at]);
    context.fill();
};

/** A cross for NaN, an arrow for infinities. */
const marks = (context, line, from, to, colour) => {
    Object.assign(context, {strokeStyle: colour, lineWidth: 1.8, globalAlpha: 1});
    context.setLineDash([]);
    context.beginPath();
    line.broken.forEach((place, at) => {
        const [x, y] = [line.xs[place], line.brokenYs[at]];
        if (place < from || place >= to || Number.isNaN(x)) return;
        if (Number.isNaN(line.values[place])) {
            context.moveTo(x - 4, y - 4);
            context.lineTo(x + 4, y + 4);
            context.moveTo(x - 4, y + 4);
            context.lineTo(x + 4, y - 4);
        } else {
            const way = line.values[place] > 0 ? 1 : -1;
            context.moveTo(x - 4, y + 6 * way);
            context.lineTo(x, y + way);
            context.lineTo(x + 4, y + 6 * way);
        }
    });
    context.stroke();
};

/** Draw the points `from` to `to` of a line as they are; of one that goes on, with the way from the point before. */
export const drawLine = (context, line, from, to, bad) => {
    if (to <= from) return;
    const start = Math.max(0, from - 1);
    Object.assign(context, {strokeStyle: line.colour, fillStyle: line.colour, lineJoin: "bevel"});
    if (line.lows) {
        context.globalAlpha = BAND;
        band(context, line, start, to);
    }
    if (line.raws) {
        Object.assign(context, {globalAlpha: FAINT * line.opacity, lineWidth: 1});
        stroke(context, line.xs, line.raws, start, to);
    }
    Object.assign(context, {globalAlpha: line.opacity, lineWidth: line.width});
    // What is drawn bit by bit would begin its dashes anew each time.
    context.setLineDash(from === 0 ? line.dash : []);
    stroke(context, line.xs, line.ys, start, to);
    if (line.isDotted) dots(context, line, from, to);
    if (line.broken.length) marks(context, line, from, to, bad);
    context.setLineDash([]);
    context.globalAlpha = 1;
};

/** One line over all others, on a ground that parts it from them. */
export const drawLit = (context, line, ground) => {
    for (const [colour, width] of [
        [ground, 6],
        [line.colour, 2.6],
    ]) {
        Object.assign(context, {strokeStyle: colour, lineWidth: width, lineJoin: "round", globalAlpha: 1});
        stroke(context, line.xs, line.ys, 0, line.cut);
    }
};

export const drawDot = (context, x, y, colour, ground, radius = 4.5) => {
    if (Number.isNaN(x) || Number.isNaN(y)) return;
    Object.assign(context, {fillStyle: colour, strokeStyle: ground, lineWidth: 2, globalAlpha: 1});
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fill();
    context.stroke();
};

export const drawRing = (context, x, y, colour, ground) => {
    for (const [stroke, width] of [
        [ground, 4.5],
        [colour, 2],
    ]) {
        Object.assign(context, {strokeStyle: stroke, lineWidth: width, globalAlpha: 1});
        context.beginPath();
        context.arc(x, y, 6, 0, 7);
        context.stroke();
    }
};

export const drawAxes = (context, {left, top, width, height}, xLabels, yLabels, colours) => {
    Object.assign(context, {font: "11px system-ui, sans-serif", lineWidth: 1, globalAlpha: 1});
    Object.assign(context, {textAlign: "right", textBaseline: "middle"});
    for (const {at, word} of yLabels) {
        const y = Math.round(at) + 0.5;
        context.strokeStyle = colours.border;
        context.beginPath();
        context.moveTo(left, y);
        context.lineTo(left + width, y);
        context.stroke();
        context.fillStyle = colours.muted;
        context.fillText(word, left - 7, y);
    }
    context.strokeStyle = colours.border;
    context.beginPath();
    context.moveTo(left, top + height + 0.5);
    context.lineTo(left + width, top + height + 0.5);
    Object.assign(context, {textAlign: "center", textBaseline: "top", fillStyle: colours.muted});
    for (const {at, word} of xLabels) {
        context.moveTo(Math.round(at) + 0.5, top + height);
        context.lineTo(Math.round(at) + 0.5, top + height + 4);
        const half = context.measureText(word).width / 2;
        context.fillText(word, Math.max(left - 20 + half, Math.min(at, left + width + 8 - half)), top + height + 7);
    }
    context.stroke();
};

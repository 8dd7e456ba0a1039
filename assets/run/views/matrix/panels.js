/** The panels of the scatter matrix: their elements, where their marks lie, and how they are painted. */

import * as marks from "../../../base/marks.js";
import {element} from "../../../base/marks.js";
import * as counting from "../../../experiments/counting.js";
import * as density from "../../../experiments/density.js";
import * as trend from "../../../experiments/trend.js";
import * as selection from "../../../selection/selection.js";
import * as matrix_axes from "./axes.js";
import {placeOfUnit} from "./axes.js";

// With more marks than this in a panel, overlaps hide most of them: the kept ones become a shading of their density.
const PICK_RADIUS = 6.5;
const MOST_MARKS = 2000;
// The side of a cell of the shading, in CSS pixels.
const CELL = 2;
const DENSE_RADIUS = 2;
const SALT = 0x2545f491;
const SVG = "http://www.w3.org/2000/svg";

// --- pure ---------------------------------------------------------------------------------------------------------

/** The mark nearest to (x, y) among those that may be hovered, or -1. */
export const nearest = (xs, ys, mask, bit, x, y, most) => {
    let found = -1;
    let least = most * most;
    for (let index = 0; index < xs.length; index += 1) {
        if (xs[index] < 0 || ys[index] < 0 || !(mask[index] & bit)) continue;
        const distance = (xs[index] - x) ** 2 + (ys[index] - y) ** 2;
        if (distance < least) {
            least = distance;
            found = index;
        }
    }
    return found;
};

/** The ends of a fitted line in pixels of a panel: the metric lies across, the hyperparameter up. */
export const lineOf = ({slope, intercept}, rowAxis, columnAxis, width, height) => {
    return rowAxis.range.map((unit) => [
        placeOfUnit(columnAxis, intercept + slope * unit) * width,
        (1 - placeOfUnit(rowAxis, unit)) * height,
    ]);
};

/** What the note under the title says about the shading, or null where every mark is drawn. */
export const densityWords = (size, selectedCount, hasUnfinished = false) => {
    if (size <= MOST_MARKS) return null;
    const count = selectedCount.toLocaleString("en");
    const told = hasUnfinished ? " Only marks tell the unfinished ones apart." : "";
    return selectedCount > MOST_MARKS
        ? `Shading: how many lie in each place, grey all, in colour the ${count} selected. Brush ${MOST_MARKS.toLocaleString("en")} or fewer to see each as a mark.${told}`
        : `Shading: how many lie in each place. The ${count} selected are marks on top.${told}`;
};

/** Rings around marks at these places, as one path. */
export const ringsAt = (places, radius) =>
    places
        .map(
            ([x, y]) =>
                `M${(x - radius).toFixed(1)} ${y.toFixed(1)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`,
        )
        .join("");

// --- the panels -----------------------------------------------------------------------------------------------------

/** The elements of one panel at its place. */
export const panelOf = (row, column, box, grid) => {
    const layers = {base: element("canvas"), shade: element("canvas"), top: element("canvas")};
    const line = document.createElementNS(SVG, "svg");
    line.append(document.createElementNS(SVG, "line"));
    line.setAttribute("class", "ht-trend-line");
    const picks = document.createElementNS(SVG, "svg");
    picks.append(document.createElementNS(SVG, "path"));
    picks.setAttribute("class", "ht-picks");
    const label = element("div", {className: "ht-trend", hidden: true});
    const lit = element("div", {className: "ht-lit", hidden: true});
    const limits = element("button", {
        type: "button",
        className: "ht-brush-limits",
        textContent: "…",
        title: "Type the limits of this brush (L)",
        aria: {label: "Type the limits of this brush"},
    });
    const brush = element("div", {className: "ht-brush", hidden: true}, limits);
    const enlarge = element("button", {
        type: "button",
        className: "ht-enlarge",
        textContent: grid.isEnlarged ? "⤡" : "⤢",
        title: grid.isEnlarged ? "Back to all panels (Esc)" : "Enlarge this panel (Enter)",
        aria: {label: grid.isEnlarged ? "Back to all panels" : `Enlarge ${row.name} by ${column.name}`},
    });
    const panel = {
        source: `matrix:${row.column.key}:${column.column.key}`,
        row,
        column,
        ...layers,
        line,
        picks,
        label,
        lit,
        brush,
        limits,
        enlarge,
        element: element(
            "div",
            {
                className: "ht-matrix-panel",
                tabIndex: 0,
                dataset: {row: row.column.key, column: column.column.key},
                aria: {
                    role: "group",
                    label:
                        `${row.name} by ${column.name}: drag to select; arrow keys move the brush, with Alt its far edges, with ` +
                        "Shift ten times as far; L types its limits, Enter enlarges the panel, Escape clears",
                },
            },
            layers.base,
            layers.shade,
            layers.top,
            line,
            picks,
            label,
            lit,
            brush,
            enlarge,
        ),
        frame: element("div", {className: "ht-matrix-frame"}, ...guttersOf(row, column, grid)),
    };
    for (const part of [panel.element, panel.frame]) Object.assign(part.style, box);
    return panel;
};

/** Where missing values lie, and that they do. */
const guttersOf = (row, column, grid) => {
    const gutters = [];
    if (column.axis.gutter > 0) {
        const gutter = element("div", {className: "ht-gutter is-left"});
        gutter.style.width = `${column.axis.gutter * grid.panelWidth}px`;
        gutters.push(gutter);
    }
    if (row.axis.gutter > 0) {
        const gutter = element("div", {className: "ht-gutter is-bottom"});
        gutter.style.height = `${row.axis.gutter * grid.panelHeight}px`;
        gutters.push(gutter);
    }
    return gutters;
};

/** Paints the panels of a board; `prepare` when data, theme or places change, the others whenever asked. */
export const createPainter = (board) => {
    let look = null;
    let grid = null;

    /** Work out where every mark lies along every axis. Done when data or size change, never while brushing. */
    const prepare = (rows, columns, nextGrid, colouring) => {
        grid = nextGrid;
        const {size} = board.experiments;
        const ratio = window.devicePixelRatio || 1;
        const isDense = size > MOST_MARKS;
        const radius = (isDense ? DENSE_RADIUS : marks.radiusFor(size)) * ratio;
        const reach = Math.ceil(radius) + 1;
        const width = Math.round(grid.panelWidth * ratio) + 2 * reach;
        const height = Math.round(grid.panelHeight * ratio) + 2 * reach;
        const palette = colouring && Uint32Array.from(colouring.palette, marks.pixelColour);
        look = {
            isDense,
            ratio,
            reach,
            width,
            height,
            colouring,
            palette,
            shapes: [
                [counting.UNFINISHED, marks.ring],
                [counting.FINISHED, marks.disc],
            ].map(([bit, shapeOf]) => [bit, shapeOf(radius, width, isDense ? 0.85 : marks.opacityFor(size))]),
            mark: marks.pixelColour(marks.colourOf("--ht-mark")),
            selected: marks.pixelColour(marks.colourOf("--ht-mark-selected")),
            marksImage: imageOf(width, height),
            cells: isDense ? cellsFor(Math.ceil(grid.panelWidth / CELL), Math.ceil(grid.panelHeight / CELL)) : null,
        };
        columns.forEach((column) => placeAlong(column, grid.panelWidth, 1, (place) => place));
        // Pixels count from the top, and a row of the bitmap is as many further as it is wide.
        rows.forEach((row) => placeAlong(row, grid.panelHeight, width, (place) => grid.panelHeight - place));
    };

    const imageOf = (width, height) => {
        const image = new ImageData(width, height);
        return {image, pixels: new Uint32Array(image.data.buffer)};
    };

    const cellsFor = (across, down) => ({
        across,
        down,
        ...imageOf(across, down),
        counts: new Uint32Array(across * down),
        sums: new Float64Array(across * down),
        codes: new Uint8Array(across * down),
    });

    const placeAlong = (line, length, stride, turned) => {
        const {ratio, reach} = look;
        line.places = matrix_axes
            .placesAlong(board.experiments, line.column, line.axis, length, stride === 1 ? 0 : SALT)
            .map((place) => (place < 0 ? -1 : turned(place)));
        line.units = matrix_axes.unitsOf(board.experiments, line.column, line.axis);
        if (look.isDense) line.cells = density.cellsOf(line.places, length, CELL);
        line.pixels = new Int32Array(line.places.length);
        for (let index = 0; index < line.places.length; index += 1) {
            const place = line.places[index];
            line.pixels[index] = place < 0 ? marks.NOWHERE : (Math.round(place * ratio) + reach) * stride;
        }
    };

    const putMarks = (panel, canvas, bit, colouring) => {
        const {image, pixels} = look.marksImage;
        pixels.fill(0);
        const [xs, ys] = [panel.column.pixels, panel.row.pixels];
        for (const [ended, shape] of look.shapes) {
            if (colouring)
                marks.stampCoded(pixels, xs, ys, board.mask, bit | ended, shape, colouring.codes, look.palette);
            else
                marks.stamp(
                    pixels,
                    xs,
                    ys,
                    board.mask,
                    bit | ended,
                    shape,
                    bit === selection.KEPT ? look.mark : look.selected,
                );
        }
        const {ratio, reach, width, height} = look;
        put(canvas, image, {
            left: `${-reach / ratio}px`,
            top: `${-reach / ratio}px`,
            width: `${width / ratio}px`,
            height: `${height / ratio}px`,
        });
    };

    /** A shading of those whose mask has `bit`. What is selected has the strength it has among all that are kept. */
    const putDensity = (panel, canvas, bit, colouring) => {
        const {image, pixels, across, down, counts, sums, codes} = look.cells;
        const [xs, ys] = [panel.column.cells, panel.row.cells];
        const most = density.countCells(xs, ys, board.mask, bit, across, counts);
        if (bit === selection.KEPT) panel.strengths = density.opacities(most);
        if (colouring) density.codeCells(xs, ys, board.mask, bit, across, counts, colouring, sums, codes);
        const plain = bit === selection.KEPT ? look.mark : look.selected;
        density.shade(pixels, counts, panel.strengths, colouring ? (cell) => look.palette[codes[cell]] : () => plain);
        put(canvas, image, {left: "0", top: "0", width: `${across * CELL}px`, height: `${down * CELL}px`});
    };

    const put = (canvas, image, style) => {
        if (canvas.width !== image.width || canvas.height !== image.height) {
            canvas.width = image.width;
            canvas.height = image.height;
            Object.assign(canvas.style, style);
        }
        canvas.hidden = false;
        canvas.getContext("2d").putImageData(image, 0, 0);
    };

    const paintKept = (panel) => (look.isDense ? putDensity : putMarks)(panel, panel.base, selection.KEPT, null);

    const paintSelected = (panel) => {
        const areShaded = look.isDense && board.selectedCount > MOST_MARKS;
        panel[areShaded ? "top" : "shade"].hidden = true;
        if (areShaded) putDensity(panel, panel.shade, selection.SELECTED, look.colouring);
        else putMarks(panel, panel.top, selection.SELECTED, look.colouring);
    };

    /** The line through what is selected and counts, and what it says. It says nothing about few, or about what does not vary. */
    const showTrend = (panel, isWanted) => {
        const {row, column} = panel;
        const fit =
            isWanted && row.units && column.units
                ? trend.fitOf(
                      row.units,
                      column.units,
                      board.mask,
                      counting.countedBits(selection.SELECTED, board.isIncluded),
                      board.experiments.size,
                  )
                : null;
        panel.label.hidden = fit === null;
        panel.line.style.display = fit === null ? "none" : "";
        if (fit === null) return;
        const words = trend.wordsOf(fit, row.axis.log, column.axis.log);
        panel.label.replaceChildren(
            ...words.map((text, place) => marks.element("span", {textContent: place ? text : `${text}, `})),
        );
        panel.element.setAttribute("aria-description", words.join(", "));
        const [[x1, y1], [x2, y2]] = lineOf(fit, row.axis, column.axis, grid.panelWidth, grid.panelHeight);
        for (const [name, value] of Object.entries({x1, y1, x2, y2}))
            panel.line.firstChild.setAttribute(name, value.toFixed(1));
    };

    const showLit = (panel) => {
        const x = panel.column.places?.[board.hovered];
        const y = panel.row.places?.[board.hovered];
        const isThere = board.hovered >= 0 && x >= 0 && y >= 0;
        if (panel.lit.hidden === isThere) panel.lit.hidden = !isThere;
        if (isThere) panel.lit.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    };

    const showPicked = (panel) => {
        const [xs, ys] = [panel.column.places, panel.row.places];
        const places =
            xs && ys
                ? board
                      .pickedIndices()
                      .map((index) => [xs[index], ys[index]])
                      .filter(([x, y]) => x >= 0 && y >= 0)
                : [];
        const path = ringsAt(places, PICK_RADIUS);
        if (panel.rings === path) return;
        panel.rings = path;
        panel.picks.firstChild.setAttribute("d", path);
    };

    return {paintKept, paintSelected, prepare, showLit, showPicked, showTrend};
};

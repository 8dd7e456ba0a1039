/** The scatter matrix: a row per hyperparameter, a column per metric. Plotly draws the axes, canvases hold the marks. */

import * as later from "../../../base/later.js";
import * as marks from "../../../base/marks.js";
import * as categories from "../../../experiments/categories.js";
import {shortened} from "../../../experiments/categories.js";
import * as colours from "../../../experiments/colours.js";
import * as columns from "../../../experiments/columns.js";
import {short, ticksOf as valuesOf} from "../../../experiments/columns.js";
import * as selection from "../../../selection/selection.js";
import * as theme from "../../../shell/theme.js";
import * as matrix_axes from "./axes.js";
import * as matrix_brush from "./brush.js";
import * as matrix_controls from "./controls.js";
import * as matrix_panels from "./panels.js";
import * as matrix_settings from "./settings.js";

const GAP = 10;
const LEAST_PANEL = 150;
const PANEL_HEIGHT = 118;
const LEAST_HEIGHT = 240;
const TOP = 6;
const RIGHT = 10;
const BOTTOM = 5;
// Room for missing values, across and up.
const GUTTER_ACROSS = 18;
const GUTTER_UP = 15;
// The word, and half of a tick's beside it.
const MISSING_WIDTH = 56;
// From this width on, slope and correlation stand in one line.
const ONE_LINE = 310;
const ONE_LINE_STRIP = 15;
const HOVER_DISTANCE = 18;
const LEAST_LINE = 11;
const WIDTH_OF_LETTER = 8.8;
// So many of very many categories can be told apart in a row that is not enlarged.
const MOST_IN_ROW = 9;
// Above so many pairs the trend follows a brush when it rests; below, at every move.
const MOST_PAIRS = 200_000;
const REST_MS = 90;

// --- pure ---------------------------------------------------------------------------------------------------------

/** Where the panels lie in CSS pixels, for a place of this width; they never get narrower than can be read. */
export const gridOf = (rows, columns, width, left, {leastHeight = LEAST_HEIGHT, hasTrend = false} = {}) => {
    const space = width - left - RIGHT - GAP * (columns - 1);
    const panelWidth = Math.max(LEAST_PANEL, Math.floor(space / columns));
    const panelHeight = Math.max(PANEL_HEIGHT, Math.floor((leastHeight - GAP * (rows - 1)) / rows));
    // What a trend says stands above its panel, where it hides no mark.
    const strip = !hasTrend ? 0 : panelWidth >= ONE_LINE ? ONE_LINE_STRIP : 2 * ONE_LINE_STRIP - 2;
    const step = panelHeight + Math.max(GAP, strip + 4);
    const top = Math.max(TOP, strip);
    return {
        left,
        top,
        strip,
        panelWidth,
        panelHeight,
        rows,
        columns,
        width: left + columns * panelWidth + (columns - 1) * GAP + RIGHT,
        height: top + rows * panelHeight + (rows - 1) * (step - panelHeight) + BOTTOM,
        x: (column) => left + column * (panelWidth + GAP),
        y: (row) => top + row * step,
    };
};

/** Words as Plotly is to show them: its `<b>` or `<sub>` as they are written. */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** The ticks of an axis and their words. */
const ticksOf = (axis, most) => {
    const labels = axis.labels && new Map(axis.ticks.map((tick, place) => [tick, axis.labels[place]]));
    return valuesOf(axis, most).map((tick) => [tick, shortened(labels?.get(tick) ?? short(tick, 4), 12)]);
};

const ticksAcross = (axis, grid) => ticksOf(axis, Math.max(2, Math.floor(grid.panelWidth / 52)));

/** Up a row words of categories may stand closer than numbers, of which two tell the scale. */
const ticksUp = (axis, grid) =>
    ticksOf(axis, Math.max(3, Math.floor(grid.panelHeight / (axis.places ? LEAST_LINE : 24))));

/** The part of an axis that its values decide: scale, range and the ticks with their words. */
const scaleOf = (axis, ticks) => ({
    type: axis.log ? "log" : "linear",
    range: axis.isReversed ? [...axis.range].reverse() : axis.range,
    tickmode: "array",
    tickvals: ticks.map(([tick]) => (axis.places ? axis.places[tick] : tick)),
    ticktext: ticks.map(([, word]) => escaped(word)),
});

/** The figure of the axes alone: `base` from layouts/charts/scatter_matrix.py plus one axis per row and column. */
export const axesFigure = (base, rows, columns, grid) => {
    const layout = {
        ...base.layout,
        width: grid.width,
        height: grid.height,
        margin: {l: grid.left, r: RIGHT, t: grid.top, b: BOTTOM, pad: 0},
    };
    const plotWidth = grid.width - grid.left - RIGHT;
    const plotHeight = grid.height - grid.top - BOTTOM;
    const suffix = (place) => (place === 0 ? "" : String(place + 1));
    // Gutters are no part of an axis, and its ticks stand outside of them.
    columns.forEach(({axis}, place) => {
        const start = grid.x(place) - grid.left;
        layout[`xaxis${suffix(place)}`] = {
            ...scaleOf(axis, ticksAcross(axis, grid)),
            anchor: "free",
            position: 0,
            domain: [start + axis.gutter * grid.panelWidth, start + grid.panelWidth].map((x) => x / plotWidth),
        };
    });
    rows.forEach(({axis}, place) => {
        const start = grid.y(place) - grid.top;
        layout[`yaxis${suffix(place)}`] = {
            ...scaleOf(axis, ticksUp(axis, grid)),
            anchor: "free",
            position: 0,
            domain: [start + (1 - axis.gutter) * grid.panelHeight, start].map((y) => 1 - y / plotHeight),
        };
    });
    // Plotly draws a pair of axes only where a trace uses it.
    const data = rows.flatMap((_, row) =>
        columns.map((__, column) => ({
            type: "scatter",
            x: [null],
            y: [null],
            xaxis: `x${suffix(column)}`,
            yaxis: `y${suffix(row)}`,
            hoverinfo: "skip",
        })),
    );
    return {data, layout};
};

/** What stands beside the name of an axis: its scale where that is not the usual one. */
export const scaleWords = (axis) => [axis.log && "log", axis.isReversed && "reversed"].filter(Boolean).join(", ");

// --- the view ------------------------------------------------------------------------------------------------------

/** Draw the matrix of a board into its host; the board calls the methods of what is returned. */
export const create = (host, board) => {
    const sheet = host.firstElementChild;
    const place = host.querySelector(".ht-matrix-panels");
    const frames = host.querySelector(".ht-matrix-frames");
    const empty = host.querySelector(".ht-matrix-empty");
    host.querySelector(".ht-matrix-foot")?.remove();
    const foot = marks.element("div", {className: "ht-matrix-foot"});
    sheet.after(foot);
    sheet.querySelector(".ht-matrix-side")?.remove();
    const side = marks.element("div", {className: "ht-matrix-side"});
    sheet.append(side);
    const painter = matrix_panels.createPainter(board);
    let panels = [];
    let grid = null;
    let rows = [];
    let cols = [];
    let shape = "";
    let colouring = null;
    let enlarged = null;
    let resting = null;

    const redraw = () => {
        view.onData();
        view.onSelection();
        view.onHover();
    };
    const settings = matrix_settings.create(redraw);

    // --- what is shown where ---

    const offered = () => columns.varying(board.experiments);

    const rowKeys = () =>
        matrix_settings.rowsOf(
            settings.get().rows,
            offered().map(({key}) => key),
        );

    const described = (key) => {
        const column = board.experiments.columns.get(key);
        const axis =
            column &&
            matrix_axes.axisOf(
                board.experiments,
                column,
                settings.get().scales.get(key),
                enlarged ? undefined : MOST_IN_ROW,
            );
        return axis ? [{name: column.name, column, axis}] : [];
    };

    const leftMargin = (shown) => {
        const longest = Math.max(
            2,
            ...shown.flatMap(({axis}) => (axis.labels ?? ["0.0000"]).map((label) => Math.min(12, label.length))),
        );
        return Math.round(34 + 6.6 * longest);
    };

    const enlargedHeight = () => Math.max(320, Math.min(620, window.innerHeight - 240));

    const withGutters = (lines, room, length) =>
        lines.forEach(({axis, column}) => {
            axis.gutter = matrix_axes.hasMissing(board.experiments, column) ? room / length : 0;
        });

    /** Make axes and panels anew where rows, columns, ranges or the size changed. */
    const build = () => {
        // Nothing moves under a brush that is being drawn.
        if (brush.isDragging() || host.clientWidth === 0) return;
        // What is enlarged may have gone with a metric that was taken away.
        if (enlarged && !(board.chosen.includes(enlarged.column) && offered().some(({key}) => key === enlarged.row)))
            enlarged = null;
        const nextRows = (enlarged ? [enlarged.row] : rowKeys()).flatMap(described);
        const nextCols = (enlarged ? [enlarged.column] : board.chosen).flatMap(described);
        if (!showEmpty(nextRows, nextCols)) return;
        const next = gridOf(nextRows.length, nextCols.length, host.clientWidth, leftMargin(nextRows), {
            leastHeight: enlarged ? enlargedHeight() : undefined,
            hasTrend: settings.hasTrend(),
        });
        next.isEnlarged = enlarged !== null;
        withGutters(nextCols, GUTTER_ACROSS, next.panelWidth);
        withGutters(nextRows, GUTTER_UP, next.panelHeight);
        const named = ({name, axis}) => [name, axis];
        const nextShape = JSON.stringify([
            nextRows.map(named),
            nextCols.map(named),
            next.width,
            next.height,
            next.strip,
            next.isEnlarged,
            document.documentElement.dataset.bsTheme,
        ]);
        if (nextShape === shape) return;
        shape = nextShape;
        rows = nextRows;
        cols = nextCols;
        grid = next;
        drawAxes();
        layPanels();
    };

    /** Say why there is nothing to draw; true where there is something. */
    const showEmpty = (nextRows, nextCols) => {
        const isEmpty = nextRows.length === 0 || nextCols.length === 0;
        empty.hidden = !isEmpty;
        host.classList.toggle("is-empty", isEmpty);
        if (!isEmpty) return true;
        empty.textContent =
            nextRows.length === 0
                ? "No hyperparameter takes more than one value in this run, so there is nothing to set against the metrics."
                : "No metric has a number yet.";
        for (const part of [place, frames, side]) part.replaceChildren();
        [panels, rows, cols, shape] = [[], [], [], ""];
        return false;
    };

    const drawAxes = () => {
        const {paint} = theme ?? {};
        const figure = axesFigure(board.spec.axes, rows, cols, grid);
        later.put("matrix-axes", {figure: paint ? paint(figure) : figure});
        host.classList.toggle("has-two-lines", grid.strip > ONE_LINE_STRIP);
        sheet.style.width = `${grid.width}px`;
        sheet.style.height = `${grid.height}px`;
        foot.style.width = `${grid.width}px`;
        foot.replaceChildren(
            styled(marks.element("span", {className: "ht-matrix-corner"}), {width: grid.left - 3}),
            ...cols.flatMap(footOf),
        );
        side.style.width = `${grid.left - 3}px`;
        side.replaceChildren(...rows.flatMap(sideOf));
    };

    const styled = (made, style) => {
        for (const [name, value] of Object.entries(style)) made.style[name] = `${value}px`;
        return made;
    };

    /** A name of an axis that opens its scales. */
    const titleOf = (line, kind) => {
        const words = scaleWords(line.axis);
        // Up a row there is less room, and names of one kind often differ at their ends.
        const most =
            kind === "is-row" ? Math.floor((grid.panelHeight - 6.6 * words.length) / WIDTH_OF_LETTER) : Infinity;
        const button = marks.element(
            "button",
            {
                type: "button",
                className: `ht-matrix-name ${kind}`,
                title: `${line.name}: change its scale`,
                dataset: {axis: line.column.key},
            },
            marks.element("span", {textContent: categories.shortened(line.name, most)}),
            ...(words ? [marks.element("i", {textContent: words})] : []),
        );
        button.addEventListener("click", () => controls.openScale(button, line));
        return button;
    };

    /** The words under a column: they stay in sight while the rows scroll. */
    const footOf = (line, c) => {
        const left = grid.x(c);
        const isGuttered = line.axis.gutter > 0;
        const ticks = ticksAcross(line.axis, grid)
            .map(([tick, word]) => [matrix_axes.placeOf(line.axis, tick) * grid.panelWidth, word])
            .filter(([x]) => !isGuttered || x > MISSING_WIDTH)
            .map(([x, word]) =>
                styled(marks.element("span", {className: "ht-tick", textContent: word}), {left: left + x}),
            );
        const missing = isGuttered
            ? [styled(marks.element("span", {className: "ht-tick is-missing", textContent: "missing"}), {left})]
            : [];
        return [...missing, ...ticks, styled(titleOf(line, "is-column"), {left, width: grid.panelWidth})];
    };

    /** The words beside a row: they stay in sight while the columns scroll. */
    const sideOf = (line, r) => {
        const [top, width] = [grid.y(r), grid.left - 8];
        const ticks = ticksUp(line.axis, grid).map(([tick, word]) =>
            styled(marks.element("span", {className: "ht-tick is-beside", textContent: word}), {
                top: top + (1 - matrix_axes.placeOf(line.axis, tick)) * grid.panelHeight,
                width,
            }),
        );
        const missing =
            line.axis.gutter > 0
                ? [
                      styled(
                          marks.element("span", {className: "ht-tick is-missing is-beside", textContent: "missing"}),
                          {top: top + grid.panelHeight - GUTTER_UP / 2, width},
                      ),
                  ]
                : [];
        return [...ticks, ...missing, styled(titleOf(line, "is-row"), {top, height: grid.panelHeight})];
    };

    const layPanels = () => {
        const focused = document.activeElement?.closest(".ht-matrix-panel")?.dataset;
        panels = rows.flatMap((row, r) =>
            cols.map((column, c) => {
                const panel = matrix_panels.panelOf(
                    row,
                    column,
                    {
                        left: `${grid.x(c)}px`,
                        top: `${grid.y(r)}px`,
                        width: `${grid.panelWidth}px`,
                        height: `${grid.panelHeight}px`,
                    },
                    grid,
                );
                panel.enlarge.addEventListener("click", () => hold.enlarge(panel));
                panel.limits.addEventListener("click", () => hold.limits(panel));
                brush.listen(panel);
                return Object.assign(panel, {r});
            }),
        );
        place.replaceChildren(...panels.map((panel) => panel.element));
        frames.replaceChildren(...panels.map((panel) => panel.frame));
        panels
            .find(({row, column}) => row.column.key === focused?.row && column.column.key === focused?.column)
            ?.element.focus({preventScroll: true});
    };

    // --- brushes ---

    const rectangleOf = ({source, row, column}) => {
        const held = selection.clausesOf(board.clauses(), source);
        if (held.length === 0) return null;
        const stretch = (line) => {
            const clause = held.find(({field}) => field === line.column.key);
            return clause ? matrix_axes.stretchOf(line.column, line.axis, clause) : [0, 1];
        };
        const [xs, ys] = [stretch(column), stretch(row)];
        if (!xs || !ys) return null;
        return {
            left: xs[0] * grid.panelWidth,
            right: xs[1] * grid.panelWidth,
            top: (1 - ys[1]) * grid.panelHeight,
            bottom: (1 - ys[0]) * grid.panelHeight,
        };
    };

    const partsOf = ({row, column}, {left, right, top, bottom}, byMiddle) => [
        matrix_axes.partFor(row.column, row.axis, 1 - bottom / grid.panelHeight, 1 - top / grid.panelHeight, byMiddle),
        matrix_axes.partFor(column.column, column.axis, left / grid.panelWidth, right / grid.panelWidth, byMiddle),
    ];

    const select = (panel, parts, isFinal) => {
        board[isFinal ? "commit" : "preview"](selection.withClauses(board.clauses(), panel.source, parts));
    };

    const hitAt = (panel, x, y, most) =>
        matrix_panels.nearest(panel.column.places, panel.row.places, board.mask, selection.KEPT, x, y, most);

    /** What a panel's brush may ask of the matrix. */
    const hold = {
        rectangleOf,
        size: () => ({width: grid.panelWidth, height: grid.panelHeight}),
        brushTo: (panel, rectangle, {isFinal, byMiddle = false}) =>
            select(panel, rectangle ? partsOf(panel, rectangle, byMiddle) : [], isFinal),
        hover: (panel, x, y, event) => board.hover(hitAt(panel, x, y, HOVER_DISTANCE), event),
        click(panel, x, y, event) {
            const hit = hitAt(panel, x, y, HOVER_DISTANCE / 2);
            if (hit >= 0) board.click(hit, event);
        },
        enlarge(panel) {
            enlarged = enlarged ? null : {row: panel.row.column.key, column: panel.column.column.key};
            redraw();
            const again = panels.find(({source}) => source === panel.source);
            again?.element.focus({preventScroll: true});
            if (enlarged) host.closest("section").scrollIntoView({block: "nearest"});
            else again?.element.scrollIntoView({block: "nearest"});
        },
        limits: (panel) =>
            controls.openLimits(panel, panel.brush.hidden ? panel.element : panel.limits, (parts) =>
                select(panel, parts, true),
            ),
    };
    const brush = matrix_brush.create(board, hold);
    const controls = matrix_controls.create(host, board, settings, {offered, shown: rowKeys});

    document.addEventListener(
        "keydown",
        (event) => {
            if (event.key !== "Escape" || event.defaultPrevented) return;
            const isClosed = controls.escape();
            // Fields, dialogs and menus have an Escape of their own.
            if (
                !isClosed &&
                (!enlarged ||
                    document.querySelector(".modal.show") ||
                    event.target.closest?.("input, select, textarea, .ht-menu"))
            )
                return;
            if (!isClosed) hold.enlarge(panels[0]);
            event.preventDefault();
            // The board would clear the selection, and the panel its brush.
            event.stopPropagation();
        },
        {signal: board.signal, capture: true},
    );

    const showBrush = (panel) => {
        const rectangle = rectangleOf(panel);
        panel.brush.hidden = !rectangle;
        if (!rectangle) return;
        styled(panel.brush, {
            left: rectangle.left,
            top: rectangle.top,
            width: rectangle.right - rectangle.left,
            height: rectangle.bottom - rectangle.top,
        });
    };

    // --- painting: what is out of sight waits until it is scrolled to ---

    const isInSight = ({r}) => {
        if (host.scrollHeight <= host.clientHeight + 1) return true;
        const top = grid.y(r);
        return top + grid.panelHeight >= host.scrollTop - GAP && top <= host.scrollTop + host.clientHeight + GAP;
    };

    const paint = () => {
        const inSight = panels.filter(isInSight);
        const isLate = board.experiments.size * inSight.length > MOST_PAIRS && settings.hasTrend();
        for (const panel of inSight) {
            if (panel.isBaseStale) painter.paintKept(panel);
            if (panel.isTopStale) {
                painter.paintSelected(panel);
                if (!isLate) painter.showTrend(panel, settings.hasTrend());
                else panel.isTrendStale = true;
            }
            [panel.isBaseStale, panel.isTopStale] = [false, false];
        }
        if (isLate) showTrendsSoon();
    };

    const showTrendsSoon = () => {
        clearTimeout(resting);
        resting = setTimeout(() => {
            if (board.signal.aborted) return;
            for (const panel of panels.filter((each) => each.isTrendStale && isInSight(each))) {
                painter.showTrend(panel, settings.hasTrend());
                panel.isTrendStale = false;
            }
        }, REST_MS);
    };

    host.addEventListener(
        "scroll",
        () =>
            requestAnimationFrame(() => {
                if (panels.length) paint();
            }),
        {signal: board.signal, passive: true},
    );

    const readColours = () => {
        const column = board.experiments.columns.get(settings.get().colour);
        const isDark = document.documentElement.dataset.bsTheme === "dark";
        const isLog = column
            ? Boolean(matrix_axes.axisOf(board.experiments, column, settings.get().scales.get(column.key))?.log)
            : false;
        colouring = column ? colours.colouring(board.experiments, column, isDark, isLog) : null;
    };

    const view = {
        onData() {
            build();
            readColours();
            controls.show(colouring);
            if (!panels.length) return;
            painter.prepare(rows, cols, grid, colouring);
            for (const panel of panels) panel.isBaseStale = true;
        },
        onSelection() {
            if (!panels.length) return;
            for (const panel of panels) {
                panel.isTopStale = true;
                showBrush(panel);
            }
            view.onPicked();
            paint();
            controls.say(
                matrix_panels.densityWords(
                    board.experiments.size,
                    board.selectedCount,
                    board.root.classList.contains("has-unfinished"),
                ),
            );
        },
        /** What is kept changed: the dim marks, too, are others now. */
        onKept() {
            for (const panel of panels) panel.isBaseStale = true;
        },
        onHover() {
            panels.forEach(painter.showLit);
        },
        onPicked() {
            panels.forEach(painter.showPicked);
        },
    };
    return view;
};

/** The scatter matrix: a row per hyperparameter, a column per metric. Plotly draws the axes, canvases hold the marks. */
(() => {
    const GAP = 10;
    const LEAST_PANEL = 150;
    const PANEL_HEIGHT = 118;
    const LEAST_HEIGHT = 240;
    const TOP = 6;
    const RIGHT = 10;
    const BOTTOM = 46;
    const EDGE = 6;
    const CLICK_DISTANCE = 4;
    const HOVER_DISTANCE = 18;

    // --- pure ---------------------------------------------------------------------------------------------------------

    /** Where the panels lie in CSS pixels, for a place of this width; they never get narrower than can be read. */
    const gridOf = (rows, columns, width, left) => {
        const space = width - left - RIGHT - GAP * (columns - 1);
        const panelWidth = Math.max(LEAST_PANEL, Math.floor(space / columns));
        const panelHeight = Math.max(PANEL_HEIGHT, Math.floor((LEAST_HEIGHT - GAP * (rows - 1)) / rows));
        return {
            left, top: TOP, panelWidth, panelHeight, rows, columns,
            width: left + columns * panelWidth + (columns - 1) * GAP + RIGHT,
            height: TOP + rows * panelHeight + (rows - 1) * GAP + BOTTOM,
            x: (column) => left + column * (panelWidth + GAP),
            y: (row) => TOP + row * (panelHeight + GAP),
        };
    };

    /** A name as Plotly is to show it: not too long, and its `<b>` or `<sub>` as they are written. */
    const shortened = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)
        .replaceAll("&", "&amp;").replaceAll("<", "&lt;");

    /** The part of an axis that its values decide: scale, range and the ticks with their words. */
    const scaleOf = (axis, most) => {
        const {short, ticksOf} = globalThis.dash_clientside.experiments;
        const tickvals = ticksOf(axis, most);
        const labels = axis.labels && new Map(axis.ticks.map((tick, place) => [tick, axis.labels[place]]));
        return {type: axis.log ? "log" : "linear", range: axis.range, tickmode: "array", tickvals,
            ticktext: tickvals.map((tick) => shortened(labels?.get(tick) ?? short(tick, 4), 12))};
    };

    /** The figure of the axes alone: `base` from layouts/charts/scatter_matrix.py plus one axis per row and column. */
    const axesFigure = (base, rows, columns, grid) => {
        const layout = {...base.layout, width: grid.width, height: grid.height, annotations: [],
            margin: {l: grid.left, r: RIGHT, t: TOP, b: BOTTOM, pad: 0}};
        const plotWidth = grid.width - grid.left - RIGHT;
        const plotHeight = grid.height - TOP - BOTTOM;
        const suffix = (place) => (place === 0 ? "" : String(place + 1));
        columns.forEach(({name, axis}, place) => {
            const start = grid.x(place) - grid.left;
            layout[`xaxis${suffix(place)}`] = {
                ...scaleOf(axis, Math.max(2, Math.floor(grid.panelWidth / 52))), anchor: `y${suffix(rows.length - 1)}`,
                domain: [start / plotWidth, (start + grid.panelWidth) / plotWidth],
                title: {text: shortened(name, Math.floor(grid.panelWidth / 7))},
            };
        });
        rows.forEach(({name, axis}, place) => {
            const start = grid.y(place) - TOP;
            layout[`yaxis${suffix(place)}`] = {
                ...scaleOf(axis, Math.max(3, Math.floor(grid.panelHeight / 24))), anchor: "x",
                domain: [1 - (start + grid.panelHeight) / plotHeight, 1 - start / plotHeight],
            };
            // Titles of axes stand off by the width of their ticks; as annotations they stand in one line.
            layout.annotations.push({...base.layout.meta.title, text: shortened(name, Math.floor(grid.panelHeight / 7)),
                y: 1 - (start + grid.panelHeight / 2) / plotHeight, xshift: 12 - grid.left});
        });
        // Plotly draws a pair of axes only where a trace uses it.
        const data = rows.flatMap((_, row) => columns.map((__, column) => ({
            type: "scatter", x: [null], y: [null], xaxis: `x${suffix(column)}`, yaxis: `y${suffix(row)}`, hoverinfo: "skip"})));
        return {data, layout};
    };

    /** How far marks of equal value are spread, in pixels: more where more share a value, never into the next band. */
    const spreadOf = (axis, count, length) => {
        if (!axis.isBanded || count <= axis.ticks.length) return 0;
        const {bandEdges} = globalThis.dash_clientside.experiments;
        const edges = bandEdges(axis);
        const narrowest = Math.min(...edges.slice(1).map((edge, i) => edge - edges[i])) * length;
        return Math.min(0.32 * narrowest, 1.5 + 1.1 * Math.sqrt(count / axis.ticks.length));
    };

    /** Where every mark lies along one axis, in pixels from the low end; -1 for what cannot be drawn. */
    const placesAlong = (set, column, axis, length) => {
        const {positionOf} = globalThis.dash_clientside.experiments;
        const {jitterOf} = globalThis.dash_clientside.marks;
        const spread = spreadOf(axis, set.size, length);
        const places = new Float32Array(set.size);
        for (let index = 0; index < set.size; index += 1) {
            const place = positionOf(axis, column.values[index]) * length;
            const jitter = spread === 0 ? 0 : spread * jitterOf(set.numbers[index]);
            places[index] = place >= 0 && place <= length ? place + jitter : -1;
        }
        return places;
    };

    /**
     * What a brush from `start` to `end` (0 to 1 along the axis) selects: {field, range | values}. A band is taken when it
     * is touched; while a brush is moved or resized only when its middle is inside, or the brush would grow at each step.
     */
    const partFor = (column, axis, start, end, byMiddle = false) => {
        const {bandEdges, positionOf, valueAt} = globalThis.dash_clientside.experiments;
        const [low, high] = start <= end ? [start, end] : [end, start];
        if (!axis.isBanded) {
            return {field: column.key, range: [rounded(valueAt(axis, low)), rounded(valueAt(axis, high))]};
        }
        const edges = bandEdges(axis);
        const middles = axis.ticks.map((tick) => positionOf(axis, tick));
        const isHeld = byMiddle ? (i) => middles[i] >= low && middles[i] <= high : (i) => edges[i + 1] > low && edges[i] < high;
        let held = axis.ticks.filter((_, i) => isHeld(i));
        if (held.length === 0) held = [axis.ticks[closest(middles, (low + high) / 2)]];
        return column.kind === "category"
            ? {field: column.key, values: held.map((code) => column.categories[code])}
            : {field: column.key, range: [held[0], held.at(-1)]};
    };

    const closest = (middles, place) => middles.reduce((best, middle, i) => (
        Math.abs(middle - place) < Math.abs(middles[best] - place) ? i : best), 0);

    // Six digits are finer than any screen, and keep the address short.
    const rounded = (value) => Number(value.toPrecision(6));

    /** The stretch of the axis (0 to 1) that a clause covers; whole bands where the axis has them. */
    const stretchOf = (column, axis, clause) => {
        const {bandEdges, positionOf} = globalThis.dash_clientside.experiments;
        const clamp = (position) => Math.min(1, Math.max(0, position));
        const isHeld = clause.values ? (tick) => clause.values.includes(column.categories[tick])
            : (tick) => tick >= (clause.range[0] ?? -Infinity) && tick <= (clause.range[1] ?? Infinity);
        if (axis.isBanded) {
            const edges = bandEdges(axis);
            const held = axis.ticks.map((tick, i) => (isHeld(tick) ? i : -1)).filter((i) => i >= 0);
            return held.length ? [edges[held[0]], edges[held.at(-1) + 1]] : null;
        }
        const [low, high] = clause.range ?? [null, null];
        return [low === null ? 0 : clamp(positionOf(axis, low)), high === null ? 1 : clamp(positionOf(axis, high))];
    };

    /** What a press at (x, y) takes hold of: which sides of the rectangle, or its middle, or nothing. */
    const gripAt = (rectangle, x, y) => {
        if (!rectangle) return null;
        const {left, right, top, bottom} = rectangle;
        if (x < left - EDGE || x > right + EDGE || y < top - EDGE || y > bottom + EDGE) return null;
        const grip = {left: Math.abs(x - left) <= EDGE, right: Math.abs(x - right) <= EDGE,
            top: Math.abs(y - top) <= EDGE, bottom: Math.abs(y - bottom) <= EDGE};
        const isMiddle = !(grip.left || grip.right || grip.top || grip.bottom);
        return isMiddle ? {left: true, right: true, top: true, bottom: true, isMove: true} : {...grip, isMove: false};
    };

    const cursorOf = (grip) => {
        if (!grip) return "crosshair";
        if (grip.isMove) return "move";
        if ((grip.left && grip.top) || (grip.right && grip.bottom)) return "nwse-resize";
        if ((grip.right && grip.top) || (grip.left && grip.bottom)) return "nesw-resize";
        return grip.left || grip.right ? "ew-resize" : "ns-resize";
    };

    /** A rectangle moved by a grip, kept inside the panel. */
    const dragged = (rectangle, grip, dx, dy, width, height) => {
        if (grip.isMove) {
            const x = Math.min(width - rectangle.right, Math.max(-rectangle.left, dx));
            const y = Math.min(height - rectangle.bottom, Math.max(-rectangle.top, dy));
            return {left: rectangle.left + x, right: rectangle.right + x, top: rectangle.top + y, bottom: rectangle.bottom + y};
        }
        const inside = (value, most) => Math.min(most, Math.max(0, value));
        return {
            left: grip.left ? inside(rectangle.left + dx, width) : rectangle.left,
            right: grip.right ? inside(rectangle.right + dx, width) : rectangle.right,
            top: grip.top ? inside(rectangle.top + dy, height) : rectangle.top,
            bottom: grip.bottom ? inside(rectangle.bottom + dy, height) : rectangle.bottom,
        };
    };

    /** The mark nearest to (x, y) among those that may be hovered, or -1. */
    const nearest = (xs, ys, mask, bit, x, y, most) => {
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

    const pure = {axesFigure, dragged, gridOf, gripAt, nearest, partFor, placesAlong, spreadOf, stretchOf};

    // --- the view ------------------------------------------------------------------------------------------------------

    /** Draw the matrix of a board into its host; the board calls the methods of what is returned. */
    const create = (host, board) => {
        const {experiments: columns, marks, selection} = window.dash_clientside;
        const place = host.querySelector(".ht-matrix-panels");
        const frames = host.querySelector(".ht-matrix-frames");
        const note = host.querySelector(".ht-matrix-empty");
        const overlay = marks.element("canvas", {className: "ht-matrix-overlay"});
        let panels = [];
        let grid = null;
        let rows = [];
        let cols = [];
        let shape = "";
        let drag = null;

        const described = (key) => {
            const column = board.experiments.columns.get(key);
            const axis = column && columns.axisOf(board.experiments, column);
            return axis ? [{name: column.name, column, axis}] : [];
        };

        const leftMargin = (shown) => {
            const longest = Math.max(2, ...shown.flatMap(({axis}) => (axis.labels ?? ["0.0000"])
                .map((label) => Math.min(12, label.length))));
            return Math.round(34 + 6.6 * longest);
        };

        /** Make axes and panels anew where rows, columns, ranges or the size changed. */
        const build = () => {
            // Nothing moves under a brush that is being drawn.
            if (drag || host.clientWidth === 0) return;
            const nextRows = columns.varying(board.experiments).flatMap(({key}) => described(key));
            const nextCols = board.chosen.flatMap(described);
            const isEmpty = nextRows.length === 0 || nextCols.length === 0;
            note.hidden = !isEmpty;
            host.classList.toggle("is-empty", isEmpty);
            if (isEmpty) {
                note.textContent = nextRows.length === 0
                    ? "No hyperparameter takes more than one value in this run, so there is nothing to set against the metrics."
                    : "No metric has a number yet.";
                place.replaceChildren();
                frames.replaceChildren();
                panels = [];
                shape = "";
                return;
            }
            const next = gridOf(nextRows.length, nextCols.length, host.clientWidth, leftMargin(nextRows));
            const named = ({name, axis}) => [name, axis];
            const nextShape = JSON.stringify([nextRows.map(named), nextCols.map(named), next.width, next.height,
                document.documentElement.dataset.bsTheme]);
            if (nextShape === shape) return;
            shape = nextShape;
            rows = nextRows;
            cols = nextCols;
            grid = next;
            drawAxes();
            layPanels();
        };

        const drawAxes = () => {
            const {paint} = window.dash_clientside.theme ?? {};
            const figure = axesFigure(board.spec.axes, rows, cols, grid);
            window.dash_clientside.set_props("matrix-axes", {figure: paint ? paint(figure) : figure});
            host.firstElementChild.style.width = `${grid.width}px`;
            host.firstElementChild.style.height = `${grid.height}px`;
        };

        const layPanels = () => {
            panels = rows.flatMap((row, r) => cols.map((column, c) => panelOf(row, column, r, c)));
            place.replaceChildren(...panels.map((panel) => panel.element), overlay);
            frames.replaceChildren(...panels.map((panel) => panel.frame));
        };

        const panelOf = (row, column, r, c) => {
            const source = `matrix:${row.column.key}:${column.column.key}`;
            const base = marks.element("canvas");
            const top = marks.element("canvas");
            const brush = marks.element("div", {className: "ht-brush", hidden: true});
            const element = marks.element("div", {
                className: "ht-matrix-panel", tabIndex: 0, dataset: {row: row.column.key, column: column.column.key},
                aria: {role: "group", label: `${row.name} by ${column.name}: drag to select, arrow keys move, Escape clears`},
            }, base, top, brush);
            const frame = marks.element("div", {className: "ht-matrix-frame"});
            for (const box of [element, frame]) {
                Object.assign(box.style, {left: `${grid.x(c)}px`, top: `${grid.y(r)}px`,
                    width: `${grid.panelWidth}px`, height: `${grid.panelHeight}px`});
            }
            const panel = {source, row, column, element, frame, base, top, brush};
            listen(panel);
            return panel;
        };

        /** Work out where every mark lies. Done when data or size change, never while brushing. */
        const putMarks = () => {
            const ratio = window.devicePixelRatio || 1;
            const {size} = board.experiments;
            const radius = marks.radiusFor(size) * ratio;
            const width = Math.round(grid.panelWidth * ratio);
            const height = Math.round(grid.panelHeight * ratio);
            const reach = Math.ceil(radius) + 1;
            const across = width + 2 * reach;
            const shapeOf = marks.disc(radius, across, marks.opacityFor(size));
            const ys = new Map(rows.map((row) => [row, placesAlong(board.experiments, row.column, row.axis, grid.panelHeight)]));
            const xs = new Map(cols.map((col) => [col, placesAlong(board.experiments, col.column, col.axis, grid.panelWidth)]));
            for (const panel of panels) {
                panel.xs = xs.get(panel.column);
                panel.ys = ys.get(panel.row).map((y) => (y < 0 ? -1 : grid.panelHeight - y));
                panel.offsets = Int32Array.from(panel.xs, (x, index) => (x < 0 || panel.ys[index] < 0 ? -1
                    : (Math.round(panel.ys[index] * ratio) + reach) * across + Math.round(x * ratio) + reach));
                panel.disc = shapeOf;
                for (const canvas of [panel.base, panel.top]) {
                    canvas.width = across;
                    canvas.height = height + 2 * reach;
                    Object.assign(canvas.style, {left: `${-reach / ratio}px`, top: `${-reach / ratio}px`,
                        width: `${across / ratio}px`, height: `${canvas.height / ratio}px`});
                }
                panel.image = panel.top.getContext("2d").createImageData(across, height + 2 * reach);
                panel.pixels = new Uint32Array(panel.image.data.buffer);
            }
        };

        const paint = (panel, canvas, bit, colour) => {
            panel.pixels.fill(0);
            marks.stamp(panel.pixels, panel.offsets, board.mask, bit, panel.disc, colour);
            canvas.getContext("2d").putImageData(panel.image, 0, 0);
        };

        const showBrush = (panel) => {
            const rectangle = rectangleOf(panel);
            panel.brush.hidden = !rectangle;
            if (!rectangle) return;
            Object.assign(panel.brush.style, {left: `${rectangle.left}px`, top: `${rectangle.top}px`,
                width: `${rectangle.right - rectangle.left}px`, height: `${rectangle.bottom - rectangle.top}px`});
        };

        const rectangleOf = ({source, row, column}) => {
            const held = selection.clausesOf(board.clauses(), source);
            const across = held.find((clause) => clause.field === column.column.key);
            const up = held.find((clause) => clause.field === row.column.key);
            const xs = across && stretchOf(column.column, column.axis, across);
            const ys = up && stretchOf(row.column, row.axis, up);
            if (!xs || !ys) return null;
            return {left: xs[0] * grid.panelWidth, right: xs[1] * grid.panelWidth,
                top: (1 - ys[1]) * grid.panelHeight, bottom: (1 - ys[0]) * grid.panelHeight};
        };

        const partsOf = ({row, column}, {left, right, top, bottom}, byMiddle) => [
            partFor(row.column, row.axis, 1 - bottom / grid.panelHeight, 1 - top / grid.panelHeight, byMiddle),
            partFor(column.column, column.axis, left / grid.panelWidth, right / grid.panelWidth, byMiddle),
        ];

        const brushTo = (panel, rectangle, {isFinal, byMiddle = false}) => {
            const parts = rectangle ? partsOf(panel, rectangle, byMiddle) : [];
            const clauses = selection.withClauses(board.clauses(), panel.source, parts);
            board[isFinal ? "commit" : "preview"](clauses);
        };

        const listen = (panel) => {
            const {element} = panel;
            const at = (event) => {
                const box = element.getBoundingClientRect();
                return [event.clientX - box.left, event.clientY - box.top];
            };
            element.addEventListener("pointerdown", (event) => {
                if (event.button !== 0) return;
                const [x, y] = at(event);
                const rectangle = rectangleOf(panel);
                const grip = gripAt(rectangle, x, y);
                drag = {panel, x, y, grip: grip ?? {right: x, bottom: y}, start: grip ? rectangle : null, isMoved: false};
                element.setPointerCapture(event.pointerId);
                element.focus({preventScroll: true});
                event.preventDefault();
            });
            element.addEventListener("pointermove", (event) => {
                const [x, y] = at(event);
                if (drag?.panel === panel) return follow(panel, x, y);
                element.style.cursor = cursorOf(gripAt(rectangleOf(panel), x, y));
                board.hover(nearest(panel.xs, panel.ys, board.mask, selection.KEPT, x, y, HOVER_DISTANCE), event);
            });
            element.addEventListener("pointerup", (event) => {
                if (drag?.panel !== panel) return;
                const {isMoved} = drag;
                drag = null;
                if (isMoved) board.commit(board.clauses());
                else click(panel, ...at(event));
                board.redraw();
            });
            element.addEventListener("pointercancel", () => { drag = null; });
            element.addEventListener("pointerleave", () => { if (!drag) board.hover(-1); });
            element.addEventListener("dblclick", () => brushTo(panel, null, {isFinal: true}));
            element.addEventListener("keydown", (event) => press(panel, event));
        };

        const follow = (panel, x, y) => {
            if (!drag.isMoved && Math.hypot(x - drag.x, y - drag.y) < CLICK_DISTANCE) return;
            drag.isMoved = true;
            board.hover(-1);
            const start = drag.start ?? {left: drag.x, right: drag.x, top: drag.y, bottom: drag.y};
            brushTo(panel, dragged(start, drag.grip, x - drag.x, y - drag.y, grid.panelWidth, grid.panelHeight),
                {isFinal: false, byMiddle: drag.start !== null});
        };

        const click = (panel, x, y) => {
            const hit = nearest(panel.xs, panel.ys, board.mask, selection.KEPT, x, y, HOVER_DISTANCE / 2);
            if (hit >= 0) board.open(hit);
        };

        const press = (panel, event) => {
            const rectangle = rectangleOf(panel);
            const {panelWidth, panelHeight} = grid;
            const step = event.shiftKey ? 1 : 8;
            const across = panel.column.axis.isBanded ? panelWidth / panel.column.axis.ticks.length : step;
            const up = panel.row.axis.isBanded ? panelHeight / panel.row.axis.ticks.length : step;
            const steps = {ArrowLeft: [-across, 0], ArrowRight: [across, 0], ArrowUp: [0, -up], ArrowDown: [0, up]};
            if (event.ctrlKey || event.metaKey) return;
            if (steps[event.key] && rectangle) {
                const [dx, dy] = steps[event.key];
                const grip = event.altKey ? {right: true, top: true} : {isMove: true};
                brushTo(panel, dragged(rectangle, grip, dx, dy, panelWidth, panelHeight), {isFinal: true, byMiddle: true});
            } else if (event.key === "Enter" && !rectangle) {
                brushTo(panel, {left: panelWidth / 4, right: panelWidth * 3 / 4, top: panelHeight / 4, bottom: panelHeight * 3 / 4},
                    {isFinal: true});
            } else if ((event.key === "Escape" || event.key === "Delete") && rectangle) {
                brushTo(panel, null, {isFinal: true});
                event.stopPropagation();
            } else return;
            event.preventDefault();
        };

        const view = {
            onData() {
                build();
                if (!panels.length) return;
                putMarks();
                const colour = marks.pixelColour(marks.colourOf("--ht-mark"));
                panels.forEach((panel) => paint(panel, panel.base, selection.KEPT, colour));
            },
            onSelection() {
                const colour = marks.pixelColour(marks.colourOf("--ht-mark-selected"));
                for (const panel of panels) {
                    paint(panel, panel.top, selection.SELECTED, colour);
                    showBrush(panel);
                }
            },
            /** What is kept changed: the dim marks, too, are others now. */
            onKept() { if (panels.length) view.onData(); },
            onHover() {
                if (!panels.length) return;
                const context = marks.fit(overlay, grid.width, grid.height);
                const index = board.hovered;
                if (index < 0) return;
                context.lineWidth = 2;
                context.strokeStyle = marks.colourOf("--ht-text");
                context.fillStyle = marks.colourOf("--ht-accent");
                const radius = marks.radiusFor(board.experiments.size) + 2.5;
                panels.forEach((panel) => {
                    const [x, y] = [panel.xs[index], panel.ys[index]];
                    if (!(x >= 0 && y >= 0)) return;
                    context.beginPath();
                    context.arc(x + parseFloat(panel.element.style.left), y + parseFloat(panel.element.style.top), radius, 0, 7);
                    context.fill();
                    context.stroke();
                });
            },
        };
        return view;
    };

    const api = {...pure, create};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.scatter_matrix = api;
    if (typeof module !== "undefined") module.exports = api;
})();

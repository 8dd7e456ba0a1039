/** Parallel coordinates: an axis per hyperparameter and metric, a line per experiment, a brush on every axis. */

import * as marks from "../../../base/marks.js";
import * as colours from "../../../experiments/colours.js";
import * as columns from "../../../experiments/columns.js";
import * as selection from "../../../selection/selection.js";
import * as matrix_axes from "../matrix/axes.js";
import * as model from "./axes.js";
import * as parallel_density from "./density.js";
import * as handles from "./handles.js";
import * as lines from "./lines.js";
import * as parallel_pin from "./pin.js";

const FRAME = {top: 70, length: 236, gutter: 328, height: 354};
const RIGHT = 68;
const HOVER_DISTANCE = 14;
const REFINE_MS = 120;
// More lines than this are drawn in full only after the frame that shows them.
const MOST_AT_ONCE = 4000;
const MOST_TICK = 12;
const TICK_SPACING = 30;
// Words of very many categories stand closer, or too few of them would be named.
const LEAST_SPACING = 15;

// --- pure ---------------------------------------------------------------------------------------------------------

/** How many experiments have ended without a value, and how many may still get one. */
export const missingWords = (missing, pending) =>
    [missing && `${missing.toLocaleString("en-US")} missing`, pending && `${pending.toLocaleString("en-US")} to come`]
        .filter(Boolean)
        .join(", ");

/** What is drawn, in words: how many of how many, and that a moving picture is a coarser one. */
export const countWords = (selected, kept, {isCoarse, isDense, hasUnfinished = false}) => {
    const number = (count) => count.toLocaleString("en-US");
    const what =
        selected === kept ? `showing all ${number(kept)}` : `showing ${number(selected)} of ${number(kept)} in colour`;
    if (isCoarse) return `${what}, in coarser lines while you drag`;
    if (!isDense) return what;
    const told = hasUnfinished ? ", and the unfinished ones among them look like the others" : "";
    return `${what}; lines that take the same way are drawn as one, stronger line${told}`;
};

// --- the view ------------------------------------------------------------------------------------------------------

export const create = (host, board) => {
    const part = (name) => host.querySelector(`.ht-parallel-${name}`);
    const [base, top, over] = ["base", "top", "over"].map((name) =>
        marks.element("canvas", {className: `ht-parallel-${name}`}),
    );
    const places = marks.element("div", {className: "ht-parallel-axes"});
    const sheet = part("sheet");
    const menu = handles.createMenu(part("menu"), board);
    // What has changed since it was drawn; nothing is drawn, or worked out, before somebody can see it.
    const stale = {data: true, base: true, top: true, fineBase: false, fineTop: false};
    let view = model.fromQuery(window.location.search);
    let isVisible = false;
    let shape = "";
    let shown = [];
    let layout = null;
    let scene = null;
    let bright = null;
    let refining = null;
    let isNews = false;

    const pin = parallel_pin.create(part("scroll"), sheet, {
        signal: board.signal,
        right: RIGHT,
        draw: (...given) => drawPinned(...given),
    });

    const isShown = () => isVisible && !view.isFolded;
    const isDragging = () => shown.some(({area}) => area.isDragging());

    const setView = (next) => {
        view = next;
        const query = model.toQuery(window.location.search, view);
        window.history.replaceState(window.history.state, "", window.location.pathname + query + window.location.hash);
        Object.assign(stale, {data: true, base: true, top: true});
        showFold();
        refresh();
    };

    // --- axes ---

    const objective = () => (board.spec.objective ? `m:${board.spec.objective}` : null);

    const described = (key) => {
        const column = board.experiments.columns.get(key);
        const kind = model.kindOf(view, key);
        const axis = column && model.axisFor(board.experiments, column, kind);
        return axis
            ? [
                  {
                      key,
                      column,
                      axis,
                      kind,
                      ticks: model.ticksFor(
                          board.experiments,
                          column,
                          axis,
                          Math.floor(FRAME.length / (axis.places ? LEAST_SPACING : TICK_SPACING)),
                      ),
                  },
              ]
            : [];
    };

    const leftMargin = (first) =>
        Math.max(RIGHT, 22 + 6.6 * Math.max(0, ...first.ticks.map(({text}) => Math.min(MOST_TICK, text.length))));

    /** Make the axes anew where any of them, or the width, has changed. Returns whether lines lie elsewhere now. */
    const build = () => {
        const defaults = model.defaultKeys(board.experiments, board.chosen, objective());
        const next = model.shownKeys(defaults, view).flatMap(described);
        const isEmpty = next.length < 2;
        part("empty").hidden = !isEmpty;
        part("scroll").hidden = isEmpty;
        offer(next, defaults);
        const width = host.clientWidth - 2 * parseFloat(getComputedStyle(host).paddingLeft);
        const nextShape = JSON.stringify([
            next.map(({key, column, axis, ticks}) => [key, column.name, axis, ticks]),
            width,
            isEmpty,
        ]);
        if (nextShape === shape) return false;
        shape = nextShape;
        layout = model.layoutOf(next.length, width, next.length ? leftMargin(next[0]) : 0, RIGHT);
        next.forEach((each, place) => {
            each.x = layout.x(place);
        });
        const focused = shown.find(({title}) => title === document.activeElement)?.key;
        shown = isEmpty ? [] : next.map((each) => handles.create(each, FRAME, board, owner));
        places.replaceChildren(...shown.map(({element}) => element));
        places.style.setProperty("--ht-title", `${Math.min(layout.spacing || Infinity, 2 * RIGHT) - 8}px`);
        shown.find(({key}) => key === focused)?.title.focus({preventScroll: true});
        return true;
    };

    /** What could be shown besides: hidden axes, constant hyperparameters, other metrics. */
    const offer = (next, defaults) => {
        const isThere = new Set(next.map(({key}) => key));
        const offered = ["hyperparameter", "metric"]
            .flatMap((role) => columns.columnsOf(board.experiments, role))
            .filter(
                ({key}) =>
                    !isThere.has(key) &&
                    (defaults.includes(key) || columns.extent(board.experiments, board.experiments.columns.get(key))),
            );
        const select = part("add");
        const text = JSON.stringify([offered.map(({key, name}) => [key, name]), view.hidden.length]);
        select.hidden = offered.length === 0;
        if (select.dataset.offered === text) return;
        select.dataset.offered = text;
        select.replaceChildren(
            new Option(view.hidden.length ? `add an axis (${view.hidden.length} hidden) …` : "add an axis …", ""),
            ...offered.map(({key, name}) => new Option(name, key)),
        );
    };

    // --- where lines lie ---

    const placeLines = () => {
        const {size} = board.experiments;
        const ys = shown.map(({column, axis}) => {
            const spread = matrix_axes.spreadOf(axis, size, FRAME.length);
            const found = new Float32Array(size);
            for (let index = 0; index < size; index += 1) {
                const place = model.placeOf(axis, column.values[index]);
                const jitter = marks.jitterOf(board.experiments.numbers[index]);
                found[index] = Number.isNaN(place)
                    ? FRAME.gutter + 3 * jitter
                    : FRAME.top + (1 - place) * FRAME.length + (spread === 0 ? 0 : spread * jitter);
            }
            return found;
        });
        showMissing(size);
        scene = {
            ...FRAME,
            width: layout.width,
            size,
            xs: shown.map((_, place) => layout.x(place)),
            ys,
            tints: tintsOf(size),
            moving: {},
        };
        Object.assign(sheet.style, {width: `${layout.width}px`, height: `${FRAME.height}px`});
    };

    const showMissing = (size) => {
        const states = board.experiments.columns.get("state").values;
        for (const {column, missing} of shown) {
            const without = size - columns.countFinite(board.experiments, column);
            let ended = 0;
            for (let index = 0; without > 0 && index < size; index += 1)
                ended += selection.isMissing(column, states, index) ? 1 : 0;
            missing.hidden = without === 0;
            missing.disabled = ended === 0;
            missing.textContent = missingWords(ended, without - ended);
        }
    };

    /** The place of every experiment on the scale of colours, the same as in the scatter matrix: from small to large. */
    const tintsOf = (size) => {
        const tints = new Uint8Array(size).fill(parallel_density.UNTINTED);
        const column = board.experiments.columns.get(objective());
        const axis =
            column && model.axisFor(board.experiments, column, {...model.kindOf(view, column.key), isReversed: false});
        const ends = axis && columns.extent(board.experiments, column).map((end, i) => axis.cutAt?.[i] ?? end);
        showLegend(column, ends);
        if (!axis) return tints;
        const [low, high] = ends.map((end) => model.placeOf(axis, end));
        for (let index = 0; index < size; index += 1) {
            const place = model.placeOf(axis, column.values[index]);
            const share = high > low ? Math.min(1, Math.max(0, (place - low) / (high - low))) : 0.5;
            if (!Number.isNaN(place)) tints[index] = Math.round(share * 254);
        }
        return tints;
    };

    const isDark = () => document.documentElement.dataset.bsTheme === "dark";

    const rampOf = (steps) => colours.rampOf(isDark() ? "dark" : "light", steps);

    const showLegend = (column, ends) => {
        part("legend").hidden = !ends;
        if (!ends) return;
        part("legend-name").textContent = `${column.name} ${board.spec.goal === "minimize" ? "▾" : "▴"}`;
        part("legend-name").title = board.spec.goal === "minimize" ? "smaller is better" : "larger is better";
        part("legend-low").textContent = columns.short(ends[0], 3);
        part("legend-high").textContent = columns.short(ends[1], 3);
        part("ramp").style.background = `linear-gradient(to right, ${rampOf(8).join(", ")})`;
    };

    // --- drawing ---

    const dimColours = () => {
        const colour = marks.colourOf("--ht-mark");
        return {palette: [colour], pixels: [marks.pixelColour(colour)]};
    };

    const brightColours = () => {
        if (part("legend").hidden) {
            const colour = marks.colourOf("--ht-mark-selected");
            return {palette: [colour], pixels: [marks.pixelColour(colour)]};
        }
        const palette = [marks.colourOf("--ht-muted"), ...rampOf(255)];
        return {palette, pixels: Uint32Array.from(palette, marks.pixelColour)};
    };

    const isMoving = () => board.draft !== null;

    /** Draw one tier: coarser while something moves or where there are very many, and in full once all is quiet. */
    const drawTier = (canvas, bit, count, colours, isQuick, of = scene) =>
        lines.draw(canvas, of, {
            mask: board.mask,
            bit,
            count,
            isMoving: isQuick,
            isTurned: board.spec.goal === "minimize",
            ...colours,
        });

    /** The dim lines are drawn once, not with every move; where all are selected, nothing would be seen of them. */
    const drawBase = () => {
        base.style.visibility = board.selectedCount === board.keptCount ? "hidden" : "visible";
        if (!stale.base || base.style.visibility === "hidden" || isLater(board.keptCount)) return;
        const method = drawTier(
            base,
            selection.KEPT,
            board.keptCount,
            dimColours(),
            isMoving() || board.keptCount > MOST_AT_ONCE,
        );
        stale.base = false;
        stale.fineBase = method.isDense;
    };

    const drawTop = () => {
        stale.top = false;
        if (!isLater(board.selectedCount)) drawTopNow();
        clearTimeout(refining);
        if (!isMoving()) refining = setTimeout(refine, REFINE_MS);
    };

    /** What the server sends is shown at once in full or not yet: a picture that got coarser with every poll would flicker. */
    const isLater = (count) => {
        const isLate = isNews && !isMoving() && count > MOST_AT_ONCE;
        stale.fineTop ||= isLate;
        return isLate;
    };

    const drawTopNow = () => {
        const isQuick = isMoving() || board.selectedCount > MOST_AT_ONCE;
        const {isDense} = drawTier(top, selection.SELECTED, board.selectedCount, bright, isQuick);
        stale.fineTop = isQuick;
        part("count").textContent = countWords(board.selectedCount, board.keptCount, {
            isDense,
            isCoarse: isDense && isMoving(),
            hasUnfinished: board.root.classList.contains("has-unfinished"),
        });
    };

    /** The full picture, once nothing moves any more; the dim lines, too, before anybody needs them. */
    const refine = () => {
        if (board.signal.aborted || isMoving() || !isShown() || !scene) return;
        if (stale.fineTop) drawTier(top, selection.SELECTED, board.selectedCount, bright, false);
        if (stale.base || stale.fineBase) drawTier(base, selection.KEPT, board.keptCount, dimColours(), false);
        Object.assign(stale, {base: false, fineBase: false, fineTop: false});
    };

    /** Both tiers of the window with the last axis; two axes cost little, so they are never coarser than a drag needs. */
    const drawPinned = (canvases, of) => {
        canvases.base.style.visibility = base.style.visibility;
        if (board.selectedCount < board.keptCount)
            drawTier(canvases.base, selection.KEPT, board.keptCount, dimColours(), isMoving(), of);
        drawTier(canvases.top, selection.SELECTED, board.selectedCount, bright, isMoving(), of);
    };

    const showBrushes = () => {
        for (const each of shown) {
            const source = `axis:${each.key}`;
            const concerned = board.clauses().filter(({field}) => field === each.key);
            const own = concerned
                .filter((clause) => clause.source === source)
                .flatMap((clause) => model.stretchesOf(each.column, each.axis, clause));
            const others = concerned
                .filter((clause) => clause.source !== source)
                .flatMap((clause) => model.stretchesOf(each.column, each.axis, clause));
            each.hasMissing = concerned.some((clause) => clause.source === source && clause.missing);
            each.missing.setAttribute("aria-pressed", String(each.hasMissing));
            const stretch = own.length ? [own[0][0], own.at(-1)[1]] : null;
            handles.showBrush(
                each,
                FRAME,
                stretch,
                others,
                stretch ? stretch.map((place) => model.wordAt(each.axis, place)) : [],
            );
        }
    };

    const drawHovered = () => {
        if (!isShown() || !scene) return;
        const context = marks.fit(over, layout.width, FRAME.height);
        const strokes = [
            [marks.colourOf("--ht-surface"), 4],
            [marks.colourOf("--ht-muted"), 2],
        ];
        const hovered = [
            [marks.colourOf("--ht-surface"), 5],
            [marks.colourOf("--ht-text"), 2],
        ];
        const drawn = [...board.pickedIndices().map((index) => [index, strokes]), [board.hovered, hovered]];
        drawn.forEach(([index, of]) => lines.drawOne(context, scene, index, of));
        pin.over(drawn);
    };

    /** Draw what is stale, if anybody can see it. */
    const refresh = () => {
        if (!isShown()) return;
        // Nothing moves under a brush that is being drawn.
        if (stale.data && !isDragging()) readData();
        if (!scene) return;
        drawBase();
        if (!stale.top) return;
        drawTop();
        pin.redraw();
        showBrushes();
    };

    const readData = () => {
        if (build()) isNews = false;
        if (shown.length) placeLines();
        else scene = null;
        bright = brightColours();
        pin.lay(scene, shown, layout?.spacing);
        Object.assign(stale, {data: false, base: true, top: true});
    };

    // --- hands ---

    const owner = {
        brush(each, stretch, {isFinal, byMiddle = false}) {
            const parts = stretch
                ? [
                      {
                          ...model.partFor(each.column, each.axis, ...stretch, byMiddle),
                          ...(each.hasMissing && {missing: true}),
                      },
                  ]
                : [];
            if (!isFinal) board.hover(-1);
            board[isFinal ? "commit" : "preview"](selection.withClauses(board.clauses(), `axis:${each.key}`, parts));
        },
        /** Take those without a value into the selection, or out of it. */
        toggleMissing(each) {
            const source = `axis:${each.key}`;
            const {range, values, missing} = selection.clausesOf(board.clauses(), source)[0] ?? {};
            const part = {
                field: each.key,
                ...(range && {range}),
                ...(values && {values}),
                ...(!missing && {missing: true}),
            };
            board.commit(selection.withClauses(board.clauses(), source, Object.keys(part).length > 1 ? [part] : []));
        },
        release(each, isMoved, isKept) {
            if (isMoved) board.commit(isKept ? board.clauses() : board.history.present.clauses);
            else if (isKept) owner.brush(each, null, {isFinal: true});
            if (stale.data) board.redraw();
        },
        menu(each, button) {
            const keys = shown.map(({key}) => key);
            menu.open(button, each.column.name, handles.menuFor(each, keys.indexOf(each.key), keys.length), (entry) => {
                if (entry.change) setView(model.withKind(view, each.key, entry.change));
                else if (entry.does === "hide") setView(model.hide(view, each.key));
                else owner.step(each, entry.does === "left" ? -1 : 1);
            });
        },
        step(each, by) {
            const keys = shown.map(({key}) => key);
            const place = Math.min(keys.length - 1, Math.max(0, keys.indexOf(each.key) + by));
            setView({...view, order: model.moved(keys, each.key, place)});
        },
        drag(each, x) {
            each.element.classList.toggle("is-carried", x !== null);
            each.element.style.left = `${x ?? each.x}px`;
        },
        drop(each, x) {
            owner.drag(each, null);
            const keys = shown.map(({key}) => key);
            setView({...view, order: model.moved(keys, each.key, model.dropPlace(x, layout, keys.length))});
        },
    };

    const lineAt = (event) => {
        if (!scene) return -1;
        const box = sheet.getBoundingClientRect();
        const [x, y] = [event.clientX - box.left, event.clientY - box.top];
        if (y < FRAME.top - HOVER_DISTANCE) return -1;
        // Among selected lines the dim ones are background.
        const bit = board.selectedCount > 0 ? selection.SELECTED : selection.KEPT;
        const {ys, layout: place} = pin.under(x) ?? {ys: scene.ys, layout};
        return model.nearestLine(ys, place, board.mask, bit, x, y, HOVER_DISTANCE);
    };

    const showFold = () => {
        const button = part("fold");
        button.setAttribute("aria-expanded", String(!view.isFolded));
        part("body").hidden = view.isFolded;
    };

    const listen = () => {
        const {signal} = board;
        sheet.addEventListener(
            "pointermove",
            (event) => {
                if (!isMoving()) board.hover(lineAt(event), event);
            },
            {signal},
        );
        sheet.addEventListener("pointerleave", () => board.hover(-1), {signal});
        sheet.addEventListener(
            "click",
            (event) => {
                if (event.target.closest(".ht-axis-area, button")) return;
                const index = lineAt(event);
                if (index >= 0) board.click(index, event);
            },
            {signal},
        );
        part("fold").addEventListener("click", () => setView({...view, isFolded: !view.isFolded}), {signal});
        part("add").addEventListener(
            "change",
            (event) => {
                const key = event.target.value;
                event.target.value = "";
                if (key) setView(model.add(view, key));
            },
            {signal},
        );
        const watcher = new IntersectionObserver((entries) => {
            isVisible = entries.at(-1).isIntersecting;
            refresh();
        });
        watcher.observe(host);
        signal.addEventListener("abort", () => {
            watcher.disconnect();
            clearTimeout(refining);
        });
    };

    sheet.replaceChildren(base, top, places, over, pin.box);
    showFold();
    listen();
    return {
        onData() {
            Object.assign(stale, {data: true, base: true, top: true});
        },
        onKept() {
            Object.assign(stale, {base: true, top: true});
        },
        onSelection(step) {
            isNews = Boolean(step?.isNews);
            stale.top = true;
            refresh();
            if (board.picked.length) drawHovered();
        },
        onHover: drawHovered,
        onPicked: drawHovered,
    };
};

/** Performance per experiment: one small multiple per metric, each with its own scale, drawn on canvas. */
import * as marks from "../../../base/marks.js";
import * as columns from "../../../experiments/columns.js";
import * as reductions from "../../../experiments/reductions.js";
import * as selection from "../../../selection/selection.js";
import * as shapes from "./shapes.js";

const HEIGHT = 112;
const LEFT = 48;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 18;
const PARAMETER = "bars";

// --- pure ---------------------------------------------------------------------------------------------------------

/**
 * The scale of bars: from zero, or fitted to the values where `isFitted` and they differ. Null where there is no
 * number.
 */
export const barScale = (ends, isFitted) => {
    if (ends === null) return null;
    const [low, high] = isFitted && ends[0] < ends[1] ? ends : [Math.min(0, ends[0]), Math.max(0, ends[1])];
    const ticks = columns.niceTicks(low, high);
    return {low: ticks[0], high: ticks.at(-1), ticks, base: Math.min(Math.max(0, ticks[0]), ticks.at(-1))};
};

/**
 * The places whose number is written below, at least so many bars apart. Numbers that count up one by one are
 * written where they are round.
 */
export const footPlaces = (numbers, least) => {
    const places = [...numbers.keys()];
    if (least <= 1) return places;
    const isCounting = numbers.every((number, place) => place === 0 || number === numbers[place - 1] + 1);
    if (!isCounting) return places.filter((place) => place % least === 0);
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least);
    return places.filter((place) => numbers[place] % step === 0);
};

/** How many plots side by side: as even as possible, none narrower than can be read. */
export const columnsFor = (count, width) => {
    const most = Math.max(1, Math.floor(width / 290));
    const rows = Math.ceil(count / Math.min(3, most));
    return Math.max(1, Math.min(most, Math.ceil(count / rows)));
};

/** The query with how the bars are arranged; other parameters stay, and what is as by default is left out. */
export const toQuery = (query, {sort, isDescending, isFitted, shape}) => {
    const parameters = new URLSearchParams(query);
    const words = [sort, ...(isDescending ? ["desc"] : []), ...(isFitted ? [] : ["zero"]), ...(shape ? [shape] : [])];
    if (words.join() === "number") parameters.delete(PARAMETER);
    else parameters.set(PARAMETER, JSON.stringify(words));
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

/** How a query arranges the bars; what cannot be read is as by default. */
export const fromQuery = (query) => {
    let words = null;
    try {
        words = JSON.parse(new URLSearchParams(query).get(PARAMETER));
    } catch {
        // An address edited by hand may say anything.
    }
    const [sort, ...others] = Array.isArray(words) ? words : [];
    return {
        sort: typeof sort === "string" ? sort : "number",
        isDescending: others.includes("desc"),
        isFitted: !others.includes("zero"),
        shape: shapes.SHAPES.find((word) => others.includes(word)) ?? null,
    };
};

// --- the view ------------------------------------------------------------------------------------------------------

export const create = (host, board) => {
    const grid = host.querySelector(".ht-bars-grid");
    const note = host.querySelector(".ht-bars-empty");
    const sorting = host.querySelector(".ht-bars-sort");
    const direction = host.querySelector(".ht-bars-direction");
    const fitting = host.querySelector(".ht-bars-fit");
    const shaping = host.querySelector(".ht-bars-shape");
    const legend = host.querySelector(".ht-unfinished");
    let plots = [];
    let order = new Uint32Array(0);
    let pickedPlaces = [];
    let arrangement = fromQuery(window.location.search);

    const listen = () => {
        sorting.addEventListener("change", () => arrange({sort: sorting.value}), {signal: board.signal});
        direction.addEventListener("click", () => arrange({isDescending: !arrangement.isDescending}), {
            signal: board.signal,
        });
        shaping.addEventListener("change", () => arrange({shape: shaping.value || null}), {signal: board.signal});
        fitting.addEventListener("click", () => arrange({isFitted: !arrangement.isFitted}), {signal: board.signal});
    };

    const arrange = (change) => {
        arrangement = {...arrangement, ...change};
        const {pathname, search, hash} = window.location;
        // Dash's router listens to other events; the page stays as it is.
        window.history.replaceState(window.history.state, "", pathname + toQuery(search, arrangement) + hash);
        showOptions();
        board.redraw();
    };

    const showOptions = () => {
        const {isDescending, isFitted, shape, sort} = arrangement;
        shaping.value = shape ?? "";
        // It may be about a metric that has no number yet.
        if ([...sorting.options].some(({value}) => value === sort)) sorting.value = sort;
        direction.textContent = isDescending ? "↓" : "↑";
        direction.setAttribute("aria-label", isDescending ? "Largest first" : "Smallest first");
        fitting.setAttribute("aria-pressed", String(!isFitted));
    };

    const offerColumns = () => {
        const offered = [
            ["number", "experiment"],
            ...columns.varying(board.experiments).map(({key, name}) => [key, name]),
            ...columns.columnsOf(board.experiments, "metric").map(({key, name}) => [key, name]),
            ["duration", "duration"],
        ];
        const text = JSON.stringify(offered);
        if (sorting.dataset.offered === text) return;
        sorting.dataset.offered = text;
        sorting.replaceChildren(...offered.map(([value, words]) => new Option(words, value)));
        showOptions();
    };

    const build = () => {
        const keys = JSON.stringify(board.chosen.map((key) => [key, board.experiments.columns.get(key)?.name]));
        grid.style.setProperty("--columns", columnsFor(board.chosen.length, host.clientWidth));
        note.hidden = board.chosen.length > 0;
        if (grid.dataset.keys === keys && plots.length) return;
        grid.dataset.keys = keys;
        plots = board.chosen.map(plotOf);
        grid.replaceChildren(...plots.map((plot) => plot.element));
    };

    const plotOf = (key) => {
        const column = board.experiments.columns.get(key);
        const base = marks.element("canvas");
        const top = marks.element("canvas");
        const isObjective = key === `m:${board.spec.objective}`;
        const title = marks.element("h3", {textContent: column.name, title: column.name});
        if (isObjective) {
            title.append(
                marks.element("span", {
                    className: "ht-objective",
                    textContent: board.spec.goal === "minimize" ? "▾ objective" : "▴ objective",
                    title: `${board.spec.goal} this metric`,
                }),
            );
        }
        const area = marks.element("div", {className: "ht-bars-area"}, base, top);
        const empty = marks.element("p", {className: "ht-quiet", textContent: "No number yet.", hidden: true});
        const plot = {
            key,
            column,
            base,
            top,
            area,
            empty,
            element: marks.element("figure", {className: "ht-bars-plot", dataset: {metric: key}}, title, area, empty),
        };
        const indexAt = (event) => {
            const place = shapes.placeAt(
                event.clientX - area.getBoundingClientRect().left - LEFT,
                order.length,
                widthOf(plot),
            );
            return place < 0 ? -1 : order[place];
        };
        area.addEventListener("pointermove", (event) => board.hover(indexAt(event), event));
        area.addEventListener("pointerleave", () => board.hover(-1));
        area.addEventListener("click", (event) => {
            const index = indexAt(event);
            if (index >= 0) board.click(index, event);
        });
        return plot;
    };

    const widthOf = (plot) => Math.max(40, plot.area.clientWidth - LEFT - RIGHT);

    const drawAxis = (context, plot) => {
        const {scale, width} = plot;
        context.font = "11px system-ui, sans-serif";
        context.textAlign = "right";
        context.textBaseline = "middle";
        for (const tick of scale.ticks) {
            const y = Math.round(TOP + (1 - shapes.fractionOf(scale, tick)) * HEIGHT) + 0.5;
            context.strokeStyle = marks.colourOf("--ht-border");
            context.beginPath();
            context.moveTo(LEFT, y);
            context.lineTo(LEFT + width, y);
            context.stroke();
            context.fillStyle = marks.colourOf("--ht-muted");
            context.fillText(columns.short(tick, 4), LEFT - 6, y);
        }
    };

    /** Under the bars: numbers where there is room, and a sign where an experiment has no value. */
    const drawFeet = (context, plot) => {
        const {width} = plot;
        const states = board.experiments.columns.get("state").values;
        const colours = {3: marks.colourOf("--ht-bad"), 4: marks.colourOf("--ht-warn")};
        const quiet = marks.colourOf("--ht-muted");
        const floor = TOP + HEIGHT;
        const slot = shapes.barAt(1, order.length, width)[0] - shapes.barAt(0, order.length, width)[0];
        const largest = String(
            columns.extent(board.experiments, board.experiments.columns.get("number"))?.[1] ?? "",
        ).length;
        const numbers = Array.from(order, (index) => board.experiments.numbers[index]);
        const isNamed = new Set(footPlaces(numbers, Math.max(1, Math.ceil((largest * 6.6 + 8) / slot))));
        context.textAlign = "center";
        context.textBaseline = "top";
        for (let place = 0; place < order.length; place += 1) {
            const index = order[place];
            if (!(board.mask[index] & selection.KEPT)) continue;
            const [x, wide] = shapes.barAt(place, order.length, width);
            const middle = LEFT + x + wide / 2;
            if (!Number.isFinite(plot.column.values[index]) && colours[states[index]]) {
                drawSign(context, middle, floor, wide, colours[states[index]]);
            }
            if (isNamed.has(place) && middle + largest * 3.3 <= LEFT + width + RIGHT) {
                context.fillStyle = quiet;
                context.fillText(String(numbers[place]), middle, floor + 5);
            }
        }
    };

    /** A cross for what ended without a value, or a stroke where there is no room for one. */
    const drawSign = (context, x, floor, wide, colour) => {
        const reach = Math.min(3, wide / 2);
        context.strokeStyle = colour;
        context.lineWidth = wide >= 4 ? 1.5 : 1;
        context.beginPath();
        if (wide >= 4) {
            context.moveTo(x - reach, floor - 3 - reach);
            context.lineTo(x + reach, floor - 3 + reach);
            context.moveTo(x - reach, floor - 3 + reach);
            context.lineTo(x + reach, floor - 3 - reach);
        } else {
            context.moveTo(x, floor - 4);
            context.lineTo(x, floor);
        }
        context.stroke();
    };

    const drawBase = (plot) => {
        plot.width = widthOf(plot);
        plot.scale = barScale(columns.extent(board.experiments, plot.column), arrangement.isFitted);
        plot.empty.hidden = plot.scale !== null;
        plot.empty.textContent = `${reductions.emptyWords(plot.column)}.`.replace(/^./, (letter) =>
            letter.toUpperCase(),
        );
        plot.area.hidden = plot.scale === null;
        if (plot.scale === null) return;
        const context = marks.fit(plot.base, plot.width + LEFT + RIGHT, TOP + HEIGHT + BOTTOM);
        drawAxis(context, plot);
        plot.frame = {
            order,
            values: plot.column.values,
            scale: plot.scale,
            left: LEFT,
            top: TOP,
            width: plot.width,
            height: HEIGHT,
            shape: shapes.shapeFor(arrangement.shape, order.length, plot.width),
        };
        shapes.draw(context, plot.frame, board.mask, selection.KEPT, marks.colourOf("--ht-mark"));
        drawFeet(context, plot);
    };

    const drawTop = (plot) => {
        if (!plot.scale) return;
        const context = marks.fit(plot.top, plot.width + LEFT + RIGHT, TOP + HEIGHT + BOTTOM);
        shapes.draw(context, plot.frame, board.mask, selection.SELECTED, marks.colourOf("--ht-mark-selected"));
    };

    /** A stroke under each picked one. */
    const drawPicked = (plot) => {
        if (!plot.scale || !pickedPlaces.length) return;
        const context = plot.top.getContext("2d");
        context.fillStyle = marks.colourOf("--ht-text");
        for (const place of pickedPlaces) {
            const [x, wide] = shapes.barAt(place, order.length, plot.width);
            context.fillRect(LEFT + x - 1, TOP + HEIGHT + 1, Math.max(3, wide + 2), 3);
        }
    };

    const readPicked = () => {
        const isPicked = new Set(board.pickedIndices());
        pickedPlaces = [];
        if (isPicked.size)
            order.forEach((index, place) => {
                if (isPicked.has(index)) pickedPlaces.push(place);
            });
    };

    const drawHovered = (plot) => {
        if (!plot.scale || board.hovered < 0) return;
        const place = order.indexOf(board.hovered);
        const [x, wide] = shapes.barAt(place, order.length, plot.width);
        const context = plot.top.getContext("2d");
        context.fillStyle = marks.colourOf("--ht-text");
        context.globalAlpha = 0.14;
        context.fillRect(LEFT + x - 2, TOP, Math.max(3, wide + 4), HEIGHT);
        context.globalAlpha = 1;
        const end = TOP + (1 - shapes.fractionOf(plot.scale, plot.column.values[board.hovered])) * HEIGHT;
        if (!Number.isFinite(end)) return;
        context.fillStyle = marks.colourOf("--ht-accent");
        context.fillRect(LEFT + x - 1, end - 1, Math.max(3, wide + 2), 3);
    };

    /** The legend looks like the marks that it speaks of. */
    const showLegend = () => {
        const plot = plots.find(({frame}) => frame);
        const look = plot ? shapes.unfinishedLook(plot.frame.shape, order.length, plot.width) : null;
        legend.hidden = look === null;
        legend.firstElementChild.className = `ht-swatch is-${look}`;
    };

    const view = {
        onData() {
            offerColumns();
            order = columns.orderBy(board.experiments, arrangement.sort, arrangement.isDescending);
            build();
            plots.forEach(drawBase);
            showLegend();
            readPicked();
        },
        onSelection() {
            plots.forEach(drawTop);
            plots.forEach(drawPicked);
            plots.forEach(drawHovered);
        },
        onPicked() {
            readPicked();
            view.onSelection();
        },
        onKept() {
            plots.forEach(drawBase);
            readPicked();
        },
        onHover() {
            view.onSelection();
        },
    };
    listen();
    showOptions();
    return view;
};

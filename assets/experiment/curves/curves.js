/** The curves of an experiment's page: one board holds what came, how it is shown and the epoch; panels draw it. */
import * as feed from "../../base/feed.js";
import * as marks from "../../base/marks.js";
import * as packing from "../../base/packing.js";
import * as replay from "../../base/replay.js";
import * as sliders from "../../base/sliders.js";
import * as run from "../../run/page.js";
import * as selection from "../../selection/selection.js";
import * as addresses from "./address.js";
import * as axes from "./axes.js";
import * as curves_legend from "./legend.js";
import * as lines from "./lines.js";
import * as curves_nearest from "./nearest.js";
import * as curves_panel from "./panel.js";
import * as sets from "./set.js";
import * as values from "./values.js";

const OPEN_POLL_MS = 1000;
const ENDED_POLL_MS = 15000;
const HIDDEN_POLL_MS = 30000;
// A person who drags or scrubs is not done yet.
const DETAIL_DELAY_MS = 150;
const TELL_DELAY_MS = 150;
const PATIENCE_MS = 60000;
const MOST_SENTENCES = 3;

// --- pure ---------------------------------------------------------------------------------------------------------

export const addressOf = (slug) => `/curves/${encodeURIComponent(slug)}`;

const isOpen = (state) => state === "running" || state === "queued";

/** How long to wait between two questions. */
export const pollInterval = (set, isHidden) => {
    if (isHidden) return HIDDEN_POLL_MS;
    return [...set.experiments.values()].some(({state}) => isOpen(state)) ? OPEN_POLL_MS : ENDED_POLL_MS;
};

/** The experiments whose curves are thinned, so that a stretch of them has more to show. */
export const thinnedIn = (set) => [
    ...new Set([...set.curves.values()].filter(({of, x}) => of > x.length).map(({experiment}) => experiment)),
];

/** The epoch of the views that belong to an epoch of the page: theirs that is not later, or else the first. Null is the newest. */
export const viewEpoch = (epochs, epoch) =>
    epoch === null || !epochs.length ? null : (epochs.findLast((each) => each <= epoch) ?? epochs[0]);

/** Epochs of several lists, each once and in order. */
export const unionOf = (lists) => [...new Set(lists.flat())].sort((a, b) => a - b);

// --- the board ----------------------------------------------------------------------------------------------------

let board = null;

const createBoard = (root, {slug, number}, picked) => {
    const ending = new AbortController();
    return {
        root,
        slug,
        own: number,
        picked,
        signal: ending.signal,
        end: () => ending.abort(),
        set: sets.create(),
        seen: "",
        shown: addresses.fromQuery(window.location.search),
        epoch: null,
        viewEpochs: [],
        epochsOf: {},
        told: null,
        hovered: null,
        panels: [],
        marks: [],
        colouring: {colours: new Map(), dashes: new Map(), legend: null},
        timings: [],
        isThere: false,
    };
};

const wire = (made) => {
    const part = (name) => made.root.querySelector(`.curves-${name}`);
    sliders.fill(made.root);
    made.epoch = made.shown.epoch;
    let due = null;
    let asked = null;

    const isShown = (number) => made.picked.includes(number) && !made.off.has(number);

    // --- frames ---

    const ask = (what) => {
        if (due === null) requestAnimationFrame(frame);
        due = {...due, ...what};
    };

    const frame = () => {
        const {isScene, isEpoch} = due;
        due = null;
        if (made.signal.aborted) return;
        const start = performance.now();
        if (isScene) drawScene();
        else if (isEpoch) made.panels.forEach((panel) => panel.grow());
        made.panels.forEach((panel) => panel.light());
        if (isScene || isEpoch) showEpoch();
        made.timings.push(performance.now() - start);
        if (made.timings.length > 500) made.timings.splice(0, 250);
    };

    const drawScene = () => {
        made.off = new Set(made.shown.off);
        legend.show();
        const hidden = new Set(made.shown.hiddenMetrics);
        const wanted = sets
            .panelsOf(made.set, (metric) => hidden.has(metric))
            .filter(({metrics}) => !metrics.every((metric) => `m:${metric}` === made.shown.x));
        const isEmpty = !made.isThere || sets.drawn(made.set).length === 0;
        made.root.hidden = isEmpty;
        // Where there are no curves, views come first.
        made.root.closest(".experiment-main")?.classList.toggle("has-no-curves", isEmpty);
        const text = JSON.stringify(wanted);
        const grid = part("grid");
        if (grid.dataset.panels !== text) {
            grid.dataset.panels = text;
            made.panels = wanted.map((panel) => curves_panel.create(made, panel));
            grid.replaceChildren(...made.panels.map(({element}) => element));
        }
        part("none").hidden = wanted.length > 0;
        grid.style.setProperty("--columns", axes.columnsFor(wanted.length, grid.clientWidth || made.root.clientWidth));
        made.panels.forEach((panel) => panel.scene(made.panels.length === 1));
    };

    const showEpoch = () => {
        bar.show();
        const place = part("values");
        place.hidden = made.epochs().length < 2;
        if (place.hidden) return;
        const numbers = made.numbersShown().filter(isShown);
        const metrics = sets.drawn(made.set).filter((metric) => !made.shown.hiddenMetrics.includes(metric));
        const {head, rows} = values.tableOf(values.valuesAt(made.set, metrics, isShown, made.epoch), numbers);
        const text = JSON.stringify([head, rows]);
        if (place.dataset.text === text) return;
        place.dataset.text = text;
        const {element} = marks;
        const named = numbers.length <= values.MOST_COLUMNS;
        const title = (word, at) => {
            if (!named) return element("th", {textContent: word, scope: "col"});
            const swatch = element("i", {className: "swatch"});
            swatch.style.background = made.colourOf(numbers[at]);
            return element("th", {scope: "col"}, swatch, word);
        };
        place.replaceChildren(
            element(
                "thead",
                {},
                element("tr", {}, element("th", {textContent: "metric", scope: "col"}), ...head.map(title)),
            ),
            element(
                "tbody",
                {},
                ...rows.map(([metric, ...words]) =>
                    element(
                        "tr",
                        {},
                        element("th", {textContent: metric, scope: "row"}),
                        ...words.map((word) => element("td", {textContent: word})),
                    ),
                ),
            ),
        );
    };

    // --- what the parts use ---

    let detailTimer = null;
    let tellTimer = null;

    const keepAddress = () => {
        const {pathname, search, hash} = window.location;
        // Dash's router listens to other events; the page stays as it is.
        window.history.replaceState(
            window.history.state,
            "",
            pathname + addresses.toQuery(search, {...made.shown, epoch: made.epoch}) + hash,
        );
    };

    /** Tell Dash's parts of the page, which ask the server for what they show, once the clock stands still for a moment. */
    const tell = () => {
        if (tellTimer !== null) return;
        tellTimer = setTimeout(() => {
            tellTimer = null;
            if (made.signal.aborted) return;
            keepAddress();
            const epoch = viewEpoch(made.viewEpochs, made.epoch);
            // Dash looks through the whole page for each property, so that it hears only what changes a view.
            if (epoch !== made.told) window.dash_clientside.set_props("experiment-epoch", {data: epoch});
            made.told = epoch;
        }, TELL_DELAY_MS);
    };

    const fetchDetail = async () => {
        const {zoom} = made.shown;
        const numbers = zoom ? thinnedIn(made.set).filter(isShown) : [];
        if (!numbers.length) return;
        const question = {...base(numbers), stretch: zoom.range};
        const response = await fetch(addressOf(made.slug), {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(question),
            signal: AbortSignal.any([made.signal, AbortSignal.timeout(PATIENCE_MS)]),
        }).catch(() => null);
        if (response?.status !== 200 || made.shown.zoom !== zoom || made.shown.x !== question.x) return;
        const answer = await packing.read(response);
        if (answer === null || made.shown.zoom !== zoom || made.signal.aborted) return;
        made.set = sets.withDetail(made.set, answer.curves);
        ask({isScene: true});
    };

    const base = (numbers) => ({
        numbers: selection.compactNumbers(numbers),
        x: made.shown.x,
        metrics: made.set.metrics,
        held: sets.held(made.set, () => true),
    });

    Object.assign(made, {
        off: new Set(made.shown.off),
        colourOf: (number) => made.colouring.colours.get(number) ?? marks.colourOf("--ht-muted"),
        dashOf: (number) => made.colouring.dashes.get(number) ?? [],
        numbersShown: () => made.picked.filter((number) => made.set.experiments.has(number)),
        linesOf: (metrics) =>
            lines.linesOf(
                made.set,
                metrics.filter((metric) => `m:${metric}` !== made.shown.x),
                isShown,
                {weight: made.shown.weight, groups: made.shown.isMean ? sets.repeats(made.set) : null},
            ),
        heights: () =>
            Object.fromEntries(
                made.panels.flatMap((panel) =>
                    panel.heights() ? [[panel.key, panel.heights().map((end) => Number(end.toPrecision(6)))]] : [],
                ),
            ),
        epochs: () => (made.viewEpochs.length ? unionOf([[...made.set.epochs], made.viewEpochs]) : made.set.epochs),
        redraw: () => ask({isScene: true}),
        change: (change) => {
            const {x, zoom} = made.shown;
            made.shown = {...made.shown, ...change};
            if (made.shown.zoom !== zoom) {
                made.set = sets.withoutDetail(made.set);
                clearTimeout(detailTimer);
                detailTimer = setTimeout(fetchDetail, DETAIL_DELAY_MS);
            }
            keepAddress();
            ask({isScene: true});
            if (made.shown.x !== x) begin();
        },
        /** The one clock of the page. */
        go: (epoch) => {
            made.epoch = epoch;
            tell();
            ask({isEpoch: true});
        },
        knowEpochs: (epochs, whose) => {
            made.epochsOf = {...made.epochsOf, [whose]: epochs};
            const all = unionOf(Object.values(made.epochsOf));
            if (all.join() === made.viewEpochs.join()) return;
            made.viewEpochs = all;
            tell();
            ask({isEpoch: true});
        },
        mark: (marks) => {
            made.marks = marks;
            ask({isHover: true});
        },
        hover: (found, event = null) => {
            card.place(found, event);
            const isSame =
                made.hovered?.experiment === found?.experiment &&
                made.hovered?.x === found?.x &&
                made.hovered?.metric === found?.metric;
            made.hovered = found;
            if (isSame) return;
            ask({isHover: true});
            document.dispatchEvent(new CustomEvent("hypertuner:hover", {detail: found?.experiment ?? null}));
        },
        open: (number) => {
            if (number === made.own) return;
            const {search} = window.location;
            run.go(
                addresses.addressOf(made.slug, [number, ...made.picked.filter((other) => other !== number)], search),
            );
        },
        pick: (picked) => {
            if (picked.join() === made.picked.join()) return;
            made.picked = picked;
            ask({isScene: true});
            begin();
        },
    });

    // --- the line to the server ---

    /** Ask for everything anew; what is shown stays until it comes. */
    const begin = () => {
        made.seen = "";
        made.line?.ask();
    };

    const question = () => {
        asked = {x: made.shown.x, picked: made.picked, isWhole: made.seen === ""};
        const numbers = selection.compactNumbers(made.picked);
        return {
            numbers,
            x: asked.x,
            seen: made.seen,
            metrics: made.set.metrics,
            held: asked.isWhole ? {} : sets.held(made.set),
        };
    };

    const receive = (answer) => {
        if (asked.x !== made.shown.x || asked.picked !== made.picked) return;
        made.seen = answer.seen;
        made.set = sets.receive(asked.isWhole ? sets.create() : made.set, answer);
        if (asked.isWhole && made.shown.zoom) detailTimer = setTimeout(fetchDetail, 0);
        made.isThere = true;
        ask({isScene: true});
    };

    const card = createCard(made);
    const legend = curves_legend.create(made.root, made);
    const bar = replay.create(part("replay"), {
        epochs: made.epochs,
        at: () => made.epoch,
        go: made.go,
        options: () => made.shown,
        signal: made.signal,
        change: (options) => {
            made.shown = {...made.shown, ...options};
            keepAddress();
            bar.show();
        },
    });
    made.bar = bar;
    made.line = feed.create(addressOf(made.slug), {
        onAnswer: receive,
        question,
        onAway: () => window.dash_clientside.set_props("outage", {is_open: true}),
        waitMs: (isHidden) => pollInterval(made.set, isHidden),
        isOver: () => !made.root.isConnected || made.signal.aborted,
    });
    listen(made);
    tell();
    return made;
};

/** The card that says what is under the pointer. */
const createCard = (made) => {
    const box = made.root.querySelector(".ht-card");
    let filledFor = "";

    /** The value of a metric at the place of the pointer, of one experiment. */
    const valueAt = (metric, {experiment, x}) => {
        const points = made.set.curves.get(sets.keyOf(experiment, metric))?.points;
        if (!points) return null;
        const near = curves_nearest.pointAt(
            {xs: points.x, ys: points.x, isAscending: points.isAscending, cut: points.x.length},
            x,
        );
        return near >= 0 && points.x[near] === x ? points.y[near] : null;
    };

    const fill = (found) => {
        const {element} = marks;
        const {settings, state} = made.set.experiments.get(found.experiment);
        const line = (name, word, kind = "") =>
            element(
                "div",
                {className: `ht-card-line ${kind}`},
                element("span", {textContent: name}),
                element("span", {className: "ht-number", textContent: word}),
            );
        const metrics = sets
            .drawn(made.set)
            .map((metric) => [metric, valueAt(metric, found)])
            .filter(([metric, value]) => value !== null || metric === found.metric);
        const title =
            found.members.length > 1
                ? `Experiments ${selection.compactNumbers(found.members)}`
                : `Experiment ${found.experiment}`;
        box.replaceChildren(
            element(
                "div",
                {className: "ht-card-title"},
                element("b", {textContent: title}),
                element("span", {className: `ht-state is-${state}`}, element("i", {className: "ht-dot"}), state),
            ),
            line("at", axes.placeWords(found.unit, found.x)),
            ...metrics.map(([metric, value]) =>
                line(metric, values.word(value), metric === found.metric ? "is-metric" : ""),
            ),
            ...made.marks
                .filter(({experiment, metric}) => experiment === found.experiment && metric === found.metric)
                .slice(0, MOST_SENTENCES)
                .map(({sentence}) => element("p", {className: "ht-card-sentence", textContent: sentence})),
            ...sets
                .varying(made.set)
                .slice(0, 6)
                .map((name) => line(name, String(settings[name] ?? "–"))),
        );
    };

    return {
        place(found, event) {
            box.hidden = !found || !event;
            if (box.hidden) return;
            const key = JSON.stringify([found.experiment, found.x, found.metric]);
            if (key !== filledFor) fill(found);
            filledFor = key;
            const [width, height] = [box.offsetWidth, box.offsetHeight];
            const x = event.clientX + 16 + width > window.innerWidth ? event.clientX - width - 12 : event.clientX + 16;
            box.style.transform = `translate(${Math.round(Math.max(4, x))}px, ${Math.round(Math.max(4, Math.min(event.clientY + 14, window.innerHeight - height - 8)))}px)`;
        },
    };
};

/** Listeners that end with the page. */
const listen = (made) => {
    const {signal, root} = made;
    document.addEventListener(
        "keydown",
        (event) => {
            const {top, bottom} = root.getBoundingClientRect();
            const isSeen = bottom > 0 && top < window.innerHeight;
            if (event.defaultPrevented || !isSeen || replay.isTaken(event)) return;
            if (made.bar.press(event.key)) event.preventDefault();
        },
        {signal},
    );
    document.addEventListener("hypertuner:theme", made.redraw, {signal});
    let width = root.clientWidth;
    const sizes = new ResizeObserver(() => {
        if (root.clientWidth === width || root.clientWidth === 0) return;
        width = root.clientWidth;
        made.redraw();
    });
    sizes.observe(root);
    const presence = new MutationObserver(() => {
        if (!root.isConnected) made.end();
    });
    presence.observe(document.body, {childList: true, subtree: true});
    signal.addEventListener("abort", () => {
        sizes.disconnect();
        presence.disconnect();
        made.line.end();
        if (board === made) board = null;
    });
};

// --- what Dash calls -----------------------------------------------------------------------------------------------

/** Show the curves of these experiments from now on. Called by Dash with the page, and when others are picked. */
export const open = (picked, experiment) => {
    const root = document.getElementById("curves");
    const same = window.dash_clientside.no_update;
    if (!root || !experiment) return same;
    const numbers = [...new Set(picked ?? [])];
    if (board?.root === root) board.pick(numbers);
    else {
        board?.end();
        board = wire(createBoard(root, experiment, numbers));
    }
    const {pathname, search, hash} = window.location;
    const query = addresses.withOthers(search, numbers, experiment.number);
    if (query !== search) window.history.replaceState(window.history.state, "", pathname + query + hash);
    return same;
};

/** What is said of curves, and since when: see answers/said.py. Called by Dash. */
export const mark = (marks) => board?.mark(marks ?? []);

/** The epochs that a page's views have join those of its curves. whose: those that are told together replace what was told before. */
export const knowEpochs = (epochs, whose) => board?.knowEpochs(epochs, whose);

/** Light an experiment that the pointer is on elsewhere in the page; null for none. */
export const light = (experiment) =>
    board?.hover(experiment === null ? null : {experiment, members: [experiment], unit: null, x: null, metric: null});

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    /** For tests and the curious: what the page holds right now. */
    window.hypertuner = window.hypertuner || {};
    window.hypertuner.curves = {
        state: () =>
            board?.isThere && {
                epoch: board.epoch,
                epochs: board.epochs(),
                shown: board.shown,
                numbers: board.numbersShown(),
                isPlaying: board.bar.isPlaying(),
                hovered: board.hovered?.experiment ?? null,
                panels: board.panels.map((panel) => panel.state()).filter(Boolean),
            },
        timings: () => [...(board?.timings ?? [])],
    };
};

/** The run dashboard: one board holds experiments, selection and hover; the views draw it. */
import * as feed from "../base/feed.js";
import * as later from "../base/later.js";
import * as curves_address from "../experiment/curves/address.js";
import * as columns from "../experiments/columns.js";
import * as counting from "../experiments/counting.js";
import * as reductions from "../experiments/reductions.js";
import * as selection_address from "../selection/address.js";
import * as selection from "../selection/selection.js";
import * as actions from "./actions.js";
import * as bookmarks from "./bookmarks.js";
import * as run_card from "./card.js";
import * as run_header from "./header.js";
import * as run_replay from "./replay.js";
import * as run_requests from "./requests.js";
import * as run_selected from "./selected.js";
import * as share from "./share.js";
import * as bars from "./views/bars/bars.js";
import * as scatter_matrix from "./views/matrix/matrix.js";
import * as parallel_coordinates from "./views/parallel/parallel.js";
import * as parameters from "./views/parameters.js";
import * as table from "./views/table/table.js";

const OPEN_POLL_MS = 1000;
const ENDED_POLL_MS = 15000;
const HIDDEN_POLL_MS = 30000;
const MOST_PICKED_SHOWN = 100;

// --- pure ---------------------------------------------------------------------------------------------------------

/** How long to wait between two questions to the server. */
export const pollInterval = (state, isHidden) => {
    if (isHidden) return HIDDEN_POLL_MS;
    return run_header.isEnded(state) ? ENDED_POLL_MS : OPEN_POLL_MS;
};

const METRICS = "metrics";

/** The metrics that a query names, in order; null where it names none. */
export const metricsFrom = (query) => {
    const keys = new URLSearchParams(query).getAll(METRICS);
    return keys.length ? keys : null;
};

/** The query with the metrics that a person chose; other parameters stay. */
export const withMetrics = (query, keys) => {
    const parameters = new URLSearchParams(query);
    parameters.delete(METRICS);
    keys.forEach((key) => parameters.append(METRICS, key));
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

// --- the board -----------------------------------------------------------------------------------------------------

let board = null;
// Where this page hears what changes, see assets/base/feed.js.
let line = null;

const replaceQuery = (query) => {
    // Dash's router listens to other events; the page stays as it is.
    window.history.replaceState(window.history.state, "", window.location.pathname + query + window.location.hash);
};

const isTyping = ({target}) => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "range";

/** Everything the views need, and nothing else on the page does. Lives until its page is left. */
const createBoard = (root, spec) => {
    const ending = new AbortController();
    const made = {
        root,
        spec,
        signal: ending.signal,
        run: null,
        timings: [],
        experiments: columns.create(spec.hyperparameters, spec.counted, spec.looks),
        // Whether a person counts those that are not finished, see assets/experiments/counting.js.
        isIncluded: counting.fromQuery(window.location.search),
        history: selection.begin(selection_address.fromQuery(window.location.search)),
        draft: null,
        base: {},
        mask: new Uint8Array(0),
        keptCount: 0,
        selectedCount: 0,
        hovered: -1,
        chosen: [],
        wanted: metricsFrom(window.location.search),
        picked: [],
        selectedNumbers: [],
        locks: {},
        bookmarks: [],
        asked: null,
        // What a replay shows, null for how it is now; and whether the selection stays as it is meanwhile.
        epoch: null,
        isHeld: false,
        address: window.location.pathname,
        end: () => ending.abort(),
    };
    made.part = (name) => root.querySelector(`#${name}`);
    /** Write words into a part of the page, unless they stand there already. */
    made.write = (name, words) => {
        const place = made.part(name);
        if (place && place.textContent !== words) place.textContent = words;
    };
    made.press = (name, action) => made.part(name).addEventListener("click", action, {signal: made.signal});
    made.state = () => made.draft ?? made.history.present;
    made.clauses = () => made.state().clauses;
    return made;
};

const wire = (made) => {
    const {part} = made;
    let due = null;

    /** What is on the page, worked out anew only when that may have changed. */
    const baseOf = (isData) => {
        const {kept, excluded} = made.state();
        if (isData || made.base.kept !== kept || made.base.excluded !== excluded) {
            made.base = {kept, excluded, tiers: selection.baseTiers(made.experiments, made.state())};
        }
        return made.base.tiers;
    };

    const select = (isData) =>
        Object.assign(made, selection.tiers(made.experiments, made.state(), made.mask, baseOf(isData)));

    /** Say what is not finished, and whether it counts. */
    const showCounting = () => {
        const {experiments, isIncluded, chosen} = made;
        const button = part("run-include");
        const words = counting.unfinishedWords(experiments);
        button.setAttribute("aria-pressed", String(isIncluded));
        button.dataset.hint ??= button.title;
        button.title = [words, button.dataset.hint].filter(Boolean).join(". ");
        made.root.classList.toggle(
            "has-unfinished",
            counting.hasUnfinished(experiments, chosen.map((key) => experiments.columns.get(key)).filter(Boolean)),
        );
    };

    const frame = () => {
        const {isData, isKept, isNews, change} = due;
        due = null;
        if (made.signal.aborted) return;
        const start = performance.now();
        // What is on the page is chosen by how experiments ended, never by what a replay shows.
        if (isKept && made.epoch !== null) replay.aside(() => baseOf(true));
        if (!made.isHeld) select(isData && made.epoch === null);
        // What went off the page under the pointer is lit no more.
        if (made.hovered >= 0 && !(made.mask[made.hovered] & selection.KEPT)) made.hover(-1);
        if (isData) {
            showCounting();
            views.forEach((view) => view.onData(change));
        } else if (isKept) views.forEach((view) => view.onKept());
        if (isKept) replay.onKept();
        views.forEach((view) => view.onSelection({isNews}));
        if (isData) views.forEach((view) => view.onHover());
        selected.show();
        made.timings.push(performance.now() - start);
        if (made.timings.length > 500) made.timings.splice(0, 250);
    };

    /** Draw with the next frame, however often it is asked for until then. */
    const ask = (what) => {
        if (due === null) requestAnimationFrame(frame);
        const changes = [due?.change, what.change].filter(Boolean);
        const isKept = Boolean(due?.isKept || what.isKept);
        due = {...due, ...what, change: changes.length < 2 ? changes[0] : {touched: null, metricsCame: true}};
        due.isNews = Boolean(what.isNews);
        due.isKept = isKept;
    };

    const keepAddress = () => {
        const {query, isShortened} = selection_address.fitted(window.location.search, made.history.present);
        made.isShortened = isShortened;
        replaceQuery(query);
    };

    const move = (history) => {
        const {kept, excluded} = made.state();
        const isKept = history.present.kept !== kept || history.present.excluded !== excluded;
        replay.letGo();
        made.draft = null;
        made.history = history;
        keepAddress();
        ask({isKept});
    };

    Object.assign(made, {
        redraw: () => ask({isData: true}),
        /** Count those that are not finished, or no more. */
        include: (isIncluded) => {
            made.isIncluded = isIncluded;
            replaceQuery(counting.toQuery(window.location.search, isIncluded));
            ask({isData: true});
            header.show();
        },
        // What a drag selects on its way is drawn, but no step of the history.
        preview: (clauses) => {
            replay.letGo();
            made.draft = {...made.history.present, clauses};
            ask({});
        },
        step: (state) => move(selection.commit(made.history, state)),
        commit: (clauses) => made.step({...made.history.present, clauses}),
        keep: (clauses) => made.step(selection.keep(made.state(), clauses)),
        exclude: (clauses) => made.step(selection.exclude(made.state(), clauses)),
        restore: () => made.step(selection.NOTHING),
        undo: () => move(selection.undo(made.history)),
        redo: () => move(selection.redo(made.history)),
        hover: (index, event = null, {isQuiet = false} = {}) => {
            card.place(index, event, isQuiet);
            if (made.hovered === index) return;
            made.hovered = index;
            views.forEach((view) => view.onHover());
        },
        visit: (query) => visit(made, query),
        addressOfNumber: (number) => curves_address.addressOf(made.spec.slug, [number]),
        addressOf: (index) => made.addressOfNumber(made.experiments.numbers[index]),
        open: (index) => go(made.addressOf(index)),
        follow: (event, index) => made.followTo(event, made.addressOf(index)),
        followTo: (event, address) => {
            if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(address);
        },
        pick: (index) => made.views.table.pick(index),
        /** A click on a mark opens its experiment; Shift adds it to what is picked, Ctrl takes it in or out. */
        click: (index, event) => {
            if (event.ctrlKey || event.metaKey) made.pick(index);
            else if (!event.shiftKey) made.open(index);
            else made.views.table.addPick(index);
        },
        onPicked: (numbers) => {
            made.picked = numbers;
            selected.showPicked();
            views.forEach((view) => view.onPicked?.());
        },
        /** Where the picked ones are in the set, of those on the page; a picture shows the first of very many. */
        pickedIndices: () =>
            made.picked
                .slice(0, MOST_PICKED_SHOWN)
                .map((number) => made.experiments.indexOf.get(number))
                .filter((index) => made.mask[index] & selection.KEPT),
        receive: (changes) => {
            if (changes.twice !== undefined) made.twice = changes.twice;
            if (changes.run) made.run = {...changes.run, heardAt: performance.now()};
            if (changes.locks) {
                made.locks = changes.locks;
                made.views.parameters.onLocks();
            }
            if (changes.bookmarks) {
                made.bookmarks = changes.bookmarks;
                made.views.bookmarks.show();
            }
            if (changes.reduced || changes.experiments) replay.aside(() => takeIn(changes));
            if (changes.reduced) replay.onOther();
            else if (changes.experiments) replay.onNews();
            header.show();
        },
        choose: (keys) => {
            if (keys.join() === made.chosen.join()) return;
            made.wanted = keys;
            made.chosen = keys;
            replaceQuery(withMetrics(window.location.search, keys));
            ask({isData: true});
        },
        reductionOf: (key) => reductions.chosen(key.slice(2)),
        /** Show another number of a metric, as assets/experiments/reductions.js writes it: everywhere on this page, with the next answer. */
        reduce: (key, word) => {
            if (reductions.keep(key.slice(2), word)) made.listen();
        },
        /** Draw everything that is known, as a board that has just begun does. */
        show: () => {
            chooseMetrics();
            made.views.bookmarks.show();
            ask({isData: true, change: {touched: null, metricsCame: true}});
            header.show();
        },
    });

    const takeIn = ({reduced, experiments}) => {
        if (reduced) ask({isData: true, change: columns.patchMetrics(made.experiments, reduced)});
        if (experiments) ask({isData: true, isNews: true, change: columns.patch(made.experiments, experiments)});
        chooseMetrics();
        if (made.epoch !== null) select(true);
    };

    const chooseMetrics = () => {
        const metrics = columns.columnsOf(made.experiments, "metric");
        const wasChosen = made.chosen.join();
        const wanted = made.wanted?.filter((key) => made.experiments.columns.has(key)) ?? [];
        made.chosen = wanted.length
            ? wanted
            : columns.chooseMetrics(made.experiments, made.spec.objective, made.spec.metrics);
        const offered = JSON.stringify(metrics.map(({name}) => name));
        if (wasChosen === made.chosen.join() && made.offered === offered) return;
        made.offered = offered;
        window.dash_clientside.set_props("run-metrics", {
            options: metrics.map(({key, name}) => ({value: key, label: name})),
            value: made.chosen,
        });
    };

    const card = run_card.create(made);
    const header = run_header.create(made);
    const selected = run_selected.create(made);
    Object.assign(made, run_requests.create(made, header.show));
    const replay = run_replay.create(made, {
        select: () => select(true),
        draw: () => {
            ask({isData: true, change: {touched: null, metricsCame: false}});
            header.showBest();
        },
    });
    const views = [
        parameters.create(part("parameter-panel"), made),
        bars.create(part("run-bars"), made),
        scatter_matrix.create(part("scatter-matrix"), made),
        table.create(part("table-host"), made),
        actions.create(part("experiment-actions"), part("experiment-menu"), part("table-host"), made),
        parallel_coordinates.create(part("parallel-coordinates"), made),
    ];
    made.views = {
        parameters: views[0],
        bars: views[1],
        matrix: views[2],
        table: views[3],
        actions: views[4],
        bookmarks: bookmarks.create(part("bookmarks-toggle"), made),
        share: share.create(part("run-share"), made),
    };
    made.press("run-include", () => made.include(!made.isIncluded));
    listen(made, header.showElapsed);
    return made;
};

/** Go to a page of ours without loading the application again: the way Dash's own links do it. */
export const go = (address) => {
    window.history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
};

/** Show the same page as another query says; the browser's Back button returns to this one. */
const visit = (made, query) => {
    if (query === window.location.search) return;
    window.history.pushState({}, "", window.location.pathname + query);
    beginAnew(made);
};

/** A board of the same run, with all that is known of it; its views read the address anew. */
const beginAnew = (made) => {
    made.end();
    const {experiments, run, locks, bookmarks, listen: hear} = made;
    board = wire(createBoard(made.root, made.spec));
    Object.assign(board, {experiments, run, locks, bookmarks, listen: hear});
    board.show();
    // The address may ask for other numbers of the same experiments.
    board.listen();
};

/** Listeners that end with the page. */
const listen = (made, showElapsed) => {
    const {signal} = made;
    const on = (target, type, handler) => target.addEventListener(type, handler, {signal});
    on(window, "popstate", () => {
        if (window.location.pathname === made.address) beginAnew(made);
    });
    on(document, "keydown", (event) => onKey(made, event));
    on(document, "hypertuner:theme", made.redraw);
    const clock = setInterval(showElapsed, 1000);
    signal.addEventListener("abort", () => clearInterval(clock));
    watch(made);
};

const onKey = (made, event) => {
    if (event.defaultPrevented || isTyping(event) || document.querySelector(".modal.show, dialog[open]")) return;
    const key = event.key.toLowerCase();
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && key === "z") (event.shiftKey ? made.redo : made.undo)();
    else if (isCommand && key === "y") made.redo();
    else if (key === "escape" && made.picked.length) made.views.table.pickNone();
    else if (key === "escape" && made.clauses().length) made.commit([]);
    else if (key === "delete" && !made.views.actions.end()) return;
    else if (key !== "delete") return;
    event.preventDefault();
};

/** Draw again when the page gets another size, and end when it is left. */
const watch = (made) => {
    let width = made.root.clientWidth;
    const sizes = new ResizeObserver(() => {
        if (made.root.clientWidth === width) return;
        width = made.root.clientWidth;
        made.redraw();
    });
    sizes.observe(made.root);
    const presence = new MutationObserver(() => {
        if (!made.root.isConnected) made.end();
    });
    presence.observe(document.body, {childList: true, subtree: true});
    made.signal.addEventListener("abort", () => {
        sizes.disconnect();
        presence.disconnect();
        if (board === made) board = null;
    });
};

// --- what Dash calls -----------------------------------------------------------------------------------------------

/** Hear what changes on the run of this page, from now until the page is left. Called by Dash with the page. */
export const open = (spec) => {
    const root = document.getElementById("run-dashboard");
    const isOpen = line?.root === root && line.run_id === spec?.run_id;
    if (!root || !spec || isOpen) return window.dash_clientside.no_update;
    line?.end();
    later.begin();
    line = {
        root,
        run_id: spec.run_id,
        ...feed.create(feed.addressOf(spec.slug, spec.number), {
            onAnswer: (answer) => receive(root, spec, answer),
            onAway: () => window.dash_clientside.set_props("outage", {is_open: true}),
            waitMs: (isHidden) => pollInterval(board?.run?.state, isHidden),
            isOver: () => !root.isConnected,
        }),
    };
    return window.dash_clientside.no_update;
};

/** Take an answer of answers/run_changes.py; one with a spec makes the board begin anew. */
const receive = (root, {axes, ...spec}, answer) => {
    const {set_props: put} = window.dash_clientside;
    const isFirst = board === null || board.root !== root;
    if (answer.spec) {
        board?.end();
        board = wire(createBoard(root, {...answer.spec, axes}));
        board.listen = () => line.ask();
        // An extended run has other hyperparameters; requests to the server go with them from now on.
        if (JSON.stringify(answer.spec) !== JSON.stringify(spec)) put("run-spec", {data: board.spec});
    }
    if (answer.table) later.put("experiment-table", {columnDefs: answer.table});
    board.receive(answer);
    if (isFirst) later.bring();
};

export const chooseMetrics = (keys) => {
    board?.choose(keys ?? []);
    return window.dash_clientside.no_update;
};

export const answered = (answer) => {
    if (answer) board?.answered(answer);
    return window.dash_clientside.no_update;
};

export const closeAsk = () => {
    if (window.dash_clientside.callback_context.triggered_id === "run-ask-confirm") board?.confirm();
    return false;
};

export const toggleDiscard = () => window.dash_clientside.callback_context.triggered_id === "draft-discard";

/** The board of the page as it is now, or null. */
export const current = () => board;

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    /** For tests and the curious: what the page holds right now. */
    window.hypertuner = window.hypertuner || {};
    window.hypertuner.selection = {
        state: () =>
            board && {
                clauses: board.clauses(),
                kept: board.state().kept,
                excluded: board.state().excluded,
                selected: board.selectedCount,
                keptCount: board.keptCount,
                size: board.experiments.size,
                hovered: board.hovered < 0 ? null : board.experiments.numbers[board.hovered],
                numbers: [...board.experiments.numbers.subarray(0, board.experiments.size)].filter(
                    (_, index) => board.mask[index] & selection.SELECTED,
                ),
            },
        /** Resolves when the selection is drawn: what is asked for after this frame's own work comes behind it. */
        select: (clauses) => {
            board?.commit(clauses);
            return new Promise(requestAnimationFrame);
        },
        timings: () => [...(board?.timings ?? [])],
    };
};

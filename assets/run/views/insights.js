/** The box "What matters": asks the server once it is open, and shows what a click on a bar or a cell is about. */
import * as columns from "../../experiments/columns.js";
import * as counting from "../../experiments/counting.js";
import {compactNumbers, SELECTED} from "../../selection/selection.js";
import * as theme from "../../shell/theme.js";
import * as dashboard from "../page.js";

const TICK_MS = 400;
// A brush that is still being moved is not worth a forest.
const SETTLED_MS = 700;
// Nobody waits longer; the notice says what went wrong.
const PATIENCE_MS = 120000;

// --- pure ---------------------------------------------------------------------------------------------------------

export const samePair = (one, other) =>
    Boolean(one && other) && [...one].sort().join("\u0000") === [...other].sort().join("\u0000");

const namesOf = (answer) => answer?.importance?.data[0].customdata ?? [];

export const surfaceOf = (answer, pair) => (answer?.surfaces ?? []).find((each) => samePair(each.pair, pair)) ?? null;

/** What to show: what was clicked, else what was shown before where it is still there, else what matters most. */
export const pickFrom = (answer, before, clicked) => {
    const names = namesOf(answer);
    const metric = answer?.metric ?? null;
    // What matters to another metric is another question.
    const former = before?.metric === metric ? before : null;
    const name = [clicked?.name, former?.name, names[0]].find((each) => names.includes(each)) ?? null;
    const wanted = [clicked?.pair, former?.pair, answer?.surfaces?.[0]?.pair].find((pair) => surfaceOf(answer, pair));
    return {metric, name, pair: wanted ? surfaceOf(answer, wanted).pair : null};
};

/** The name or pair under a click, or null. */
export const clickedOf = (clickData) => clickData?.points?.[0]?.customdata ?? null;

/** The pair of the cell under a click, or null. Dash passes on no customdata of heat maps. */
export const pairUnder = (clickData, answer) => {
    const point = clickData?.points?.[0];
    return point ? (answer?.interaction?.data[0].customdata[point.y]?.[point.x] ?? null) : null;
};

export const scopeWords = (selected, size) => (selected < size ? `the ${selected} selected` : "selected only");

export const updateWords = (newer) =>
    newer > 0 ? `${newer} newer ${newer === 1 ? "experiment" : "experiments"}: compute anew` : "";

/** The figure of importance with one name in bold. */
export const withPick = (figure, name) => {
    const names = figure.data[0].customdata;
    const {yaxis} = figure.layout;
    const ticktext = yaxis.ticktext.map((text, at) => (names[at] === name ? `<b>${text}</b>` : text));
    return {...figure, layout: {...figure.layout, yaxis: {...yaxis, ticktext}}};
};

/** A heading for each of two charts. */
export const titlesOf = (pick) => ({
    effect: pick?.name ? `Effect of ${pick.name}` : "Effect",
    surface: pick?.pair ? `${pick.pair[0]} and ${pick.pair[1]}` : "Both together",
});

/** The second metric of a front: the first other one. */
export const otherThan = (names, first) => names.find((name) => name !== first) ?? null;

// --- the box -------------------------------------------------------------------------------------------------------

const hidden = {display: "none"};
// A page, for the server: what it asks anew ends what it asked before.
const tab = Math.random().toString(36).slice(2);
let panel = null;
// When the question was put whose answer is on its way.
let awaited = null;

const place = (name) => document.getElementById(`insights-${name}`);
const put = (name, data) => window.dash_clientside.set_props(`insights-${name}`, {data});

/** Fill a select where its words changed, and keep the choice. */
const fill = (select, words, chosen) => {
    const wanted = words.map(([value, text]) => `${value}\u0000${text}`).join("\u0001");
    if (select.dataset.filled === wanted) return;
    const former = select.value || chosen;
    select.replaceChildren(...words.map(([value, text]) => new Option(text, value)));
    select.dataset.filled = wanted;
    select.value = words.some(([value]) => value === former) ? former : (chosen ?? words[0]?.[0] ?? "");
};

const createPanel = (box) => {
    const made = {box, scope: "all", asked: null, state: null, settledAt: 0, isPending: false};
    const board = () => {
        const current = dashboard.current();
        return current?.root.isConnected ? current : null;
    };
    /** Names of metrics, and what the page calls the numbers of them. */
    const titles = () => columns.columnsOf(board().experiments, "metric").map(({key, name}) => [key.slice(2), name]);
    const metrics = () => titles().map(([name]) => name);
    const reduced = () => new URLSearchParams(window.location.search).get("reduce");
    const included = () => counting.asked(window.location.search);
    const counted = () => counting.countFinished(board().experiments);

    const numbers = () => {
        if (made.scope === "all") return null;
        const {experiments, mask} = board();
        return compactNumbers(
            [...experiments.numbers.subarray(0, experiments.size)].filter((_, index) => mask[index] & SELECTED),
        );
    };

    const ask = () => {
        made.asked = {counted: counted(), run: board().spec.run_id, reduce: reduced(), include: included()};
        made.isPending = false;
        const shared = question();
        awaited = shared.at;
        window.dash_clientside.set_props("insights-busy", {hidden: false});
        put("request", {...shared, metric: place("metric").value});
        askFront(shared);
    };

    const question = () => ({numbers: numbers(), reduce: reduced(), include: included(), tab, at: Date.now()});

    const askFront = (shared = question()) => {
        const names = ["pareto-first", "pareto-second"].map((name) => place(name).value);
        if (names.some((name) => !name)) return;
        put("pareto-request", {
            ...shared,
            metrics: names,
            goals: ["pareto-first-goal", "pareto-second-goal"].map((name) => place(name).value),
        });
    };

    const fillSelects = () => {
        const names = metrics();
        const options = titles();
        const first = names.includes(board().spec.objective) ? board().spec.objective : names[0];
        fill(place("metric"), options, first);
        place("pareto-chart").hidden = names.length < 2;
        if (names.length < 2) return;
        fill(place("pareto-first"), options, first);
        fill(place("pareto-second"), options, otherThan(names, first));
        for (const name of ["pareto-first-goal", "pareto-second-goal"]) {
            fill(
                place(name),
                [
                    ["", "by its goal"],
                    ["maximize", "more is better"],
                    ["minimize", "less is better"],
                ],
                "",
            );
        }
    };

    /** The selection moved: wait until it stands still, then ask. */
    const follow = () => {
        const current = board();
        if (made.state !== current.state()) {
            if (made.state !== null) made.isPending = true;
            made.state = current.state();
            made.settledAt = performance.now() + SETTLED_MS;
        }
        const {size} = current.experiments;
        place("scope-selected").textContent = scopeWords(current.selectedCount, size);
        if (made.isPending && made.scope === "selected" && !current.draft && performance.now() > made.settledAt) ask();
    };

    const tick = () => {
        if (!box.isConnected) return stop();
        if (!box.open || document.hidden || !board() || metrics().length === 0) return undefined;
        fillSelects();
        follow();
        if (
            made.asked === null ||
            made.asked.run !== board().spec.run_id ||
            made.asked.reduce !== reduced() ||
            made.asked.include !== included()
        )
            ask();
        if (awaited !== null && Date.now() - awaited > PATIENCE_MS) arrived({at: awaited});
        const button = place("update");
        button.textContent = updateWords(counted() - made.asked.counted);
        button.hidden = button.textContent === "";
        return undefined;
    };

    const choose = (scope) => {
        if (made.scope === scope) return;
        made.scope = scope;
        place("scope-all").setAttribute("aria-pressed", String(scope === "all"));
        place("scope-selected").setAttribute("aria-pressed", String(scope === "selected"));
        if (board() && made.asked) ask();
    };

    const timer = setInterval(tick, TICK_MS);
    const stop = () => {
        clearInterval(timer);
        if (panel === made) panel = null;
    };
    box.addEventListener("change", ({target}) => {
        if (!board()) return;
        if (target.id === "insights-metric") ask();
        else if (target.id.startsWith("insights-pareto-")) askFront();
    });
    box.addEventListener("click", ({target}) => {
        if (target.id === "insights-scope-all") choose("all");
        else if (target.id === "insights-scope-selected") choose("selected");
        else if (target.id === "insights-update" && board()) ask();
    });
    return {...made, tick};
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    // "toggle" does not bubble.
    document.addEventListener(
        "toggle",
        ({target}) => {
            if (target.id !== "insights" || !target.open) return;
            if (panel?.box !== target) panel = createPanel(target);
            panel.tick();
        },
        true,
    );
};

// --- what Dash calls -----------------------------------------------------------------------------------------------

const painted = (figure) =>
    figure ? [theme.paint(figure), {height: `${figure.layout.height}px`}] : [{data: [], layout: {}}, hidden];

const triggeredBy = (id) =>
    window.dash_clientside.callback_context.triggered.some(({prop_id: name}) => name.startsWith(`${id}.`));

const arrived = ({at}) => {
    if (at !== awaited) return;
    awaited = null;
    window.dash_clientside.set_props("insights-busy", {hidden: true});
};

export const pick = (answer, bar, cell, former) => {
    const clicked = {};
    if (triggeredBy("insights-importance")) clicked.name = clickedOf(bar);
    if (triggeredBy("insights-interaction")) clicked.pair = pairUnder(cell, answer);
    if (answer) arrived(answer);
    return answer ? pickFrom(answer, former, clicked) : null;
};

export const draw = (picked, _theme, answer) => {
    const titles = titlesOf(picked);
    for (const [name, words] of [
        ["effect", titles.effect],
        ["surface", titles.surface],
    ]) {
        const heading = place(name)?.closest("figure")?.querySelector("h3");
        if (heading) heading.textContent = words;
    }
    const surface = surfaceOf(answer, picked?.pair);
    for (const name of ["interaction", "surface"]) {
        const chart = place(name)?.closest("figure");
        if (chart) chart.hidden = !surface;
    }
    const isShown = Boolean(answer?.importance);
    return [
        ...painted(isShown ? withPick(answer.importance, picked?.name) : null),
        ...painted(answer?.effects?.[picked?.name]),
        ...painted(answer?.interaction),
        ...painted(surface?.figure),
        answer?.said ?? "",
        answer?.problem ?? "",
        !answer?.problem,
        !isShown,
    ];
};

export const drawFront = (answer) => [...painted(answer?.figure), answer?.said ?? ""];

/** Go to the experiment whose mark was clicked; a point of a line or a cell is none. */
export const open = (...clicks) => {
    const id = ["insights-pareto", "insights-effect", "insights-surface"].findIndex((name) => triggeredBy(name));
    const number = clickedOf(clicks[id]);
    const board = dashboard.current();
    const index = Number.isInteger(number) ? board?.experiments.indexOf.get(number) : undefined;
    if (index !== undefined) board.open(index);
};

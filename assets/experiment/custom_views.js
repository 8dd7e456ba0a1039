/** A project's own views: asked for while one is chosen, drawn in its place, and linked to the page by experiment numbers. */
import * as marks from "../base/marks.js";
import {compactNumbers} from "../selection/selection.js";
import * as theme from "../shell/theme.js";
import * as curves from "./curves/curves.js";

const LIVE_MS = 10000;
const BUSY_MS = 500;
const PATIENCE_MS = 60000;
const MOST_KEPT = 20;
// More rings hide what they mark.
const MOST_MARKS = 300;
// As many as the page shows curves of: see answers/curve_numbers.py.
const MOST_PICKED = 500;

// --- pure ---------------------------------------------------------------------------------------------------------

export const addressOf = (slug, number) => `/custom-views/${encodeURIComponent(slug)}/${number}`;

/** The experiments of Plotly's points, each once. owners: for each trace those of its points, or null. */
export const experimentsOf = (owners, points) => [
    ...new Set(
        (points ?? [])
            .map(({curveNumber, pointNumber, pointIndex}) => owners[curveNumber]?.[pointNumber ?? pointIndex])
            .filter(Number.isFinite),
    ),
];

/** Where an experiment's points are: [trace, point]. */
export const placesOf = (owners, experiment) =>
    owners
        .flatMap((numbers, trace) =>
            (numbers ?? []).flatMap((number, point) => (number === experiment ? [[trace, point]] : [])),
        )
        .slice(0, MOST_MARKS);

/** What is picked after a click on an experiment's point; the page's own one always stays. */
export const toggled = (picked, number, own) => {
    if (number === own) return picked;
    return picked.includes(number) ? picked.filter((other) => other !== number) : merged(picked, [number]);
};

/** What is picked after points were caught by a box or a lasso. */
export const merged = (picked, numbers) => [...new Set([...picked, ...numbers])].slice(0, MOST_PICKED);

/** How it went, in words. */
export const wordsOf = ({seconds, summary, isLive}) =>
    [
        seconds ? `took ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` : "",
        summary,
        isLive ? "made anew while the run goes on" : "",
    ]
        .filter(Boolean)
        .join(" · ");

/** How long to wait until a view is made anew: one that takes long is made less often. */
export const waitAfter = (seconds) => Math.max(LIVE_MS, 10 * 1000 * (seconds || 0));

// --- the page -----------------------------------------------------------------------------------------------------

// The latest answers, so that going back to a view shows it at once.
const answers = new Map();
let line = null;

const keep = (key, answer) => {
    answers.delete(key);
    answers.set(key, answer);
    if (answers.size > MOST_KEPT) answers.delete(answers.keys().next().value);
};

const part = (name) => document.querySelector(`#custom-view .custom-${name}`);
const plot = () => document.querySelector("#custom-graph .js-plotly-plot");
const same = () => window.dash_clientside.no_update;

const createLine = ({file, hint}, picked, {slug, number}) => {
    const root = document.getElementById("custom-view");
    const ending = new AbortController();
    const {signal} = ending;
    const key = JSON.stringify([slug, number, file]);
    const made = {file, root, picked, own: number, key, answer: null};
    let asking = null;
    let timer = null;
    let clock = null;

    const say = (words, isWorking = false) => {
        const status = part("status");
        if (status) Object.assign(status, {textContent: words}).classList.toggle("is-working", isWorking);
    };

    const work = (word) => {
        const begun = performance.now();
        clearInterval(clock);
        const tell = () => say(`${word} ${Math.floor((performance.now() - begun) / 1000)} s`, true);
        // What is there at once says nothing.
        clock = setInterval(tell, 1000);
        if (!made.answer) say(word, true);
    };

    const rest = () => clearInterval(clock);

    const later = (ms) => {
        clearTimeout(timer);
        timer = setTimeout(() => (document.hidden ? later(ms) : ask()), ms);
    };

    const show = (answer) => {
        made.answer = answer;
        keep(key, answer);
        fill(answer);
        say(wordsOf(answer));
    };

    /** Ask; only the newest question counts. */
    const ask = async (isAgain = false) => {
        clearTimeout(timer);
        asking?.abort();
        asking = new AbortController();
        const own = asking;
        if (signal.aborted || !root.isConnected) return end();
        work("computing …");
        const question = {file, shown: compactNumbers(made.picked), held: made.answer?.key ?? null, again: isAgain};
        const response = await fetch(addressOf(slug, number), {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(question),
            signal: AbortSignal.any([signal, own.signal, AbortSignal.timeout(PATIENCE_MS)]),
        }).catch(() => null);
        const told = response?.status === 200 ? await response.json().catch(() => null) : null;
        if (signal.aborted || own !== asking) return;
        if (told?.busy) {
            say("waiting for other views …", true);
            clearInterval(clock);
            timer = setTimeout(() => ask(isAgain), BUSY_MS);
            return;
        }
        rest();
        if (response?.status === 503) window.dash_clientside.set_props("outage", {is_open: true});
        if (!told) {
            say("The server did not answer; it is asked again soon.");
            later(LIVE_MS);
            return;
        }
        if (told.same) show({...made.answer, isLive: told.isLive});
        else show(told);
        if (told.isLive) later(told.same ? LIVE_MS : waitAfter(told.seconds));
    };

    const end = () => {
        ending.abort();
        asking?.abort();
        clearTimeout(timer);
        rest();
        if (line === made) line = null;
    };

    Object.assign(made, {
        ask,
        end,
        pick: (numbers) => {
            if (numbers.join() === made.picked.join()) return;
            made.picked = numbers;
            ask();
        },
    });
    part("file").textContent = file;
    part("hint").textContent = hint;
    root.addEventListener(
        "click",
        ({target}) => {
            if (target.closest(".custom-again")) ask(true);
        },
        {signal},
    );
    document.addEventListener("hypertuner:hover", ({detail}) => mark(detail), {signal});
    const known = answers.get(key);
    if (known) show(known);
    else clear();
    ask();
    return made;
};

const element = (...parts) => marks.element(...parts);

const folded = (title, text) =>
    element("details", {}, element("summary", {textContent: title}), element("pre", {textContent: text}));

const clear = () => {
    for (const name of ["problem", "picture", "guide", "said"]) part(name).hidden = true;
    part("status").textContent = "";
};

const fill = ({figure, owners, problem, traceback, said, leftOut}) => {
    part("problem").hidden = !problem;
    part("problem").replaceChildren(
        ...(problem
            ? [element("p", {textContent: problem}), ...(traceback ? [element("pre", {textContent: traceback})] : [])]
            : []),
    );
    part("picture").hidden = !figure;
    part("guide").hidden = !figure || !owners.some(Boolean);
    part("said").hidden = !said;
    const more = leftOut ? `, without ${leftOut.toLocaleString("en")} bytes before it` : "";
    part("said").replaceChildren(...(said ? [folded(`What it printed${more}`, said)] : []));
    window.dash_clientside.set_props("custom-figure", {data: figure});
};

// --- hover and selection ------------------------------------------------------------------------------------------

const owners = () => line?.answer?.owners ?? [];

/** Where a point is drawn, in pixels of the plot; null where that cannot be told, or is not in sight. */
const pixelOf = (graph, trace, point) => {
    const place = graph.calcdata?.[trace]?.find((each) => each.i === point) ?? graph.calcdata?.[trace]?.[point];
    const {xaxis, yaxis, visible} = graph._fullData?.[trace] ?? {};
    const [across, up] = [xaxis, yaxis].map((id) => id && graph._fullLayout[`${id[0]}axis${id.slice(1)}`]);
    if (!place || !across || !up || visible !== true) return null;
    const [x, y] = place.ct ?? [across.c2p(place.x), up.c2p(place.y)];
    const isInside = x >= -3 && y >= -3 && x <= across._length + 3 && y <= up._length + 3;
    return isInside ? [across._offset + x, up._offset + y] : null;
};

let marked = null;

/** Ring an experiment's points; null for none. */
const mark = (experiment) => {
    marked = experiment;
    const [box, graph] = [part("marks"), plot()];
    if (!box || !graph) return;
    const found =
        experiment === null
            ? []
            : placesOf(owners(), experiment)
                  .map((place) => pixelOf(graph, ...place))
                  .filter(Boolean);
    box.replaceChildren(
        ...found.map(([x, y]) => {
            const ring = element("i", {className: "custom-ring"});
            ring.style.transform = `translate(${x}px, ${y}px)`;
            return ring;
        }),
    );
};

const bound = new WeakSet();

/** Listen to a plot once it is there; Plotly forgets its listeners when it is cleared. */
const bind = (tries = 60) => {
    const graph = plot();
    if (!graph?.on || !graph._fullLayout) {
        if (tries && line) setTimeout(() => bind(tries - 1), 50);
        return;
    }
    if (bound.has(graph)) return mark(marked);
    bound.add(graph);
    const choose = (numbers) => window.dash_clientside.set_props("experiment-picked", {value: numbers});
    graph.on("plotly_hover", ({points}) => {
        const [experiment] = experimentsOf(owners(), points);
        if (experiment !== undefined) curves.light(experiment);
    });
    graph.on("plotly_unhover", () => curves.light(null));
    graph.on("plotly_click", ({points}) => {
        const [experiment] = experimentsOf(owners(), points);
        if (line && experiment !== undefined) choose(toggled(line.picked, experiment, line.own));
    });
    graph.on("plotly_selected", (caught) => {
        const numbers = experimentsOf(owners(), caught?.points);
        if (line && numbers.length) choose(merged(line.picked, numbers));
    });
    graph.on("plotly_afterplot", () => mark(marked));
    mark(marked);
};

// --- what Dash calls ----------------------------------------------------------------------------------------------

/** Show this view from now on, or none. */
export const open = (shown, picked, experiment) => {
    const numbers = [...new Set(picked ?? [])];
    const root = document.getElementById("custom-view");
    if (line && (line.file !== shown?.file || line.root !== root)) line.end();
    if (!shown || !experiment || !root) return same();
    if (line) line.pick(numbers);
    else line = createLine(shown, numbers, experiment);
    return shown.file;
};

let drawn = null;

/** The figure in the theme's colours. */
export const draw = (figure) => {
    if (!figure) return [{data: [], layout: {}}, {display: "none"}];
    const graph = plot();
    // Plotly keeps scales, frames and drawing contexts of the former figure.
    if (graph && drawn !== null && drawn !== line?.key) {
        window.Plotly?.purge(graph);
        bound.delete(graph);
    }
    drawn = line?.key ?? null;
    bind();
    // A zoom stays while the same view is made anew.
    const layout = {...figure.layout, uirevision: drawn};
    return [theme.paint({...figure, layout}), {height: `${layout.height || 480}px`}];
};

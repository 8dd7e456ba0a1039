/* The launch dialog in the browser: opening, searching, decisions about planned experiments, and its keyboard. */
import * as origin from "../run/origin.js";

const TABLE = "launch-table";
// A field waits 250 ms for the next key before it says what was typed.
const TYPING_MS = 300;
const LOOK_MS = 40;
const QUIET_LOOKS = 3;

// --- pure ---------------------------------------------------------------------------------------------------------

/** The options that hold every word of the search; those that are picked stand first. */
export const searched = (search, options, picked) => {
    const words = (search || "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = (options || []).filter((option) => words.every((word) => option.search.includes(word)));
    const isPicked = ({value}) => (picked || []).includes(value);
    return words.length ? [...found.filter(isPicked), ...found.filter((option) => !isPicked(option))] : found;
};

const MODES = {
    "start-run": "new",
    "launch-extend": "extend",
    "launch-duplicate": "duplicate",
    "launch-open-draft": "draft",
};

/** What a button opens the dialog for, or null where it does not. */
export const modeOf = (button) => MODES[button] ?? null;

const DECIDED = {by_status: {}, by_fingerprint: {}};

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The decisions with an action for each of some statuses; single ones of those statuses keep their own. */
export const decidedByStatus = (decisions, actions) => {
    const before = {...DECIDED, ...decisions};
    return {...before, by_status: {...before.by_status, ...actions}};
};

/** The decisions with an action for each of some single experiments. */
export const decidedByFingerprint = (decisions, actions) => {
    const before = {...DECIDED, ...decisions};
    return {...before, by_fingerprint: {...before.by_fingerprint, ...actions}};
};

/** The path of a small curve in a box: gaps where there is no number. Null where there is nothing to draw. */
export const curvePath = (values, width, height) => {
    const numbers = values.filter((value) => value !== null);
    if (numbers.length < 2) return null;
    const low = Math.min(...numbers);
    const span = Math.max(...numbers) - low || 1;
    const place = (value, at) => [
        1 + (at * (width - 2)) / (values.length - 1),
        1 + (height - 2) * (1 - (value - low) / span),
    ];
    let isPenDown = false;
    return values
        .map((value, at) => {
            if (value === null) {
                isPenDown = false;
                return "";
            }
            const command = isPenDown ? "L" : "M";
            isPenDown = true;
            return (
                command +
                place(value, at)
                    .map((number) => number.toFixed(1))
                    .join(" ")
            );
        })
        .join("");
};

/** The names without one of them. */
export const without = (names, name) => names.filter((each) => each !== name);

// --- the page -----------------------------------------------------------------------------------------------------

/** The table's grid, or null: where the dialog was closed or filled anew in the meantime, asking for it throws. */
const grid = () => {
    try {
        return window.dash_ag_grid?.getApi?.(TABLE) ?? null;
    } catch {
        return null;
    }
};

/** A click on a button that opens the dialog, or on Cancel. Buttons that only just appeared have no clicks yet. */
export const opened = (...clicks) => {
    const button = window.dash_clientside.callback_context.triggered[0];
    const id = button?.prop_id.split(".")[0];
    const stay = Array(5).fill(window.dash_clientside.no_update);
    if (!button?.value) return stay;
    const mode = modeOf(id);
    if (mode === null) return [window.dash_clientside.no_update, false, null, window.dash_clientside.no_update, ""];
    const data = {mode, origin: origin.here(), at: clicks.reduce((sum, count) => sum + (count || 0), 0)};
    return [data, true, reading(), "Reading the script ...", ""];
};

const reading = () => ({
    namespace: "dash_html_components",
    type: "Div",
    props: {className: "page-loading", role: "status", title: "Loading"},
});

export const decideAll = (values, ids, decisions) => {
    const actions = Object.fromEntries(ids.map(({name}, place) => [name, values[place]]));
    const after = decidedByStatus(decisions, actions);
    return isSame(after, decidedByStatus(decisions, {})) ? window.dash_clientside.no_update : after;
};

export const decideOne = (changes, decisions) => {
    const actions = Object.fromEntries(
        (changes || [])
            .filter(({colId}) => colId === "action")
            .map(({data, newValue, value}) => [data.id, newValue ?? value ?? data.action]),
    );
    return Object.keys(actions).length ? decidedByFingerprint(decisions, actions) : window.dash_clientside.no_update;
};

/** Ask for the table's rows anew; a status that no row has any more is not shown alone. */
export const refreshRows = (_plan, show, options) => {
    setTimeout(() => grid()?.purgeInfiniteCache(), 0);
    return (options || []).some(({value}) => value === show) ? window.dash_clientside.no_update : "";
};

let byHand = null;
let edits = 0;

/** The command if a person just wrote it; what the fields write is none of a person's. */
export const typed = (command) => {
    if (byHand === null || command !== byHand) return window.dash_clientside.no_update;
    byHand = null;
    edits += 1;
    return {command, edits};
};

export const addMetric = (_clicks, _submits, name, options, chosen) => {
    const word = (name || "").trim();
    if (!word)
        return [window.dash_clientside.no_update, window.dash_clientside.no_update, window.dash_clientside.no_update];
    const isKnown = options.some(({value}) => value === word);
    return [
        isKnown ? window.dash_clientside.no_update : [...options, {value: word, label: word}],
        chosen.includes(word) ? window.dash_clientside.no_update : [...chosen, word],
        "",
    ];
};

let typedAt = 0;

const isUnderWay = () =>
    performance.now() - typedAt < TYPING_MS || document.querySelector(".launch [data-dash-is-loading]");

/** Do something once the dialog shows what was typed last: for three looks in a row nothing is under way. */
const whenSettled = (act, quiet = 0) => {
    if (quiet === QUIET_LOOKS) act();
    else setTimeout(() => whenSettled(act, isUnderWay() ? 0 : quiet + 1), LOOK_MS);
};

// A tick makes editors anew, and a field that was just typed in would lose what has not arrived.
const unsent = new Set();

// A click that comes before the preview has followed would launch something else than what was typed; more clicks
// meanwhile are the same click.
let waiting = false;
let released = null;

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    const renderers = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
    document.addEventListener(
        "input",
        ({target}) => {
            if (target.id === "launch-command") byHand = target.value;
        },
        true,
    );
    renderers.PlanAction = ({data, node, value}) =>
        data &&
        window.React.createElement(
            "select",
            {
                className: `plan-action is-${value}`,
                value,
                "aria-label": `What to do with planned experiment ${data.place}`,
                onChange: (event) => node.setDataValue("action", event.target.value),
            },
            data.actions.map((action) => window.React.createElement("option", {key: action, value: action}, action)),
        );
    renderers.PlanCurve = ({value}) => {
        const path = curvePath(value ?? [], 76, 22);
        return (
            path &&
            window.React.createElement(
                "svg",
                {width: 76, height: 22, className: "plan-curve", role: "img", "aria-label": "course of the objective"},
                window.React.createElement("path", {d: path}),
            )
        );
    };

    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-unpick]");
        if (!button) return;
        const names = [...document.querySelectorAll("#launch-editors .editor")].map((editor) => editor.dataset.name);
        window.dash_clientside.set_props("launch-picked", {value: without(names, button.dataset.unpick)});
        document.getElementById("launch-search")?.focus();
    });
    document.addEventListener(
        "input",
        (event) => {
            if (event.target.closest?.(".launch")) typedAt = performance.now();
        },
        true,
    );
    document.addEventListener(
        "click",
        (event) => {
            const {target} = event;
            const isPick = target.matches?.("#launch-picked input, [data-unpick]");
            if (!isPick || unsent.delete(target) || !isUnderWay()) return;
            event.preventDefault();
            event.stopPropagation();
            whenSettled(() => {
                unsent.add(target);
                target.click();
            });
        },
        true,
    );
    document.addEventListener(
        "click",
        (event) => {
            const button = event.target.closest?.("#launch-start, #launch-save");
            if (!button || button === released) return;
            event.stopPropagation();
            if (waiting) return;
            waiting = true;
            whenSettled(() => {
                [waiting, released] = [false, button];
                button.click();
                released = null;
            });
        },
        true,
    );

    document.addEventListener("keydown", (event) => {
        if (!event.target.closest?.(".launch")) return;
        if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
            event.preventDefault();
            document.getElementById("launch-search")?.focus();
        }
        if (event.key !== "Enter") return;
        // A command is one line.
        if (event.target.id === "launch-command") event.preventDefault();
        if (event.ctrlKey || event.metaKey) whenSettled(() => document.getElementById("launch-start")?.click());
    });
};

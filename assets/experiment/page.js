/* The experiment page: which view is shown, the log's end. */

import * as feed from "../base/feed.js";
import * as clock from "../base/replay_clock.js";
import {compactNumbers} from "../selection/selection.js";
import * as curves from "./curves/curves.js";

// --- pure ---------------------------------------------------------------------------------------------------------

const OPEN_POLL_MS = 1000;
const ENDED_POLL_MS = 15000;
const HIDDEN_POLL_MS = 30000;
const hidden = {display: "none"};

/** The names of views in order of appearance. */
export const namesOf = (views) => [...new Set(views.map((view) => view.name))];

/** The epochs that views name, in order. */
export const epochsOf = (views) =>
    [...new Set(views.map((view) => view.epoch).filter(Number.isFinite))].sort((a, b) => a - b);

/** What can be chosen: the script's views by name, then the project's own by file. */
export const choicesOf = (views, custom) => [
    ...namesOf(views).map((name) => ({value: name, label: name})),
    ...custom.map(({name, file, hint}) => ({value: file, label: name, title: hint || file, hint, isCustom: true})),
];

/** How long to wait between two questions to the server. */
export const pollInterval = (isOpen, isHidden) => {
    if (isHidden) return HIDDEN_POLL_MS;
    return isOpen ? OPEN_POLL_MS : ENDED_POLL_MS;
};

export const epochLabel = (view) => (view.epoch === null || view.epoch === undefined ? "" : `epoch ${view.epoch}`);

// --- the page -----------------------------------------------------------------------------------------------------

const html = (children, props) => ({type: "Span", namespace: "dash_html_components", props: {children, ...props}});

const tab = ({value, label, title, isCustom}) => ({
    value,
    label: html(
        [html(label, {className: "view-tab"}), ...(isCustom ? [html("custom", {className: "custom-mark"})] : [])],
        {title: title ?? label},
    ),
});

let followed = null;

/**
 * Follow an experiment: what its page shows anew comes as properties of Dash's components. What is picked beside it is
 * asked for at once.
 */
export const open = (picked, {slug, number}) => {
    const root = document.getElementById("experiment-header");
    if (followed?.root === root) {
        followed.picked = picked;
        followed.line.ask();
        return window.dash_clientside.no_update;
    }
    followed?.line.end();
    const made = {root, picked, isOpen: true};
    followed = made;
    made.line = feed.create(`/changes/${encodeURIComponent(slug)}/experiments/${number}`, {
        onAnswer: ({isOpen, properties}) => {
            made.isOpen = isOpen;
            for (const [id, changed] of Object.entries(properties)) window.dash_clientside.set_props(id, changed);
        },
        onAway: () => window.dash_clientside.set_props("outage", {is_open: true}),
        waitMs: (isHidden) => pollInterval(made.isOpen, isHidden),
        isOver: () => !root.isConnected,
        question: (cursor) => ({cursor, picked: compactNumbers(made.picked ?? [])}),
        read: (response) => response.json().catch(() => null),
    });
    return window.dash_clientside.no_update;
};

/** Ask now, as something has just been done. */
export const ask = () => followed?.line.ask();

/** Bring the view's name and epoch in step with the views that are there, and with the clock of the page. */
export const showViews = (views, name, epoch, shown, custom) => {
    const same = window.dash_clientside.no_update;
    curves.knowEpochs(epochsOf(views || []), "own");
    // Until the first answer nobody knows what the script attached.
    const choices = views ? choicesOf(views, custom || []) : [];
    if (!choices.length) return [true, same, same, same, same, same, null, same, same, null];
    const choice = choices.find(({value}) => value === name) ?? choices[0];
    const own = views.filter((view) => !choice.isCustom && view.name === choice.value);
    const view = own.length ? own[clock.viewAt(own, epoch ?? null)] : null;
    return [
        false,
        choices.length > 1 ? "Views" : choice.label.charAt(0).toUpperCase() + choice.label.slice(1),
        choices.map(tab),
        choice.value,
        choices.length > 1 ? {} : hidden,
        view ? epochLabel(view) : "",
        (shown?.id ?? null) === (view?.id ?? null) ? same : view,
        !!choice.isCustom,
        !choice.isCustom,
        choice.isCustom ? {file: choice.value, hint: choice.hint} : null,
    ];
};

export const followLog = () => {
    requestAnimationFrame(() => {
        for (const log of document.querySelectorAll(".log")) {
            if (!log.dataset.left) log.scrollTop = log.scrollHeight;
        }
    });
};

/** The button asks; what answers the question closes it. */
export const askToStop = () => window.dash_clientside.callback_context.triggered_id === "experiment-stop";

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener(
        "scroll",
        ({target}) => {
            if (!target.classList?.contains("log")) return;
            // Who scrolls up wants to read; who returns to the end wants to follow.
            const isAtEnd = target.scrollHeight - target.clientHeight - target.scrollTop < 24;
            if (isAtEnd) delete target.dataset.left;
            else target.dataset.left = "yes";
        },
        true,
    );
};

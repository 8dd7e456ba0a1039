/* The experiment page: which view is shown, the log's end. */
import * as clock from "../base/replay_clock.js";
import * as curves from "./curves/curves.js";

// --- pure ---------------------------------------------------------------------------------------------------------

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

/** Bring the view's name and epoch in step with the views that are there, and with the clock of the page. */
export const showViews = (views, name, epoch, shown, custom) => {
    const same = window.dash_clientside.no_update;
    curves.knowEpochs(epochsOf(views || []), "own");
    // Until the first poll nobody knows what the script attached.
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

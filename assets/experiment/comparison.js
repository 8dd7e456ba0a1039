/** Experiments side by side: what a person chose there stands in the address; the table is copied, pictures take the theme's colours. */
import {csv, markdown} from "../run/views/table/copy.js";
import * as shell from "../shell/shell.js";
import * as theme from "../shell/theme.js";
import * as curves from "./curves/curves.js";

// --- pure ---------------------------------------------------------------------------------------------------------

const NUMBER = /^\d{1,9}$/;
// Side by side pictures are smaller than alone; the panel of views has each at its full size.
const HIGHEST_PX = 340;
const MOST_FRAMES = 60;
const ROWS = new Map([
    ["all", false],
    ["differing", true],
]);

/** What a query says of the comparison, as layouts/comparison.py reads it. */
export const fromQuery = (query) => {
    const parameters = new URLSearchParams(query);
    const against = parameters.get("against") ?? "";
    return {
        against: NUMBER.test(against) ? Number(against) : null,
        onlyDifferences: ROWS.get(parameters.get("rows")) ?? null,
        reduce: parameters.get("reduce") ?? "",
    };
};

/** The query after a choice: {against} or {rows}; other parameters stay. */
export const withChoice = (query, choice) => {
    const parameters = new URLSearchParams(query);
    Object.entries(choice).forEach(([name, value]) => parameters.set(name, value));
    return `?${parameters.toString().replaceAll("%2C", ",")}`;
};

const BUTTONS = ["data-comparison-against", "data-comparison-rows", "data-comparison-copy"];

/** What finds a button of the table again when the table came anew; null for anything else. */
export const selectorOf = (element) => {
    const name = BUTTONS.find((each) => element.hasAttribute?.(each));
    if (!name) return null;
    // The button of the rows has another value each time.
    return name === "data-comparison-rows" ? `[${name}]` : `[${name}="${element.getAttribute(name)}"]`;
};

// --- the page -----------------------------------------------------------------------------------------------------

let content = null;
let focused = null;

const choose = (choice) => {
    const {pathname, search, hash} = window.location;
    const query = withChoice(search, choice);
    window.history.replaceState(window.history.state, "", pathname + query + hash);
    window.dash_clientside.set_props("comparison-choice", {data: fromQuery(query)});
};

const copy = async (button) => {
    if (!content) return;
    try {
        await shell.copy((button.dataset.comparisonCopy === "CSV" ? csv : markdown)(content));
    } catch {
        window.dash_clientside.set_props("notice", {
            children: "This browser does not let the page copy.",
            is_open: true,
        });
        return;
    }
    button.classList.add("is-copied");
    setTimeout(() => button.classList.remove("is-copied"), 1200);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const button = target.closest?.(BUTTONS.map((name) => `[${name}]`).join());
        if (!button) return;
        const {comparisonAgainst: against, comparisonRows: rows} = button.dataset;
        if (against) choose({against});
        else if (rows) choose({rows});
        else copy(button);
    });
    document.addEventListener("focusin", ({target}) => {
        focused = selectorOf(target);
    });
};

/** Give the focus back to the button that had it, once the table that held it is gone; React takes a few frames. */
const refocus = (selector, frames) => {
    if (focused !== selector) return;
    if (document.activeElement === document.body) document.querySelector(selector)?.focus({preventScroll: true});
    else if (frames > 0) requestAnimationFrame(() => refocus(selector, frames - 1));
};

/** Called by Dash with every table. */
export const hold = (found) => {
    content = found ?? null;
    if (focused) refocus(focused, MOST_FRAMES);
};

/** The replay goes through the epochs of all views that stand side by side. */
export const know = (shared) => curves.knowEpochs(shared?.epochs ?? [], "compared");

/** A picture in the theme's colours; nothing at all where there is no figure. */
export const paint = (figure) => {
    if (!figure) return [{data: [], layout: {}}, {display: "none"}];
    const height = Math.min(HIGHEST_PX, figure.layout?.height || HIGHEST_PX);
    return [theme.paint({...figure, layout: {...figure.layout, height}}), {height: `${height}px`}];
};

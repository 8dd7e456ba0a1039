/** The failures of a run in groups that failed alike, as a line of its header; see analysis/failures.py. */
import * as held from "../base/held.js";
import {element} from "../base/marks.js";
import * as selection from "../selection/selection.js";

// More kinds are behind a button, so that the header stays a header.
const MOST_SHOWN = 3;
const SOURCE = "header:failure";

// --- pure ---------------------------------------------------------------------------------------------------------

/** `[{words, count, first}]`, the largest group first; first is its smallest experiment number. */
export const groupsOf = ({size, numbers, columns}) => {
    const {values, categories} = columns.get("failure");
    const counts = new Uint32Array(categories.length);
    const firsts = new Int32Array(categories.length);
    for (let index = 0; index < size; index += 1) {
        const code = values[index];
        if (!(code >= 0)) continue;
        if (counts[code] === 0 || numbers[index] < firsts[code]) firsts[code] = numbers[index];
        counts[code] += 1;
    }
    return categories
        .map((words, code) => ({words, count: counts[code], first: firsts[code]}))
        .filter(({count}) => count > 0)
        .sort((a, b) => b.count - a.count || a.first - b.first);
};

export const titleOf = (groups) => {
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    return `${count.toLocaleString("en-US")} failed${groups.length > 1 ? `, in ${groups.length.toLocaleString("en-US")} ways` : ""}:`;
};

/** What happened, and where in the code if that is known: `[message, "(train.py:41, in step)"]`. */
export const partsOf = (words) => words.match(/^(.*) (\([^()]*:\d+(?:, in [^()]*)?\))$/)?.slice(1) ?? [words, ""];

// --- on the page --------------------------------------------------------------------------------------------------

/** Bring the line up to date; it costs nothing where no group changed. */
export const show = (place, made) => {
    const groups = groupsOf(made.experiments);
    const isAll = place.dataset.isAll === "yes" && place.dataset.run === String(made.spec.run_id);
    const shown = JSON.stringify([
        made.spec.run_id,
        isAll,
        groups.length,
        groups.slice(0, isAll ? undefined : MOST_SHOWN),
        titleOf(groups),
    ]);
    if (place.dataset.shown === shown) return;
    Object.assign(place.dataset, {shown, run: made.spec.run_id, isAll: isAll ? "yes" : "no"});
    place.hidden = groups.length === 0;
    const items = groups.slice(0, isAll ? undefined : MOST_SHOWN).map((group) => itemOf(element, made, group));
    const more = groups.length - items.length;
    const unfold = element("button", {type: "button", className: "ht-link", textContent: `and ${more} more`});
    unfold.addEventListener("click", () => {
        place.dataset.isAll = "yes";
        show(place, made);
    });
    held.redraw(place, () =>
        place.replaceChildren(
            element("b", {textContent: titleOf(groups)}),
            element("ul", {}, ...items),
            ...(more > 0 ? [unfold] : []),
        ),
    );
};

const itemOf = (element, made, {words, count, first}) => {
    const [message, where] = partsOf(words);
    const select = element(
        "button",
        {type: "button", className: "ht-failure", title: `Select these ${count}: ${words}`},
        element("b", {textContent: `${count.toLocaleString("en-US")} ×`}),
        element("code", {textContent: message}),
        ...(where ? [element("span", {textContent: where})] : []),
    );
    select.addEventListener("click", () => toggle(made, words));
    const address = `${made.addressOfNumber(first)}#log-panel`;
    const log = element("a", {
        href: address,
        className: "ht-quiet",
        textContent: `log of ${first}`,
        title: `What experiment ${first}, the first of them, printed`,
    });
    log.addEventListener("click", (event) => made.followTo(event, address));
    return element("li", {}, select, log);
};

const toggle = (made, words) => {
    const isOn = selection.clausesOf(made.clauses(), SOURCE).some(({values}) => values.includes(words));
    made.commit(selection.withClauses(made.clauses(), SOURCE, isOn ? [] : [{field: "failure", values: [words]}]));
};

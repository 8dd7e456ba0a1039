/** Search in a whole log, and the errors and warnings lifted out of it; the server reads it, see answers/logs.py. */
import * as marks from "../base/marks.js";

// A log that grows is looked through again, but not with every line.
const LOOK_EVERY_MS = 3000;
const SIGNS = {memory: "out of memory", killed: "killed", traceback: "exception", error: "error", warning: "warning"};

// --- pure ---------------------------------------------------------------------------------------------------------

/** A text cut where the words are, whatever their case: `[{text, isFound}]`. */
export const partsOf = (text, words) => {
    const [lower, wanted] = [text.toLowerCase(), words.toLowerCase()];
    // Some letters get longer in lower case; then places in one are not those in the other.
    if (!wanted || lower.length !== text.length) return [{text, isFound: false}];
    const parts = [];
    let at = 0;
    for (let found = lower.indexOf(wanted); found >= 0; found = lower.indexOf(wanted, at)) {
        if (found > at) parts.push({text: text.slice(at, found), isFound: false});
        parts.push({text: text.slice(found, found + wanted.length), isFound: true});
        at = found + wanted.length;
    }
    if (at < text.length) parts.push({text: text.slice(at), isFound: false});
    return parts;
};

/** Where to go from a match: the next or the one before, around the ends. */
export const stepped = (at, count, step) => (count === 0 ? -1 : (at + step + count) % count);

export const countWords = (at, count) =>
    count === 0 ? "nothing found" : `${(at + 1).toLocaleString("en-US")} of ${count.toLocaleString("en-US")}`;

/** Where line `line` of a log of `lines` lines is among the last ones, as shown; -1 where it is before them. */
export const placeIn = (shown, line, lines) => {
    const count = shown.endsWith("\n") ? shown.split("\n").length - 1 : shown.split("\n").length;
    const place = line - 1 - (lines - count);
    return place >= 0 && place < count ? place : -1;
};

// --- on the page --------------------------------------------------------------------------------------------------

const part = (name) => document.getElementById(`log-${name}`);
const element = (...all) => marks.element(...all);

// Of the page that is open: whose log it is, what was searched, and what was found.
let place = null;
let asked = null;
let found = null;
let at = -1;

const streamShown = () => document.querySelector(".log-panel .nav-link.active")?.textContent ?? "stdout";

const address = () => `/logs/${place.slug}/experiments/${place.number}`;

const ask = async (words, stream) => {
    if (!place || !words.trim()) return clear();
    const question = {words, stream, of: address()};
    asked = question;
    part("count").textContent = "searching …";
    const response = await fetch(`${address()}?${new URLSearchParams({words, stream})}`).catch(() => null);
    // Somebody typed on, or went to another page.
    if (asked !== question || !part("count")) return;
    found = response?.ok ? await response.json().catch(() => null) : null;
    if (asked !== question || !part("count")) return;
    if (found === null) {
        clear();
        part("count").textContent = "the search failed; try again";
        return;
    }
    at = found.matches.length ? 0 : -1;
    show();
};

const clear = () => {
    asked = null;
    found = null;
    at = -1;
    unmark();
    if (!part("found")) return;
    part("count").textContent = "";
    part("found").hidden = true;
    part("found").replaceChildren();
    ["before", "next"].forEach((name) => {
        part(name).disabled = true;
    });
};

const show = () => {
    const {matches, note} = found;
    const items = matches.map(({line, text}, index) => {
        const item = element(
            "button",
            {type: "button", dataset: {index}},
            element("span", {className: "log-line", textContent: line.toLocaleString("en-US")}),
            element(
                "code",
                {},
                ...partsOf(text, asked.words).map(({text: piece, isFound}) =>
                    element(isFound ? "mark" : "span", {textContent: piece}),
                ),
            ),
        );
        return element("li", {}, item);
    });
    const said = note || (matches.length ? "" : `No line of ${asked.stream} has these words.`);
    part("found").replaceChildren(
        element("ol", {}, ...items),
        ...(said ? [element("p", {className: "muted", textContent: said})] : []),
    );
    part("found").hidden = false;
    ["before", "next"].forEach((name) => {
        part(name).disabled = matches.length < 2;
    });
    showCurrent();
};

const showCurrent = () => {
    const {matches, count, lines} = found;
    const shown = matches.length < count ? ` (${count.toLocaleString("en-US")} lines have it)` : "";
    part("count").textContent = countWords(at, matches.length) + shown;
    part("found")
        .querySelectorAll("button")
        .forEach((item, index) => item.classList.toggle("is-current", index === at));
    if (at < 0) return unmark();
    const list = part("found").querySelector("ol");
    const item = list.children[at];
    // The list moves, and not the page.
    list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 2 + item.clientHeight / 2;
    mark(matches[at].line, lines);
};

/** Show the line in the log itself, if it is among the last ones that are shown. */
const mark = (line, lines) => {
    unmark();
    const log = document.getElementById(`log-${asked.stream}`);
    const node = log?.firstChild;
    if (!node || node.nodeType !== Node.TEXT_NODE) return;
    const among = placeIn(node.data, line, lines);
    if (among < 0) return;
    const rows = node.data.split("\n");
    const start = rows.slice(0, among).reduce((sum, row) => sum + row.length + 1, 0);
    const range = new Range();
    range.setStart(node, start);
    range.setEnd(node, start + rows[among].length);
    if (window.Highlight) CSS.highlights.set("log-line", new Highlight(range));
    log.scrollTop += range.getBoundingClientRect().top - log.getBoundingClientRect().top - log.clientHeight / 2;
};

const unmark = () => window.CSS?.highlights?.delete("log-line");

const go = (index) => {
    at = index;
    showCurrent();
};

const step = (by) => {
    if (found) go(stepped(at, found.matches.length, by));
};

const isAsked = (words) =>
    asked !== null && asked.words === words && asked.stream === streamShown() && asked.of === address();

// --- errors and warnings ---

let timer = null;
let looked = "";

const look = async () => {
    timer = null;
    const of = place && address();
    if (!of || !part("problems")) return;
    const response = await fetch(`${of}/problems`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    // The next line of the log asks again.
    if (answer === null || !place || of !== address() || !part("problems")) return;
    const said = JSON.stringify(answer);
    if (said === looked) return;
    looked = said;
    showProblems(answer);
};

const showProblems = ({problems, note}) => {
    const items = problems.map(({kind, text, place: where, line, count, stream}) => {
        const jump = element("button", {
            type: "button",
            className: "log-jump",
            textContent: `${stream}:${line.toLocaleString("en-US")}`,
            title: "Show it in the log",
        });
        jump.addEventListener("click", () => jumpTo(stream, text));
        return element(
            "li",
            {className: `is-${kind}`},
            element("span", {className: "log-sign", textContent: SIGNS[kind]}),
            element("code", {textContent: text, title: text}),
            ...(where ? [element("span", {className: "muted", textContent: where})] : []),
            ...(count > 1
                ? [
                      element("b", {
                          textContent: `${count.toLocaleString("en-US")} ×`,
                          title: "How often; numbers in it may differ",
                      }),
                  ]
                : []),
            jump,
        );
    });
    part("problems").hidden = items.length === 0;
    part("problems").replaceChildren(
        element("h3", {textContent: "Errors and warnings in the output"}),
        element("ul", {}, ...items),
        ...(note ? [element("p", {className: "muted", textContent: note})] : []),
    );
};

const jumpTo = (stream, text) => {
    const words = text.slice(0, 120).trim();
    const box = part("words");
    // Set behind React's back, so that its own value follows.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, words);
    box.dispatchEvent(new Event("input", {bubbles: true}));
    window.dash_clientside.set_props("log-tab", {active_tab: stream});
    ask(words, stream);
};

/** The log changed, or it is another one's. */
export const onLog = (_stdout, _stderr, shown) => {
    const isOther =
        !place || place.slug !== shown.slug || place.number !== shown.number || !part("problems")?.dataset.isKnown;
    place = shown;
    if (isOther) {
        part("problems").dataset.isKnown = "yes";
        looked = "";
        clear();
        clearTimeout(timer);
        timer = null;
        look();
        if (window.location.hash === "#log-panel") document.querySelector(".log-panel").scrollIntoView();
    } else {
        timer ??= setTimeout(look, LOOK_EVERY_MS);
    }
};

/** Another stream is shown: what was searched is searched there. */
export const onTab = (stream) => {
    if (asked && place && asked.stream !== stream && asked.of === address()) ask(asked.words, stream);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("keydown", (event) => {
        if (event.target.id !== "log-words" || event.isComposing) return;
        const words = event.target.value;
        if (event.key === "Enter") {
            event.preventDefault();
            if (!isAsked(words)) ask(words, streamShown());
            else step(event.shiftKey ? -1 : 1);
        } else if (event.key === "Escape") {
            clear();
        }
    });
    document.addEventListener("input", ({target}) => {
        // The cross of a search box empties it.
        if (target.id === "log-words" && target.value === "") clear();
    });
    document.addEventListener("click", ({target}) => {
        if (target.closest("#log-next")) step(1);
        else if (target.closest("#log-before")) step(-1);
        const item = target.closest("#log-found button");
        if (item) go(Number(item.dataset.index));
    });
};

/** Files that the server makes in the background: their place in the queue, progress, a cancel, and the download once they are made. */
import * as held from "../base/held.js";
import * as marks from "../base/marks.js";
import {element} from "../base/marks.js";

const POLL_MS = 700;
const REMEMBERED = "hypertuner-exports";
const AWAY = "The server did not answer. Try again in a moment.";

// --- pure ---------------------------------------------------------------------------------------------------------

export const isOpen = ({state}) => state === "queued" || state === "working";

/** What is said of a file. */
export const stateWords = ({state, ahead, progress, reason}) => {
    if (state === "queued") return ahead ? `waits: ${ahead} before it` : "starts in a moment";
    if (state === "working") return progress > 0 ? `${Math.floor(progress * 100)} %` : "is being made";
    return state === "done" ? "ready" : (reason ?? "It could not be made.");
};

/** The question for a run's table. numbers: the experiments in short, null for all of them. */
export const csvQuestion = ({slug, number}, numbers, reduce, include = null) => ({
    kind: "csv",
    slug,
    run: String(number),
    flavour: "spreadsheet",
    ...(numbers === null ? {} : {numbers}),
    ...(reduce === null ? {} : {reduce}),
    ...(include === null ? {} : {include}),
});

// --- the box ------------------------------------------------------------------------------------------------------

let box = null;
let timer = null;
// Files that this page asked for: they are fetched by themselves, and stay in the box until it is closed.
const mine = new Set();
const fetched = new Set();

const remember = () => {
    try {
        if (mine.size) sessionStorage.setItem(REMEMBERED, JSON.stringify([...mine]));
        else sessionStorage.removeItem(REMEMBERED);
    } catch {
        // Storage may be forbidden; a page that is loaded again has forgotten them, then.
    }
};

const remembered = () => {
    try {
        return JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "[]");
    } catch {
        return [];
    }
};

const ask = async (question) => {
    const response = await fetch("/exports", {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(question),
    }).catch(() => null);
    return (response?.ok && (await response.json().catch(() => null))) || {error: AWAY};
};

const tell = (sentence) => window.dash_clientside.set_props("notice", {children: sentence, is_open: true});

const addressOf = ({id}) => `/exports/${id}`;

const fetchFile = (file) => {
    fetched.add(file.id);
    marks.element("a", {href: addressOf(file), download: file.title}).click();
};

const leave = (id) => {
    mine.delete(id);
    remember();
};

const itemOf = (file) => {
    const end = element("button", {
        type: "button",
        className: "ht-icon",
        textContent: "×",
        title: isOpen(file) ? "Cancel" : "Remove",
        aria: {label: `${isOpen(file) ? "Cancel" : "Remove"} ${file.title}`},
    });
    end.addEventListener("click", async () => {
        leave(file.id);
        // At once: a second click on the same place is meant for the next one.
        end.closest("li").remove();
        show(await ask({do: "cancel", id: file.id}));
    });
    const name =
        file.state === "done"
            ? element("a", {href: addressOf(file), download: file.title, textContent: file.title})
            : element("span", {textContent: file.title});
    const bar = element("progress", {max: 1, hidden: file.state !== "working", aria: {label: file.title}});
    if (file.progress > 0) bar.value = file.progress;
    return element(
        "li",
        {className: `is-${file.state}`},
        element("b", {}, name),
        element("span", {textContent: stateWords(file)}),
        end,
        bar,
    );
};

const makeBox = () => {
    const list = element("ul");
    const root = element(
        "section",
        {className: "ht-exports", aria: {label: "Downloads", role: "region"}},
        element("h2", {textContent: "Downloads"}),
        list,
    );
    document.body.append(root);
    return {root, list};
};

const show = (answer) => {
    clearTimeout(timer);
    timer = null;
    if (answer.exports) {
        const there = answer.exports.filter(({id}) => mine.has(id));
        const known = new Set(there.map(({id}) => id));
        [...mine].filter((id) => !known.has(id)).forEach(leave);
        box ??= makeBox();
        // A pressed button stays where it is while nothing has changed.
        const written = JSON.stringify(there);
        if (box.written !== written) held.redraw(box.list, () => box.list.replaceChildren(...there.map(itemOf)));
        box.written = written;
        box.root.hidden = there.length === 0;
        there.filter((file) => file.state === "done" && !fetched.has(file.id)).forEach(fetchFile);
        if (!there.some(isOpen)) return;
    }
    if (mine.size) timer = setTimeout(poll, POLL_MS);
};

const poll = async () => show(await ask({do: "list"}));

/** Let a file be made, show how far it is, and download it. */
export const add = async (question) => {
    const answer = await ask({...question, do: "add"});
    if (answer.error) {
        tell(answer.error);
        return;
    }
    mine.add(answer.added);
    remember();
    show(answer);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const button = target.closest?.("[data-report-of]");
        if (!button) return;
        const {reportOf, reportRun, reportInclude} = button.dataset;
        add({kind: "pdf", slug: reportOf, run: reportRun, ...(reportInclude ? {include: reportInclude} : {})});
    });
    // A page that is loaded again goes on waiting for what it asked for.
    for (const id of remembered()) mine.add(id);
    if (mine.size) poll();
};

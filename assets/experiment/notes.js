/** The note of an experiment: written in the page, kept by the server, and never lost on the way between them. */
import {element} from "../base/marks.js";
import * as bookmarks from "../run/bookmarks.js";

// As storage/notes.py has it.
export const LONGEST = 10000;
const RETRY_MS = 5000;
const PATIENCE_MS = 20000;

// --- pure: {text: what the box has, base: the note as it was read or saved last, theirs: what somebody else wrote meanwhile, sent: what is on
// its way, isAway, isSaved, error, deleted: what a deletion took} ------------------------------------------------------

export const begun = (note) => ({
    text: note.text,
    base: note,
    theirs: null,
    sent: null,
    isAway: false,
    isSaved: false,
    error: null,
    deleted: null,
});

const isChanged = ({text, base}) => text !== base.text;

const lengthOf = (text) => [...text].length;

export const canSave = (state) =>
    isChanged(state) && state.sent === null && state.theirs === null && lengthOf(state.text) <= LONGEST;

/** A note comes from the server: a colleague's, or one's own from before. */
export const received = (state, note) => {
    if (note.version <= (state.theirs ?? state.base).version) return state;
    return taken(state, note);
};

const taken = (state, note) => {
    if (note.text === state.sent) return {...state, base: note};
    if (!isChanged(state) || note.text === state.text)
        return {...state, text: note.text, base: note, theirs: null, deleted: null, isSaved: false};
    return {...state, theirs: note};
};

export const typed = (state, text) => ({...state, text, isSaved: false, error: null, deleted: null});

/** The server's answer to a change; null where there is none. */
export const answered = (state, answer) => {
    const free = {...state, sent: null, isAway: answer === null, isSaved: false, error: answer?.error ?? null};
    if (answer === null || answer.error) return free;
    // Whatever its version: what the server has is what is there.
    if (answer.changed) return taken(free, answer.note);
    // Of a text of blanks only it keeps nothing.
    const text = state.text === state.sent && state.text.trim() === "" ? answer.note.text : state.text;
    return {...free, text, base: answer.note, theirs: null, isSaved: true};
};

/** A deletion was done, or taken back. */
export const removed = (state, note) => ({...begun(note), deleted: state.text});
export const restored = (state, note) => ({...begun(note), text: state.deleted ?? note.text});

/** Where two wrote: keep both texts, theirs, or one's own. Nothing is written by that alone. */
export const merged = (state, choice) => {
    const {text, theirs} = state;
    const kept = {both: theirs.text ? `${theirs.text}\n\n${text}` : text, theirs: theirs.text, mine: text}[choice];
    return {...state, text: kept, base: theirs, theirs: null};
};

/** What was typed and not saved before the page was left, on top of what is there now. */
export const resumed = (note, draft) => {
    if (typeof draft?.text !== "string" || typeof draft.was !== "string" || draft.text === note.text)
        return begun(note);
    return received(typed(begun({...note, text: draft.was, version: draft.version}), draft.text), note);
};

export const draftOf = (state) =>
    isChanged(state) ? {text: state.text, was: state.base.text, version: state.base.version} : null;

export const wordsOf = (state) => {
    const over = lengthOf(state.text) - LONGEST;
    if (state.theirs) return "Not saved";
    if (over > 0)
        return `${over.toLocaleString("en-US")} characters more than the ${LONGEST.toLocaleString("en-US")} of a note: shorten it, and it is saved.`;
    if (state.error) return `Not saved: ${state.error}`;
    if (state.isAway) return "Not saved: the server does not answer. The text stays here, and is sent again by itself.";
    if (state.sent !== null) return "Saving …";
    if (isChanged(state)) return "Not saved yet";
    if (state.deleted !== null) return "Deleted";
    return state.isSaved ? "Saved" : "";
};

export const quarrelOf = ({theirs}) =>
    theirs.text
        ? `${theirs.by ?? "Somebody"} changed this note while you wrote:`
        : "Somebody deleted this note while you wrote.";

// --- the box ------------------------------------------------------------------------------------------------------

const stored = (key) => {
    try {
        return JSON.parse(localStorage.getItem(key));
    } catch {
        // Storage may be forbidden; then a text lasts as long as its page.
        return null;
    }
};

const store = (key, draft) => {
    try {
        if (draft) localStorage.setItem(key, JSON.stringify(draft));
        else localStorage.removeItem(key);
    } catch {
        // As above.
    }
};

const create = (root, {slug, number}, note) => {
    const key = `hypertuner.note.${slug}.${number}`;
    let state = resumed(note, stored(key));
    let timer = null;

    const button = (words, act, options = {}) => {
        const made = element("button", {type: "button", textContent: words, ...options});
        made.addEventListener("click", act);
        return made;
    };

    const ask = async (request) => {
        const response = await fetch(`/notes/${encodeURIComponent(slug)}/${number}`, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(request),
            keepalive: true,
            signal: AbortSignal.timeout(PATIENCE_MS),
        }).catch(() => null);
        return response?.ok ? response.json().catch(() => null) : null;
    };

    const save = async () => {
        clearTimeout(timer);
        if (!canSave(state)) return;
        const text = state.text.toWellFormed?.() ?? state.text;
        put({...typed(state, text), sent: text, isAway: state.isAway});
        put(answered(state, await ask({do: "save", text, version: state.base.version})));
        if (state.isAway) timer = setTimeout(() => root.isConnected && save(), RETRY_MS);
        // What was typed meanwhile is saved when the box is left; it may have been left already.
        else if (state.text !== text && root.isConnected && document.activeElement !== box) save();
    };

    const change = async (request, onDone) => {
        const answer = await ask({...request, version: state.base.version});
        put(answer === null || answer.changed || answer.error ? answered(state, answer) : onDone(state, answer.note));
    };

    const box = element("textarea", {
        className: "note-text",
        rows: 2,
        spellcheck: true,
        placeholder: "What you saw, for you and your colleagues",
        aria: {label: `Note on experiment ${number}`},
    });
    const said = element("span", {className: "note-said", aria: {role: "status"}});
    const byline = element("span", {className: "note-byline ht-quiet"});
    const keep = button("Save", save, {className: "ht-link", title: "Ctrl + Enter; leaving the box saves, too"});
    const remove = button("Delete", () => change({do: "delete"}, removed), {className: "ht-link is-bad"});
    // Else the box would be left, and saved, before the click.
    remove.addEventListener("mousedown", (event) => event.preventDefault());
    const undo = button("Undo", () => change({do: "restore"}, restored), {className: "ht-link"});
    const quarrel = element("p");
    const theirs = element("blockquote", {className: "note-theirs"});
    const decide = (choice) => () => {
        put(merged(state, choice));
        save();
        box.focus();
    };
    const conflict = element(
        "div",
        {className: "note-conflict", aria: {role: "alert"}},
        quarrel,
        theirs,
        element(
            "p",
            {className: "ht-links"},
            button("Keep both", decide("both"), {className: "ht-button"}),
            button("Only mine", decide("mine"), {className: "ht-link"}),
            button("Only theirs", decide("theirs"), {className: "ht-link"}),
        ),
    );

    const put = (next) => {
        state = next;
        store(key, draftOf(state));
        if (box.value !== state.text) box.value = state.text;
        said.textContent = wordsOf(state);
        said.classList.toggle("is-bad", state.isAway || Boolean(state.error) || lengthOf(state.text) > LONGEST);
        keep.hidden = !canSave(state);
        remove.hidden = !state.base.text || Boolean(state.theirs) || state.sent !== null;
        undo.hidden = state.deleted === null;
        byline.textContent = state.base.text && state.base.by ? bookmarks.bylineOf(state.base, Date.now()) : "";
        byline.title = state.base.at ? new Date(state.base.at).toLocaleString() : "";
        conflict.hidden = !state.theirs;
        if (!state.theirs) return;
        quarrel.textContent = quarrelOf(state);
        theirs.textContent = state.theirs.text;
        theirs.hidden = !state.theirs.text;
    };

    box.addEventListener("input", () => put(typed(state, box.value)));
    box.addEventListener("blur", save);
    box.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        save();
    });
    root.replaceChildren(box, element("div", {className: "note-foot"}, byline, said, keep, undo, remove), conflict);
    put(state);
    return {root, save, receive: (found) => put(received(state, found))};
};

let open = null;

/** Called by Dash with the note as the page came with it, and whenever the poll brings another. */
export const show = (note, experiment) => {
    const root = document.querySelector("#note-place");
    if (!root || !note || !experiment) return;
    if (open?.root === root) open.receive(note);
    else open = create(root, experiment, note);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    // A tab that is closed leaves no box.
    document.addEventListener("visibilitychange", () => {
        if (document.hidden && open?.root.isConnected) open.save();
    });
};

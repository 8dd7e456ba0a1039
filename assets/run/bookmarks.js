/** Bookmarks: the page as somebody arranged it, under a name, for everybody in the project. */
import {element} from "../base/marks.js";
import * as popovers from "../base/popover.js";

// As storage/bookmarks.py has it.
const LONGEST_NAME = 80;

// --- pure ---------------------------------------------------------------------------------------------------------

/** A name as it is kept: one line, one space between words. */
export const plainName = (text) => text.trim().replace(/\s+/g, " ");

/** What is wrong with a name, in words, or null. */
export const problemOf = (text) => {
    const {length} = [...plainName(text)];
    if (length === 0) return "Give the bookmark a name.";
    return length > LONGEST_NAME ? `This name has ${length} characters; ${LONGEST_NAME} are the most.` : null;
};

export const named = (bookmarks, text) => bookmarks.find(({name}) => name === plainName(text)) ?? null;

/** A query as the browser writes it; whatever was kept, it is no path and no other host. */
export const plainQuery = (query) => {
    const text = new URLSearchParams(query).toString();
    return text ? `?${text}` : "";
};

/** How long ago a moment was; clocks of two machines differ, so the near future is now. */
export const agoWords = (iso, now) => {
    const minutes = Math.floor((now - new Date(iso).getTime()) / 60000);
    if (minutes < 1) return "just now";
    if (minutes < 60) return `${minutes} min ago`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
    return `${Math.floor(minutes / 1440)} days ago`;
};

export const bylineOf = ({by, at}, now) => `${by}, ${agoWords(at, now)}`;

export const replaceWords = (bookmark, now) =>
    `“${bookmark.name}” is there already (${bylineOf(bookmark, now)}). Replace it for everybody?`;

// --- the box -------------------------------------------------------------------------------------------------------

/** The field for a name, and the question whether an earlier bookmark of that name may go. */
const createForm = (board) => {
    const field = element("input", {
        type: "text",
        className: "ht-bookmark-name",
        autocomplete: "off",
        spellcheck: false,
        placeholder: "Name",
        aria: {label: "Name of the bookmark"},
    });
    const save = element("button", {type: "button", className: "ht-button", textContent: "Save"});
    const problem = element("p", {className: "ht-bookmark-problem", hidden: true, aria: {role: "alert"}});
    const question = element("p", {className: "ht-bookmark-question", hidden: true});
    const note = element("p", {
        className: "ht-quiet",
        hidden: true,
        textContent: "An address has no room for the long list of picked experiments: a bookmark leaves it out.",
    });

    const say = (words) => {
        question.hidden = true;
        problem.textContent = words ?? "";
        problem.hidden = !words;
        field.classList.toggle("is-invalid", Boolean(words));
    };

    const setBusy = (isBusy) =>
        [field, save].forEach((each) => {
            each.disabled = isBusy;
        });

    const send = (replaces) => {
        say(null);
        setBusy(true);
        board.send({do: "bookmark", name: plainName(field.value), query: plainQuery(window.location.search), replaces});
    };

    const askToReplace = (bookmark) => {
        const yes = element("button", {type: "button", className: "ht-button", textContent: "Replace"});
        const no = element("button", {type: "button", className: "ht-link", textContent: "Another name"});
        yes.addEventListener("click", () => send(true));
        no.addEventListener("click", () => {
            say(null);
            field.select();
        });
        question.replaceChildren(element("span", {textContent: replaceWords(bookmark, Date.now())}), yes, no);
        question.hidden = false;
        yes.focus();
    };

    const submit = () => {
        const earlier = named(board.bookmarks, field.value);
        say(problemOf(field.value));
        if (!problem.hidden) field.focus();
        else if (earlier) askToReplace(earlier);
        else send(false);
    };

    save.addEventListener("click", submit);
    field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        // The key would go on to press the button that asks.
        event.preventDefault();
        submit();
    });
    field.addEventListener("input", () => say(null));
    return {
        element: element(
            "div",
            {className: "ht-bookmark-form"},
            element("label", {textContent: "Save this page as"}),
            element("div", {className: "ht-bookmark-row"}, field, save),
            problem,
            question,
            note,
        ),
        begin() {
            say(null);
            note.hidden = !board.isShortened;
        },
        focus: () => field.focus(),
        onAnswer({error}) {
            if (!save.disabled) return;
            setBusy(false);
            if (!error) field.value = "";
            field.focus();
        },
    };
};

/** The button in the run's header, and the box that it opens. */
export const create = (toggle, board) => {
    const popover = popovers.create(board.signal, "ht-bookmarks");
    const form = createForm(board);
    const list = element("ul", {className: "ht-bookmark-list"});
    const empty = element("p", {
        className: "ht-quiet",
        textContent: "None yet. A bookmark keeps what is selected, kept and excluded, and how the views are set.",
    });

    const rowOf = (bookmark) => {
        const query = plainQuery(bookmark.query);
        const address = window.location.pathname + query;
        const link = element("a", {href: address, textContent: bookmark.name, title: bookmark.name});
        if (query === plainQuery(window.location.search)) link.setAttribute("aria-current", "page");
        link.addEventListener("click", (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            popover.close();
            board.visit(query);
        });
        const copy = element("button", {
            type: "button",
            className: "ht-link",
            textContent: "Copy link",
            dataset: {copy: window.location.origin + address},
        });
        const remove = element("button", {
            type: "button",
            className: "ht-link is-bad",
            textContent: "Delete",
            aria: {label: `Delete the bookmark ${bookmark.name}`},
        });
        remove.addEventListener("click", () => {
            remove.disabled = true;
            board.send({do: "unbookmark", name: bookmark.name});
        });
        const byline = element("span", {
            className: "ht-quiet",
            textContent: bylineOf(bookmark, Date.now()),
            title: new Date(bookmark.at).toLocaleString(),
        });
        return element("li", {}, link, byline, element("span", {className: "ht-links"}, copy, remove));
    };

    const show = () => {
        if (popover.box.hidden) return;
        const hadFocus = list.contains(document.activeElement);
        list.replaceChildren(...board.bookmarks.map(rowOf));
        list.hidden = board.bookmarks.length === 0;
        empty.hidden = !list.hidden;
        if (hadFocus) form.focus();
    };

    toggle.after(popover.box);
    board.signal.addEventListener("abort", () => popover.box.remove());
    toggle.addEventListener(
        "click",
        () => {
            if (popover.close()) return;
            form.begin();
            popover.open(toggle, "Bookmarks", form.element, list, empty);
            show();
            popover.place();
            // A page of a run that has ended asks seldom.
            board.listen();
        },
        {signal: board.signal},
    );
    return {show, onAnswer: form.onAnswer};
};

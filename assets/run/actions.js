/** What can be done with experiments of a run: a bar for the picked ones, the same as a menu, and keys. */
import {element} from "../base/marks.js";
import * as selection from "../selection/selection.js";

const MENU_MARGIN = 8;

// --- pure ---------------------------------------------------------------------------------------------------------

export const plural = (count) => `${count} ${count === 1 ? "experiment" : "experiments"}`;

/** Every action: what it is called without and with experiments to do it to, and to which of them it can be done. */
export const ACTIONS = [
    {
        name: "first",
        idle: "Run next",
        words: (count) => `Run ${count} next`,
        states: ["queued"],
        hint: "Start before all others of this run that wait",
    },
    {
        name: "last",
        idle: "Run last",
        words: (count) => `Run ${count} last`,
        states: ["queued"],
        hint: "Start after all others of this run that wait",
    },
    {
        name: "drop",
        idle: "Drop",
        words: (count) => `Drop ${count} queued`,
        states: ["queued"],
        asks: true,
        hint: "Take out of the queue",
    },
    {
        name: "interrupt",
        idle: "Interrupt",
        words: (count) => `Interrupt ${count} running`,
        states: ["running"],
        asks: true,
        hint: "End the script now; what it reported stays",
    },
    {
        name: "again",
        idle: "Queue again",
        words: (count) => `Queue ${count} again`,
        states: ["failed", "stopped"],
        hint: "Another attempt of what failed, was stopped or dropped",
    },
];

/** What can be made of experiments on the page: the selection, all that is kept on it, or what is off it. */
const CHOICES = [
    {name: "select", words: "Select", hint: "Make the picked ones the selection"},
    {name: "keep", words: "Keep only", hint: "Take all others off this page until you restore them"},
    {name: "exclude", words: "Exclude", hint: "Take these off this page until you restore them"},
];

/** The choices for a target: what is selected already is not selected once more. */
export const choicesFor = ({kind}) =>
    kind === "none" ? [] : CHOICES.filter(({name}) => kind === "picked" || name !== "select");

/** To which experiments something is to be done: the picked ones, else those that a brush selected. */
export const targetOf = (set, {picked, mask, bit, isBrushed}) => {
    if (picked.length) {
        return {
            kind: "picked",
            indices: picked.map((number) => set.indexOf.get(number)).filter((index) => index !== undefined),
        };
    }
    const indices = [];
    for (let index = 0; isBrushed && index < set.size; index += 1) if (mask[index] & bit) indices.push(index);
    return {kind: indices.length ? "selected" : "none", indices};
};

export const targetWords = ({kind, indices}) => {
    if (kind === "none") return "Nothing picked";
    return kind === "picked" ? `${indices.length} picked` : `For all ${indices.length} selected`;
};

/** The numbers of those to which an action can be done; what is being interrupted already is left out. */
export const numbersFor = (set, {states}, indices) => {
    const state = set.columns.get("state");
    return indices
        .filter((index) => states.includes(state.categories[state.values[index]]) && !set.notes.get(index)?.isStopping)
        .map((index) => set.numbers[index]);
};

/** How many of these an action can be done to, for each action: one pass, because a brush may select very many. */
export const countsFor = (set, indices) => {
    const {values, categories} = set.columns.get("state");
    const counts = new Map(categories.map((word) => [word, 0]));
    for (const index of indices) {
        if (!set.notes.get(index)?.isStopping)
            counts.set(categories[values[index]], counts.get(categories[values[index]]) + 1);
    }
    return ACTIONS.map(({states}) => states.reduce((sum, state) => sum + counts.get(state), 0));
};

/** What to ask before queued ones are dropped and running ones are interrupted. */
export const questionOf = (queued, running) => {
    const parts = [queued && `drop ${queued} queued`, running && `interrupt ${running} running`].filter(Boolean);
    const words = parts.join(" and ");
    const title = `${words[0].toUpperCase()}${words.slice(1)} ${queued + running === 1 ? "experiment" : "experiments"}?`;
    const loss = running
        ? `What ${running === 1 ? "the running one has" : "the running ones have"} reported so far stays; the rest of the work is lost.`
        : "";
    const wait = queued ? "Dropped ones never start, unless they are queued again." : "";
    return {title, body: [wait, loss].filter(Boolean).join(" "), confirm: `${words[0].toUpperCase()}${words.slice(1)}`};
};

// --- the menu ------------------------------------------------------------------------------------------------------

/** Write on a button what it does, and for how many. */
const caption = (button, action, count) => {
    const words = count ? action.words(count) : action.idle;
    if (button.textContent !== words) button.textContent = words;
    button.disabled = count === 0;
};

/** The actions as a menu of a row: by a right click, or by the Menu key. */
const createMenu = (menu, table, board, {act, choose, shown}) => {
    const {signal} = board;
    let opener = null;

    const close = () => {
        if (menu.hidden) return;
        const hadFocus = menu.contains(document.activeElement);
        menu.hidden = true;
        if (hadFocus) opener?.focus({preventScroll: true});
    };

    const itemOf = ({hint, words}, onClick) => {
        const item = element("button", {
            type: "button",
            className: "ht-menu-item",
            textContent: words,
            title: hint,
            aria: {role: "menuitem"},
        });
        item.addEventListener("click", () => {
            close();
            onClick();
        });
        return item;
    };

    const actionItem = (action, count) => {
        const item = itemOf({hint: action.hint}, () => act(action));
        caption(item, action, count);
        return item;
    };

    const open = (x, y) => {
        opener = document.activeElement;
        const target = shown();
        const counts = countsFor(board.experiments, target.indices);
        const choices = choicesFor(target).map((choice) => itemOf(choice, () => choose(choice.name)));
        const items = [...choices, ...ACTIONS.map((action, place) => actionItem(action, counts[place]))];
        choices.at(-1)?.classList.add("is-last");
        menu.replaceChildren(element("div", {className: "ht-menu-title", textContent: targetWords(target)}), ...items);
        menu.hidden = false;
        menu.style.left = `${Math.max(MENU_MARGIN, Math.min(x, window.innerWidth - menu.offsetWidth - MENU_MARGIN))}px`;
        menu.style.top = `${Math.max(MENU_MARGIN, Math.min(y, window.innerHeight - menu.offsetHeight - MENU_MARGIN))}px`;
        items.find((item) => !item.disabled)?.focus({preventScroll: true});
    };

    const onKey = (event) => {
        const items = [...menu.querySelectorAll("button:enabled")];
        const at = items.indexOf(document.activeElement);
        const next = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1}[event.key];
        if (event.key === "Escape" || event.key === "Tab") close();
        else if (next !== undefined && items.length) items[(next + items.length) % items.length].focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
    };

    const onContextMenu = (event) => {
        const row = event.target.closest(".ag-row[row-id]");
        // A link has a menu of its own: open in a new tab.
        if (!row || event.target.closest("a")) return;
        event.preventDefault();
        const number = Number(row.getAttribute("row-id"));
        if (!board.picked.includes(number)) {
            board.views.table.pickOnly(number);
            // The grid tells a moment later; the menu says now what it is about.
            board.onPicked([number]);
        }
        const box = event.target.getBoundingClientRect();
        const isByKey = event.button !== 2;
        open(isByKey ? box.left + 12 : event.clientX, isByKey ? box.bottom : event.clientY);
    };

    table.addEventListener("contextmenu", onContextMenu, {signal});
    table.addEventListener("wheel", close, {signal, passive: true});
    menu.addEventListener("keydown", onKey, {signal});
    document.addEventListener(
        "pointerdown",
        (event) => {
            if (!menu.contains(event.target)) close();
        },
        {signal},
    );
};

// --- the view ------------------------------------------------------------------------------------------------------

export const create = (host, menu, table, board) => {
    const label = host.querySelector("#actions-target");
    const unpick = element("button", {
        type: "button",
        className: "ht-link",
        textContent: "Unpick",
        title: "Pick none (Esc)",
    });
    const choices = CHOICES.map(({name, words, hint}) =>
        element("button", {
            type: "button",
            className: "ht-link",
            textContent: words,
            title: hint,
            dataset: {choice: name},
        }),
    );
    const links = element("span", {className: "ht-links", hidden: true}, ...choices, unpick);
    const buttons = ACTIONS.map((action) =>
        element("button", {type: "button", className: "ht-button", title: action.hint, dataset: {action: action.name}}),
    );
    let shown = {kind: "none", indices: []};

    const read = () => {
        shown = targetOf(board.experiments, {
            picked: board.picked,
            mask: board.mask,
            bit: selection.SELECTED,
            isBrushed: selection.isNarrowed(board.state()),
        });
    };

    const show = () => {
        // While a brush is dragged the buttons wait: each frame belongs to the marks.
        if (board.draft) return;
        read();
        const counts = countsFor(board.experiments, shown.indices);
        label.textContent = targetWords(shown);
        links.hidden = shown.kind !== "picked";
        buttons.forEach((button, place) => caption(button, ACTIONS[place], counts[place]));
    };

    const act = (action) => {
        read();
        const numbers = numbersFor(board.experiments, action, shown.indices);
        if (!numbers.length) return;
        const request = {do: action.name, numbers};
        if (!action.asks) board.send(request);
        else board.ask(questionOf(...(action.name === "drop" ? [numbers.length, 0] : [0, numbers.length])), request);
    };

    /** Make the target the selection, all that is kept, or what is off the page. What is off it is picked no more. */
    const choose = (name) => {
        read();
        const clauses = shown.kind === "picked" ? [selection.pickedClause(board.picked)] : board.clauses();
        if (name === "select") board.commit(clauses);
        else if (name === "keep") board.keep(clauses);
        else board.exclude(shown.kind === "picked" ? clauses : null);
        if (name === "exclude") board.views.table.pickNone();
    };

    /** Drop what waits and interrupt what runs, among the picked ones. */
    const end = () => {
        read();
        const [queued, running] = ["queued", "running"].map((state) =>
            numbersFor(board.experiments, {states: [state]}, shown.indices),
        );
        if (queued.length + running.length === 0) return false;
        const [name, numbers] = !running.length
            ? ["drop", queued]
            : !queued.length
              ? ["interrupt", running]
              : ["end", [...queued, ...running]];
        board.ask(questionOf(queued.length, running.length), {do: name, numbers});
        return true;
    };

    host.querySelector("#actions-buttons").replaceChildren(...buttons);
    host.querySelector(".ht-links")?.remove();
    label.after(links);
    choices.forEach((button) => button.addEventListener("click", () => choose(button.dataset.choice)));
    buttons.forEach((button, place) => button.addEventListener("click", () => act(ACTIONS[place])));
    unpick.addEventListener("click", () => board.views.table.pickNone());
    createMenu(menu, table, board, {
        act,
        choose,
        shown: () => {
            read();
            return shown;
        },
    });
    return {onData() {}, onSelection: show, onPicked: show, onKept() {}, onHover() {}, end};
};

/** The panel behind "Columns": which are shown, in which order, which are pinned. */
import * as marks from "../../../base/marks.js";
import {matching} from "./columns.js";

const GROUPS = [
    ["hyperparameter", "Hyperparameters"],
    ["metric", "Metrics"],
    ["other", "Other"],
];
const PIN = `<svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true"><path d="M2.5 2v12M14 8H6m3.5-3.5L6 8l3.5 3.5"/></svg>`;

// --- pure ---------------------------------------------------------------------------------------------------------

/** The columns by role as the panel lists them: shown ones in their order, then the others. */
export const groupsOf = (offered, shown) =>
    GROUPS.map(([role, title]) => {
        const own = offered.filter((column) => column.role === role);
        const byKey = new Map(own.map((column) => [column.key, column]));
        const first = shown.filter((key) => byKey.has(key)).map((key) => byKey.get(key));
        return {
            role,
            title,
            shownCount: first.length,
            columns: [...first, ...own.filter(({key}) => !shown.includes(key))],
        };
    }).filter(({columns}) => columns.length);

// --- the panel ----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

const linkButton = (words, act, label = words) => {
    const button = element("button", {type: "button", className: "ht-link", textContent: words, aria: {label}});
    button.addEventListener("click", act);
    return button;
};

/** button: opens the panel. columns: the arrangement of columns.js. */
export const create = (button, board, columns, popover) => {
    const {signal} = board;
    const search = element("input", {
        type: "search",
        className: "ht-search",
        placeholder: "Search columns",
        aria: {label: "Search columns"},
    });
    const differs = element("input", {type: "checkbox", className: "ht-columns-differ"});
    const reset = linkButton(
        "Reset",
        () => {
            search.value = "";
            columns.reset();
        },
        "Reset all columns",
    );
    const list = element("div", {className: "ht-columns-list"});
    const content = [
        element("div", {className: "ht-columns-head"}, search, reset),
        element(
            "label",
            {
                className: "ht-filter-box",
                title: "Exactly those hyperparameters that take more than one value among the selected experiments",
            },
            differs,
            element("span", {textContent: "Only what differs"}),
        ),
        list,
    ];

    /** Draw anew; the control that had the focus has it again. */
    const keepFocus = (act) => {
        const {key, does} = document.activeElement?.dataset ?? {};
        const {scrollTop} = list;
        act();
        list.scrollTop = scrollTop;
        const again = key && does && list.querySelector(`[data-key="${CSS.escape(key)}"][data-does="${does}"]`);
        if (again)
            (again.disabled ? again.closest(".ht-columns-item").querySelector("input") : again).focus({
                preventScroll: true,
            });
    };

    const itemOf = (column, shown, group) => {
        const {key, name} = column;
        const isShown = shown.includes(key);
        const own = group.columns.slice(0, group.shownCount).map((other) => other.key);
        const box = element("input", {
            type: "checkbox",
            checked: isShown,
            disabled: isShown && shown.length === 1,
            dataset: {key, does: "show"},
        });
        box.addEventListener("change", () => columns.show([key], box.checked));
        const move = (by) =>
            columns.move(key, by, (other) => own.includes(other) && columns.isPinned(other) === columns.isPinned(key));
        const neighbour = (by) => own[own.indexOf(key) + by];
        const mover = (by, sign, words) => {
            const made = element("button", {
                type: "button",
                className: "ht-icon",
                textContent: sign,
                dataset: {key, does: words},
                disabled: !isShown || !neighbour(by) || columns.isPinned(neighbour(by)) !== columns.isPinned(key),
                title: `Move ${words} (Alt+${sign})`,
                aria: {label: `Move ${name} ${words}`},
            });
            made.addEventListener("click", () => move(by));
            return made;
        };
        const isPinned = columns.isPinned(key);
        const pin = element("button", {
            type: "button",
            className: "ht-icon ht-columns-pin",
            disabled: !isShown,
            dataset: {key, does: "pin"},
            title: isPinned ? "Unpin" : "Pin to the left",
            aria: {label: `Pin ${name}`, pressed: String(isPinned)},
        });
        // A constant of ours: no text of a script is in it.
        pin.innerHTML = PIN;
        pin.addEventListener("click", () => columns.pin(key, !isPinned));
        const item = element(
            "div",
            {className: "ht-columns-item"},
            element("label", {className: "ht-filter-box"}, box, element("span", {textContent: name, title: name})),
            pin,
            mover(-1, "↑", "up"),
            mover(1, "↓", "down"),
        );
        item.addEventListener("keydown", (event) => {
            const by = event.altKey ? {ArrowUp: -1, ArrowDown: 1}[event.key] : undefined;
            if (!by) return;
            event.preventDefault();
            if (isShown) move(by);
        });
        return item;
    };

    const groupOf = (group, shown) => {
        const found = matching(group.columns, search.value);
        if (!found.length) return [];
        const keys = found.map(({key}) => key);
        const title = element(
            "div",
            {className: "ht-columns-title"},
            element("h3", {textContent: group.title}),
            element("span", {
                className: "ht-quiet ht-number",
                textContent: `${group.shownCount} of ${group.columns.length}`,
            }),
            linkButton("all", () => columns.show(keys, true), `Show all of ${group.title}`),
            linkButton("none", () => columns.show(keys, false), `Show none of ${group.title}`),
        );
        return [element("section", {}, title, ...found.map((column) => itemOf(column, shown, group)))];
    };

    const fill = () => {
        const shown = columns.shown();
        const sections = groupsOf(columns.offered(), shown).flatMap((group) => groupOf(group, shown));
        differs.checked = columns.differs();
        reset.disabled = columns.isDefault();
        keepFocus(() =>
            list.replaceChildren(
                ...sections,
                ...(sections.length
                    ? []
                    : [element("p", {className: "ht-quiet", textContent: "No column is called so."})]),
            ),
        );
        popover.place();
    };

    search.addEventListener("input", fill);
    differs.addEventListener("change", () => columns.setDiffers(differs.checked));
    button.addEventListener(
        "click",
        () => {
            if (popover.isOpenAt(button)) return popover.close();
            search.value = "";
            popover.open(button, "Columns", ...content);
            fill();
            return true;
        },
        {signal},
    );

    return {
        onColumns() {
            const [shown, all] = [columns.shown().length, columns.offered().length];
            button.textContent = shown < all ? `Columns: ${shown} of ${all}` : "Columns";
            if (popover.isOpenAt(button)) fill();
        },
    };
};

/** The heads of the table's columns: a mark where a column is narrowed, and a menu of what can be done with it. */
import * as filters from "./filter.js";

// Fields of the columns that a clause narrows, for the heads that React draws.
let narrowed = new Set();
const readers = new Set();

const subscribe = (reader) => {
    readers.add(reader);
    return () => readers.delete(reader);
};

const tellNarrowed = (fields) => {
    if (fields.size === narrowed.size && [...fields].every((field) => narrowed.has(field))) return;
    narrowed = fields;
    readers.forEach((reader) => reader());
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    const renderers = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
    renderers.ColumnHead = ({displayName, column}) => {
        const {createElement, useSyncExternalStore} = window.React;
        const field = column.getColId();
        const isNarrowed = useSyncExternalStore(subscribe, () => narrowed.has(field));
        return createElement(
            "span",
            {className: `ht-column-head${isNarrowed ? " is-narrowed" : ""}`},
            createElement("span", {className: "ht-column-name"}, displayName),
            isNarrowed &&
                createElement("span", {
                    className: "ht-column-mark",
                    title: "Narrowed: only some of its values are selected",
                    role: "img",
                    "aria-label": "narrowed",
                }),
            createElement(
                "button",
                {
                    type: "button",
                    className: "ht-column-more",
                    tabIndex: -1,
                    title: "Sort, filter, pin, hide (Alt+↓)",
                    "aria-label": `What to do with ${displayName}`,
                },
                "⋮",
            ),
        );
    };
};

// --- the menu -----------------------------------------------------------------------------------------------------

/** What can be done with a column, as items of a menu; null is a line between two. */
export const itemsOf = (columns, key, {isNarrowed, filter, clear}) => {
    const shown = columns.shown();
    const [place, isPinned, direction] = [shown.indexOf(key), columns.isPinned(key), columns.sortOf(key)];
    const isAlike = (other) => columns.isPinned(other) === isPinned;
    const sorting = [
        ["Sort ascending", "asc"],
        ["Sort descending", "desc"],
        ["Not sorted", null],
    ].map(([words, wanted]) => ({words, isOn: direction === wanted, act: () => columns.sort(key, wanted)}));
    const mover = (words, by) => ({
        words,
        isDisabled: !shown[place + by] || !isAlike(shown[place + by]),
        act: () => columns.move(key, by, isAlike),
    });
    return [
        ...sorting,
        null,
        {words: "Filter …", act: filter},
        {words: "Clear filter", isDisabled: !isNarrowed, act: clear},
        null,
        {words: isPinned ? "Unpin" : "Pin to the left", act: () => columns.pin(key, !isPinned)},
        mover("Move left", -1),
        mover("Move right", 1),
        {words: "Hide", isDisabled: shown.length === 1, act: () => columns.show([key], false)},
    ];
};

/** Menus for the heads of a grid; columns: its arrangement of columns.js. */
export const create = (host, board, columns, popover) => {
    const {signal} = board;

    const openFilter = (head, column, title) => filters.open(popover, head, board, column, title);

    const open = (head) => {
        const key = columns.keyOf(head.getAttribute("col-id"));
        const column = board.experiments.columns.get(key);
        const title = columns.offered().find((offer) => offer.key === key)?.name ?? key;
        if (!column) return;
        popover.openMenu(
            head,
            title,
            itemsOf(columns, key, {
                isNarrowed: filters.fieldsOf(board.clauses()).has(key),
                filter: () => openFilter(head, column, title),
                clear: () => board.commit(filters.withoutField(board.clauses(), key)),
            }),
        );
    };

    const headOf = ({target}) => target.closest?.(".ag-header-cell[col-id]");

    const take = (event) => {
        event.preventDefault();
        event.stopPropagation();
    };

    // The grid sorts by a click anywhere in a head, so the button is heard before the grid.
    host.addEventListener(
        "click",
        (event) => {
            if (!event.target.closest?.(".ht-column-more")) return;
            take(event);
            const head = headOf(event);
            if (popover.isOpenAt(head)) popover.close();
            else open(head);
        },
        {signal, capture: true},
    );
    host.addEventListener(
        "contextmenu",
        (event) => {
            if (!headOf(event)) return;
            take(event);
            open(headOf(event));
        },
        {signal, capture: true},
    );
    host.addEventListener(
        "keydown",
        (event) => {
            if (!event.altKey || event.key !== "ArrowDown" || !headOf(event)) return;
            take(event);
            open(headOf(event));
        },
        {signal, capture: true},
    );

    return {
        /** Mark what is narrowed; not while a brush is drawn, whose frames belong to the marks. */
        onSelection() {
            if (board.draft) return;
            const keys = filters.fieldsOf(board.clauses());
            tellNarrowed(
                new Set(
                    columns
                        .offered()
                        .filter(({key}) => keys.has(key))
                        .map(({colId}) => colId),
                ),
            );
        },
    };
};

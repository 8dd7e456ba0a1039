/**
 * The experiment table: rows are the selection. AG Grid draws what is in sight; sorting and filtering happen in the page's
 * own arrays, because filtering 100,000 rows inside the grid at every move of a brush is too slow.
 */
import * as later from "../../../base/later.js";
import * as popovers from "../../../base/popover.js";
import * as columns from "../../../experiments/columns.js";
import {compare} from "../../../experiments/columns.js";
import * as counting from "../../../experiments/counting.js";
import * as flags from "../../../experiments/flags.js";
import * as reductions from "../../../experiments/reductions.js";
import * as selection from "../../../selection/selection.js";
import * as table_columns from "./columns.js";
import * as table_copy from "./copy.js";
import * as table_head from "./head.js";
import * as table_news from "./news.js";
import {newsOf} from "./news.js";
import * as table_panel from "./panel.js";

const GRID = "experiment-table";
// While a brush moves the table follows about ten times a second.
const FOLLOW_MS = 60;
const IDLE_MS = 150;
// The reason that storage/requests.py gives.
const DROPPED = "dropped from the queue";

// --- pure ---------------------------------------------------------------------------------------------------------

/** One row of the table. Columns of the set are named by place (h0, m3), so that no name of a metric is a key. */
export const rowOf = (set, fields, index) => {
    const row = {
        id: String(set.numbers[index]),
        index,
        number: set.numbers[index],
        reason: set.failures.get(index) ?? "",
    };
    for (const [field, column] of fields) row[field] = cellOf(column, index);
    return row;
};

export const cellOf = (column, index) => {
    const value = column.values[index];
    if (column.kind === "category") return Number.isNaN(value) ? null : column.categories[value];
    return Number.isNaN(value) ? null : value;
};

/** Pairs of a row's field and the column it shows. */
export const fieldsOf = (set) => {
    const named = (role, letter) =>
        [...set.columns.values()]
            .filter((column) => column.role === role)
            .map((column, place) => [`${letter}${place}`, column]);
    const fixed = ["state", "flags", "epoch", "epochs", "duration"].map((key) => [key, set.columns.get(key)]);
    return [...fixed, ...named("hyperparameter", "h"), ...named("metric", "m")];
};

/** Numbers to sort a column by; words are put in order as people count. */
const ranksOf = ({kind, values, categories}, size) => {
    if (kind !== "category") return values;
    const {compare} = new Intl.Collator(undefined, {numeric: true});
    const ranks = new Float64Array(categories.length);
    [...categories.keys()]
        .sort((a, b) => compare(categories[a], categories[b]))
        .forEach((code, rank) => {
            ranks[code] = rank;
        });
    return Float64Array.from({length: size}, (_, index) => ranks[values[index]] ?? NaN);
};

/**
 * The experiments in the order of the table: by `sorting` ([{column, isDescending}]), then by number; what is missing
 * is last in both directions. `before` is the order so far, of the first ones of the set: sorting what is nearly in
 * order takes next to no time.
 */
export const sorted = (set, sorting, before = []) => {
    const {numbers} = set;
    const keys = sorting.map(({column, isDescending}) => [ranksOf(column, set.size), isDescending]);
    const order = before.slice();
    for (let index = order.length; index < set.size; index += 1) order.push(index);
    return order.sort((a, b) => {
        for (const [ranks, isDescending] of keys) {
            const difference = compare(ranks[a], ranks[b], isDescending);
            if (difference) return difference;
        }
        return numbers[a] - numbers[b];
    });
};

/** Those of an order whose mask has `bit`. */
export const masked = (order, mask, bit) => {
    const found = new Uint32Array(order.length);
    let count = 0;
    for (const index of order) {
        if (mask[index] & bit) {
            found[count] = index;
            count += 1;
        }
    }
    return found.subarray(0, count);
};

/** Whether the first `count` rows are the same in both. */
export const beginAlike = (a, b, count) => {
    for (let row = 0; row < count; row += 1) if (a[row] !== b[row]) return false;
    return true;
};

/** What the state cell says: of a queued experiment its place in the queue, too; of a stopped one, why. */
export const stateWord = (state, place, note, reason = "") => {
    if (state === "running" && note?.isStopping) return "stopping";
    if (state === "stopped" && reason === DROPPED) return "dropped";
    if (state === "stopped" && reason.startsWith("stopped ")) return reason;
    if (state !== "queued" || !place) return state;
    return place === 1 ? "queued, next" : `queued, place ${place}`;
};

/** What else the state cell says, as [words, explanation, number of the experiment that it links to or null]. */
export const marksOf = (note) => {
    const found = [];
    if (note?.source)
        found.push([
            `reused from ${note.source}`,
            `it did not run, and its results are those of experiment ${note.source}, which had the same settings, code and data`,
            note.source,
        ]);
    if (note?.repeat)
        found.push([
            `repeat ${note.repeat + 1}`,
            `number ${note.repeat + 1} with these settings in this run, to see how much is noise`,
            null,
        ]);
    return found;
};

/** The state in full, for those who hover over the cell. */
export const stateExplained = (state, place, note, reason) => {
    const waits =
        state !== "queued" || !place
            ? null
            : place === 1
              ? "it starts next"
              : `${place - 1} ${place === 2 ? "other starts" : "others start"} before it`;
    const why = note?.isStopping && state === "running" ? "its end was asked for" : reason;
    return [why ? `${state}: ${why}` : state, waits, ...marksOf(note).map(([, words]) => words)]
        .filter(Boolean)
        .join("; ");
};

// --- cells ---------------------------------------------------------------------------------------------------------

// The board whose experiments the table shows; cells ask it how numbers are written and coloured.
let shown = null;

const columnOf = (params) => shown?.fields.get(params.colDef.field);

const text = (params) => {
    const column = columnOf(params);
    if (!column || !params.data) return "";
    return columns.wordOf(column, params.data.index, shown.writers.get(column));
};

const exact = (params) => {
    const column = columnOf(params);
    if (!column || !params.data) return null;
    const word = columns.wordOf(column, params.data.index);
    const remark = column.role === "metric" && word ? remarkOf(params.data) : "";
    return (remark ? `${word} (${remark})` : word) || null;
};

const remarkOf = (data) =>
    shown && data ? counting.remarkOf(shown.board.experiments, data.index, shown.board.isIncluded) : "";

// The grid keeps what a cell's style once had, so each names all of it.
const PLAIN = {backgroundColor: "transparent", color: "inherit", fontStyle: "normal"};

/** A background that is stronger for larger values, over the range of the whole column; what is not finished is grey. */
const shade = (params) => {
    if (remarkOf(params.data)) return {...PLAIN, color: "var(--ht-muted)", fontStyle: "italic"};
    const ends = shown?.ends.get(columnOf(params));
    if (!ends || !Number.isFinite(params.value)) return PLAIN;
    const share = ends[1] > ends[0] ? (params.value - ends[0]) / (ends[1] - ends[0]) : 0.5;
    return {
        ...PLAIN,
        backgroundColor: `color-mix(in srgb, var(--ht-accent) ${Math.round(4 + 30 * share)}%, transparent)`,
    };
};

const stateText = ({data, value}) =>
    data ? stateExplained(value, shown?.places.get(data.index), noteOf(data), data.reason) : value;

const noteOf = (data) => shown?.board.experiments.notes.get(data.index);

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
    Object.assign(functions, {text, exact, shade, stateText, time: (params) => columns.durationWords(params.value)});
    const renderers = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

    // A row that has just come into sight has no data for a moment.
    renderers.ExperimentLink = ({data, value}) =>
        data &&
        window.React.createElement(
            "a",
            {
                href: shown?.board.addressOf(data.index),
                className: `ht-experiment-link${shown && flags.isLit(shown.board.experiments, data.index) ? " is-lit" : ""}`,
                onClick: (event) => shown?.board.follow(event, data.index),
            },
            value,
        );

    renderers.ExperimentState = ({data, value}) => {
        if (!data) return null;
        const note = noteOf(data);
        const word = stateWord(value, shown?.places.get(data.index), note, data.reason);
        return window.React.createElement(
            "span",
            {className: `ht-state is-${word === "stopping" ? word : value}`},
            window.React.createElement("i", {className: "ht-dot"}),
            word,
            ...marksOf(note).map((mark) => tag(mark)),
            data.reason && data.reason !== word && word !== "dropped"
                ? window.React.createElement("span", {className: "ht-reason"}, ` ${data.reason}`)
                : null,
        );
    };

    const tag = ([words, , number]) => {
        if (number === null) return window.React.createElement("span", {className: "ht-tag", key: words}, words);
        const address = shown.board.addressOfNumber(number);
        return window.React.createElement(
            "a",
            {className: "ht-tag", key: words, href: address, onClick: (event) => shown?.board.followTo(event, address)},
            words,
        );
    };

    renderers.Flags = ({data}) => {
        if (!data || !shown) return null;
        const chips = flags.chipsOf(shown.board.experiments, data.index);
        return window.React.createElement(
            "span",
            {className: "ht-flags", title: chips.map(({word}) => word).join(", ")},
            chips.map(({word, kind, title}) =>
                window.React.createElement("span", {className: `ht-flag is-${kind}`, key: word, title}, word),
            ),
        );
    };

    renderers.Progress = ({data}) => {
        if (!data || data.epoch === null) return null;
        const word = data.epochs === null ? `epoch ${data.epoch}` : `${data.epoch}/${data.epochs}`;
        const share = data.epochs ? Math.min(1, data.epoch / data.epochs) : 0;
        const bar =
            data.state === "running" &&
            window.React.createElement(
                "span",
                {className: "ht-mini"},
                window.React.createElement("span", {style: {width: `${share * 100}%`}}),
            );
        return window.React.createElement("span", {className: "ht-progress-cell"}, bar, word);
    };
};

// --- the view ------------------------------------------------------------------------------------------------------

export const create = (host, board) => {
    let grid = null;
    let isInside = false;
    let waiting = null;
    let lit = null;
    // All experiments in the order of the table, and those of them that are shown; both indices into the set.
    let order = [];
    let rows = new Uint32Array(0);
    let sortedBy = [];
    let isStale = true;
    // What the rows were chosen by, and whether a person has asked for other rows since.
    let seenState = null;
    let isAsked = false;
    // What stands around the grid; there as soon as the grid is.
    let parts = null;
    // The grid holds no rows beyond this one.
    let handedOut = 0;
    // Picked elsewhere while their rows were out of the grid's sight.
    const unseen = new Set();

    const connect = async () => {
        await later.filled();
        const made = await window.dash_ag_grid.getApiAsync(GRID);
        // Dash puts in a datasource of its own as soon as the grid is ready; ours takes its place.
        while (!board.signal.aborted && !made.getGridOption("datasource"))
            await new Promise((resolve) => setTimeout(resolve, 5));
        if (board.signal.aborted) return;
        grid = made;
        readColumns();
        parts = surround();
        arrange();
        grid.setGridOption("datasource", {getRows, rowCount: rows.length});
        listen("cellMouseOver", ({data, event}) => {
            if (data) board.hover(data.index, event, {isQuiet: true});
        });
        listen("cellMouseOut", () => board.hover(-1));
        listen("rowClicked", ({event}) => {
            if (!(event.ctrlKey || event.metaKey || event.shiftKey)) unseen.clear();
        });
        listen("selectionChanged", tellPicked);
        listen("newColumnsLoaded", reductions.fitHeads(grid));
        listen("bodyScrollEnd", () => {
            if (parts.news.hasNews()) settle();
        });
        listen("cellKeyDown", ({data, event}) => {
            if (event.key === "Enter" && data && !event.target.closest("a")) board.open(data.index);
        });
        host.addEventListener(
            "pointerenter",
            () => {
                isInside = true;
            },
            {signal: board.signal},
        );
        host.addEventListener(
            "pointerleave",
            () => {
                isInside = false;
                settle();
            },
            {signal: board.signal},
        );
        host.addEventListener(
            "focusout",
            () => {
                if (parts.news.hasNews()) settle();
            },
            {signal: board.signal},
        );
        parts.heads.onSelection();
        // The grid of a page that began anew has its picked rows still.
        tellPicked();
    };

    /** The controls in the head of the box, and the menus of the grid's own heads. */
    const surround = () => {
        const box = host.closest("section");
        const part = (name) => box.querySelector(`#table-${name}`);
        // A page that begins anew has the boxes of the one before.
        box.querySelectorAll(".ht-table-popover").forEach((old) => old.remove());
        const popover = popovers.create(board.signal, "ht-table-popover");
        box.append(popover.box);
        let panel = null;
        const arrangement = table_columns.create(grid, board, {
            columnOf: (field) => shown.fields.get(field),
            listen,
            onChange: () => panel?.onColumns(),
        });
        panel = table_panel.create(part("columns"), board, arrangement, popover);
        panel.onColumns();
        table_copy.create(part("copy"), board, arrangement, () => inOrder(), popover);
        return {
            arrangement,
            heads: table_head.create(host, board, arrangement, popover),
            news: table_news.create(part("news"), board.signal, showFirst),
        };
    };

    /** A page that begins anew keeps its grid, but not what listened to it. */
    const listen = (type, handler) => {
        grid.addEventListener(type, handler);
        board.signal.addEventListener("abort", () => {
            if (!grid.isDestroyed()) grid.removeEventListener(type, handler);
        });
    };

    /** The row of an experiment where the grid has one: in view, or picked before it left the view. */
    const nodeOf = (number) =>
        grid?.getRowNode(String(number)) ?? grid?.getSelectedNodes().find(({id}) => id === String(number));

    const tellPicked = () => board.onPicked([...grid.getSelectedRows().map((row) => row.number), ...unseen]);

    const readColumns = () => {
        const fields = fieldsOf(board.experiments);
        const own = fields.map(([, column]) => column);
        shown = {
            board,
            fields: new Map([["number", board.experiments.columns.get("number")], ...fields]),
            list: fields,
            places: columns.placesInQueue(board.experiments),
            writers: new Map(own.map((column) => [column, columns.formatterOf(board.experiments, column)])),
            ends: new Map(
                own
                    .filter(({role}) => role === "metric")
                    .map((column) => [column, columns.extent(board.experiments, column)]),
            ),
        };
    };

    /** All experiments in the order of the table, as they are now. */
    const inOrder = () => {
        if (isStale) {
            const sorting = sortedBy.map(({colId, sort}) => ({
                column: shown.fields.get(colId),
                isDescending: sort === "desc",
            }));
            order = sorted(
                board.experiments,
                sorting.filter(({column}) => column),
                order,
            );
            isStale = false;
        }
        return order;
    };

    /** Sort and filter anew. */
    const arrange = () => {
        rows = masked(inOrder(), board.mask, selection.SELECTED);
        isAsked = false;
        parts.news.clear();
    };

    /** Whether rows must stay where they are: under the pointer, at the cell that keys have reached, away from the top. */
    const isHeld = () =>
        isInside || grid.getVerticalPixelRange().top > 0 || host.querySelector(".ag-cell:focus-visible") !== null;

    const tellNews = () => {
        parts.news.tell(newsOf(rows, masked(inOrder(), board.mask, selection.SELECTED), board.experiments.size));
    };

    const showFirst = () => {
        show();
        if (rows.length) grid.ensureIndexVisible(0, "top");
    };

    /** What the grid asks for when rows come into its sight, or into another order. */
    const getRows = ({startRow, endRow, sortModel, successCallback}) => {
        if (board.signal.aborted) return;
        if (JSON.stringify(sortModel) !== JSON.stringify(sortedBy)) {
            sortedBy = sortModel;
            isStale = true;
            arrange();
        }
        handedOut = Math.max(handedOut, endRow);
        successCallback(
            Array.from(rows.subarray(startRow, endRow), (index) => rowOf(board.experiments, shown.list, index)),
            rows.length,
        );
        pickSeen();
        // Rows that show others now are lit no more.
        view.onHover();
    };

    const pickSeen = () => {
        for (const number of [...unseen]) {
            const node = grid.getRowNode(String(number));
            if (node) {
                unseen.delete(number);
                node.setSelected(true);
            }
        }
    };

    /** Bring the rows in sight up to what is selected now; what stays where it was is not drawn again. */
    const show = () => {
        const before = rows;
        arrange();
        if (before.length !== rows.length) grid.setRowCount(rows.length, true);
        const held = Math.min(handedOut, Math.max(before.length, rows.length));
        if (!beginAlike(before, rows, held)) grid.refreshInfiniteCache();
        parts.arrangement.onSelection();
    };

    /** Do so when the browser has time; a frame of the brush never waits for it. */
    const settle = () => {
        if (waiting !== null) return;
        waiting = setTimeout(
            () =>
                window.requestIdleCallback(
                    () => {
                        waiting = null;
                        if (!grid || board.signal.aborted) return;
                        if (isAsked || !isHeld()) show();
                        else tellNews();
                    },
                    {timeout: IDLE_MS},
                ),
            FOLLOW_MS,
        );
    };

    /** Write what changed into the rows that the grid holds, without moving any. */
    const renew = (touched) => {
        const changed = touched && new Set(touched);
        grid.forEachNode((node) => {
            if (node.data && (!changed || changed.has(node.data.index)))
                node.setData(rowOf(board.experiments, shown.list, node.data.index));
        });
        // Widths of digits and the colour scale may be others now, also in rows that did not change.
        grid.refreshCells({force: true});
    };

    const view = {
        onData(change) {
            if (!change) return;
            isStale = true;
            if (!grid) return;
            readColumns();
            renew(change.touched);
        },
        onSelection() {
            // News comes with the selection as it was: only what a person selects may move rows wherever they look.
            isAsked ||= board.state() !== seenState;
            seenState = board.state();
            settle();
            parts?.heads.onSelection();
        },
        onKept() {},
        onHover() {
            lit?.forEach((row) => row.classList.remove("is-lit"));
            lit = null;
            if (board.hovered < 0) return;
            lit = host.querySelectorAll(`.ag-row[row-id="${board.experiments.numbers[board.hovered]}"]`);
            lit.forEach((row) => row.classList.add("is-lit"));
        },
        /** Pick an experiment, or no more, wherever its row is. */
        pick(index) {
            const number = board.experiments.numbers[index];
            const node = nodeOf(number);
            if (node) return node.setSelected(!node.isSelected());
            if (!unseen.delete(number)) unseen.add(number);
            if (grid) tellPicked();
        },
        /** Pick an experiment if it is not; asked for twice before the grid tells of the first, it stays picked. */
        addPick(index) {
            const number = board.experiments.numbers[index];
            const node = nodeOf(number);
            if (node) return node.setSelected(true);
            unseen.add(number);
            if (grid) tellPicked();
        },
        pickOnly(number) {
            unseen.clear();
            grid?.getRowNode(String(number))?.setSelected(true, true);
        },
        pickNone() {
            unseen.clear();
            grid?.deselectAll();
            if (grid) tellPicked();
        },
    };
    connect();
    return view;
};

/** The experiment table: rows are the selection. AG Grid draws; the rows come from the experiment set of the page. */
(() => {
    const GRID = "experiment-table";
    const IDLE_MS = 150;
    // The reason that storage/requests.py gives.
    const DROPPED = "dropped from the queue";

    // --- pure ---------------------------------------------------------------------------------------------------------

    /** One row of the table. Columns of the set are named by place (h0, m3), so that no name of a metric is a key. */
    const rowOf = (set, fields, index) => {
        const row = {id: String(set.numbers[index]), index, number: set.numbers[index], reason: set.failures.get(index) ?? ""};
        for (const [field, column] of fields) row[field] = cellOf(column, index);
        return row;
    };

    const cellOf = (column, index) => {
        const value = column.values[index];
        if (column.kind === "category") return Number.isNaN(value) ? null : column.categories[value];
        return Number.isNaN(value) ? null : value;
    };

    /** Pairs of a row's field and the column it shows. */
    const fieldsOf = (set) => {
        const named = (role, letter) => [...set.columns.values()].filter((column) => column.role === role)
            .map((column, place) => [`${letter}${place}`, column]);
        const fixed = ["state", "epoch", "epochs", "duration"].map((key) => [key, set.columns.get(key)]);
        return [...fixed, ...named("hyperparameter", "h"), ...named("metric", "m")];
    };

    /** Sort numbers and words; what is missing stays last in both directions. */
    const missingLast = (a, b, _nodeA, _nodeB, isDescending) => {
        const isMissingA = a === null || a === undefined || a === "";
        const isMissingB = b === null || b === undefined || b === "";
        if (isMissingA || isMissingB) return (isMissingA - isMissingB) * (isDescending ? -1 : 1);
        if (typeof a === "number" && typeof b === "number") return a - b;
        return String(a).localeCompare(String(b), undefined, {numeric: true});
    };

    /** What the state cell says: of a queued experiment its place in the queue, too; of a stopped one, why. */
    const stateWord = (state, place, note, reason = "") => {
        if (state === "running" && note?.isStopping) return "stopping";
        if (state === "stopped" && reason === DROPPED) return "dropped";
        if (state === "stopped" && reason.startsWith("stopped ")) return reason;
        if (state !== "queued" || !place) return state;
        return place === 1 ? "queued, next" : `queued, place ${place}`;
    };

    /** What else the state cell says, as [words, explanation, number of the experiment that it links to or null]. */
    const marksOf = (note) => {
        const found = [];
        if (note?.source) found.push([`reused from ${note.source}`, `it did not run, and its results are those of experiment ${note.source}, which had the same settings, code and data`, note.source]);
        if (note?.repeat) found.push([`repeat ${note.repeat + 1}`, `number ${note.repeat + 1} with these settings in this run, to see how much is noise`, null]);
        return found;
    };

    /** The state in full, for those who hover over the cell. */
    const stateExplained = (state, place, note, reason) => {
        const waits = state !== "queued" || !place ? null : place === 1 ? "it starts next" : `${place - 1} ${place === 2 ? "other starts" : "others start"} before it`;
        const why = note?.isStopping && state === "running" ? "its end was asked for" : reason;
        return [why ? `${state}: ${why}` : state, waits, ...marksOf(note).map(([, words]) => words)].filter(Boolean).join("; ");
    };

    const pure = {cellOf, fieldsOf, marksOf, missingLast, rowOf, stateExplained, stateWord};

    // --- cells ---------------------------------------------------------------------------------------------------------

    // The board whose experiments the table shows; cells ask it how numbers are written and coloured.
    let shown = null;

    const columnOf = (params) => shown?.fields.get(params.colDef.field);

    const text = (params) => {
        const column = columnOf(params);
        if (!column || params.data === undefined) return "";
        return window.dash_clientside.experiments.wordOf(column, params.data.index, shown.writers.get(column));
    };

    const exact = (params) => {
        const column = columnOf(params);
        if (!column || !params.data) return null;
        return window.dash_clientside.experiments.wordOf(column, params.data.index) || null;
    };

    /** A background that is stronger for larger values, over the range of the whole column. */
    const shade = (params) => {
        const ends = shown?.ends.get(columnOf(params));
        if (!ends || !Number.isFinite(params.value)) return {backgroundColor: "transparent"};
        const share = ends[1] > ends[0] ? (params.value - ends[0]) / (ends[1] - ends[0]) : 0.5;
        return {backgroundColor: `color-mix(in srgb, var(--ht-accent) ${Math.round(4 + 30 * share)}%, transparent)`};
    };

    const stateText = ({data, value}) => (data ? stateExplained(value, shown?.places.get(data.index), noteOf(data), data.reason) : value);

    const noteOf = (data) => shown?.board.experiments.notes.get(data.index);

    if (typeof window !== "undefined") {
        const functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
        Object.assign(functions, {missingLast, text, exact, shade, stateText,
            time: (params) => window.dash_clientside.experiments.durationWords(params.value)});
        const renderers = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

        renderers.ExperimentLink = ({data, value}) => window.React.createElement("a", {
            href: shown?.board.addressOf(data.index), className: "ht-experiment-link",
            onClick: (event) => shown?.board.follow(event, data.index),
        }, value);

        renderers.ExperimentState = ({data, value}) => {
            const note = noteOf(data);
            const word = stateWord(value, shown?.places.get(data.index), note, data.reason);
            return window.React.createElement("span", {className: `ht-state is-${word === "stopping" ? word : value}`},
                window.React.createElement("i", {className: "ht-dot"}), word,
                ...marksOf(note).map((mark) => tag(mark)),
                data.reason && data.reason !== word && word !== "dropped" ? window.React.createElement("span", {className: "ht-reason"}, ` ${data.reason}`) : null);
        };

        const tag = ([words, , number]) => {
            if (number === null) return window.React.createElement("span", {className: "ht-tag", key: words}, words);
            const address = shown.board.addressOfNumber(number);
            return window.React.createElement("a", {className: "ht-tag", key: words, href: address,
                onClick: (event) => shown?.board.followTo(event, address)}, words);
        };

        renderers.Progress = ({data}) => {
            if (data.epoch === null) return "";
            const word = data.epochs === null ? `epoch ${data.epoch}` : `${data.epoch}/${data.epochs}`;
            const share = data.epochs ? Math.min(1, data.epoch / data.epochs) : 0;
            const bar = data.state === "running" && window.React.createElement("span", {className: "ht-mini"},
                window.React.createElement("span", {style: {width: `${share * 100}%`}}));
            return window.React.createElement("span", {className: "ht-progress-cell"}, bar, word);
        };
    }

    // --- the view ------------------------------------------------------------------------------------------------------

    const create = (host, board) => {
        const {experiments: columns, selection} = window.dash_clientside;
        let grid = null;
        let isInside = false;
        let waiting = null;
        let pending = new Set();
        let lit = null;

        const connect = async () => {
            const made = await window.dash_ag_grid.getApiAsync(GRID);
            if (board.signal.aborted) return;
            grid = made;
            grid.updateGridOptions({
                isExternalFilterPresent: () => true,
                doesExternalFilterPass: (node) => (board.mask[node.data.index] & selection.SELECTED) !== 0,
            });
            listen("cellMouseOver", ({data, event}) => board.hover(data.index, event, {isQuiet: true}));
            listen("cellMouseOut", () => board.hover(-1));
            listen("selectionChanged", () => board.onPicked(grid.getSelectedRows().map((row) => row.number)));
            host.addEventListener("pointerenter", () => { isInside = true; }, {signal: board.signal});
            host.addEventListener("pointerleave", () => {
                isInside = false;
                settle();
            }, {signal: board.signal});
            view.onData({touched: null, metricsCame: true});
            // The grid of a page that began anew has its picked rows still.
            board.onPicked(grid.getSelectedRows().map((row) => row.number));
        };

        /** A page that begins anew keeps its grid, but not what listened to it. */
        const listen = (type, handler) => {
            grid.addEventListener(type, handler);
            board.signal.addEventListener("abort", () => { if (!grid.isDestroyed()) grid.removeEventListener(type, handler); });
        };

        const readColumns = () => {
            const fields = fieldsOf(board.experiments);
            const own = fields.map(([, column]) => column);
            shown = {board, fields: new Map(fields), list: fields, places: columns.placesInQueue(board.experiments),
                writers: new Map(own.map((column) => [column, columns.formatterOf(board.experiments, column)])),
                ends: new Map(own.filter(({role}) => role === "metric").map((column) => [column, columns.extent(board.experiments, column)]))};
        };

        /** Put changed rows into the grid without moving any: they are sorted and filtered when the pointer has left. */
        const putRows = (touched) => {
            const add = [];
            for (const index of touched) {
                const row = rowOf(board.experiments, shown.list, index);
                const node = grid.getRowNode(row.id);
                if (node) node.setData(row);
                else add.push(row);
            }
            if (add.length) grid.applyTransaction({add});
        };

        /** Filter and sort anew when the browser has time; a frame of the brush never waits for it. */
        const settle = () => {
            clearTimeout(waiting);
            waiting = setTimeout(() => window.requestIdleCallback(() => {
                if (grid && !board.signal.aborted) grid.onFilterChanged();
            }, {timeout: IDLE_MS}), 30);
        };

        const view = {
            onData(change) {
                if (!change) return;
                const every = () => Uint32Array.from({length: board.experiments.size}, (_, index) => index);
                for (const index of change.touched ?? every()) pending.add(index);
                if (!grid) return;
                readColumns();
                putRows(pending);
                pending = new Set();
                // Widths of digits and the colour scale may be others now, also in rows that did not change.
                grid.refreshCells({force: true});
            },
            onSelection({isNews}) {
                // News must not move rows under the pointer; they are put in order when it has left.
                if (!(isNews && isInside)) settle();
            },
            onKept() {},
            onHover() {
                lit?.forEach((row) => row.classList.remove("is-lit"));
                lit = null;
                if (board.hovered < 0) return;
                lit = host.querySelectorAll(`.ag-row[row-id="${board.experiments.numbers[board.hovered]}"]`);
                lit.forEach((row) => row.classList.add("is-lit"));
            },
            pick(index) {
                const node = grid?.getRowNode(String(board.experiments.numbers[index]));
                node?.setSelected(!node.isSelected());
            },
            pickOnly(number) { grid?.getRowNode(String(number))?.setSelected(true, true); },
            pickNone() { grid?.deselectAll(); },
        };
        connect();
        return view;
    };

    const api = {...pure, create};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.table = api;
    if (typeof module !== "undefined") module.exports = api;
})();

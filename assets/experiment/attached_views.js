/* Views of an experiment: their figures in the theme's colours, and the examples of a confusion matrix' cells. */
import * as theme from "../shell/theme.js";

// More than this at once would be too much to look at.
const MOST_SHOWN = 36;
const MOST_IN_GROUP = 12;
const MOST_NAMES = 60;
// Smaller marks would not be found.
const LEAST_MARK_PX = 9;
const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

// --- pure ---------------------------------------------------------------------------------------------------------

export const examplesOf = (examples, [truth, predicted]) =>
    examples.filter((example) => example.true === truth && example.predicted === predicted);

/** The entries that came into a cell and those that left it. */
export const movesOf = (changes, [truth, predicted]) => {
    const own = changes.filter((change) => change.true === truth);
    return {
        came: own.filter((change) => change.here === predicted),
        left: own.filter((change) => change.there === predicted),
    };
};

/** The entries that are right here and were not there, and the other way round. */
export const turnsOf = (changes) => ({
    fixed: changes.filter((change) => change.here === change.true),
    broken: changes.filter((change) => change.there === change.true),
});

/** Only pictures that are written out in the payload itself are shown. */
export const isPicture = (source) => /^data:image\/(png|jpeg|gif|webp);base64,/.test(source || "");

/** The next cell in the direction of a key, or null where the key has none or the matrix ends. */
export const stepped = (cell, key, size) => {
    const step = STEPS[key];
    if (!step || !size) return null;
    if (!cell) return [0, 0];
    const next = [cell[0] + step[0], cell[1] + step[1]];
    return next.every((place) => place >= 0 && place < size) ? next : null;
};

/** The cell at data coordinates, or null outside. */
export const cellAt = (x, y, size) => {
    const cell = [Math.round(y), Math.round(x)];
    return cell.every((place) => place >= 0 && place < size) ? cell : null;
};

export const isSame = (one, other) => !!one && !!other && one[0] === other[0] && one[1] === other[1];

/** What is shown first: the former cell if it is still the same view's, else the worst confusion. */
export const firstCellOf = (payload, former) => {
    if (!payload?.labels) return null;
    const size = payload.labels.length;
    // A difference begins with all that changed, and is another thing to look at.
    const view = payload.view.slice(0, payload.changes ? 3 : 2).join("\n");
    if (former?.view === view && (!former.cell || former.cell.every((place) => place < size))) return former;
    return {view, cell: payload.first || null, pinned: false};
};

/** The names of a table's rows, in order of appearance. */
export const columnsOf = (rows) => [...new Set(rows.flatMap((row) => row.map(([name]) => String(name))))];

/** What kind of thing an example shows. */
export const contentOf = (example) =>
    isPicture(example.image) ? "image" : Array.isArray(example.row) ? "row" : "text" in example ? "text" : "none";

const written = (value) => (value === null || value === undefined ? "–" : String(value));

/** The name of a body's arrangement. */
export const arrangement = (hasFigure, hasSide) =>
    `view-body ${hasFigure ? (hasSide ? "has-side" : "is-figure") : "is-content"}`;

// --- the page -----------------------------------------------------------------------------------------------------

const html = (type, props) => ({type, namespace: "dash_html_components", props});
const hidden = {display: "none"};
// What the pointer and the keys act on.
let payload = null;
let chosen = null;

const labelOf = (at) => String(payload.labels[at] ?? at);
const strong = (at) => html("Strong", {children: labelOf(at)});

const tableOf = (rows) => {
    const names = columnsOf(rows);
    const line = (row) => {
        const values = new Map(row.map(([name, value]) => [String(name), value]));
        return html("Tr", {children: names.map((name) => html("Td", {children: written(values.get(name))}))});
    };
    const head = html("Tr", {children: names.map((name) => html("Th", {children: name, scope: "col"}))});
    const parts = [html("Thead", {children: head}), html("Tbody", {children: rows.map(line)})];
    return html("Div", {
        children: html("Table", {children: parts, className: "view-rows"}),
        className: "view-table",
        tabIndex: "0",
    });
};

/** Examples of any kinds: images, then texts, then one table, then the names of those without content. */
const gallery = (examples, captionOf = null, most = MOST_SHOWN) => {
    const byKind = {image: [], text: [], row: [], none: []};
    for (const example of examples.slice(0, most)) byKind[contentOf(example)].push(example);
    byKind.none.push(...examples.slice(most));
    const said = (example) => (example.id ? `example ${example.id}` : "example");
    const images = byKind.image.map((example) => {
        const image = html("Img", {
            src: example.image,
            alt: said(example),
            title: said(example),
            className: "example-image",
        });
        const caption = captionOf ? [html("Figcaption", {children: captionOf(example)})] : [];
        return html("Figure", {children: [image, ...caption], className: "example"});
    });
    const texts = byKind.text.map((example) => {
        const caption = captionOf
            ? [html("Span", {children: captionOf(example), className: "muted"}), html("Br", {})]
            : [];
        return html("Blockquote", {
            children: [...caption, String(example.text)],
            title: said(example),
            className: "example-text",
        });
    });
    const parts = [];
    if (images.length || texts.length) {
        parts.push(html("Div", {children: [...images, ...texts], className: "examples"}));
    }
    if (byKind.row.length) parts.push(tableOf(byKind.row.map((example) => example.row)));
    if (byKind.none.length) {
        const names = byKind.none
            .slice(0, MOST_NAMES)
            .map((example) => example.id)
            .join(", ");
        const rest = byKind.none.length - MOST_NAMES;
        const text = `${parts.length ? "and " : ""}${names}${rest > 0 ? ` and ${rest} more` : ""}`;
        parts.push(html("P", {children: text, className: "muted example-names"}));
    }
    return parts;
};

const group = (title, examples, captionOf) =>
    examples.length
        ? [
              html("P", {
                  children: [`${title}: `, html("Strong", {children: String(examples.length)})],
                  className: "examples-title",
              }),
              ...gallery(examples, captionOf, MOST_IN_GROUP),
          ]
        : [html("P", {children: `${title}: none`, className: "muted examples-title"})];

const cellTitle = ([truth, predicted], isPinned) =>
    html("P", {
        children: [
            strong(truth),
            ...(truth === predicted ? [" predicted rightly"] : [" taken for ", strong(predicted)]),
            ...(isPinned ? [html("Span", {children: " · pinned, Esc frees it", className: "muted"})] : []),
        ],
        className: "examples-title",
    });

const ofCell = ({cell, pinned}) => {
    if (!cell) return null;
    const found = examplesOf(payload.examples, cell);
    return [
        cellTitle(cell, pinned),
        ...(found.length
            ? gallery(found)
            : [html("P", {children: "No examples of this cell were attached.", className: "muted"})]),
    ];
};

const ofDifference = ({cell, pinned}) => {
    if (payload.why_not) return html("P", {children: `${payload.why_not}.`, className: "muted"});
    if (!cell) {
        const {fixed, broken} = turnsOf(payload.changes);
        return [
            ...group("Fixed", fixed, (change) => `${labelOf(change.true)}, was ${labelOf(change.there)}`),
            ...group("Broken", broken, (change) => `${labelOf(change.true)}, now ${labelOf(change.here)}`),
        ];
    }
    const {came, left} = movesOf(payload.changes, cell);
    return [
        cellTitle(cell, pinned),
        ...group("Came into this cell", came, (change) => `was ${labelOf(change.there)}`),
        ...group("Left this cell", left, (change) => `now ${labelOf(change.here)}`),
    ];
};

// --- the cell under the pointer -------------------------------------------------------------------------------

const plot = () => document.querySelector("#view-graph .js-plotly-plot");
const marked = new WeakSet();

const mark = () => {
    const box = document.querySelector(".cell-mark");
    const graph = plot();
    if (!box) return;
    const cell = payload?.labels && chosen?.cell;
    const {xaxis, yaxis} = graph?._fullLayout || {};
    box.hidden = !cell || !xaxis || !yaxis;
    if (box.hidden) return;
    const ends = (place, axis) => {
        const [from, to] = [place - 0.5, place + 0.5].map((value) => axis._offset + axis.c2p(value));
        const more = Math.max(0, LEAST_MARK_PX - (to - from)) / 2;
        return [from - more, to + more];
    };
    const across = ends(cell[1], xaxis);
    const down = ends(cell[0], yaxis);
    const isInside = ([from, to], axis) => from >= axis._offset - 5 && to <= axis._offset + axis._length + 5;
    box.hidden = !isInside(across, xaxis) || !isInside(down, yaxis);
    box.classList.toggle("is-pinned", chosen.pinned);
    const place = {left: across[0], top: down[0], width: across[1] - across[0], height: down[1] - down[0]};
    for (const [name, value] of Object.entries(place)) box.style[name] = `${value}px`;
};

/** Mark anew whenever Plotly has drawn: the mark does not know of zooms and sizes. */
const keepMarked = (tries = 60) => {
    requestAnimationFrame(() => {
        mark();
        const graph = plot();
        if (!payload?.labels || marked.has(graph)) return;
        if (graph?.on && graph._fullLayout) {
            marked.add(graph);
            graph.on("plotly_afterplot", mark);
            graph.on("plotly_relayout", mark);
            mark();
        } else if (tries) {
            // The figure is on its way.
            setTimeout(() => keepMarked(tries - 1), 50);
        }
    });
};

const choose = (cell, pinned) => {
    const isKept = isSame(cell, chosen?.cell) || (!cell && !chosen?.cell);
    if (isKept && pinned === !!chosen?.pinned) return;
    chosen = {...chosen, cell, pinned};
    window.dash_clientside.set_props("view-cell", {data: chosen});
};

const cellUnder = (event) => {
    const graph = payload?.labels && event.target.closest?.("#view-graph") ? plot() : null;
    const {xaxis, yaxis} = graph?._fullLayout || {};
    if (!xaxis || !yaxis) return null;
    const box = graph.getBoundingClientRect();
    const across = event.clientX - box.left - xaxis._offset;
    const down = event.clientY - box.top - yaxis._offset;
    if (across < 0 || down < 0 || across > xaxis._length || down > yaxis._length) return null;
    return cellAt(xaxis.p2c(across), yaxis.p2c(down), payload.labels.length);
};

// Plotly answers a press with a cover of its own, so what is a click is told by where it began and ended.
let pressed = null;

let drawn = null;

/** Clear the plot before another view: Plotly keeps scales, frames and drawing contexts of the former figure. */
const beginAnew = (view) => {
    const graph = plot();
    if (graph && drawn !== null && drawn !== view) {
        window.Plotly?.purge(graph);
        marked.delete(graph);
    }
    drawn = view;
};

export const draw = (figure, _theme, next, content) => {
    const hasCells = !!next?.labels;
    const hasSide = hasCells || !!content;
    const classes = arrangement(!!figure, hasSide);
    const tab = figure && hasCells ? "0" : null;
    if (!figure) return [{data: [], layout: {}}, hidden, classes, {}, tab];
    // A zoom belongs to the view in which it was made.
    const uirevision = next?.view ? next.view.slice(0, 2).join("\n") : "none";
    beginAnew(uirevision);
    const layout = {...figure.layout, uirevision};
    const side = layout.meta?.side;
    const height = `${layout.height || 480}px`;
    // A square figure is no wider than this, and what stands beside it keeps close.
    const place = side ? {"--view-side": `${side}px`} : {};
    return [theme.paint({...figure, layout}), {height}, classes, place, tab];
};

export const firstCell = (next, former) => {
    const first = firstCellOf(next, former);
    return first === former ? window.dash_clientside.no_update : first;
};

export const showCell = (cell, next) => {
    payload = next;
    chosen = cell;
    keepMarked();
    if (!next) return null;
    if (next.error) return html("P", {children: next.error, className: "muted view-error"});
    if (!next.labels || !cell) return null;
    return next.changes ? ofDifference(cell) : ofCell(cell);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("pointermove", (event) => {
        if (!payload?.labels || chosen?.pinned || event.buttons) return;
        const cell = cellUnder(event);
        if (cell) choose(cell, false);
    });
    document.addEventListener(
        "pointerdown",
        (event) => {
            pressed = cellUnder(event) ? [event.clientX, event.clientY] : null;
        },
        true,
    );
    document.addEventListener(
        "pointerup",
        (event) => {
            const start = pressed;
            pressed = null;
            if (!start || event.button !== 0 || Math.hypot(event.clientX - start[0], event.clientY - start[1]) > 4)
                return;
            const graph = plot();
            const cell = cellUnder({clientX: event.clientX, clientY: event.clientY, target: graph});
            if (cell) choose(cell, !(chosen?.pinned && isSame(cell, chosen.cell)));
        },
        true,
    );

    document.addEventListener("keydown", (event) => {
        if (!payload?.labels || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "Escape" && chosen?.cell && !document.querySelector(".modal.show, dialog[open]")) {
            // First free what is pinned; then, in a difference, show all that changed again.
            if (chosen.pinned) choose(chosen.cell, false);
            else if (payload.changes) choose(null, false);
            return;
        }
        if (!event.target.closest?.("#view-place")) return;
        if (event.key === "Enter" || event.key === " ") {
            if (chosen?.cell) choose(chosen.cell, !chosen.pinned);
            event.preventDefault();
            return;
        }
        if (!(event.key in STEPS)) return;
        event.preventDefault();
        const next = stepped(chosen?.cell, event.key, payload.labels.length);
        if (next) choose(next, !!chosen?.pinned);
    });
};

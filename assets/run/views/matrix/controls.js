/** What is set around the matrix: its rows, its colours and their legend, the trend, the scale of an axis, the limits of a brush. */
import * as marks from "../../../base/marks.js";
import * as popovers from "../../../base/popover.js";
import * as columns from "../../../experiments/columns.js";
import {columnsOf, varying} from "../../../experiments/columns.js";
import * as selection from "../../../selection/selection.js";
import * as matrix_axes from "./axes.js";
import * as matrix_settings from "./settings.js";

// --- pure ---------------------------------------------------------------------------------------------------------

/** What marks can be coloured by, as [key, words]: the objective first, then metrics, hyperparameters and the rest. */
export const colourOptions = (set, objective) => {
    const metrics = columnsOf(set, "metric");
    const isFirst = ({key}) => key === `m:${objective}`;
    const first = metrics.filter(isFirst);
    const named = (list) => list.map(({key, name}) => [key, name]);
    return [
        ["", "nothing"],
        ...first.map(({key, name}) => [key, `${name} (objective)`]),
        ...named(metrics.filter((column) => !isFirst(column))),
        ...named(varying(set)),
        ["state", "state"],
        ["duration", "duration"],
        ["number", "experiment number"],
    ];
};

/**
 * The part of a selection that typed limits make: {field, range, missing}; null where they leave everything. NaN where a
 * limit is no number.
 */
export const partOfLimits = (key, low, high, missing) => {
    const ends = [low, high].map((text) => (text.trim() === "" ? null : Number(text.trim().replace(",", "."))));
    if (ends.some((end) => end !== null && !Number.isFinite(end))) return NaN;
    const isTurned = ends[0] !== null && ends[1] !== null && ends[0] > ends[1];
    const range = isTurned ? [ends[1], ends[0]] : ends;
    if (range.every((end) => end === null)) return null;
    return {field: key, range, ...(missing && {missing: true})};
};

// --- the page -----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

/**
 * The controls in the head of the matrix's box. view: offered() rows and shown() rows as columns, axisOf(key).
 */
export const create = (host, board, settings, view) => {
    const section = host.closest("section");
    const head = section.querySelector(".ht-box-head");
    // A page that begins anew has the controls of the one before.
    section.querySelectorAll(".ht-matrix-own").forEach((old) => old.remove());
    const popover = popovers.create(board.signal, "ht-matrix-popover");
    const rowsButton = element("button", {
        type: "button",
        className: "ht-toggle ht-matrix-rows",
        title: "Which hyperparameters are rows, and in which order",
        aria: {haspopup: "dialog"},
    });
    const colourSelect = element("select", {className: "ht-select ht-matrix-colour"});
    const trendButton = element("button", {
        type: "button",
        className: "ht-toggle ht-matrix-trend",
        textContent: "trend",
        title:
            "A straight line through the selected experiments of each panel, by least squares of the metric on the hyperparameter, on the scales of the " +
            "axes; r is Pearson's correlation with Fisher's 95 % interval. It describes, and proves no cause.",
    });
    const legend = element("div", {className: "ht-legend ht-matrix-own", hidden: true});
    const note = element("p", {
        className: "ht-quiet ht-matrix-note ht-matrix-own",
        hidden: true,
        aria: {role: "status"},
    });
    head.append(
        element(
            "div",
            {className: "ht-matrix-controls ht-matrix-own"},
            rowsButton,
            element("label", {className: "ht-quiet"}, "colour by ", colourSelect),
            trendButton,
        ),
    );
    popover.box.classList.add("ht-matrix-own");
    section.append(popover.box);
    host.before(legend, note);

    rowsButton.addEventListener("click", () => openRows(rowsButton));
    trendButton.addEventListener("click", settings.toggleTrend);
    colourSelect.addEventListener("change", () => settings.change({colour: colourSelect.value || null}));

    // --- rows ---

    const openRows = (from) =>
        popover.open(
            from,
            "Rows of the matrix",
            element("div", {className: "ht-menu-title", textContent: "Rows"}),
            element("div", {className: "ht-rows-list"}, ...rowItems()),
            resetItem(settings.get().rows === null, () => settings.change({rows: null})),
        );

    const rowItems = () => {
        const offered = view.offered();
        const names = new Map(offered.map(({key, name}) => [key, name]));
        const keys = offered.map(({key}) => key);
        const shown = matrix_settings.rowsOf(settings.get().rows, keys);
        const put = (rows, control) => {
            settings.change({rows});
            openRows(rowsButton);
            popover.box.querySelector(control)?.focus();
        };
        return [...shown, ...keys.filter((key) => !shown.includes(key))].map((key) => {
            const place = shown.indexOf(key);
            const id = CSS.escape(key);
            const box = element("input", {
                type: "checkbox",
                checked: place >= 0,
                disabled: place >= 0 && shown.length === 1,
                dataset: {key},
            });
            box.addEventListener("change", () =>
                put(matrix_settings.toggledRow(shown, key, keys), `input[data-key="${id}"]`),
            );
            const mover = (by, sign, words) => {
                const button = element("button", {
                    type: "button",
                    className: "ht-icon",
                    textContent: sign,
                    dataset: {key, by},
                    disabled: place < 0 || place + by < 0 || place + by >= shown.length,
                    aria: {label: `Move ${names.get(key)} ${words}`},
                });
                button.addEventListener("click", () =>
                    put(matrix_settings.movedRow(shown, key, by), `button[data-key="${id}"][data-by="${by}"]`),
                );
                return button;
            };
            return element(
                "div",
                {className: "ht-rows-item"},
                element("label", {title: names.get(key)}, box, element("span", {textContent: names.get(key)})),
                mover(-1, "↑", "up"),
                mover(1, "↓", "down"),
            );
        });
    };

    const resetItem = (isDefault, act) => {
        const button = element("button", {
            type: "button",
            className: "ht-menu-item",
            textContent: "As by default",
            disabled: isDefault,
        });
        button.addEventListener("click", () => {
            act();
            popover.close();
        });
        return button;
    };

    // --- the scale of an axis ---

    const openScale = (from, line) => {
        const {key, name} = line.column;
        const scale = settings.get().scales.get(key) ?? {log: undefined, isReversed: false};
        const set = (part) => {
            settings.change({scales: matrix_settings.withScale(settings.get().scales, key, {...scale, ...part})});
            popover.close();
        };
        const item = (words, isOn, isPossible, part, hint = "") => {
            const button = element("button", {
                type: "button",
                className: "ht-menu-item ht-scale-item",
                textContent: words,
                title: hint,
                disabled: !isPossible,
                aria: {pressed: String(isOn)},
            });
            button.addEventListener("click", () => set(part));
            return button;
        };
        const isNumber = line.column.kind !== "category";
        const canBeLog = matrix_axes.canBeLog(board.experiments, line.column);
        popover.open(
            from,
            `Axis of ${name}`,
            element("div", {className: "ht-menu-title", textContent: name}),
            ...(isNumber
                ? [
                      item("linear", scale.log === false, true, {log: false}),
                      item(
                          "log",
                          scale.log === true,
                          canBeLog,
                          {log: true},
                          canBeLog ? "" : "Only numbers above zero have a logarithm",
                      ),
                      item(
                          scale.log === undefined ? `automatic (${line.axis.log ? "log" : "linear"})` : "automatic",
                          scale.log === undefined,
                          true,
                          {log: undefined},
                          "As the search drew it, and log where values span decades",
                      ),
                  ]
                : []),
            item("reversed", scale.isReversed, true, {isReversed: !scale.isReversed}),
        );
    };

    // --- typed limits ---

    const openLimits = (panel, from, apply) => {
        const held = selection.clausesOf(board.clauses(), panel.source);
        const fields = [panel.column, panel.row].map((line) =>
            limitField(
                line,
                held.find(({field}) => field === line.column.key),
            ),
        );
        const form = element(
            "form",
            {className: "ht-limits-form"},
            ...fields.map(({box}) => box),
            element("button", {type: "submit", className: "ht-button is-accent", textContent: "Select"}),
        );
        form.noValidate = true;
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            const parts = fields.map(({read}) => read());
            if (parts.some((part) => Number.isNaN(part))) return;
            apply(parts.filter((part) => part !== null));
            popover.close();
        });
        popover.open(from, "Limits of the brush", form);
    };

    const limitField = ({name, column, axis}, clause) =>
        column.kind === "category" ? wordsField(name, column, clause) : rangeField(name, column, axis, clause);

    const rangeField = (name, column, axis, clause) => {
        const put = (end) =>
            element("input", {
                type: "text",
                inputMode: "decimal",
                autocomplete: "off",
                className: "ht-limit",
                placeholder: "any",
                value: clause?.range && clause.range[end] !== null ? columns.plain(clause.range[end]) : "",
                aria: {label: `${end === 0 ? "Lower" : "Upper"} limit of ${name}`},
            });
        const [low, high] = [put(0), put(1)];
        const missing = element("input", {type: "checkbox", checked: Boolean(clause?.missing)});
        const box = element(
            "fieldset",
            {},
            element("legend", {textContent: name}),
            element("div", {className: "ht-limits-pair"}, low, "to", high),
            ...(axis.gutter > 0 ? [element("label", {}, missing, " missing, too")] : []),
        );
        const read = () => {
            if (
                axis.gutter > 0 &&
                missing.checked &&
                !clause?.range &&
                clause?.missing &&
                !low.value.trim() &&
                !high.value.trim()
            )
                return {field: column.key, missing: true};
            const part = partOfLimits(column.key, low.value, high.value, missing.checked);
            [low, high].forEach((input) =>
                input.classList.toggle(
                    "is-invalid",
                    Number.isNaN(part) && !Number.isFinite(Number(input.value.trim().replace(",", "."))),
                ),
            );
            return part;
        };
        return {box, read};
    };

    const wordsField = (name, column, clause) => {
        const boxes = column.categories.map((word) => [
            word,
            element("input", {type: "checkbox", checked: clause?.values?.includes(word) ?? !clause}),
        ]);
        const box = element(
            "fieldset",
            {},
            element("legend", {textContent: name}),
            element(
                "div",
                {className: "ht-limits-words"},
                ...boxes.map(([word, input]) => element("label", {}, input, ` ${word}`)),
            ),
        );
        const read = () => {
            const values = boxes.filter(([, input]) => input.checked).map(([word]) => word);
            return values.length === boxes.length || values.length === 0 ? null : {field: column.key, values};
        };
        return {box, read};
    };

    // --- colours ---

    const showLegend = (colouring) => {
        legend.hidden = !colouring;
        if (!colouring) return;
        const {ramp, ends, entries, isLog} = colouring.legend;
        const column = board.experiments.columns.get(settings.get().colour);
        const write = columns.formatterOf(board.experiments, column);
        const strip = element("i", {className: "ht-ramp"});
        if (ramp) strip.style.background = `linear-gradient(to right, ${ramp.join(", ")})`;
        const swatch = ([word, colour]) => {
            const sign = element("i", {className: "ht-dot"});
            sign.style.background = colour;
            return element("span", {className: "ht-legend-entry"}, sign, word);
        };
        legend.replaceChildren(
            element("b", {textContent: column.name}),
            ...(ramp
                ? [
                      element(
                          "span",
                          {className: "ht-legend-entry ht-number"},
                          write(ends[0]),
                          strip,
                          write(ends[1]),
                          isLog ? " log" : "",
                      ),
                  ]
                : []),
            ...entries.map(swatch),
            element("span", {className: "ht-quiet", textContent: "grey: not selected"}),
        );
    };

    const put = (target, name, value) => {
        if (target[name] !== value) target[name] = value;
    };

    return {
        escape: popover.close,
        openLimits,
        openScale,
        /** What changed with data or settings. */
        show(colouring) {
            const offered = view.offered();
            const shown = view.shown();
            put(
                rowsButton,
                "textContent",
                shown.length < offered.length ? `rows: ${shown.length} of ${offered.length}` : "rows",
            );
            trendButton.setAttribute("aria-pressed", String(settings.hasTrend()));
            const options = colourOptions(board.experiments, board.spec.objective);
            const chosen = settings.get().colour ?? "";
            if (colourSelect.dataset.offer !== JSON.stringify(options)) {
                colourSelect.dataset.offer = JSON.stringify(options);
                colourSelect.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
            }
            colourSelect.value = options.some(([value]) => value === chosen) ? chosen : "";
            showLegend(colouring);
        },
        say(words) {
            put(note, "hidden", !words);
            put(note, "textContent", words ?? "");
        },
    };
};

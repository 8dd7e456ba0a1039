/** The panel on the left: per hyperparameter and metric the range of what is selected, to read and to drag. */
import * as marks from "../../base/marks.js";
import * as columns from "../../experiments/columns.js";
import {positionOf, valueAt} from "../../experiments/columns.js";
import * as flags from "../../experiments/flags.js";
import * as reductions from "../../experiments/reductions.js";
import * as selection from "../../selection/selection.js";

const STEPS = 1000;
const BINS = 48;
const HISTOGRAM = 26;

// --- pure ---------------------------------------------------------------------------------------------------------

/** The value of a thumb: the nearest candidate where the axis has ticks, else the value at that place. */
export const thumbValue = (axis, step) => {
    const position = step / STEPS;
    if (!axis.ticks) return Number(valueAt(axis, position).toPrecision(6));
    return axis.ticks.reduce((best, tick) =>
        Math.abs(positionOf(axis, tick) - position) < Math.abs(positionOf(axis, best) - position) ? tick : best,
    );
};

/** Where the thumb of a value stands; a missing end stands at the end of the slider. */
export const thumbStep = (axis, value, missing) => {
    if (value === null || !Number.isFinite(value)) return missing;
    return Math.round(Math.min(1, Math.max(0, positionOf(axis, value))) * STEPS);
};

/** The value one key press further: the next candidate, or a hundredth of the slider. */
export const steppedValue = (axis, value, direction) => {
    if (axis.ticks) {
        const place = axis.ticks.findIndex((tick) => tick >= value);
        const next = Math.min(
            axis.ticks.length - 1,
            Math.max(0, (place < 0 ? axis.ticks.length - 1 : place) + direction),
        );
        return axis.ticks[next];
    }
    const step = Math.min(STEPS, Math.max(0, thumbStep(axis, value, 0) + (direction * STEPS) / 100));
    return thumbValue(axis, step);
};

/**
 * The range of a slider as a clause: an end beyond all values is open, so that later experiments are in it, too.
 * Thumbs that crossed are put in order. Null selects everything.
 */
export const rangeOf = (ends, low, high) => {
    const [from, to] = low <= high ? [low, high] : [high, low];
    const range = [from <= ends[0] ? null : from, to >= ends[1] ? null : to];
    return range[0] === null && range[1] === null ? null : range;
};

/** Read a limit that somebody typed; NaN where it is no number, null where it is empty. */
export const readLimit = (text) => {
    const plain = text.trim().replace("−", "-").replace(",", ".");
    return plain === "" ? null : Number(plain);
};

/**
 * The chosen words after one is toggled; null when that leaves nothing or everything. isWhole: whether every experiment
 * has one of the words, so that all of them are everything.
 */
export const toggled = (words, chosen, word, isWhole = true) => {
    const now = chosen ?? [];
    const next = words.filter((other) => (other === word) !== now.includes(other));
    return next.length === 0 || (isWhole && next.length === words.length) ? null : next;
};

/** Who locked a hyperparameter to what, and when. */
export const lockWords = ({range, values, by, at}, write, locale, timeZone) => {
    const what = range ? `${write(range[0])} – ${write(range[1])}` : values.join(", ");
    const when = new Date(at).toLocaleString(locale, {dateStyle: "medium", timeStyle: "short", timeZone});
    return `Locked to ${what} by ${by}, ${when}. The next run starts from this range. A click unlocks it.`;
};

const PADLOCK = `<svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path class="is-closed" d="M5 7V4.8a3 3 0 0 1 6 0V7"/>
    <path class="is-open" d="M5 7V4.4a3 3 0 0 1 5.6-1.5"/><rect x="3.2" y="7" width="9.6" height="6.8" rx="1.6"/></svg>`;

// --- the view ------------------------------------------------------------------------------------------------------

export const create = (host, board) => {
    const {element} = marks;
    const lists = {
        hyperparameter: host.querySelector(".ht-panel-hyperparameters"),
        metric: host.querySelector(".ht-panel-metrics"),
        batch: host.querySelector(".ht-panel-more"),
        constant: host.querySelector(".ht-panel-constant"),
    };
    let rows = [];
    let constants = [];
    let shape = "";

    const sourceOf = (key) => `panel:${key}`;

    const ownClause = (key) => board.clauses().find((clause) => clause.source === sourceOf(key));

    /** Select by this row; a null part withdraws its clause. */
    const choose = (key, part, isFinal) =>
        board[isFinal ? "commit" : "preview"](
            selection.withClauses(board.clauses(), sourceOf(key), part ? [{field: key, ...part}] : []),
        );

    const build = () => {
        const varying = columns.varying(board.experiments);
        const isVarying = new Set(varying.map(({key}) => key));
        const metrics = columns.columnsOf(board.experiments, "metric");
        const rank = ({key}) => (board.chosen.includes(key) ? board.chosen.indexOf(key) : board.chosen.length);
        const shown = metrics
            .filter(({key, level}) => level === "epoch" || board.chosen.includes(key))
            .sort((a, b) => rank(a) - rank(b));
        const more = metrics.filter((column) => !shown.includes(column));
        const constant = columns.columnsOf(board.experiments, "hyperparameter").filter(({key}) => !isVarying.has(key));
        const flagged = [board.experiments.columns.get("flags")].filter(({words}) => words.length);
        const nextShape = JSON.stringify(
            [varying, shown, more, constant, flagged].map((list) =>
                list.map((column) => [column.key, flags.wordsOf(column)]),
            ),
        );
        if (nextShape === shape) return;
        shape = nextShape;
        rows = [];
        constants = [];
        fill(lists.hyperparameter, varying.map(rowOf));
        fill(lists.metric, [...shown, ...flagged].map(rowOf));
        fillFolded(lists.batch, more.map(rowOf), (count) => `${count} more ${count === 1 ? "metric" : "metrics"}`);
        fillFolded(lists.constant, constant.map(constantRow), (count) => `${count} constant`);
    };

    const fill = (list, children) => {
        list.hidden = children.length === 0;
        list.querySelector(".ht-panel-rows").replaceChildren(...children);
    };

    const fillFolded = (details, children, words) => {
        details.querySelector("summary").textContent = words(children.length);
        fill(details, children);
    };

    const constantRow = (column) => {
        const word = board.experiments.size ? columns.wordOf(column, 0) : "";
        const value = element("span", {className: "ht-number", textContent: word || "–", title: word});
        const row = {column, isConstant: true, lock: padlock(column)};
        constants.push(row);
        return element(
            "div",
            {className: "ht-constant"},
            element("span", {textContent: column.name, title: column.name}),
            value,
            row.lock,
        );
    };

    // --- locks ---

    const padlock = (column) => {
        const button = element("button", {type: "button", className: "ht-lock", aria: {pressed: "false"}});
        // A constant of ours: no text of a script is in it.
        button.innerHTML = PADLOCK;
        button.addEventListener("click", () => toggleLock(column));
        return button;
    };

    const toggleLock = (column) => {
        const isLocked = Object.hasOwn(board.locks, column.name);
        const part = isLocked ? null : presentPart(rows.find((row) => row.column === column));
        if (isLocked || part) board.send({do: isLocked ? "unlock" : "lock", name: column.name, ...(part && {part})});
        onLocks();
    };

    /** What a row shows right now: the range between its thumbs, or the categories that are selected. */
    const presentPart = (row) => {
        if (!row.chips) return row.axis ? {range: row.shown} : null;
        const chosen =
            ownClause(row.key)?.values ??
            row.chips.filter(({count}) => count.textContent !== "0").map(({word}) => word);
        return chosen.length ? {values: chosen} : null;
    };

    const onLocks = () => {
        for (const row of [...rows, ...constants].filter(({lock}) => lock)) showLock(row);
    };

    const showLock = (row) => {
        const {name} = row.column;
        const lock = Object.hasOwn(board.locks, name) ? board.locks[name] : null;
        const words = lock
            ? lockWords(lock, (value) => columns.short(value, 6))
            : `Lock the present ${row.chips ? "values" : "range"} of ${name}: the next run starts from it`;
        const isBusy = ["lock", "unlock"].includes(board.asked?.do) && board.asked.name === name;
        row.lock.setAttribute("aria-pressed", String(Boolean(lock)));
        row.lock.setAttribute("aria-label", lock ? `Unlock ${name}` : `Lock ${name}`);
        row.lock.title = words;
        row.lock.disabled = isBusy;
        // A hyperparameter that this run does not vary has no range of its own to lock.
        row.lock.hidden = Boolean(row.isConstant) && !lock;
        if (row.lockMark) showLockMark(row, lock);
        row.chips?.forEach(({word, chip}) => chip.classList.toggle("is-locked", Boolean(lock?.values?.includes(word))));
    };

    const showLockMark = (row, lock) => {
        row.lockMark.hidden = !lock?.range || !row.axis;
        if (row.lockMark.hidden) return;
        const [low, high] = lock.range.map((end) => (thumbStep(row.axis, end, 0) / STEPS) * 100);
        row.lockMark.style.left = `${low}%`;
        row.lockMark.style.width = `${Math.max(0, high - low)}%`;
        row.lockMark.title = row.lock.title;
    };

    const rowOf = (column) => {
        const reset = element("button", {
            type: "button",
            className: "ht-reset",
            textContent: "↺",
            hidden: true,
            title: `Clear what is selected by ${nameOf(column)}`,
            aria: {label: `Reset ${nameOf(column)}`},
        });
        reset.addEventListener("click", () => choose(column.key, null, true));
        const head = element(
            "div",
            {className: "ht-parameter-head"},
            element("span", {className: "ht-parameter-name", textContent: nameOf(column), title: titleOf(column)}),
            reset,
        );
        const lock = column.role === "hyperparameter" ? padlock(column) : null;
        if (lock) head.append(lock);
        const reduction = column.role === "metric" ? reductions.create(board, column.key, nameOf(column)) : null;
        if (reduction) reset.before(reduction.element);
        const row = {
            column,
            key: column.key,
            reset,
            lock,
            reduction,
            element: element("div", {className: "ht-parameter", dataset: {field: column.key}}, head),
        };
        if (column.kind === "category") addChips(row);
        else addRange(row);
        rows.push(row);
        return row.element;
    };

    /** Beside its choice a metric's name says not again which number it is. */
    const nameOf = ({role, key, name}) => (role === "metric" ? key.slice(2) : name);

    const titleOf = (column) => {
        const found = board.spec.hyperparameters.find(
            ({name}) => column.role === "hyperparameter" && name === column.name,
        );
        return found?.help ? `${column.name}: ${found.help}` : nameOf(column);
    };

    // --- ranges ---

    const addRange = (row) => {
        const name = nameOf(row.column);
        const slider = (end) =>
            element("input", {
                type: "range",
                min: 0,
                max: STEPS,
                step: "any",
                className: `ht-thumb ht-thumb-${end}`,
                aria: {label: `${end === "low" ? "Lower" : "Upper"} limit of ${name}`},
            });
        const field = (end) =>
            element("input", {
                type: "text",
                inputMode: "decimal",
                className: `ht-limit ht-limit-${end}`,
                autocomplete: "off",
                spellcheck: false,
                aria: {label: `${end === "low" ? "Lower" : "Upper"} limit of ${name}, typed`},
            });
        Object.assign(row, {
            canvas: element("canvas"),
            low: slider("low"),
            high: slider("high"),
            lowField: field("low"),
            highField: field("high"),
            bar: element("div", {className: "ht-range-bar"}),
            lockMark: element("div", {className: "ht-range-lock", hidden: true}),
        });
        row.range = element(
            "div",
            {className: "ht-range"},
            row.canvas,
            element("div", {className: "ht-range-track"}, row.bar),
            row.lockMark,
            row.low,
            row.high,
        );
        row.empty = element("p", {className: "ht-quiet", textContent: "no number yet", hidden: true});
        row.limits = element("div", {className: "ht-limits"}, row.lowField, row.highField);
        row.element.append(row.range, row.limits, row.empty);
        listenToThumbs(row);
        listenToFields(row);
    };

    const listenToThumbs = (row) => {
        // A thumb sets its own end; the other stays as it was chosen, or open where nobody chose it.
        const select = (thumb, value, isFinal) => {
            const own = ownClause(row.key)?.range ?? [null, null];
            const range =
                thumb === row.low
                    ? rangeOf(row.ends, value, own[1] ?? Infinity)
                    : rangeOf(row.ends, own[0] ?? -Infinity, value);
            choose(row.key, range && {range}, isFinal);
        };
        for (const thumb of [row.low, row.high]) {
            thumb.addEventListener("pointerdown", () => {
                row.isDragged = true;
            });
            const value = () => thumbValue(row.axis, Number(thumb.value));
            thumb.addEventListener("input", () => select(thumb, value(), false));
            thumb.addEventListener("change", () => {
                row.isDragged = false;
                select(thumb, value(), true);
                showRange(row);
            });
            thumb.addEventListener("keydown", (event) => {
                const direction = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1}[event.key];
                if (!direction) return;
                event.preventDefault();
                const next = steppedValue(row.axis, row.shown[thumb === row.low ? 0 : 1], direction);
                select(thumb, next, true);
            });
        }
    };

    const listenToFields = (row) => {
        for (const field of [row.lowField, row.highField]) {
            field.addEventListener("change", () => {
                const value = readLimit(field.value);
                field.classList.toggle("is-invalid", Number.isNaN(value));
                if (Number.isNaN(value)) return;
                const own = ownClause(row.key)?.range ?? [null, null];
                const range = field === row.lowField ? [value, own[1]] : [own[0], value];
                const isTurned = range[0] !== null && range[1] !== null && range[0] > range[1];
                const straight = isTurned ? [range[1], range[0]] : range;
                choose(row.key, straight.some((end) => end !== null) ? {range: straight} : null, true);
            });
            field.addEventListener("keydown", (event) => {
                if (event.key === "Enter") field.blur();
                if (event.key === "Escape") {
                    field.value = field.dataset.shown ?? "";
                    field.blur();
                    event.stopPropagation();
                }
            });
        }
    };

    const readData = (row) => {
        row.axis = columns.axisOf(board.experiments, row.column);
        row.ends = columns.extent(board.experiments, row.column);
        const isEmpty = row.axis === null;
        for (const part of [row.range, row.limits]) part.hidden = isEmpty;
        row.empty.hidden = !isEmpty;
        row.empty.textContent = reductions.emptyWords(row.column);
        if (isEmpty) return;
        row.write = columns.formatterOf(board.experiments, row.column);
        row.bins = columns.binsOf(board.experiments, row.column, row.axis, BINS);
    };

    const showRange = (row) => {
        if (!row.axis) return;
        const own = ownClause(row.key);
        const selected = columns.extent(board.experiments, row.column, board.mask, selection.SELECTED);
        row.shown = [own?.range?.[0] ?? selected?.[0] ?? row.ends[0], own?.range?.[1] ?? selected?.[1] ?? row.ends[1]];
        const isAll = board.clauses().length === 0;
        const from = isAll ? 0 : thumbStep(row.axis, row.shown[0], 0);
        const to = isAll ? STEPS : thumbStep(row.axis, row.shown[1], STEPS);
        if (!row.isDragged) {
            put(row.low, "value", String(from));
            put(row.high, "value", String(to));
        }
        const [low, high] = row.shown.map(row.write);
        for (const [thumb, word] of [
            [row.low, low],
            [row.high, high],
        ]) {
            if (thumb.getAttribute("aria-valuetext") !== word) thumb.setAttribute("aria-valuetext", word);
        }
        for (const [field, word] of [
            [row.lowField, low],
            [row.highField, high],
        ]) {
            if (document.activeElement !== field) put(field, "value", word);
            field.dataset.shown = word;
        }
        const [left, right] = [Number(row.low.value), Number(row.high.value)].sort((a, b) => a - b);
        row.bar.style.left = `${(left / STEPS) * 100}%`;
        row.bar.style.width = `${((right - left) / STEPS) * 100}%`;
        row.element.classList.toggle("is-narrowed", Boolean(own));
        row.reset.hidden = !own;
    };

    // Setting a property that has the value already still costs a style pass.
    const put = (target, property, value) => {
        if (target[property] !== value) target[property] = value;
    };

    const drawHistogram = (row, colours) => {
        const width = row.width;
        if (!row.axis || !width) return;
        const context = marks.fit(row.canvas, width, HISTOGRAM);
        const all = columns.countBins(row.bins, BINS, board.mask, selection.KEPT);
        const chosen = columns.countBins(row.bins, BINS, board.mask, selection.SELECTED);
        const most = Math.max(1, ...all);
        const slot = width / BINS;
        // Candidates are few and far apart: their bars are drawn wider than a bin.
        const wide = row.axis.ticks
            ? Math.max(slot - 1, Math.min(12, (width / row.axis.ticks.length) * 0.4))
            : slot - 1;
        for (const [counts, colour] of [
            [all, colours.mark],
            [chosen, colours.selected],
        ]) {
            context.fillStyle = colour;
            for (let bin = 0; bin < BINS; bin += 1) {
                if (!counts[bin]) continue;
                const height = Math.max(1.5, (counts[bin] / most) * (HISTOGRAM - 1));
                context.fillRect((bin + 0.5) * slot - wide / 2, HISTOGRAM - height, wide, height);
            }
        }
    };

    // --- chips ---

    const addChips = (row) => {
        const words = flags.wordsOf(row.column);
        row.chips = words.map((word) => {
            const count = element("span", {className: "ht-chip-count"});
            const chip = element(
                "button",
                {type: "button", className: "ht-chip", dataset: {word}, title: word, aria: {pressed: "false"}},
                element("span", {className: "ht-chip-word", textContent: word}),
                count,
            );
            chip.addEventListener("click", () => {
                const values = toggled(words, ownClause(row.key)?.values, word, !row.column.members);
                choose(row.key, values && {values}, true);
            });
            return {word, chip, count};
        });
        row.element.append(element("div", {className: "ht-chips"}, ...row.chips.map(({chip}) => chip)));
    };

    const showChips = (row) => {
        const counts = flags.countsOf(row.column, board.experiments.size, board.mask, selection.SELECTED);
        const own = ownClause(row.key);
        row.chips.forEach(({word, chip, count}, code) => {
            put(count, "textContent", String(counts[code] ?? 0));
            const isPressed = String(Boolean(own?.values?.includes(word)));
            if (chip.getAttribute("aria-pressed") !== isPressed) chip.setAttribute("aria-pressed", isPressed);
            chip.classList.toggle("is-empty", counts[code] === 0);
        });
        row.element.classList.toggle("is-narrowed", Boolean(own));
        row.reset.hidden = !own;
    };

    return {
        onData() {
            build();
            // Read all widths first: reading one after each drawing would lay the page out again every time.
            rows.filter((row) => row.range).forEach((row) => {
                readData(row);
            });
            rows.forEach((row) => {
                row.width = row.range?.clientWidth;
                row.reduction?.show();
            });
            onLocks();
        },
        onLocks,
        onSelection() {
            const colours = {mark: marks.colourOf("--ht-mark"), selected: marks.colourOf("--ht-mark-selected")};
            for (const row of rows) {
                if (row.chips) showChips(row);
                else {
                    showRange(row);
                    drawHistogram(row, colours);
                }
            }
        },
        onKept() {},
        onHover() {},
    };
};

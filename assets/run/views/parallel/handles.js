/** An axis of parallel coordinates as one takes hold of it: its title with a menu, its words, its brush with two ends. */
import * as marks from "../../../base/marks.js";
import {element} from "../../../base/marks.js";
import * as categories from "../../../experiments/categories.js";
import {short} from "../../../experiments/columns.js";
import * as model from "./axes.js";

const CLICK_DISTANCE = 4;
const MENU_MARGIN = 8;
const MOST_CHARACTERS = 13;

// --- pure ---------------------------------------------------------------------------------------------------------

/** What can be done with an axis: `{words, change}` with a change of its kind, or `{words, does}`; `isOn` for what holds. */
export const menuFor = ({column, axis, kind}, place, count) => {
    const scales = axis.canLog
        ? [
              {words: "Linear scale", isOn: !axis.log, change: {scale: "linear"}},
              {words: "Logarithmic scale", isOn: axis.log, change: {scale: "log"}},
          ]
        : [];
    const turned = column.kind === "category" ? "Turned over" : "Reversed, largest below";
    return [
        ...scales,
        {words: turned, isOn: kind.isReversed, change: {isReversed: !kind.isReversed}},
        ...(axis.hasOutliers
            ? [{words: "Outliers at the ends", isOn: axis.cut !== null, change: {isWhole: axis.cut !== null}}]
            : []),
        ...(place > 0 ? [{words: "Move left", does: "left"}] : []),
        ...(place < count - 1 ? [{words: "Move right", does: "right"}] : []),
        ...(count > 2 ? [{words: "Hide this axis", does: "hide"}] : []),
    ];
};

/** What stands beside a name: that the scale is not the plain one. */
export const kindWords = ({log, isReversed}) => [log && "log", isReversed && "reversed"].filter(Boolean).join(", ");

/** How far an arrow key moves: a band, or a fiftieth of the axis, or a fine step. */
export const keyStep = (axis, isFine) => (axis.isBanded ? 1 / axis.ticks.length : isFine ? 0.004 : 0.02);

// --- the menu ------------------------------------------------------------------------------------------------------

/** The menu of whichever axis asks for it. */
export const createMenu = (menu, {signal}) => {
    let opener = null;

    const close = () => {
        if (menu.hidden) return;
        const hadFocus = menu.contains(document.activeElement);
        menu.hidden = true;
        opener?.setAttribute("aria-expanded", "false");
        if (hadFocus) opener?.focus({preventScroll: true});
    };

    const itemOf = (entry, act) => {
        const isChoice = entry.isOn !== undefined;
        const item = element("button", {
            type: "button",
            className: `ht-menu-item${isChoice ? " is-choice" : ""}`,
            textContent: entry.words,
            aria: isChoice ? {role: "menuitemcheckbox", checked: String(Boolean(entry.isOn))} : {role: "menuitem"},
        });
        item.addEventListener("click", () => {
            close();
            act(entry);
        });
        return item;
    };

    const open = (button, title, entries, act) => {
        opener = button;
        menu.replaceChildren(
            element("div", {className: "ht-menu-title", textContent: title}),
            ...entries.map((entry) => itemOf(entry, act)),
        );
        menu.hidden = false;
        button.setAttribute("aria-expanded", "true");
        const box = button.getBoundingClientRect();
        menu.style.left = `${Math.max(MENU_MARGIN, Math.min(box.left, window.innerWidth - menu.offsetWidth - MENU_MARGIN))}px`;
        menu.style.top = `${Math.max(MENU_MARGIN, Math.min(box.bottom + 2, window.innerHeight - menu.offsetHeight - MENU_MARGIN))}px`;
        menu.querySelector("button")?.focus({preventScroll: true});
    };

    menu.addEventListener(
        "keydown",
        (event) => {
            const items = [...menu.querySelectorAll("button")];
            const at = items.indexOf(document.activeElement);
            const next = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1}[event.key];
            if (event.key === "Escape" || event.key === "Tab") close();
            else if (next !== undefined) items[(next + items.length) % items.length].focus();
            else return;
            event.preventDefault();
            event.stopPropagation();
        },
        {signal},
    );
    document.addEventListener(
        "pointerdown",
        (event) => {
            if (!menu.contains(event.target)) close();
        },
        {signal},
    );
    document.addEventListener("wheel", close, {signal, passive: true});
    return {open, close};
};

// --- one axis ------------------------------------------------------------------------------------------------------

/**
 * The elements of an axis. shown: {key, column, axis, x, kind, ticks}; frame: {top, length}; owner: what it asks of the view
 * (brush(shown, stretch, options), menu(shown, button), drag(shown, x), drop(shown, x), step(shown, by)).
 */
export const create = (shown, frame, board, owner) => {
    const {element} = marks;
    const {key, column, axis} = shown;
    const brush = element("div", {className: "ht-axis-brush", hidden: true});
    const ends = Object.fromEntries(
        ["high", "low"].map((end) => [
            end,
            element("div", {
                className: `ht-axis-end is-${end}`,
                tabIndex: 0,
                hidden: true,
                aria: {
                    role: "slider",
                    orientation: "vertical",
                    label: `${end === "low" ? "Lower" : "Upper"} end of the brush on ${column.name}`,
                },
            }),
        ]),
    );
    const others = element("div", {className: "ht-axis-others"});
    const area = element(
        "div",
        {
            className: "ht-axis-area",
            tabIndex: 0,
            aria: {
                role: "group",
                label: `${column.name}: drag to select a range, Enter begins one, arrow keys move it, Escape clears it`,
            },
        },
        element("div", {className: "ht-axis-line"}),
        others,
        brush,
        ends.high,
        ends.low,
    );
    Object.assign(area.style, {top: `${frame.top}px`, height: `${frame.length}px`});
    const title = titleOf(element, shown);
    const missing = element("button", {
        type: "button",
        className: "ht-axis-missing",
        hidden: true,
        aria: {pressed: "false"},
        title: `Select the experiments without ${column.name}, or no longer`,
    });
    missing.addEventListener("click", () => owner.toggleMissing(shown));
    missing.style.top = `${frame.gutter}px`;
    const words = shown.ticks.map(({place, text}) => {
        const tick = element("span", {
            className: "ht-axis-tick",
            textContent: categories.shortened(text, MOST_CHARACTERS),
            title: text,
        });
        tick.style.top = `${frame.top + (1 - place) * frame.length}px`;
        return tick;
    });
    const box = element(
        "div",
        {className: `ht-axis${key === `m:${board.spec.objective}` ? " is-objective" : ""}`, dataset: {field: key}},
        title,
        ...words,
        ...cutWords(element, axis, frame),
        missing,
        area,
    );
    box.style.left = `${shown.x}px`;
    Object.assign(shown, {element: box, area, title, brush, ends, others, missing, stretch: null, hasMissing: false});
    listenToTitle(shown, owner);
    listenToArea(shown, frame, owner, model);
    return shown;
};

/** A name that may go on in the next line after a sign. */
const breakable = (element, name) =>
    name.split(/(?<=[_./-])/).flatMap((piece, i) => (i ? [element("wbr"), piece] : [piece]));

const titleOf = (element, {column, axis}) => {
    const kind = kindWords(axis);
    return element(
        "button",
        {
            type: "button",
            className: "ht-axis-title",
            title: `${column.name}: drag to move the axis, click for its scale`,
            aria: {haspopup: "menu", expanded: "false"},
        },
        element("span", {className: "ht-axis-name"}, ...breakable(element, column.name)),
        element("span", {className: "ht-axis-kind", textContent: kind}),
    );
};

/** Where outliers lie at an end of the axis: how far they really go. */
const cutWords = (element, axis, frame) => {
    if (!axis.cut) return [];
    return [
        ["above", axis.cut[1]],
        ["below", axis.cut[0]],
    ]
        .filter(([, end]) => end !== null)
        .map(([side, end]) => {
            const isTop = (side === "above") !== axis.isReversed;
            const word = element("span", {
                className: "ht-axis-cut",
                textContent: `${isTop ? "▲" : "▼"} to ${short(end, 3)}`,
                title: "Outliers are drawn at the end of the axis; the menu of its title shows them at full scale",
            });
            word.style.top = `${isTop ? frame.top - 9 : frame.top + frame.length + 9}px`;
            return word;
        });
};

const listenToTitle = (shown, owner) => {
    const {title} = shown;
    let start = null;
    title.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        start = {x: event.clientX, isMoved: false};
        title.setPointerCapture(event.pointerId);
    });
    title.addEventListener("pointermove", (event) => {
        if (!start || (!start.isMoved && Math.abs(event.clientX - start.x) < CLICK_DISTANCE)) return;
        start.isMoved = true;
        owner.drag(shown, shown.x + event.clientX - start.x);
    });
    title.addEventListener("pointercancel", () => {
        start = null;
        owner.drag(shown, null);
    });
    title.addEventListener("click", (event) => {
        const moved = start?.isMoved;
        const by = start ? event.clientX - start.x : 0;
        start = null;
        if (moved) owner.drop(shown, shown.x + by);
        else owner.menu(shown, title);
    });
    title.addEventListener("keydown", (event) => {
        const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
        if (by === undefined && event.key !== "ArrowDown") return;
        event.preventDefault();
        if (by) owner.step(shown, by);
        else owner.menu(shown, title);
    });
};

const listenToArea = (shown, frame, owner, model) => {
    const {area, axis, ends} = shown;
    const at = (event) => 1 - (event.clientY - area.getBoundingClientRect().top) / frame.length;
    let drag = null;
    area.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        const place = at(event);
        const grip =
            event.target === ends.low
                ? "low"
                : event.target === ends.high
                  ? "high"
                  : model.gripAt(shown.stretch, place, frame.length);
        drag = {place, grip, start: grip ? shown.stretch : null, y: event.clientY, isMoved: false};
        area.setPointerCapture(event.pointerId);
        (ends[grip] ?? area).focus({preventScroll: true, focusVisible: false});
        event.preventDefault();
    });
    area.addEventListener("pointermove", (event) => {
        const place = at(event);
        if (!drag) {
            area.style.cursor =
                {high: "ns-resize", low: "ns-resize", move: "grab"}[model.gripAt(shown.stretch, place, frame.length)] ??
                "crosshair";
            return;
        }
        event.stopPropagation();
        if (!drag.isMoved && Math.abs(event.clientY - drag.y) < CLICK_DISTANCE) return;
        drag.isMoved = true;
        const by = place - drag.place;
        const inside = (value) => Math.min(1, Math.max(0, value));
        const stretch = drag.start
            ? model.dragged(drag.start, drag.grip, by)
            : [inside(drag.place), inside(place)].sort((a, b) => a - b);
        owner.brush(shown, stretch, {isFinal: false, byMiddle: drag.start !== null});
    });
    const end = (isKept) => {
        if (!drag) return;
        const {isMoved} = drag;
        drag = null;
        owner.release(shown, isMoved, isKept);
    };
    area.addEventListener("pointerup", () => end(true));
    area.addEventListener("pointercancel", () => end(false));
    area.addEventListener("keydown", (event) => onKey(shown, axis, event, owner, model));
    area.isDragging = () => drag !== null;
};

const onKey = (shown, axis, event, owner, model) => {
    if (event.ctrlKey || event.metaKey) return;
    const grip = event.target === shown.ends.low ? "low" : event.target === shown.ends.high ? "high" : "move";
    const direction = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1}[event.key];
    if (direction && shown.stretch) {
        const step = direction * keyStep(axis, event.shiftKey);
        owner.brush(shown, model.dragged(shown.stretch, grip, step), {isFinal: true, byMiddle: true});
    } else if (event.key === "Enter" && !shown.stretch) {
        owner.brush(shown, [0.25, 0.75], {isFinal: true});
    } else if ((event.key === "Escape" || event.key === "Delete") && (shown.stretch || shown.hasMissing)) {
        if (grip !== "move") shown.area.focus({preventScroll: true});
        owner.brush(shown, null, {isFinal: true});
    } else return;
    event.preventDefault();
    event.stopPropagation();
};

/** Show what is selected on an axis: its own brush, and what others select of the same field. */
export const showBrush = (shown, frame, stretch, others, values) => {
    shown.stretch = stretch;
    shown.brush.hidden = !stretch;
    for (const end of ["low", "high"]) shown.ends[end].hidden = !stretch;
    const put = (target, [low, high]) =>
        Object.assign(target.style, {
            top: `${(1 - high) * frame.length}px`,
            height: `${(high - low) * frame.length}px`,
        });
    if (stretch) {
        put(shown.brush, stretch);
        shown.ends.low.style.top = `${(1 - stretch[0]) * frame.length}px`;
        shown.ends.high.style.top = `${(1 - stretch[1]) * frame.length}px`;
        ["low", "high"].forEach((end, i) => {
            shown.ends[end].setAttribute("aria-valuenow", String(Math.round(100 * stretch[i])));
            shown.ends[end].setAttribute("aria-valuetext", values[i]);
            shown.ends[end].dataset.value = shown.axis.labels ? "" : values[i];
        });
    }
    const text = JSON.stringify(others);
    if (shown.others.dataset.shown === text) return;
    shown.others.dataset.shown = text;
    shown.others.replaceChildren(
        ...others.map((other) => {
            const mark = element("div", {className: "ht-axis-other", title: "Selected in another view"});
            put(mark, other);
            return mark;
        }),
    );
};

/** The brush of a panel: drawn, moved and resized by hand, nudged by keys, cleared by a double click. */

const EDGE = 6;
const CLICK_DISTANCE = 4;
const STEP = 2;
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

// --- pure ---------------------------------------------------------------------------------------------------------

/** What a press at (x, y) takes hold of: which sides of the rectangle, or its middle, or nothing. */
export const gripAt = (rectangle, x, y) => {
    if (!rectangle) return null;
    const {left, right, top, bottom} = rectangle;
    if (x < left - EDGE || x > right + EDGE || y < top - EDGE || y > bottom + EDGE) return null;
    const grip = {
        left: Math.abs(x - left) <= EDGE,
        right: Math.abs(x - right) <= EDGE,
        top: Math.abs(y - top) <= EDGE,
        bottom: Math.abs(y - bottom) <= EDGE,
    };
    const isMiddle = !(grip.left || grip.right || grip.top || grip.bottom);
    return isMiddle ? {left: true, right: true, top: true, bottom: true, isMove: true} : {...grip, isMove: false};
};

export const cursorOf = (grip) => {
    if (!grip) return "crosshair";
    if (grip.isMove) return "move";
    if ((grip.left && grip.top) || (grip.right && grip.bottom)) return "nwse-resize";
    if ((grip.right && grip.top) || (grip.left && grip.bottom)) return "nesw-resize";
    return grip.left || grip.right ? "ew-resize" : "ns-resize";
};

/** A rectangle moved by a grip, kept inside the panel. */
export const dragged = (rectangle, grip, dx, dy, width, height) => {
    if (grip.isMove) {
        const x = Math.min(width - rectangle.right, Math.max(-rectangle.left, dx));
        const y = Math.min(height - rectangle.bottom, Math.max(-rectangle.top, dy));
        return {
            left: rectangle.left + x,
            right: rectangle.right + x,
            top: rectangle.top + y,
            bottom: rectangle.bottom + y,
        };
    }
    const inside = (value, most) => Math.min(most, Math.max(0, value));
    return {
        left: grip.left ? inside(rectangle.left + dx, width) : rectangle.left,
        right: grip.right ? inside(rectangle.right + dx, width) : rectangle.right,
        top: grip.top ? inside(rectangle.top + dy, height) : rectangle.top,
        bottom: grip.bottom ? inside(rectangle.bottom + dy, height) : rectangle.bottom,
    };
};

/** How far an arrow key moves a brush: a band where the axis has bands, else two pixels; Shift ten times that. */
export const nudgeOf = (key, isFar, width, height, bandsAcross, bandsUp) => {
    const [across, up] = ARROWS[key];
    const times = isFar ? 10 : 1;
    return [
        across * times * (bandsAcross ? width / bandsAcross : STEP),
        up * times * (bandsUp ? height / bandsUp : STEP),
    ];
};

// --- the panels -----------------------------------------------------------------------------------------------------

/**
 * Listen to panels for one board. view: what the matrix knows: size() of a panel, rectangleOf(panel), brushTo(panel,
 * rectangle, {isFinal, byMiddle}), hover(panel, x, y, event), click(panel, x, y, event), enlarge(panel), limits(panel).
 */
export const create = (board, view) => {
    let drag = null;
    let isNudged = false;

    const at = (panel, event) => {
        const box = panel.element.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
    };

    const begin = (panel, event) => {
        if (event.button !== 0 || event.target.closest("button")) return;
        settle();
        const [x, y] = at(panel, event);
        const rectangle = view.rectangleOf(panel);
        const grip = gripAt(rectangle, x, y);
        drag = {panel, x, y, grip: grip ?? {right: x, bottom: y}, start: grip ? rectangle : null, isMoved: false};
        panel.element.setPointerCapture(event.pointerId);
        panel.element.focus({preventScroll: true});
        event.preventDefault();
    };

    const move = (panel, event) => {
        const [x, y] = at(panel, event);
        if (drag?.panel === panel) return follow(panel, x, y);
        panel.element.style.cursor = cursorOf(gripAt(view.rectangleOf(panel), x, y));
        view.hover(panel, x, y, event);
    };

    const follow = (panel, x, y) => {
        if (!drag.isMoved && Math.hypot(x - drag.x, y - drag.y) < CLICK_DISTANCE) return;
        drag.isMoved = true;
        board.hover(-1);
        const {width, height} = view.size();
        const start = drag.start ?? {left: drag.x, right: drag.x, top: drag.y, bottom: drag.y};
        view.brushTo(panel, dragged(start, drag.grip, x - drag.x, y - drag.y, width, height), {
            isFinal: false,
            byMiddle: drag.start !== null,
        });
    };

    const end = (panel, event) => {
        if (drag?.panel !== panel) return;
        const {isMoved} = drag;
        drag = null;
        if (isMoved) board.commit(board.clauses());
        else view.click(panel, ...at(panel, event), event);
        // What came meanwhile was not laid out under the brush.
        board.redraw();
    };

    /** Give up a drag, or keep what the keys did, and let the history say what is selected. */
    const cancel = () => {
        drag = null;
        board.commit(board.history.present.clauses);
    };

    const settle = () => {
        if (isNudged) board.commit(board.clauses());
        isNudged = false;
    };

    const nudge = (panel, rectangle, event) => {
        const {width, height} = view.size();
        const bands = (axis) => (axis.isBanded ? axis.ticks.length : 0);
        const [dx, dy] = nudgeOf(
            event.key,
            event.shiftKey,
            width,
            height,
            bands(panel.column.axis),
            bands(panel.row.axis),
        );
        const grip = event.altKey ? {right: true, top: true} : {isMove: true};
        // A held key is one step of the history, made when it is let go.
        isNudged = true;
        view.brushTo(panel, dragged(rectangle, grip, dx, dy, width, height), {isFinal: false, byMiddle: true});
    };

    const press = (panel, event) => {
        if (event.ctrlKey || event.metaKey || event.target !== panel.element) return;
        const rectangle = view.rectangleOf(panel);
        const {width, height} = view.size();
        if (event.key === "Escape" && drag) cancel();
        else if (ARROWS[event.key] && rectangle) nudge(panel, rectangle, event);
        else if (event.key === "Enter") view.enlarge(panel);
        else if (event.key === "l" || event.key === "L") view.limits(panel);
        else if (event.key === " " && !rectangle) {
            view.brushTo(
                panel,
                {left: width / 4, right: (width * 3) / 4, top: height / 4, bottom: (height * 3) / 4},
                {isFinal: true},
            );
        } else if ((event.key === "Escape" || event.key === "Delete") && rectangle) {
            isNudged = false;
            view.brushTo(panel, null, {isFinal: true});
        } else return;
        event.preventDefault();
        event.stopPropagation();
    };

    return {
        isDragging: () => drag !== null,
        listen(panel) {
            const {element} = panel;
            element.addEventListener("pointerdown", (event) => begin(panel, event));
            element.addEventListener("pointermove", (event) => move(panel, event));
            element.addEventListener("pointerup", (event) => end(panel, event));
            element.addEventListener("pointercancel", () => {
                if (drag?.panel === panel) cancel();
            });
            element.addEventListener("pointerleave", () => {
                if (!drag) board.hover(-1);
            });
            element.addEventListener("dblclick", (event) => {
                if (!event.target.closest("button")) view.brushTo(panel, null, {isFinal: true});
            });
            element.addEventListener("keydown", (event) => press(panel, event));
            element.addEventListener("keyup", settle);
            element.addEventListener("blur", settle);
        },
    };
};

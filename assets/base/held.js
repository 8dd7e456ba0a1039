/** What is pressed is not drawn anew until it is let go: a click whose button went away under the pointer would be lost. */

let pressed = null;
const waiting = new Map();

/** Draw into a place now, or once nothing in it is pressed any more; of several only the last. */
export const redraw = (place, draw) => {
    if (pressed !== null && place.contains(pressed)) waiting.set(place, draw);
    else {
        waiting.delete(place);
        draw();
    }
};

const letGo = () => {
    pressed = null;
    const due = [...waiting.values()];
    waiting.clear();
    due.forEach((draw) => draw());
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    window.addEventListener(
        "pointerdown",
        (event) => {
            pressed = event.target;
        },
        true,
    );
    // The click comes right after, and before any timer.
    for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, () => setTimeout(letGo), true);
};

/** The bar of a replay: play, step, scrub, speed and loop. It moves the one clock of its page, and shows where it is. */
import * as replay_clock from "./replay_clock.js";

const clock = () => replay_clock;

/**
 * A bar over `epochs()`. at(): the epoch of the page, null for live; go(epoch): move it; options(): {speed, isLoop}, and
 * change(options). Ends with `signal`.
 */
export const create = (bar, {epochs, at, go, options, change, signal}) => {
    const part = (name) => bar.querySelector(`.replay-${name}`);
    let place = 0;
    let before = 0;
    let playing = null;

    const isPlaying = () => playing !== null;

    const show = () => {
        const all = epochs();
        bar.hidden = all.length < 2;
        if (bar.hidden) return;
        const {speed, isLoop} = options();
        part("play").textContent = isPlaying() ? "❚❚" : "▶";
        part("play").setAttribute("aria-label", isPlaying() ? "Pause" : "Play");
        part("scrub").max = String(all.length - 1);
        part("scrub").value = String(clock().placeOf(all, at()));
        part("scrub").setAttribute("aria-valuetext", clock().words(all, at()));
        part("epoch").textContent = clock().words(all, at());
        part("speed").value = String(speed);
        part("loop").setAttribute("aria-pressed", String(isLoop));
        bar.classList.toggle("is-live", at() === null);
    };

    const stop = () => {
        cancelAnimationFrame(playing);
        playing = null;
    };

    const beat = (now) => {
        if (signal.aborted) return stop();
        const next = clock().advanced(epochs(), place, (now - before) / 1000, options());
        before = now;
        place = next.place;
        playing = requestAnimationFrame(beat);
        if (next.isOver) stop();
        if (next.epoch !== at()) go(next.epoch);
        if (next.isOver) show();
        return undefined;
    };

    const play = () => {
        const all = epochs();
        place = clock().placeOf(all, at());
        // At the end there is nothing more to play.
        if (place >= all.length - 1) place = 0;
        before = performance.now();
        playing = requestAnimationFrame(beat);
        go(all[place]);
    };

    const toggle = () => {
        if (isPlaying()) stop();
        else play();
        show();
    };

    const moveTo = (wanted) => {
        place = Math.max(0, Math.min(epochs().length - 1, wanted));
        go(clock().epochAt(epochs(), place));
    };

    const step = (steps) => moveTo(clock().placeOf(epochs(), at()) + steps);

    const on = (name, type, handler) => part(name).addEventListener(type, handler, {signal});
    on("play", "click", toggle);
    on("back", "click", () => step(-1));
    on("on", "click", () => step(1));
    on("live", "click", () => moveTo(Infinity));
    on("scrub", "input", () => moveTo(Number(part("scrub").value)));
    on("speed", "change", () => change({speed: Number(part("speed").value)}));
    on("loop", "click", () => change({isLoop: !options().isLoop}));
    signal.addEventListener("abort", stop);

    return {
        show,
        isPlaying,
        stop,
        /** Do what a key does; false for one that is none of ours. */
        press(key) {
            const act = bar.hidden ? null : clock().actOf(key);
            if (!act) return false;
            if (act.toggles) toggle();
            else if (act.steps) step(act.steps);
            else moveTo(act.place);
            return true;
        },
    };
};

/** Whether a key belongs to what has the focus, and not to the replay. */
export const isTaken = ({target, key, ctrlKey, metaKey, altKey}) => {
    if (ctrlKey || metaKey || altKey || document.querySelector(".modal.show")) return true;
    if (
        target.closest(
            "input:not(.replay-scrub), select, textarea, [contenteditable], [role=tab], [role=listbox], [role=menu], .log, .ht-thumb, .ag-root",
        )
    )
        return true;
    return key === " " && target.closest("button, a, summary, [role=button]") !== null;
};

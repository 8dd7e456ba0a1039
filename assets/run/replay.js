/** The replay of a whole run: every view shows the metrics as they stood at an epoch, on axes that hold still. */
import * as packing from "../base/packing.js";
import * as replay from "../base/replay.js";
import * as clock from "../base/replay_clock.js";
import * as sliders from "../base/sliders.js";
import {extent} from "../experiments/columns.js";
import * as selection from "../selection/selection.js";

// How seldom a run that goes on is asked for its epochs again.
const RENEW_MS = 10000;

// --- pure ---------------------------------------------------------------------------------------------------------

/** What an answer of answers/run_replay.py holds, by the keys of columns. */
export const framesOf = ({numbers, epochs, of, still, metrics}) => ({
    numbers,
    epochs: [...epochs],
    of,
    still,
    metrics: new Map(metrics.map(({name, values}) => [`m:${name}`, values])),
});

/** Smallest and largest finite number of some values and of ends that are there already; null where there is none. */
export const endsOf = (values, ends) => {
    let [low, high] = ends ?? [Infinity, -Infinity];
    for (const value of values) {
        if (value < low && value !== -Infinity) low = value;
        if (value > high && value !== Infinity) high = value;
    }
    return low <= high ? [low, high] : null;
};

/** Take the metrics out of a set as they are now, and hold their axes at everything that the frames show. */
export const hold = (set, frames, extent) => {
    const kept = new Map();
    for (const [key, values] of frames.metrics) {
        const column = set.columns.get(key);
        if (!column) continue;
        kept.set(key, {values: column.values, nan: column.nan});
        column.held = endsOf(values, extent(set, column));
    }
    return kept;
};

/** Show the frame at a place: who has no value yet has none. */
export const show = (set, frames, kept, place) => {
    const count = frames.numbers.length;
    for (const [key, {values: before}] of kept) {
        const column = set.columns.get(key);
        const shown = new Float64Array(before.length).fill(NaN);
        const frame = frames.metrics.get(key).subarray(place * count, (place + 1) * count);
        for (let row = 0; row < count; row += 1) {
            const index = set.indexOf.get(frames.numbers[row]);
            if (index !== undefined) shown[index] = frame[row];
        }
        Object.assign(column, {values: shown, nan: new Set()});
    }
};

/** Put the metrics back as they are. */
export const restore = (set, kept) => {
    for (const [key, {values, nan}] of kept) Object.assign(set.columns.get(key), {values, nan});
};

export const release = (set, kept) => {
    restore(set, kept);
    for (const key of kept.keys()) set.columns.get(key).held = null;
};

/** What is said of frames that do not show everything, or "". */
export const noteOf = ({epochs, of, still}) =>
    [
        of > epochs.length ? `${epochs.length} of ${of.toLocaleString("en-US")} epochs` : "",
        still.length
            ? `${still.join(", ")} ${still.length === 1 ? "names no epoch and stays as it is" : "name no epoch and stay as they are"}`
            : "",
    ]
        .filter(Boolean)
        .join("; ");

// --- the replay ----------------------------------------------------------------------------------------------------

/** board: draw() shows the set as it is now, select() selects by it. */
export const create = (made, board) => {
    const {part} = made;
    const bar = part("run-replay");
    const button = part("run-replay-toggle");
    const holding = bar.querySelector(".run-replay-hold");
    let options = {speed: 1, isLoop: false};
    let isHolding = true;
    let frames = null;
    let kept = new Map();
    let epoch = null;
    let asked = 0;
    let due = null;

    sliders.fill(bar);

    const draw = () => {
        restore(made.experiments, kept);
        if (epoch !== null) show(made.experiments, frames, kept, clock.placeOf(frames.epochs, epoch));
        tell();
        board.draw();
        controls.show();
    };

    /** What is selected by how it ended stays selected on the way there, unless the brushes are to read what is shown. */
    const tell = () => {
        made.epoch = epoch;
        made.isHeld = epoch !== null && isHolding;
    };

    const holdSelection = (isOn) => {
        isHolding = isOn;
        holding.setAttribute("aria-pressed", String(isOn));
        if (!frames) return;
        // A selection that is held again is the one by the values at the end.
        if (isOn && epoch !== null) aside(() => board.select());
        draw();
    };

    const go = (wanted) => {
        epoch = wanted;
        draw();
    };

    const controls = replay.create(bar, {
        epochs: () => frames?.epochs ?? [],
        at: () => epoch,
        go,
        options: () => options,
        signal: made.signal,
        change: (change) => {
            options = {...options, ...change};
            controls.show();
        },
    });

    const close = () => {
        asked += 1;
        clearTimeout(due);
        due = null;
        controls.stop();
        release(made.experiments, kept);
        [frames, kept, epoch] = [null, new Map(), null];
        tell();
        showButton("Replay", false);
        bar.hidden = true;
        board.draw();
    };

    const showButton = (words, isOpen, isBusy = false) => {
        made.write("run-replay-toggle", words);
        button.setAttribute("aria-pressed", String(isOpen));
        button.disabled = isBusy;
        bar.closest(".ht-picker-place").classList.toggle("is-replayed", isOpen);
    };

    const question = () => {
        const {kept: clauses, excluded} = made.state();
        const reduce = new URLSearchParams(window.location.search).get("reduce");
        if (!clauses?.length && !excluded?.length) return {reduce};
        const {
            mask,
            experiments: {numbers, size},
        } = made;
        return {
            reduce,
            numbers: selection.compactNumbers(
                [...numbers.subarray(0, size)].filter((_, index) => mask[index] & selection.KEPT),
            ),
        };
    };

    const fetchFrames = async () => {
        asked += 1;
        const mine = asked;
        const asking = question();
        const {slug, number} = made.spec;
        const response = await fetch(`/replay/${encodeURIComponent(slug)}/${number}`, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(asking),
            signal: made.signal,
        }).catch(() => null);
        const answer = response?.status === 200 ? await packing.read(response) : null;
        if (mine !== asked || made.signal.aborted) return;
        // Other experiments or another number were asked for while this was on its way.
        if (JSON.stringify(asking) !== JSON.stringify(question())) fetchFrames();
        else if (answer?.epochs) receive({...framesOf(answer), isNarrow: asking.numbers !== undefined});
        else refuse(answer?.said ?? "The epochs of this run could not be read. Is the server still there?");
    };

    const refuse = (sentence) => {
        if (frames === null) showButton("Replay", false);
        made.say(sentence);
    };

    const receive = (found) => {
        const isFirst = frames === null;
        release(made.experiments, kept);
        frames = found;
        kept = hold(made.experiments, frames, extent);
        showButton("End replay", true);
        made.write("run-replay-note", noteOf(frames));
        if (frames.epochs.length < 2) {
            close();
            made.say("There is nothing to replay: only one epoch was reported.");
            return;
        }
        draw();
        if (isFirst) bar.querySelector(".replay-play").focus();
    };

    const renew = () => {
        due ??= setTimeout(() => {
            due = null;
            if (frames) fetchFrames();
        }, RENEW_MS);
    };

    const toggle = () => {
        if (frames) return close();
        showButton("Loading …", false, true);
        return fetchFrames();
    };

    /** Let news into the set as it is, and show the epoch again after. */
    const aside = (take) => {
        restore(made.experiments, kept);
        take();
        if (!frames) return;
        for (const key of kept.keys()) {
            const {values, nan} = made.experiments.columns.get(key);
            kept.set(key, {values, nan});
        }
        if (epoch !== null) show(made.experiments, frames, kept, clock.placeOf(frames.epochs, epoch));
    };

    made.press("run-replay-toggle", toggle);
    holding.addEventListener("click", () => holdSelection(!isHolding), {signal: made.signal});
    document.addEventListener(
        "keydown",
        (event) => {
            if (!frames || event.defaultPrevented || replay.isTaken(event)) return;
            if (controls.press(event.key)) event.preventDefault();
        },
        {signal: made.signal},
    );
    made.signal.addEventListener("abort", () => {
        clearTimeout(due);
        release(made.experiments, kept);
        showButton("Replay", false);
        bar.hidden = true;
    });
    return {
        aside,
        /** A brush of now reads what is shown now. */
        letGo: () => {
            if (made.isHeld) holdSelection(false);
        },
        /** Something came that the frames do not have. */
        onNews: () => {
            if (frames) renew();
        },
        /** Another number of a metric is asked for. */
        onOther: () => {
            if (frames) fetchFrames();
        },
        /** Experiments left the page or came back; frames of all of them go on to do. */
        onKept: () => {
            if (frames?.isNarrow) fetchFrames();
        },
    };
};

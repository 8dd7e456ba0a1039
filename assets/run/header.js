/** The head of a run's page: its state and counts, its best experiment, the time it took and what it waits for. */
import * as held from "../base/held.js";
import {element} from "../base/marks.js";
import * as columns from "../experiments/columns.js";
import {columnsOf, countFinite, durationWords, STATES} from "../experiments/columns.js";
import * as counting from "../experiments/counting.js";
import {clausesOf, withClauses, written} from "../selection/selection.js";
import * as failures from "./failures.js";

const MOST_NAMED = 8;
const ENDED = new Set(["finished", "failed", "stopped"]);

/** Whether nothing more happens to a run in this state by itself. */
export const isEnded = (state) => ENDED.has(state);

/** How many experiments are in each state, in words: "7 finished, 2 running". */
export const stateWords = (states, counts) => {
    const order = ["finished", "running", "queued", "failed", "stopped"];
    return order.map((state) => [counts[states.indexOf(state)], state]).filter(([count]) => count > 0);
};

/** What the page waits for, or null where there is nothing to say. `since`: seconds since the run was heard of. */
export const waitingWords = (run, counts, hasValues, since = 0) => {
    if (!run || isEnded(run.state)) return null;
    if (run.waiting && (run.state !== "paused" || counts[1] > 0)) return obstacleWords(run.waiting, since);
    if (run.request === "stop") return "Stopping: the experiments that run are being ended.";
    if (run.state === "paused")
        return [run.reason && sentenceOf(run.reason), pausedWords(counts)].filter(Boolean).join(" ");
    if (run.state === "queued") return "Waiting for the dispatcher to take this run.";
    if (!hasValues)
        return counts[1] > 0
            ? "The first experiments are running. Their numbers appear here as soon as the script reports any."
            : "Starting the first experiments.";
    return null;
};

const obstacleWords = ({text, age, log}, since) => {
    const soFar = age === null ? "" : ` (${durationWords(Math.floor(age + since))} so far)`;
    return `${text}${soFar}${log ? `. Its log: ${log}` : ""}`;
};

const sentenceOf = (reason) => `${reason[0].toUpperCase()}${reason.slice(1)}.`;

const pausedWords = ([queued, running]) => {
    const waiting =
        queued === 0
            ? "no new one starts until"
            : queued === 1
              ? "the one that waits starts when"
              : `the ${queued} that wait start when`;
    const ending = running
        ? `${running === 1 ? "The experiment that runs goes" : `The ${running} experiments that run go`} on to the end`
        : "Nothing runs";
    return `${ending}; ${waiting} the run is resumed.`;
};

/** What the badge of a run says, and the class that colours it. */
export const badgeOf = (run, counts) => {
    if (run.request === "stop" && !isEnded(run.state)) return {word: "stopping", kind: "stopping"};
    if (run.state === "paused" && counts[1] > 0) return {word: `paused: ${counts[1]} still running`, kind: "paused"};
    if (run.state === "running" && run.waiting && counts[1] === 0) return {word: "waiting", kind: "queued"};
    return {word: run.state, kind: run.state};
};

/** The button that pauses and resumes: what it does, what it says, and whether it waits for an answer. */
export const pauseButton = (run, asked) => {
    if (asked === "pause" || asked === "resume")
        return {does: asked, words: asked === "pause" ? "Pausing …" : "Resuming …", isBusy: true};
    return run.state === "paused"
        ? {does: "resume", words: "Resume", isBusy: false}
        : {does: "pause", words: "Pause", isBusy: false};
};

/** What is not as usual in how a run gets free places, in words: "priority 5, share 2"; empty where nothing is. */
export const shareWords = ({priority = 0, weight = 1}) =>
    [priority !== 0 && `priority ${priority}`, weight !== 1 && `share ${weight}`].filter(Boolean).join(", ");

export const stopQuestion = (number) => ({
    title: `Stop run ${number}?`,
    confirm: "Stop run",
    body: "Experiments that run are ended, those that wait never start. What is finished stays. To go on later, pause it instead.",
});

/** "18 of 24 scheduled", and why the others were not; null where all were. */
export const scheduleOf = (size, leftOut) => {
    const reasons = leftOut.filter(({count}) => count > 0);
    const missing = reasons.reduce((sum, {count}) => sum + count, 0);
    if (missing === 0) return null;
    return {
        words: `${size} of ${size + missing} scheduled`,
        reasons: reasons.map(({count, reason}) => `${count} ${reason}`),
    };
};

/**
 * The names of what experiments report where none of them has reported the objective, one of them far enough; null
 * where nothing is missed. Without an objective something is missed as soon as anything is reported.
 */
export const reportedInstead = (set, objective) => {
    const own = objective ? set.columns.get(`m:${objective}`) : null;
    if (own && (countFinite(set, own) > 0 || own.nan.size > 0)) return null;
    const names = columnsOf(set, "metric")
        .filter((column) => countFinite(set, column) > 0)
        .map(({name}) => name);
    if (!objective) return names.length > 0 ? names : null;
    const [states, epochs] = [set.columns.get("state").values, set.columns.get("epoch").values];
    const isFar = Array.from(
        {length: set.size},
        (_, index) => STATES[states[index]] === "finished" || epochs[index] > 1,
    ).some(Boolean);
    return names.length > 0 && isFar ? names : null;
};

/** What is missed, before the choice of another metric. */
export const missedWords = (objective) =>
    objective
        ? ["No experiment has reported ", objective, ", by which this run is judged. Judge it by:"]
        : ["Nothing says yet by which metric this run is judged. Judge it by:"];

/**
 * What comes next once all experiments have ended: to find the metrics in their output if none was read, and to launch
 * what was tried. null before, and where another offer stands.
 */
export const nextWords = (isTrial, objective, {isOver, hasValues, isMissed, hasOutput}) => {
    if (!isOver || isMissed || (!hasValues && !hasOutput)) return null;
    if (!hasValues) return "No metric was read from what it printed.";
    return isTrial ? `This was a trial, and ${objective} is read. Now launch it with candidates.` : null;
};

/** That experiments wrote the same files: "Experiments 1, 2 and 5 each wrote the same 11.6 MB". */
export const twiceWords = ({experiments, size}) => {
    const named =
        experiments.length > 5
            ? `${experiments.length} experiments`
            : `Experiments ${experiments.slice(0, -1).join(", ")} and ${experiments.at(-1)}`;
    return `${named} each wrote the same ${size}`;
};

// --- the head ------------------------------------------------------------------------------------------------------

export const create = (made) => {
    const {part, write} = made;

    const show = () => {
        const {run, experiments} = made;
        if (!run) return;
        const counts = columns.countStates(experiments);
        showState(run, counts);
        showButtons(run);
        showFacts(run, experiments.size);
        showProgress(counts, experiments.size);
        failures.show(part("run-failures"), made);
        showBest();
        showMissing();
        showNext();
        showTwice();
        showElapsed();
        showWaiting();
        made.root.classList.add("is-loaded");
    };

    const showWaiting = () => {
        const {run, experiments} = made;
        const hasValues = columns.columnsOf(experiments, "metric").length > 0;
        const since = (performance.now() - run.heardAt) / 1000;
        const words =
            waitingWords(run, columns.countStates(experiments), hasValues, since) ??
            (run.state === "failed" ? run.reason : null);
        write("run-waiting", words ?? "");
        part("run-waiting").hidden = !words;
        part("run-waiting").classList.toggle("is-bad", run.state === "failed" || Boolean(run.waiting?.isWrong));
    };

    const showState = (run, counts) => {
        const badge = part("run-state");
        const {word, kind} = badgeOf(run, counts);
        write("run-state", word);
        badge.className = `ht-badge is-${kind}`;
        badge.title = run.reason ?? "";
    };

    const showButtons = (run) => {
        const isOpen = !isEnded(run.state);
        const isStopping = run.request === "stop" || made.asked?.do === "stop";
        const {words, isBusy} = pauseButton(run, made.asked?.do);
        write("run-pause", words);
        part("run-pause").hidden = !isOpen || run.request === "stop";
        part("run-pause").disabled = isBusy || isStopping;
        write("run-stop", isOpen && isStopping ? "Stopping …" : "Stop run");
        part("run-stop").hidden = !isOpen;
        part("run-stop").disabled = isStopping;
        part("run-share").hidden = !isOpen || isStopping;
        made.views.share.onRun();
    };

    const showFacts = (run, size) => {
        const command = part("run-command");
        command.querySelector("code").textContent = run.commandLine;
        command.querySelector("[data-copy]").dataset.copy = run.commandLine;
        const schedule = scheduleOf(size, run.leftOut);
        const trial = run.isTrial ? "a trial: it ends after its first epoch" : "";
        const facts = JSON.stringify([trial, run.createdBy, run.strategy, shareWords(run), schedule]);
        const place = part("run-facts");
        if (place.dataset.facts === facts) return;
        place.dataset.facts = facts;
        const words = [trial, run.createdBy && `started by ${run.createdBy}`, run.strategy, shareWords(run)]
            .filter(Boolean)
            .map((word) => element("span", {textContent: word}));
        if (schedule) {
            words.push(
                element(
                    "details",
                    {title: schedule.reasons.join(", ")},
                    element("summary", {textContent: schedule.words}),
                    element("ul", {}, ...schedule.reasons.map((reason) => element("li", {textContent: reason}))),
                ),
            );
        }
        place.hidden = words.length === 0;
        place.replaceChildren(...words);
    };

    const showProgress = (counts, size) => {
        const words = stateWords(columns.STATES, counts);
        part("run-progress").replaceChildren(
            ...words.map(([count, state]) => {
                const piece = element("span", {className: `is-${state}`, title: `${written(count)} ${state}`});
                piece.style.flexGrow = String(count);
                return piece;
            }),
        );
        const place = part("run-counts");
        held.redraw(place, () =>
            place.replaceChildren(
                element("b", {textContent: `${written(size)} ${size === 1 ? "experiment" : "experiments"}`}),
                ...words.map(([count, state]) =>
                    element("button", {
                        type: "button",
                        className: `ht-count is-${state}`,
                        textContent: `${written(count)} ${state}`,
                        dataset: {state},
                        title: `Select the ${state} ones`,
                    }),
                ),
            ),
        );
    };

    const showBest = () => {
        const key = `m:${made.spec.objective}`;
        const index = made.spec.objective ? counting.best(made.experiments, key, made.spec.goal, made.isIncluded) : -1;
        const note = made.spec.objective
            ? counting.bestNote(made.experiments, key, made.spec.goal, made.isIncluded)
            : "";
        const link = part("run-best");
        part("run-best-row").hidden = index < 0 && !note;
        write("run-best-note", note);
        link.hidden = index < 0;
        if (index < 0) {
            write("run-best-value", "–");
            write("run-best-setting", "");
            return;
        }
        const {numbers, columns: all} = made.experiments;
        const column = all.get(key);
        const settings = columns
            .varying(made.experiments)
            .map(
                (hyperparameter) =>
                    `${hyperparameter.name} ${columns.wordOf(hyperparameter, index, (value) => columns.short(value, 4))}`,
            );
        write("run-best-words", made.epoch === null ? "Best so far" : `Best at epoch ${made.epoch}`);
        write(
            "run-best-value",
            `${column.name} ${columns.wordOf(column, index, columns.formatterOf(made.experiments, column))}`,
        );
        link.textContent = `experiment ${numbers[index]}`;
        link.href = made.addressOf(index);
        write("run-best-setting", settings.join(" · "));
        part("run-best-setting").title = settings.join(", ");
    };

    const showMissing = () => {
        const {objective} = made.spec;
        const names = reportedInstead(made.experiments, objective);
        const place = part("run-missing");
        const seen = JSON.stringify(names);
        if (place.dataset.seen === seen) return;
        place.dataset.seen = seen;
        place.hidden = names === null;
        if (names === null) return;
        const [before, missed, ...after] = missedWords(objective);
        held.redraw(place, () =>
            place.replaceChildren(
                element("span", {}, before, ...(missed ? [element("b", {textContent: missed})] : []), ...after),
                ...names.slice(0, MOST_NAMED).map((name) =>
                    element("button", {
                        type: "button",
                        className: "ht-button",
                        textContent: name,
                        title: `Make ${name} the objective of this run`,
                        dataset: {metric: name},
                    }),
                ),
                findButton(objective, objective ? undefined : "Find more in the output …"),
                ...(names.length > MOST_NAMED
                    ? [
                          element("span", {
                              className: "ht-quiet",
                              textContent: `and ${names.length - MOST_NAMED} more in the list of metrics`,
                          }),
                      ]
                    : []),
            ),
        );
    };

    const findButton = (objective, words = "Find it in the output …") =>
        element("button", {
            type: "button",
            className: "ht-button",
            textContent: words,
            title: `Say how the script prints ${objective ?? "a metric"}`,
            aria: {haspopup: "dialog"},
            dataset: {teach: made.spec.slug, run: String(made.spec.number), ...(objective && {name: objective})},
        });

    const showNext = () => {
        const {objective} = made.spec;
        const hasValues = columns.columnsOf(made.experiments, "metric").length > 0;
        const counts = columns.countStates(made.experiments);
        const countOf = (...states) => states.reduce((sum, state) => sum + counts[columns.STATES.indexOf(state)], 0);
        const isMissed = !part("run-missing").hidden;
        const words = nextWords(made.run.isTrial, objective, {
            isOver: countOf("queued", "running") === 0,
            hasValues,
            isMissed,
            hasOutput: countOf("finished", "stopped") > 0,
        });
        const place = part("run-next");
        if (place.dataset.seen === String(words)) return;
        place.dataset.seen = String(words);
        place.hidden = words === null;
        if (words === null) return;
        const launch = element("button", {
            type: "button",
            className: "ht-button is-accent",
            textContent: "Launch …",
            aria: {haspopup: "dialog"},
            dataset: {launch: ""},
        });
        held.redraw(place, () =>
            place.replaceChildren(element("span", {textContent: words}), hasValues ? launch : findButton(objective)),
        );
    };

    const showTwice = () => {
        const {twice} = made;
        const place = part("run-twice");
        const seen = JSON.stringify(twice ?? null);
        if (place.dataset.seen === seen) return;
        place.dataset.seen = seen;
        place.hidden = !twice;
        if (!twice) return;
        held.redraw(place, () =>
            place.replaceChildren(
                element(
                    "span",
                    {},
                    `${twiceWords(twice)} in `,
                    element("b", {textContent: twice.folder}),
                    ". Is it a download that all may share?",
                ),
                element("button", {
                    type: "button",
                    className: "ht-button",
                    textContent: `Share ${twice.folder}`,
                    title: "Put it into the project's folder, where the experiments of the next runs find it and write into it together",
                }),
            ),
        );
    };

    const showElapsed = () => {
        const {run} = made;
        if (!run) return;
        const since = isEnded(run.state) ? 0 : (performance.now() - run.heardAt) / 1000;
        if (run.waiting) showWaiting();
        write(
            "run-elapsed",
            run.elapsed === null ? "not started" : columns.durationWords(Math.floor(run.elapsed + since)),
        );
    };

    made.press("run-missing", (event) => {
        const name = event.target.closest("[data-metric]")?.dataset.metric;
        if (name !== undefined) made.send({do: "judge", metric: name});
    });
    made.press("run-next", (event) => {
        if (event.target.closest("[data-launch]")) document.getElementById("launch-duplicate").click();
    });
    made.press("run-twice", (event) => {
        if (!event.target.closest("button")) return;
        made.send({do: "share_folder", folder: made.twice.folder, numbers: made.twice.experiments});
        made.twice = null;
        showTwice();
    });
    made.press("run-best", (event) => made.followTo(event, event.currentTarget.getAttribute("href")));
    made.press("run-counts", (event) => {
        const state = event.target.closest("[data-state]")?.dataset.state;
        if (!state) return;
        const isOn = clausesOf(made.clauses(), "header:state").some(({values}) => values.includes(state));
        made.commit(withClauses(made.clauses(), "header:state", isOn ? [] : [{field: "state", values: [state]}]));
    });
    made.press("run-pause", () => made.send({do: pauseButton(made.run, null).does}));
    made.press("run-stop", () => made.ask(stopQuestion(made.spec.number), {do: "stop"}));
    return {show, showBest, showElapsed};
};

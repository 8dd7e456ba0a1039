/** The dialog that teaches a project how its script prints metrics: its lines, a pattern that is tried as one types, reading again. */
import * as marks from "../base/marks.js";
import * as dashboard from "../run/page.js";

const TRY_AFTER_MS = 250;
const AWAY = "The server did not answer. Try again in a moment.";
const HINT =
    "Press a number to make it a metric; bold ones were not always the same. Then say which other numbers of its line count, as the epoch for instance.";
const ROLES = [
    ["", "anything"],
    ["metric", "a metric"],
    ["epoch", "the epoch"],
    ["step", "the step"],
];

// --- pure ---------------------------------------------------------------------------------------------------------

/** A line as pieces: `[{text, mark}]`, where mark is the number's entry or null. Places count characters, not UTF-16. */
export const piecesOf = (text, marks) => {
    const signs = Array.from(text);
    const pieces = [];
    let at = 0;
    for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
        if (mark.start > at) pieces.push({text: signs.slice(at, mark.start).join(""), mark: null});
        pieces.push({text: signs.slice(mark.start, mark.end).join(""), mark});
        at = mark.end;
    }
    if (at < signs.length) pieces.push({text: signs.slice(at).join(""), mark: null});
    return pieces;
};

/** What the numbers of a line are once one is pressed: a metric, and the counters that stand before it. */
export const rolesFrom = (numbers, place) =>
    new Map(
        numbers
            .filter(
                (each) =>
                    each.place === place ||
                    (each.place < place && each.can_take && ["epoch", "step"].includes(each.name)),
            )
            .map((each) => [each.place, each.place === place ? "metric" : each.name]),
    );

/** With another role for a number; only one number of a line is the epoch, and one the step. */
export const withRole = (roles, place, role) =>
    new Map(
        [...roles]
            .filter(([other, taken]) => other !== place && (role === "metric" || taken !== role))
            .concat(role ? [[place, role]] : []),
    );

/** The name of a number as a metric: a counter may be one, too, and is no counter then. */
const metricName = ({name}) => (name === "epoch" || name === "step" ? `${name} number` : name);

/** The names that a pattern gives them, by place; the number that was `pressed` first is the metric that is missed. */
export const namesOf = (numbers, roles, missed, pressed) => {
    const others = numbers.filter(({place}) => roles.get(place) === "metric" && place !== pressed).map(metricName);
    const nameOf = (each) => {
        const role = roles.get(each.place);
        if (role !== "metric") return role;
        return missed && each.place === pressed && !others.includes(missed) ? missed : metricName(each);
    };
    return Object.fromEntries(numbers.filter(({place}) => roles.has(place)).map((each) => [each.place, nameOf(each)]));
};

const plural = (count, one, many) => `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** What a pattern takes, in a sentence. */
export const triedWords = ({fitting, of, counts}) => {
    if (!fitting) return `It fits none of the ${plural(of, "line", "lines")}.`;
    const values = Object.entries(counts).map(([name, count]) => `${plural(count, "value", "values")} of ${name}`);
    return `It fits ${fitting.toLocaleString("en-US")} of ${plural(of, "line", "lines")}${values.length ? `: ${values.join(", ")}` : ", and names no metric"}.`;
};

export const doneWords = (changed) =>
    changed
        ? `Kept. ${plural(changed, "past experiment has", "past experiments have")} values by it now, and further ones will.`
        : "Kept. No past experiment has a value by it; further ones will be read with it.";

// --- the dialog -----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

const ask = async (slug, request) => {
    const response = await fetch(`/teaching/${encodeURIComponent(slug)}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(60000),
    }).catch(() => null);
    return (response?.ok ? await response.json().catch(() => null) : null) ?? {error: AWAY};
};

const markedLine = ({text, marks}) =>
    element(
        "code",
        {className: "ht-line"},
        ...piecesOf(text, marks).map(({text: part, mark}) =>
            mark ? element("b", {textContent: part, title: mark.name}) : part,
        ),
    );

/** A kind of lines, with a button for each number, and room for what its numbers are once one is pressed. */
const kindOf = ({text, count, numbers}, onPress) => {
    const roles = element("div", {
        className: "ht-roles",
        role: "group",
        aria: {label: "What the numbers of this line are"},
    });
    return element(
        "li",
        {},
        element("span", {
            className: "ht-quiet",
            textContent: `${count.toLocaleString("en-US")} ×`,
            title: "How many lines of this kind there were",
        }),
        element(
            "code",
            {className: "ht-line"},
            ...piecesOf(text, numbers).map(({text: part, mark}) => {
                if (!mark?.can_take) return part;
                const button = element("button", {
                    type: "button",
                    className: mark.moves ? "is-moving" : "",
                    textContent: part,
                    title: `Make ${mark.name} a metric`,
                });
                button.addEventListener("click", () => onPress(mark.place, roles));
                return button;
            }),
        ),
        roles,
    );
};

/** What each number of a line is, as a choice. */
const roleOf = (name, part, role, onChange) => {
    const choice = element(
        "select",
        {},
        ...ROLES.map(([value, words]) =>
            element("option", {value, textContent: words, selected: value === (role ?? "")}),
        ),
    );
    choice.addEventListener("change", () => onChange(choice.value));
    return element("label", {}, `${name} `, element("b", {textContent: part}), " is ", choice);
};

const open = async (opener) => {
    const {teach: slug, run, name} = opener.dataset;
    let patterns = [];
    let experiment = null;
    let [timer, asked] = [null, 0];
    let chosen = null;
    let tried = {counts: {}};
    const dialog = element("dialog", {className: "ht-teaching", aria: {label: "Metrics in what the script prints"}});
    const kept = element("ul", {className: "ht-kept"});
    const input = element("input", {
        type: "text",
        id: "teach-pattern",
        autocomplete: "off",
        spellcheck: false,
        placeholder: "step {step} | loss {loss}",
        maxLength: 500,
    });
    const says = element("p", {className: "ht-says", aria: {role: "status"}});
    const fits = element("div", {className: "ht-fits"});
    const kinds = element("ul", {className: "ht-kinds"});
    const note = element("p", {className: "ht-quiet"});
    const keep = element("button", {
        type: "submit",
        className: "ht-button is-accent",
        textContent: "Add pattern",
        disabled: true,
    });

    const say = (sentence, isWrong = false) => {
        says.textContent = sentence;
        says.classList.toggle("is-wrong", isWrong);
        input.toggleAttribute("aria-invalid", isWrong);
    };

    const showPatterns = () =>
        kept.replaceChildren(
            ...patterns.map((text) => {
                const remove = element("button", {
                    type: "button",
                    className: "ht-link is-bad",
                    textContent: "Remove",
                    aria: {label: `Remove the pattern ${text}`},
                });
                remove.addEventListener("click", async () => {
                    const answer = await ask(slug, {do: "teach", patterns: patterns.filter((each) => each !== text)});
                    if (answer.error) return say(answer.error, true);
                    patterns = answer.patterns;
                    showPatterns();
                    return say("Removed. Values that were read by it stay.");
                });
                return element("li", {}, element("code", {textContent: text}), remove);
            }),
        );

    const tryIt = async () => {
        const pattern = input.value.trim();
        asked += 1;
        const mine = asked;
        keep.disabled = true;
        if (!pattern || experiment === null) {
            fits.replaceChildren();
            return say("");
        }
        const answer = await ask(slug, {do: "try", pattern, experiment});
        if (mine !== asked) return null;
        tried = answer;
        fits.replaceChildren(...(answer.lines ?? []).map(markedLine));
        keep.disabled = Boolean(answer.error);
        return answer.error ? say(answer.error, true) : say(triedWords(answer));
    };

    /** The objective comes next, where the run has none, or one that nobody has reported. */
    const offer = (board, names) => {
        const {objective} = board.spec;
        if (!names.length || names.includes(objective) || (objective && !name)) return;
        says.append(
            element(
                "span",
                {className: "ht-judge"},
                ` ${objective ? `Nobody has reported ${objective}.` : "Nothing says yet by which metric this run is judged."} Judge it by: `,
                ...names.map((each) => {
                    const button = element("button", {type: "button", className: "ht-button", textContent: each});
                    button.addEventListener("click", () => {
                        board.send({do: "judge", metric: each});
                        dialog.close();
                    });
                    return button;
                }),
            ),
        );
        says.querySelector("button").focus();
    };

    /** What is read again belongs to the pattern that was added, so that the next one has to wait. */
    const wait = (isWaiting) => {
        input.readOnly = isWaiting;
        kinds.inert = isWaiting;
    };

    const add = async () => {
        asked += 1;
        keep.disabled = true;
        const taught = Object.keys(tried.counts ?? {});
        wait(true);
        try {
            await keepAndRead(taught);
        } finally {
            wait(false);
        }
    };

    const keepAndRead = async (taught) => {
        const answer = await ask(slug, {do: "teach", patterns: [...patterns, input.value.trim()]});
        if (answer.error) return say(answer.error, true);
        patterns = answer.patterns;
        showPatterns();
        let [after, changed, done] = [0, 0, 0];
        for (;;) {
            say(
                `Kept. Reading past output again${done ? `: ${done.toLocaleString("en-US")} experiments so far` : ""} …`,
            );
            const step = await ask(slug, {do: "again", after});
            if (step.error) return say(step.error, true);
            [after, changed, done] = [step.last, changed + step.changed, done + step.done];
            if (!step.left || !dialog.open) break;
        }
        input.value = "";
        fits.replaceChildren();
        forget();
        // An ended run is looked at seldom.
        const board = dashboard?.current();
        board?.listen?.();
        say(doneWords(changed));
        if (board && changed) offer(board, taught);
        return null;
    };

    const forget = () => {
        chosen?.place.replaceChildren();
        chosen = null;
    };

    /** The pattern that takes what was chosen in a line; its choices stay below the line. */
    const choose = async (line, roles, place, pressed) => {
        if (chosen?.line !== line) forget();
        chosen = {line, roles, place, pressed};
        const signs = Array.from(line.text);
        const focused = [...place.querySelectorAll("select")].indexOf(document.activeElement);
        place.replaceChildren(
            ...line.numbers
                .filter(({can_take: can}) => can)
                .map((each) =>
                    roleOf(each.name, signs.slice(each.start, each.end).join(""), roles.get(each.place), (role) =>
                        choose(line, withRole(roles, each.place, role), place, pressed),
                    ),
                ),
        );
        place.querySelectorAll("select")[focused]?.focus();
        clearTimeout(timer);
        asked += 1;
        const mine = asked;
        keep.disabled = true;
        const names = namesOf(line.numbers, roles, name, pressed);
        // Nothing is chosen any more.
        const answer = Object.keys(names).length
            ? await ask(slug, {do: "compose", experiment, line: line.text, names})
            : {pattern: ""};
        if (mine !== asked) return null;
        input.value = answer.pattern ?? "";
        if (!answer.error) return tryIt();
        fits.replaceChildren();
        return say(answer.error, true);
    };

    const press = (line, at, place) => {
        const isHere = chosen?.line === line;
        choose(
            line,
            isHere ? withRole(chosen.roles, at, chosen.roles.has(at) ? "" : "metric") : rolesFrom(line.numbers, at),
            place,
            isHere ? chosen.pressed : at,
        );
    };

    const form = element(
        "form",
        {className: "ht-teach-form", noValidate: true},
        element("label", {htmlFor: input.id, textContent: "Pattern"}),
        input,
        keep,
    );
    input.title =
        "The line as it is printed, with {name} where a number stands; {} is anything. A regular expression with named groups works, too.";
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        clearTimeout(timer);
        if (!keep.disabled) add();
    });
    input.addEventListener("input", () => {
        clearTimeout(timer);
        // An answer that is on its way is about something else.
        asked += 1;
        keep.disabled = true;
        forget();
        timer = setTimeout(tryIt, TRY_AFTER_MS);
    });
    const close = element("button", {type: "button", className: "ht-icon", textContent: "×", aria: {label: "Close"}});
    close.addEventListener("click", () => dialog.close());
    dialog.append(
        element("header", {}, element("h2", {textContent: "Metrics in what the script prints"}), close),
        kept,
        form,
        says,
        fits,
        note,
        kinds,
    );
    // Shortcuts of the page behind are not meant while it is open.
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("pointerdown", (event) => {
        if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
        dialog.remove();
        opener.focus({preventScroll: true});
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
    note.textContent = "Looking at the output …";
    const answer = await ask(slug, {do: "look", ...(run && {run: Number(run)}), ...(name && {name})});
    if (answer.error) return say(answer.error, true);
    ({patterns, experiment} = answer);
    showPatterns();
    note.textContent = answer.note || `Experiment ${experiment} printed these lines with numbers. ${HINT}`;
    kinds.replaceChildren(...answer.lines.map((line) => kindOf(line, (at, place) => press(line, at, place))));
    return null;
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const opener = target.closest?.("[data-teach]");
        if (opener && !document.querySelector("dialog.ht-teaching")) open(opener);
    });
};

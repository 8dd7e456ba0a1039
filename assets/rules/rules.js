/** The dialog of a project's rules: what there is, a form for a new one, and what it would have done to past experiments. */
import * as marks from "../base/marks.js";
import * as bookmarks from "../run/bookmarks.js";
import * as run from "../run/page.js";
import {KEPT, SELECTED} from "../selection/selection.js";

const STOPS = "While it is on, running experiments that meet it are ended. What they reported stays, with the reason.";
const TRY_AFTER_MS = 400;
const AWAY = "The server did not answer. Try again in a moment.";

// --- pure ---------------------------------------------------------------------------------------------------------

/** Which fields a comparison and an action have. */
export const fieldsOf = ({comparison, do: action}) => ({
    value: comparison !== "worse" && comparison !== "present",
    percent: comparison === "rises" || comparison === "falls",
    flag: comparison === "present",
    times: comparison !== "present",
    tag: action === "tag",
});

/** What the form sends: only the fields that are there. */
export const ruleOf = (form) => {
    const has = fieldsOf(form);
    const {comparison, metric, after} = form;
    return {
        comparison,
        metric,
        after,
        do: form.do,
        ...(has.value && {value: form.value}),
        ...(has.flag && {flag: form.flag}),
        ...(has.times && {times: form.times}),
        ...(has.tag && {tag: form.tag}),
    };
};

/** Whether there is enough in the form to try it, so that nobody is told of a field that they have not reached yet. */
export const isReady = (form) => {
    const has = fieldsOf(form);
    return Boolean((has.flag || form.metric.trim()) && (!has.value || form.value.trim()));
};

const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : NaN;
};

// Not by spreading: a selection may hold more numbers than a function takes.
const extreme = (values, pick) => values.reduce((a, b) => pick(a, b));

const DIGITS = 4;

/** A number with few digits that is not below, or not above, the one given. */
export const roundedOut = (value, isUp) => {
    const short = Number(value.toPrecision(DIGITS));
    if (isUp ? short >= value : short <= value) return short;
    const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) - DIGITS + 1);
    return Number((short + (isUp ? step : -step)).toPrecision(DIGITS));
};

/**
 * The rule that catches what is like the selected experiments: by the metric of a brush, else the objective, beyond the
 * end of their range that faces the others. In the beginning all experiments are alike, so that it waits for the middle.
 */
export const likeThese = ({set, mask, kept, selected, clauses, objective}) => {
    const brushed = clauses.map(({field}) => field).find((field) => set.columns.get(field)?.role === "metric");
    const column = set.columns.get(brushed ?? `m:${objective}`);
    if (!column) return null;
    const [own, others, epochs] = [[], [], []];
    const epoch = set.columns.get("epoch").values;
    for (let index = 0; index < set.size; index += 1) {
        if (!(mask[index] & kept)) continue;
        const isOwn = mask[index] & selected;
        if (isOwn && epoch[index] >= 0) epochs.push(epoch[index]);
        if (Number.isFinite(column.values[index])) (isOwn ? own : others).push(column.values[index]);
    }
    if (!own.length || !others.length) return null;
    const isHigh = median(own) >= median(others);
    const after = Math.floor(median(epochs) / 2);
    return {
        metric: column.key.slice(2),
        comparison: isHigh ? ">=" : "<=",
        value: String(isHigh ? roundedOut(extreme(own, Math.min), false) : roundedOut(extreme(own, Math.max), true)),
        after: after >= 2 ? String(after) : "",
        times: "1",
    };
};

export const firedWords = (count) => (count === 0 ? "has not fired yet" : `fired on ${count.toLocaleString("en-US")}`);

// --- the dialog -----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

const button = (words, act, {className = "ht-link", label = words} = {}) => {
    const made = element("button", {type: "button", className, textContent: words, aria: {label}});
    made.addEventListener("click", act);
    return made;
};

const ask = async (slug, request) => {
    const response = await fetch(`/rules/${encodeURIComponent(slug)}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(60000),
    }).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    return answer ?? {error: AWAY, field: null};
};

let count = 0;

/** A field with its label and a place for what is wrong with it. */
const fieldOf = (name, label, control, hint = "") => {
    count += 1;
    const problem = element("span", {
        className: "ht-rule-problem",
        id: `rule-problem-${count}`,
        hidden: true,
        aria: {role: "alert"},
    });
    control.id = `rule-field-${count}`;
    control.name = name;
    if (hint) control.title = hint;
    control.setAttribute("aria-describedby", problem.id);
    const box = element(
        "div",
        {className: `ht-rule-field is-${name}`},
        element("label", {textContent: label, htmlFor: control.id}),
        control,
        problem,
    );
    return {
        box,
        control,
        say(words) {
            problem.textContent = words ?? "";
            problem.hidden = !words;
            control.classList.toggle("is-invalid", Boolean(words));
            control.toggleAttribute("aria-invalid", Boolean(words));
        },
    };
};

const choice = (pairs) =>
    element(
        "select",
        {className: "ht-select"},
        ...pairs.map(([value, words]) => element("option", {value, textContent: words})),
    );

const text = (properties = {}) =>
    element("input", {type: "text", autocomplete: "off", spellcheck: false, ...properties});

const formFields = (known) => {
    const names = element(
        "datalist",
        {id: "rule-metrics"},
        ...known.metrics.map((value) => element("option", {value})),
    );
    const metric = text({value: known.objective ?? ""});
    metric.setAttribute("list", names.id);
    return {
        names,
        fields: {
            metric: fieldOf("metric", "When", metric, "A metric as the script names it"),
            comparison: fieldOf("comparison", "does this", choice(known.comparisons)),
            value: fieldOf("value", "value", text({inputMode: "decimal", size: 8})),
            flag: fieldOf("flag", "flag", choice(known.flags.map(({name, word}) => [name, word]))),
            times: fieldOf("times", "epochs in a row", text({inputMode: "numeric", size: 4, value: "1"})),
            after: fieldOf(
                "after",
                "after epoch",
                text({inputMode: "numeric", size: 4, placeholder: "any"}),
                "Earlier epochs do not count",
            ),
            do: fieldOf("do", "then", choice(known.actions)),
            tag: fieldOf("tag", "tag", text({size: 14})),
        },
    };
};

/** The form of a new rule. onAdded: called with the answer that has it. */
const createForm = (slug, known, {board, onAdded}) => {
    const {names, fields} = formFields(known);
    const note = element("p", {className: "ht-rule-note", hidden: true});
    const tried = element("p", {className: "ht-rule-tried", hidden: true, aria: {role: "status"}});
    let timer = null;
    let asked = 0;

    const values = () => Object.fromEntries(Object.entries(fields).map(([name, {control}]) => [name, control.value]));

    const say = ({error, field}) => {
        Object.values(fields).forEach((each) => each.say(null));
        if (!error) return;
        if (fields[field]) fields[field].say(error);
        else tell(error);
    };

    const tell = (sentence, unknown = null) => {
        tried.textContent = sentence ?? "";
        tried.hidden = !sentence;
        note.textContent = unknown ?? "";
        note.hidden = !unknown;
    };

    /** Try what is in the form; where it is tried by itself, only what is complete. */
    const tryIt = async (isAsked) => {
        clearTimeout(timer);
        if (!isAsked && !isReady(values())) return tell(null);
        asked += 1;
        const mine = asked;
        tell("Trying it on past experiments …");
        const answer = await ask(slug, {do: "try", rule: ruleOf(values())});
        if (mine !== asked) return null;
        say(answer);
        return tell(answer.dryRun, answer.note);
    };

    const add = async () => {
        asked += 1;
        const answer = await ask(slug, {do: "add", rule: ruleOf(values())});
        if (answer.error) {
            tell(null);
            say(answer);
            fields[answer.field]?.control.focus();
            return;
        }
        onAdded(answer);
    };

    const show = () => {
        const has = fieldsOf(values());
        for (const name of ["value", "flag", "times", "tag"]) fields[name].box.hidden = !has[name];
        fields.value.box.querySelector("label").textContent = has.percent ? "percent" : "value";
        fields.metric.control.placeholder = has.flag ? "any metric" : "";
    };

    const fill = (rule) => {
        Object.entries(rule).forEach(([name, value]) => {
            fields[name].control.value = value;
        });
        show();
        tryIt(true);
    };

    // Beside its field: what is not known yet is no mistake.
    fields.metric.box.append(note);
    const root = element(
        "form",
        {className: "ht-rule-form", noValidate: true},
        names,
        element("h3", {textContent: "New rule"}),
        element("div", {className: "ht-rule-fields"}, ...Object.values(fields).map(({box}) => box)),
        tried,
    );
    const like =
        board &&
        button(
            "Like these",
            () => {
                const found = likeThese(board);
                if (found) fill(found);
                else
                    tell(
                        "Select some experiments that have numbers, and leave some out: a rule like these lies between both.",
                    );
            },
            {className: "ht-button"},
        );
    if (like)
        like.title =
            "A threshold from what is selected on the page: the end of its range that faces the other experiments";
    root.append(
        element(
            "div",
            {className: "ht-rule-buttons"},
            ...(like ? [like] : []),
            button("Try on past experiments", () => tryIt(true), {className: "ht-button"}),
            element("span", {className: "ht-quiet", textContent: "A new rule is off until you switch it on."}),
            element("button", {type: "submit", className: "ht-button is-accent", textContent: "Add rule"}),
        ),
    );
    root.addEventListener("input", ({target}) => {
        Object.values(fields)
            .find(({control}) => control === target)
            ?.say(null);
        show();
        clearTimeout(timer);
        timer = setTimeout(() => tryIt(false), TRY_AFTER_MS);
    });
    root.addEventListener("submit", (event) => {
        event.preventDefault();
        clearTimeout(timer);
        add();
    });
    show();
    return {root};
};

/** One rule of the list, with its switch. */
const itemOf = (rule, {act, tryRule}) => {
    const says = element("p", {className: "ht-rule-tried", hidden: true, aria: {role: "status"}});
    const question = element("div", {className: "ht-rule-question", hidden: true});
    const toggle = element("button", {
        type: "button",
        className: "ht-switch",
        title: rule.isOn ? "Switch off" : "Switch on",
        aria: {role: "switch", checked: String(rule.isOn), label: `When ${rule.condition}, ${rule.action}`},
    });
    const words = element(
        "div",
        {className: "ht-rule-words"},
        element(
            "span",
            {},
            "When ",
            element("b", {textContent: rule.condition}),
            ", ",
            element("b", {className: `is-${rule.does}`, textContent: rule.action}),
        ),
        element("span", {
            className: "ht-quiet",
            textContent: [firedWords(rule.fired), bookmarks.bylineOf(rule, Date.now())].join(" · "),
        }),
        ...(rule.note ? [element("span", {className: "ht-rule-note", textContent: rule.note})] : []),
    );

    const tryIt = async () => {
        says.hidden = false;
        says.textContent = "Trying it on past experiments …";
        const answer = await tryRule(rule.id);
        says.textContent = answer.dryRun ?? answer.error;
    };

    const askFirst = () => {
        const yes = button("Switch on", () => act({do: "switch", id: rule.id, isOn: true}), {
            className: "ht-button is-accent",
        });
        const no = button("Leave it off", () => {
            question.hidden = true;
        });
        question.replaceChildren(...(rule.does === "stop" ? [element("span", {textContent: STOPS})] : []), yes, no);
        question.hidden = false;
        tryIt();
        yes.focus();
    };

    toggle.addEventListener("click", () => (rule.isOn ? act({do: "switch", id: rule.id, isOn: false}) : askFirst()));
    const links = element(
        "span",
        {className: "ht-links"},
        button("Try", tryIt, {label: `Try on past experiments: ${rule.condition}`}),
        button(
            "Delete",
            () =>
                act(
                    {do: "delete", id: rule.id},
                    {sentence: "Rule deleted; it watches no more.", undo: {do: "restore", id: rule.id}},
                ),
            {className: "ht-link is-bad", label: `Delete the rule: ${rule.condition}`},
        ),
    );
    return element("li", {className: rule.isOn ? "is-on" : ""}, toggle, words, links, says, question);
};

/** The selection of the page behind the dialog, as likeThese wants it; null where the page has none. */
const boardOf = () => {
    const board = run?.current();
    if (!board) return null;
    return {
        set: board.experiments,
        mask: board.mask,
        kept: KEPT,
        selected: SELECTED,
        clauses: board.clauses(),
        objective: board.spec.objective,
    };
};

const open = async (slug, opener) => {
    const dialog = element("dialog", {className: "ht-rules", aria: {label: "Rules"}});
    const list = element("ul", {className: "ht-rule-list"});
    const empty = element("p", {
        className: "ht-quiet",
        textContent: "No rule yet. A rule watches every running experiment of this project.",
    });
    const said = element("p", {className: "ht-rule-said", hidden: true, aria: {role: "status"}});
    const place = element("div");

    const tell = (sentence, undo = null) => {
        said.replaceChildren(
            element("span", {textContent: sentence}),
            ...(undo ? [button("Undo", () => act(undo))] : []),
        );
        said.hidden = !sentence;
    };

    const show = (answer) => {
        list.replaceChildren(
            ...answer.rules.map((rule) => itemOf(rule, {act, tryRule: (id) => ask(slug, {do: "try", id})})),
        );
        list.hidden = answer.rules.length === 0;
        empty.hidden = !list.hidden;
    };

    const act = async (request, {sentence = "", undo = null} = {}) => {
        const answer = await ask(slug, request);
        if (answer.rules) show(answer);
        tell(answer.error ?? sentence, answer.error ? null : undo);
    };

    const showForm = (answer) => {
        const form = createForm(slug, answer, {
            board: boardOf(),
            onAdded: (found) => {
                show(found);
                showForm(found);
                tell("Rule added. It is off: try it, then switch it on.");
            },
        });
        place.replaceChildren(form.root);
    };

    const close = element("button", {type: "button", className: "ht-icon", textContent: "×", aria: {label: "Close"}});
    close.addEventListener("click", () => dialog.close());
    dialog.append(
        element(
            "header",
            {},
            element("h2", {textContent: "Rules"}),
            element("span", {
                className: "ht-quiet",
                textContent: "watch curves while training runs, and highlight, tag or stop",
            }),
            close,
        ),
        said,
        empty,
        list,
        place,
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
    empty.hidden = true;
    dialog.showModal();
    const answer = await ask(slug, {do: "list"});
    if (answer.error) return tell(answer.error);
    show(answer);
    return showForm(answer);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const opener = target.closest?.("[data-rules]");
        if (opener && !document.querySelector("dialog.ht-rules")) open(opener.dataset.rules, opener);
    });
};

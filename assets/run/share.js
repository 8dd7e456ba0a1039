/** How an open run gets free places beside others: its priority and its share, changed in a box below their button. */
import {element} from "../base/marks.js";
import * as popovers from "../base/popover.js";

// As analysis/sharing.py has them.
const MOST_PRIORITY = 1000;
const [LEAST_SHARE, MOST_SHARE] = [1e-6, 1e6];

// --- pure ---------------------------------------------------------------------------------------------------------

const numberIn = (text) => (text.trim() === "" ? Number.NaN : Number(text));

/** What is wrong with what was typed: which field and a sentence; null where nothing is. */
export const problemOf = (priority, share) => {
    const first = numberIn(priority);
    if (!Number.isInteger(first) || Math.abs(first) > MOST_PRIORITY) {
        return {field: "priority", words: `A priority is a whole number from -${MOST_PRIORITY} to ${MOST_PRIORITY}.`};
    }
    const weight = numberIn(share);
    return weight >= LEAST_SHARE && weight <= MOST_SHARE
        ? null
        : {field: "share", words: "A share is a number above 0, such as 0.5 or 2."};
};

// --- the box -------------------------------------------------------------------------------------------------------

const fieldOf = (name, label, hint) => {
    const input = element("input", {
        type: "text",
        id: `share-${name}`,
        inputMode: "decimal",
        autocomplete: "off",
        aria: {describedby: `share-${name}-hint`},
    });
    const row = element("label", {className: "ht-share-row"}, element("span", {textContent: label}), input);
    return {
        input,
        parts: [row, element("p", {className: "ht-quiet", id: `share-${name}-hint`, textContent: `${hint}.`})],
    };
};

/** The button in the run's header, and the box that it opens. */
export const create = (toggle, board) => {
    const popover = popovers.create(board.signal, "ht-share");
    const priority = fieldOf("priority", "Priority", toggle.dataset.priorityHint);
    const share = fieldOf("share", "Share", toggle.dataset.weightHint);
    const problem = element("p", {className: "ht-share-problem", hidden: true, aria: {role: "alert"}});
    const save = element("button", {type: "submit", className: "ht-button", textContent: "Save"});
    const form = element(
        "form",
        {className: "ht-share-form", noValidate: true},
        ...priority.parts,
        ...share.parts,
        problem,
        save,
    );

    const say = (found) => {
        problem.textContent = found?.words ?? "";
        problem.hidden = !found;
        const fields = {priority, share};
        Object.entries(fields).forEach(([name, {input}]) =>
            input.classList.toggle("is-invalid", found?.field === name),
        );
        fields[found?.field]?.input.focus();
    };

    const setBusy = (isBusy) =>
        [priority.input, share.input, save].forEach((each) => {
            each.disabled = isBusy;
        });

    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const found = problemOf(priority.input.value, share.input.value);
        say(found);
        if (found) return;
        setBusy(true);
        board.send({do: "share", priority: priority.input.value, weight: share.input.value});
    });
    form.addEventListener("input", () => say(null));

    toggle.after(popover.box);
    board.signal.addEventListener("abort", () => popover.box.remove());
    toggle.addEventListener(
        "click",
        () => {
            if (popover.close()) return;
            priority.input.value = String(board.run.priority);
            share.input.value = String(board.run.weight);
            say(null);
            popover.open(toggle, "Priority and share", form);
            priority.input.select();
        },
        {signal: board.signal},
    );
    return {
        /** A run that has ended has nothing to share. */
        onRun: () => {
            if (toggle.hidden) popover.close();
        },
        onAnswer({error}) {
            if (!save.disabled) return;
            setBusy(false);
            // A disabled field has lost the focus; with it in the box, its button gets it back.
            priority.input.focus();
            if (!error) popover.close();
        },
    };
};

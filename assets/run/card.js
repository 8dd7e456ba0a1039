/** The card beside the pointer: what is known of the experiment under it. */
import {element} from "../base/marks.js";
import * as columns from "../experiments/columns.js";
import * as counting from "../experiments/counting.js";
import * as flags from "../experiments/flags.js";

export const create = (made) => {
    const box = made.root.querySelector("#hover-card");
    let filledFor = -1;

    const lines = (index) => {
        const set = made.experiments;
        const varying = columns
            .varying(set)
            .map((column) => [column.name, columns.wordOf(column, index, (value) => columns.short(value, 6))]);
        const metrics = made.chosen
            .map((key) => set.columns.get(key))
            .filter(Boolean)
            .map((column) => [column.name, columns.wordOf(column, index, columns.formatterOf(set, column)) || "–"]);
        return [...varying.map((pair) => [...pair, ""]), ...metrics.map((pair) => [...pair, "is-metric"])];
    };

    const fill = (index) => {
        const set = made.experiments;
        const state = columns.wordOf(set.columns.get("state"), index);
        const reason = set.failures.get(index);
        box.replaceChildren(
            element(
                "div",
                {className: "ht-card-title"},
                element("b", {
                    className: flags.isLit(set, index) ? "is-lit" : "",
                    textContent: `Experiment ${set.numbers[index]}`,
                }),
                element("span", {className: `ht-state is-${state}`}, element("i", {className: "ht-dot"}), state),
            ),
            ...lines(index).map(([name, word, kind]) =>
                element(
                    "div",
                    {className: `ht-card-line ${kind}`},
                    element("span", {textContent: name}),
                    element("span", {className: "ht-number", textContent: word}),
                ),
            ),
            ...(counting.remarkOf(set, index, made.isIncluded)
                ? [
                      element("p", {
                          className: "ht-card-unfinished",
                          textContent: counting.remarkOf(set, index, made.isIncluded),
                      }),
                  ]
                : []),
            ...flags.cardOf(set, index),
            ...(reason ? [element("p", {className: "ht-card-reason", textContent: reason})] : []),
        );
    };

    return {
        place(index, event, isQuiet) {
            const isShown = index >= 0 && event !== null && !isQuiet;
            box.hidden = !isShown;
            // What is hidden may have changed when it is shown again.
            if (!isShown) filledFor = -1;
            if (!isShown) return;
            if (filledFor !== index || made.run?.state === "running" || made.epoch !== null) fill(index);
            filledFor = index;
            const [width, height] = [box.offsetWidth, box.offsetHeight];
            const x = event.clientX + 16 + width > window.innerWidth ? event.clientX - width - 12 : event.clientX + 16;
            const y = Math.min(event.clientY + 14, window.innerHeight - height - 8);
            box.style.transform = `translate(${Math.round(Math.max(4, x))}px, ${Math.round(Math.max(4, y))}px)`;
        },
    };
};

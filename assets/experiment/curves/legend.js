/** What is chosen around curves: axes, smoothing and colours, and which metrics and experiments are shown. */
import * as marks from "../../base/marks.js";
import * as experiments from "../../experiments/columns.js";
import * as curves_colours from "./colours.js";
import * as sets from "./set.js";

// --- pure ---------------------------------------------------------------------------------------------------------

/** The hidden ones after a click on one of them. */
export const toggled = (hidden, one) =>
    hidden.includes(one) ? hidden.filter((each) => each !== one) : [...hidden, one];

/** The hidden ones after one is shown alone; where it was alone, all are shown again. */
export const isolated = (hidden, one, all) => {
    const others = all.filter((each) => each !== one);
    const isAlone = !hidden.includes(one) && others.every((each) => hidden.includes(each));
    return isAlone ? [] : others;
};

/** The choices for the axis across, as [value, words]. */
export const axisChoices = (metrics) => [
    ["epoch", "epoch"],
    ["step", "step"],
    ["time", "time"],
    ...metrics.map((metric) => [`m:${metric}`, metric]),
];

export const thinningWords = (thinning) => {
    const written = (count) => count.toLocaleString("en-US");
    return thinning
        ? `Showing ${written(thinning.shown)} of ${written(thinning.of)} points per curve; lowest and highest are kept. Zoom in for more.`
        : "";
};

export const settingsWords = (settings, names) => names.map((name) => `${name} ${settings[name] ?? "–"}`).join(", ");

// --- the page -----------------------------------------------------------------------------------------------------

export const create = (root, board) => {
    const part = (name) => root.querySelector(`.curves-${name}`);
    const on = (target, type, handler) => target.addEventListener(type, handler, {signal: board.signal});

    const offer = (select, choices, value) => {
        const text = JSON.stringify(choices);
        if (select.dataset.offered !== text) {
            select.dataset.offered = text;
            select.replaceChildren(...choices.map(([choice, words]) => new Option(words, choice)));
        }
        select.value = value;
    };

    const press = (button, isOn) => button.setAttribute("aria-pressed", String(isOn));

    const showControls = () => {
        const {shown, set} = board;
        offer(part("x"), axisChoices(sets.drawn(set)), shown.x);
        offer(
            part("colour"),
            [["experiment", "experiment"], ...sets.varying(set).map((name) => [`h:${name}`, name])],
            shown.colour,
        );
        if (!part("colour").value) part("colour").value = "experiment";
        press(part("log-x"), shown.isLogX);
        press(part("log-y"), shown.isLogY);
        press(part("fix"), shown.fixed !== null);
        press(part("mean"), shown.isMean);
        const isRepeated = sets.repeats(set).some((group) => group.length > 1);
        part("mean").disabled = !isRepeated && !shown.isMean;
        part("mean").title = isRepeated
            ? "One line per setting: the mean of its repeats, and the band from the lowest to the highest"
            : "No setting was repeated here: there is nothing to take the mean of";
        if (document.activeElement !== part("smooth")) part("smooth").value = String(shown.weight);
        part("smooth-word").textContent = shown.weight ? shown.weight.toFixed(2) : "off";
        part("reset").hidden = shown.zoom === null;
        part("thinned").textContent = thinningWords(sets.thinning(set));
        part("thinned").hidden = !part("thinned").textContent;
    };

    const chip = (kind, value, words, isOn, ...content) =>
        marks.element(
            "button",
            {
                type: "button",
                className: "curves-chip",
                dataset: {[kind]: value},
                title: words,
                aria: {pressed: String(isOn)},
            },
            ...content,
        );

    const metricChips = () =>
        sets
            .drawn(board.set)
            .map((metric) =>
                chip(
                    "metric",
                    metric,
                    "Click to hide or show, double-click to show it alone",
                    !board.shown.hiddenMetrics.includes(metric),
                    metric,
                ),
            );

    const experimentChips = () => {
        const names = sets.varying(board.set);
        const off = new Set(board.shown.off);
        return board.numbersShown().map((number) => {
            const swatch = marks.element("i", {className: "swatch"});
            swatch.style.background = board.colourOf(number);
            const words = settingsWords(board.set.experiments.get(number).settings, names);
            return chip("experiment", number, words, !off.has(number), swatch, String(number));
        });
    };

    // A chip stays the element that it was: a click whose button went away under the pointer would be lost.
    const showChips = (place, chips) => {
        const key = (each) => JSON.stringify({...each.dataset});
        const kept = new Map([...place.children].map((each) => [key(each), each]));
        const wanted = chips.map((each) => {
            const before = kept.get(key(each));
            if (!before) return each;
            before.title = each.title;
            press(before, each.getAttribute("aria-pressed"));
            if (before.innerHTML !== each.innerHTML) before.replaceChildren(...each.childNodes);
            return before;
        });
        if (wanted.length === place.children.length && wanted.every((each, at) => each === place.children[at])) return;
        const focused = document.activeElement;
        place.replaceChildren(...wanted);
        if (wanted.includes(focused)) focused.focus({preventScroll: true});
    };

    const showScale = () => {
        const place = part("scale");
        const {legend} = board.colouring;
        place.hidden = !legend;
        if (!legend) return;
        const word = (value) => experiments.short(value, 4);
        const ramp = marks.element("span", {className: "curves-ramp"});
        if (legend.ramp) ramp.style.background = `linear-gradient(to right, ${legend.ramp.join(", ")})`;
        place.replaceChildren(
            marks.element("b", {textContent: legend.name}),
            ...(legend.ramp ? [word(legend.ends[0]), ramp, word(legend.ends[1])] : []),
            ...legend.entries.map(([text, colour]) => {
                const swatch = marks.element("i", {className: "swatch"});
                swatch.style.background = colour;
                return marks.element("span", {}, swatch, text);
            }),
        );
    };

    const choose = (kind, value, isAlone) => {
        const {shown, set} = board;
        const [name, all] = kind === "metric" ? ["hiddenMetrics", sets.drawn(set)] : ["off", board.numbersShown()];
        board.change({[name]: isAlone ? isolated(shown[name], value, all) : toggled(shown[name], value)});
    };

    const onChip = (event) => {
        const found = event.target.closest(".curves-chip");
        if (!found) return;
        const kind = found.dataset.metric === undefined ? "experiment" : "metric";
        const value = kind === "metric" ? found.dataset.metric : Number(found.dataset.experiment);
        // The browser counts the clicks that belong together; keys have none.
        if (event.detail > 0 && event.detail % 2 === 0) isolate(kind, value);
        else choose(kind, value, false);
    };

    const isolate = (kind, value) => {
        // The first click of the two changed what was hidden.
        const name = kind === "metric" ? "hiddenMetrics" : "off";
        board.shown = {...board.shown, [name]: toggled(board.shown[name], value)};
        choose(kind, value, true);
    };

    on(part("x"), "change", () => board.change({x: part("x").value, zoom: null}));
    on(part("colour"), "change", () => board.change({colour: part("colour").value}));
    on(part("log-x"), "click", () => board.change({isLogX: !board.shown.isLogX}));
    on(part("log-y"), "click", () => board.change({isLogY: !board.shown.isLogY, fixed: null}));
    on(part("mean"), "click", () => board.change({isMean: !board.shown.isMean}));
    on(part("fix"), "click", () => board.change({fixed: board.shown.fixed === null ? board.heights() : null}));
    on(part("smooth"), "input", () => board.change({weight: Number(part("smooth").value)}));
    on(part("reset"), "click", () => board.change({zoom: null}));
    on(part("metrics"), "click", onChip);
    on(part("experiments"), "click", onChip);
    on(part("experiments"), "pointerover", (event) => {
        const found = event.target.closest(".curves-chip");
        board.hover(
            found && {
                experiment: Number(found.dataset.experiment),
                members: [],
                unit: null,
                x: NaN,
                panel: null,
                metric: null,
            },
        );
    });
    on(part("experiments"), "pointerleave", () => board.hover(null));

    return {
        show() {
            const isDark = document.documentElement.dataset.bsTheme === "dark";
            board.colouring = curves_colours.colouring(
                board.shown.colour,
                board.numbersShown().map((number) => board.set.experiments.get(number)),
                isDark,
            );
            showControls();
            showChips(part("metrics"), metricChips());
            showChips(part("experiments"), experimentChips());
            part("experiments").hidden = board.numbersShown().length < 2;
            showScale();
        },
    };
};

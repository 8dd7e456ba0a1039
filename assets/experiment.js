"use strict";
/* The experiment page: curves and views in the theme's colours, examples beside a confusion matrix, the log's end. */
(function () {
    // --- pure ---------------------------------------------------------------------------------------------------------

    const hidden = {display: "none"};

    /** The names of views in order of appearance. */
    const namesOf = (views) => [...new Set(views.map((view) => view.name))];

    /** Where the slider stands: at the newest as long as a person has not moved it away from there. */
    const indexToShow = (count, index, formerLast) =>
        index === null || index === undefined || index >= formerLast ? count - 1 : Math.min(index, count - 1);

    const epochLabel = (view) => (view.epoch === null || view.epoch === undefined ? "" : `epoch ${view.epoch}`);

    /** Which pair of classes to show before anything is hovered: the confusion with most examples. */
    const mostConfused = (examples) => {
        const counts = new Map();
        for (const {true: truth, predicted} of examples) {
            if (truth === predicted) continue;
            const key = `${truth},${predicted}`;
            counts.set(key, (counts.get(key) || 0) + 1);
        }
        const [best] = [...counts].sort((a, b) => b[1] - a[1]);
        return best ? best[0].split(",").map(Number) : null;
    };

    const examplesOf = (examples, truth, predicted) =>
        examples.filter((example) => example.true === truth && example.predicted === predicted);

    /** Only pictures that are written out in the payload itself are shown. */
    const isPicture = (source) => /^data:image\/(png|jpeg|gif|webp);base64,/.test(source || "");

    const searchOf = (picked, own) => {
        const others = (picked || []).filter((number) => number !== own);
        return others.length ? `?with=${others.join(",")}` : "";
    };

    /**
     * The next figure at the zoom of the former, panel by panel. Dash writes a person's zoom back into the figure, where
     * plotly.js takes it for the figure's own range: `uirevision` alone does not keep it.
     */
    const withZoom = (next, former) => {
        const titleOf = (figure, at) => figure?.layout?.annotations?.[at]?.text;
        const kept = {};
        for (const name of Object.keys(next.layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
            const before = former?.layout?.[name];
            const panel = Number(name.slice(5) || 1) - 1;
            if (before?.autorange !== false || !before.range || titleOf(next, panel) !== titleOf(former, panel)) continue;
            kept[name] = {...next.layout[name], range: before.range, autorange: false};
        }
        return {...next, layout: {...next.layout, ...kept}};
    };

    const pure = {namesOf, indexToShow, epochLabel, mostConfused, examplesOf, isPicture, searchOf, withZoom};

    // --- the page -----------------------------------------------------------------------------------------------------

    if (typeof window !== "undefined") {
        const clientside = (window.dash_clientside = window.dash_clientside || {});
        const html = (type, props) => ({type, namespace: "dash_html_components", props});

        const draw = (figure, heightOf) => {
            if (!figure) return [{data: [], layout: {}}, hidden];
            return [clientside.theme.paint(figure), heightOf(figure)];
        };

        const cell = (payload, truth, predicted) => {
            const found = examplesOf(payload.examples, truth, predicted);
            const label = (at) => String(payload.labels[at] ?? at);
            const title =
                truth === predicted
                    ? [html("Strong", {children: label(truth)}), " predicted rightly"]
                    : [html("Strong", {children: label(truth)}), " taken for ", html("Strong", {children: label(predicted)})];
            const items = found.map((example, at) =>
                isPicture(example.image)
                    ? html("Img", {src: example.image, alt: `example ${at + 1}`, className: "example-image"})
                    : html("Blockquote", {children: String(example.text ?? ""), className: "example-text"}),
            );
            return [
                html("P", {children: title, className: "examples-title"}),
                items.length
                    ? html("Div", {children: items, className: "examples"})
                    : html("P", {children: "No examples of this cell were attached.", className: "muted"}),
            ];
        };

        clientside.experiment = {
            drawCurves: (figure, _theme, former) =>
                draw(figure && withZoom(figure, former), ({layout}) => ({height: `${layout.height}px`})),

            drawView: (figure) => draw(figure, () => ({height: "480px"})),

            /** Keep the choice of experiments in the address, without a step in the browser's history. */
            keepPicked: (picked, shown) => {
                if (!picked || !shown) return;
                const address = location.pathname + searchOf(picked, shown.number);
                if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
            },

            /** Bring the view's name, epoch and slider in step with the views that are there. */
            showViews: (views, name, index, formerLast, shown) => {
                const same = clientside.no_update;
                if (!views || !views.length) return [true, same, same, same, same, same, same, same, same, null];
                const names = namesOf(views);
                const chosen = names.includes(name) ? name : names[0];
                const own = views.filter((view) => view.name === chosen);
                const isOther = clientside.callback_context.triggered_id === "view-name";
                const at = indexToShow(own.length, isOther || !shown ? null : index, isOther ? -1 : formerLast);
                const moved = clientside.callback_context.triggered_id === "view-epoch";
                const position = moved ? Math.min(index, own.length - 1) : at;
                const view = own[position];
                return [
                    false,
                    chosen.charAt(0).toUpperCase() + chosen.slice(1),
                    names,
                    chosen,
                    names.length > 1 ? {} : hidden,
                    own.length - 1,
                    position,
                    own.length < 2,
                    epochLabel(view),
                    shown && shown.id === view.id ? same : view,
                ];
            },

            showExamples: (hover, payload) => {
                if (!payload) return null;
                if (payload.error) return html("P", {children: payload.error, className: "muted"});
                const point = hover?.points?.[0];
                const isHover = clientside.callback_context.triggered_id === "view-graph" && point;
                const [truth, predicted] = isHover ? [point.y, point.x] : mostConfused(payload.examples) || [0, 0];
                return cell(payload, truth, predicted);
            },

            followLog: () => {
                requestAnimationFrame(() => {
                    for (const log of document.querySelectorAll(".log")) {
                        if (!log.dataset.left) log.scrollTop = log.scrollHeight;
                    }
                });
            },

            /** The button asks; what answers the question closes it. */
            askToStop: () => window.dash_clientside.callback_context.triggered_id === "experiment-stop",
        };

        document.addEventListener(
            "scroll",
            ({target}) => {
                if (!target.classList?.contains("log")) return;
                // Who scrolls up wants to read; who returns to the end wants to follow.
                const isAtEnd = target.scrollHeight - target.clientHeight - target.scrollTop < 24;
                if (isAtEnd) delete target.dataset.left;
                else target.dataset.left = "yes";
            },
            true,
        );
    }

    if (typeof module !== "undefined") module.exports = pure;
})();

"use strict";
/* The experiment page: curves in the theme's colours, which view is shown, the log's end. */
(function () {
    // --- pure ---------------------------------------------------------------------------------------------------------

    const hidden = {display: "none"};

    /** The names of views in order of appearance. */
    const namesOf = (views) => [...new Set(views.map((view) => view.name))];

    /** Where the slider stands: at the newest as long as a person has not moved it away from there. */
    const indexToShow = (count, index, formerLast) =>
        index === null || index === undefined || index >= formerLast ? count - 1 : Math.min(index, count - 1);

    const epochLabel = (view) => (view.epoch === null || view.epoch === undefined ? "" : `epoch ${view.epoch}`);

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

    const pure = {namesOf, indexToShow, epochLabel, searchOf, withZoom};

    // --- the page -----------------------------------------------------------------------------------------------------

    if (typeof window !== "undefined") {
        const clientside = (window.dash_clientside = window.dash_clientside || {});
        clientside.experiment = {
            /** The curves at their former zoom; where there are none, views come first. */
            drawCurves: (figure, _theme, former) => {
                if (!figure) return [{data: [], layout: {}}, hidden, "experiment-main has-no-curves"];
                const painted = clientside.theme.paint(withZoom(figure, former));
                return [painted, {height: `${figure.layout.height}px`}, "experiment-main"];
            },

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
                    names.length > 1 ? "Views" : chosen.charAt(0).toUpperCase() + chosen.slice(1),
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

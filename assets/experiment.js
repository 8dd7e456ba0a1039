"use strict";
/* The experiment page: which view is shown, the log's end. */
(function () {
    // --- pure ---------------------------------------------------------------------------------------------------------

    const hidden = {display: "none"};

    /** The names of views in order of appearance. */
    const namesOf = (views) => [...new Set(views.map((view) => view.name))];

    /** The epochs that views name, in order. */
    const epochsOf = (views) => [...new Set(views.map((view) => view.epoch).filter(Number.isFinite))].sort((a, b) => a - b);

    const epochLabel = (view) => (view.epoch === null || view.epoch === undefined ? "" : `epoch ${view.epoch}`);

    const pure = {namesOf, epochsOf, epochLabel};

    // --- the page -----------------------------------------------------------------------------------------------------

    if (typeof window !== "undefined") {
        const clientside = (window.dash_clientside = window.dash_clientside || {});
        clientside.experiment = {
            /** Bring the view's name and epoch in step with the views that are there, and with the clock of the page. */
            showViews: (views, name, epoch, shown) => {
                const same = clientside.no_update;
                clientside.curves.knowEpochs(epochsOf(views || []));
                if (!views || !views.length) return [true, same, same, same, same, same, null];
                const names = namesOf(views);
                const chosen = names.includes(name) ? name : names[0];
                const own = views.filter((view) => view.name === chosen);
                const view = own[clientside.replay_clock.viewAt(own, epoch ?? null)];
                return [
                    false,
                    names.length > 1 ? "Views" : chosen.charAt(0).toUpperCase() + chosen.slice(1),
                    names,
                    chosen,
                    names.length > 1 ? {} : hidden,
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

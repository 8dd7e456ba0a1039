"use strict";
/* The launch dialog: searching among a hundred hyperparameters, and launching by keyboard. */
(function () {
    // --- pure ---------------------------------------------------------------------------------------------------------

    /** The options that hold every word of the search. */
    const searched = (search, options) => {
        const words = (search || "").toLowerCase().split(/\s+/).filter(Boolean);
        return options.filter((option) => words.every((word) => option.search.includes(word)));
    };

    const pure = {searched};

    // --- the page -----------------------------------------------------------------------------------------------------

    if (typeof window !== "undefined") {
        window.dash_clientside = window.dash_clientside || {};
        window.dash_clientside.launch = {searched: (search, options) => searched(search, options || [])};

        document.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || !event.target.closest?.(".launch")) return;
            // A command is one line.
            if (event.target.id === "launch-command") event.preventDefault();
            if (event.ctrlKey || event.metaKey) document.getElementById("launch-start")?.click();
        });
    }

    if (typeof module !== "undefined") module.exports = pure;
})();

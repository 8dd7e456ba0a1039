/** Experiments side by side: what a person chose there stands in the address; the table is copied, pictures take the theme's colours. */
(() => {
    // --- pure ---------------------------------------------------------------------------------------------------------

    const NUMBER = /^\d{1,9}$/;
    // Side by side pictures are smaller than alone; the panel of views has each at its full size.
    const HIGHEST_PX = 340;
    const ROWS = new Map([["all", false], ["differing", true]]);

    /** What a query says of the comparison, as layouts/comparison.py reads it. */
    const fromQuery = (query) => {
        const parameters = new URLSearchParams(query);
        const against = parameters.get("against") ?? "";
        return {against: NUMBER.test(against) ? Number(against) : null, onlyDifferences: ROWS.get(parameters.get("rows")) ?? null,
            reduce: parameters.get("reduce") ?? ""};
    };

    /** The query after a choice: {against} or {rows}; other parameters stay. */
    const withChoice = (query, choice) => {
        const parameters = new URLSearchParams(query);
        Object.entries(choice).forEach(([name, value]) => parameters.set(name, value));
        return `?${parameters.toString().replaceAll("%2C", ",")}`;
    };

    const pure = {fromQuery, withChoice};

    // --- the page -----------------------------------------------------------------------------------------------------

    let content = null;

    const choose = (choice) => {
        const {pathname, search, hash} = window.location;
        const query = withChoice(search, choice);
        window.history.replaceState(window.history.state, "", pathname + query + hash);
        window.dash_clientside.set_props("comparison-choice", {data: fromQuery(query)});
    };

    const copy = async (button) => {
        const {table_copy: {csv, markdown}, shell} = window.dash_clientside;
        if (!content) return;
        await shell.copy((button.dataset.comparisonCopy === "CSV" ? csv : markdown)(content));
        button.classList.add("is-copied");
        setTimeout(() => button.classList.remove("is-copied"), 1200);
    };

    if (typeof window !== "undefined") {
        document.addEventListener("click", ({target}) => {
            const button = target.closest?.("[data-comparison-against], [data-comparison-rows], [data-comparison-copy]");
            if (!button) return;
            const {comparisonAgainst: against, comparisonRows: rows} = button.dataset;
            if (against) choose({against});
            else if (rows) choose({rows});
            else copy(button);
        });
    }

    const hold = (found) => {
        content = found ?? null;
    };

    /** A picture in the theme's colours; nothing at all where there is no figure. */
    const paint = (figure) => {
        if (!figure) return [{data: [], layout: {}}, {display: "none"}];
        const height = Math.min(HIGHEST_PX, figure.layout?.height || HIGHEST_PX);
        return [window.dash_clientside.theme.paint({...figure, layout: {...figure.layout, height}}), {height: `${height}px`}];
    };

    const api = {...pure, hold, paint};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.comparison = api;
    if (typeof module !== "undefined") module.exports = api;
})();

/** Sliders of the browser's own, in the places that layouts/controls.py keeps for them. */
(() => {
    const fill = (root) => {
        const {element} = window.dash_clientside.marks;
        for (const place of root.querySelectorAll("[data-slider]:empty")) {
            const {slider, label, max, step, value} = place.dataset;
            place.replaceChildren(element("input", {type: "range", className: slider, min: "0", max, step, value, aria: {label}}));
        }
    };

    const api = {fill};
    globalThis.dash_clientside = globalThis.dash_clientside || {};
    globalThis.dash_clientside.sliders = api;
    if (typeof module !== "undefined") module.exports = api;
})();

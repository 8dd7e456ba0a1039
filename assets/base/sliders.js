/** Sliders of the browser's own, in the places that layouts/controls.py keeps for them. */
import {element} from "./marks.js";

export const fill = (root) => {
    for (const place of root.querySelectorAll("[data-slider]:empty")) {
        const {slider, label, max, step, value} = place.dataset;
        place.replaceChildren(
            element("input", {type: "range", className: slider, min: "0", max, step, value, aria: {label}}),
        );
    }
};

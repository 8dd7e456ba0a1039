/** What an earlier attempt of an experiment reported: fetched when its number of values is pressed, and drawn below. */
import * as theme from "../shell/theme.js";

const PANEL = "attempt-panel";
const FAILED = "The values of this attempt could not be loaded. Press the number to try again.";

// --- pure ---------------------------------------------------------------------------------------------------------

/** What the panel's parts show, as Dash's callback wants them: hidden, title, note, address of the CSV, figure, its style. */
export const partsOf = (answer, paint) =>
    answer
        ? [
              false,
              answer.title,
              answer.note,
              answer.csv,
              paint(answer.figure),
              {height: `${answer.figure.layout.height}px`},
          ]
        : [true, "", "", "", {data: [], layout: {}}, {}];

// --- on the page --------------------------------------------------------------------------------------------------

// The button that opened the panel gets the focus back when it is closed.
let opener = null;

const put = (answer) => window.dash_clientside.set_props("attempt", {data: answer});

const show = async (button) => {
    opener = button;
    button.setAttribute("aria-busy", "true");
    const response = await fetch(button.dataset.attempt).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    button.removeAttribute("aria-busy");
    // Another one may have been pressed meanwhile, or the page left.
    if (opener !== button || !document.getElementById(PANEL)) return;
    if (!answer) window.dash_clientside.set_props("notice", {children: FAILED, is_open: true});
    else put(answer);
};

const close = () => {
    put(null);
    const same = opener && document.querySelector(`[data-attempt="${opener.dataset.attempt}"]`);
    same?.focus();
    opener = null;
};

/** Show an answer in the theme's colours; runs again when the theme changes. Called by Dash. */
export const draw = (answer) => {
    const {triggered_id: cause} = window.dash_clientside.callback_context;
    const graph = document.querySelector("#attempt-graph .js-plotly-plot");
    // Plotly keeps the axes of the former figure.
    if (cause === "attempt" && graph) window.Plotly?.purge(graph);
    if (cause === "attempt" && answer) {
        requestAnimationFrame(() => {
            document.getElementById("attempt-title")?.focus({preventScroll: true});
            document.getElementById(PANEL)?.scrollIntoView({block: "nearest"});
        });
    }
    return partsOf(answer, theme.paint);
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const button = target.closest?.("[data-attempt]");
        if (button) show(button);
        else if (target.closest?.("#attempt-close")) close();
    });
};

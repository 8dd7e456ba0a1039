/* The theme: follows the system until a person chooses. Figures name colours by variable; they are painted here. */

const KEY = "hypertuner.theme";
const LONG = 32;

// --- pure ---------------------------------------------------------------------------------------------------------

/** What to show: the choice if there is one, else what the system prefers. */
export const themeOf = (chosen, systemIsDark) =>
    chosen === "light" || chosen === "dark" ? chosen : systemIsDark ? "dark" : "light";

export const otherThan = (theme) => (theme === "dark" ? "light" : "dark");

/** Whether a value names a colour, as "--ht-text" or with an opacity as "--ht-text/0.5". */
const isColour = (value) => typeof value === "string" && value.startsWith("--ht-");

/** "#rrggbb" with an opacity, for libraries that do not know CSS variables. */
export const withOpacity = (hex, opacity) => {
    const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${channels.join(",")},${opacity})`;
};

/** A copy of plain data in which every named colour is replaced by `colourOf(variable)`. */
export const painted = (value, colourOf) => {
    if (isColour(value)) {
        const [variable, opacity] = value.split("/");
        return opacity ? withOpacity(colourOf(variable), opacity) : colourOf(variable);
    }
    if (Array.isArray(value)) {
        // Long columns are numbers, and hold no colours.
        return value.length > LONG && typeof value[0] !== "object"
            ? value
            : value.map((item) => painted(item, colourOf));
    }
    if (value && typeof value === "object" && !ArrayBuffer.isView(value)) {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, colourOf)]));
    }
    return value;
};

// --- the page -----------------------------------------------------------------------------------------------------

const root = () => document.documentElement;
const system = () => window.matchMedia("(prefers-color-scheme: dark)").matches;
const stored = () => {
    try {
        return localStorage.getItem(KEY);
    } catch {
        // Storage may be forbidden; the system's preference is good enough then.
        return null;
    }
};
const colourOf = (variable) => getComputedStyle(root()).getPropertyValue(variable).trim();
const show = (theme) => {
    if (root().dataset.bsTheme === theme) return;
    root().dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("hypertuner:theme", {detail: theme}));
};

/** Answer the button, or the first rendering, with the theme that holds now. */
export const toggle = (clicks) => {
    if (clicks) {
        const next = otherThan(root().dataset.bsTheme);
        try {
            localStorage.setItem(KEY, next);
        } catch {
            // The choice lasts as long as the page, then.
        }
        show(next);
    }
    return root().dataset.bsTheme;
};

/** A figure in the theme's colours; runs again when the theme changes. */
export const paint = (figure) => (figure ? painted(figure, colourOf) : window.dash_clientside.no_update);

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        show(themeOf(stored(), system()));
        window.dash_clientside.set_props?.("theme", {data: root().dataset.bsTheme});
    });
};

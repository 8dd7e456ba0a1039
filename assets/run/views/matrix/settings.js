/** How a person wants the matrix: which rows, on which scales, in whose colours. Kept in the address; the trend in the browser. */

const PARAMETER = "matrix";
const TREND = "hypertuner.trend";
// More rows than this are asked for, not given: nobody reads eighty at once, and Plotly would draw them for seconds.
export const MOST_ROWS = 12;

// --- pure ---------------------------------------------------------------------------------------------------------

const DEFAULTS = Object.freeze({rows: null, scales: new Map(), colour: null});

const isWord = (value) => typeof value === "string";

/** A scale as it stands in the address: "log", "linear" or "auto", with a minus where it is reversed. */
const packScale = ({log, isReversed}) =>
    `${isReversed ? "-" : ""}${log === undefined ? "auto" : log ? "log" : "linear"}`;

const unpackScale = (word) => {
    const name = word.replace(/^-/, "");
    if (!["auto", "log", "linear"].includes(name)) return null;
    return {log: name === "auto" ? undefined : name === "log", isReversed: word.startsWith("-")};
};

const isPlain = ({log, isReversed}) => log === undefined && !isReversed;

/** The query with these settings in it; other parameters stay. Returns "" or "?...". */
export const toQuery = (query, {rows, scales, colour}) => {
    const parameters = new URLSearchParams(query);
    const kept = {
        ...(rows && {rows}),
        ...(colour && {colour}),
        ...(scales.size && {scales: [...scales].map(([key, scale]) => [key, packScale(scale)])}),
    };
    if (Object.keys(kept).length) parameters.set(PARAMETER, JSON.stringify(kept));
    else parameters.delete(PARAMETER);
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

/** The settings of a query. An address edited by hand may say anything; what cannot be read is as by default. */
export const fromQuery = (query) => {
    let found = null;
    try {
        found = JSON.parse(new URLSearchParams(query).get(PARAMETER));
    } catch {
        return DEFAULTS;
    }
    if (found === null || typeof found !== "object") return DEFAULTS;
    const scales = Array.isArray(found.scales) ? found.scales : [];
    return {
        rows: Array.isArray(found.rows) && found.rows.every(isWord) ? found.rows : null,
        colour: isWord(found.colour) ? found.colour : null,
        scales: new Map(
            scales
                .filter((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isWord))
                .map(([key, word]) => [key, unpackScale(word)])
                .filter(([, scale]) => scale !== null),
        ),
    };
};

/** Another scale for one column; what is as by default is left out. */
export const withScale = (scales, key, scale) => {
    const next = new Map([...scales].filter(([other]) => other !== key));
    return isPlain(scale) ? next : next.set(key, scale);
};

/** The keys of the rows: those chosen that are still offered, or the first ones. */
export const rowsOf = (chosen, offered, most = MOST_ROWS) =>
    chosen?.some((key) => offered.includes(key))
        ? chosen.filter((key) => offered.includes(key))
        : offered.slice(0, most);

/** The rows with one more or one less; the last one stays. A new one goes where the offer has it among the shown. */
export const toggledRow = (rows, key, offered) => {
    if (rows.includes(key)) return rows.length > 1 ? rows.filter((other) => other !== key) : rows;
    const before = offered
        .slice(0, offered.indexOf(key))
        .filter((other) => rows.includes(other))
        .at(-1);
    const place = before === undefined ? 0 : rows.indexOf(before) + 1;
    return [...rows.slice(0, place), key, ...rows.slice(place)];
};

/** The rows with one moved up (-1) or down (1). */
export const movedRow = (rows, key, by) => {
    const from = rows.indexOf(key);
    const to = Math.max(0, Math.min(rows.length - 1, from + by));
    const rest = rows.filter((other) => other !== key);
    return from < 0 ? rows : [...rest.slice(0, to), key, ...rest.slice(to)];
};

// --- the page -----------------------------------------------------------------------------------------------------

/** The settings of this page; `change` keeps them and calls `onChange`. */
export const create = (onChange) => {
    let settings = fromQuery(window.location.search);
    let hasTrend = true;
    try {
        hasTrend = localStorage.getItem(TREND) !== "off";
    } catch {
        // A browser without storage forgets the choice with the page.
    }
    return {
        get: () => settings,
        change(part) {
            settings = {...settings, ...part};
            const {pathname, search, hash} = window.location;
            // Dash's router listens to other events; the page stays as it is.
            window.history.replaceState(window.history.state, "", pathname + toQuery(search, settings) + hash);
            onChange();
        },
        hasTrend: () => hasTrend,
        toggleTrend() {
            hasTrend = !hasTrend;
            try {
                localStorage.setItem(TREND, hasTrend ? "on" : "off");
            } catch {
                // See above.
            }
            onChange();
        },
    };
};

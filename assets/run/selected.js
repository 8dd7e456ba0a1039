/** The bar that says how much of the run is selected, and what can be had of it: its table as a file, its curves, its address. */
import * as marks from "../base/marks.js";
import {addressOf, MOST_NUMBERS} from "../experiment/curves/address.js";
import * as counting from "../experiments/counting.js";
import * as selection from "../selection/selection.js";
import * as exports from "../shell/exports.js";

// As many as stand side by side; see layouts/comparison.py.
const MOST_COMPARED = 6;
// More rows than this are made in the background; see app/downloads.py.
const MOST_ROWS_AT_ONCE = 5000;
// Servers and proxies refuse longer addresses.
const MOST_CHARACTERS_IN_LINK = 3000;

/**
 * Where the table comes from as it is filtered. numbers: the experiments in short, null for all of them. Those that an
 * address has no room for are sent in the request's body.
 */
export const csvRequest = ({slug, number}, numbers, reduce = null, include = null) => {
    const chosen = Object.entries({reduce, include})
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `&${name}=${encodeURIComponent(value)}`)
        .join("");
    const all = `/download/${encodeURIComponent(slug)}/experiments.csv?run=${number}&flavour=spreadsheet${chosen}`;
    if (numbers === null) return {address: all, body: null};
    return numbers.length <= MOST_CHARACTERS_IN_LINK
        ? {address: `${all}&numbers=${numbers}`, body: null}
        : {address: all, body: {numbers}};
};

/**
 * Which experiments to see the curves of, and what to call that: the picked ones, else those of a selection. Null where
 * there is neither. numbers: of the whole selection, in order.
 */
export const curvesOffer = (picked, numbers, isNarrowed, most) => {
    const wanted = picked.length ? picked : isNarrowed ? numbers : [];
    if (!wanted.length) return null;
    const shown = [...wanted].sort((a, b) => a - b).slice(0, most);
    const hint =
        shown.length < wanted.length
            ? `The first ${most} of ${wanted.length.toLocaleString("en-US")}: more curves at once cannot be told apart`
            : "";
    if (!picked.length)
        return {
            numbers: shown,
            hint,
            words:
                shown.length < wanted.length
                    ? `Curves of the first ${most} selected`
                    : `Curves of all ${wanted.length} selected`,
        };
    if (picked.length > 1 && picked.length <= Math.min(most, MOST_COMPARED)) {
        return {
            numbers: shown,
            hint: "Side by side: settings, metrics, curves and views",
            words: `Compare the ${picked.length} picked`,
        };
    }
    return {
        numbers: shown,
        hint,
        words:
            picked.length === 1
                ? "Open curves of the one picked"
                : shown.length < wanted.length
                  ? `Open curves of the first ${most} picked`
                  : `Open curves of the ${picked.length} picked`,
    };
};

/** What is said when the address of the page was copied. */
export const linkWords = (isShortened) =>
    isShortened
        ? "Link copied, without the long list of picked experiments: an address has no room for it"
        : "Link to this page as it is now copied";

/** Get a file whose request is too long for an address. */
const download = async ({address, body}, name) => {
    const response = await fetch(address, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(body),
    }).catch(() => null);
    const file = response?.ok ? await response.blob().catch(() => null) : null;
    if (file === null) {
        window.dash_clientside.set_props("notice", {
            children: "The file could not be made. Is the server still there?",
            is_open: true,
        });
        return;
    }
    const link = marks.element("a", {href: URL.createObjectURL(file), download: name});
    link.click();
    URL.revokeObjectURL(link.href);
};

// --- the bar -------------------------------------------------------------------------------------------------------

export const create = (made) => {
    const {part, write} = made;

    const show = () => {
        const {size} = made.experiments;
        const {clauses} = made.state();
        write("selection-count", selection.countWords(made.selectedCount, made.keptCount));
        write("selection-off", selection.offWords(made.keptCount, size));
        part("selection-bar").classList.toggle("is-active", selection.isNarrowed(made.state()));
        part("selection-clear").disabled = clauses.length === 0;
        for (const name of ["keep", "exclude"])
            part(`selection-${name}`).disabled = clauses.length === 0 || made.selectedCount === 0;
        part("selection-reduced").hidden = !selection.isReduced(made.state());
        part("selection-note").hidden = !made.isShortened;
        part("selection-undo").disabled = made.history.past.length === 0;
        part("selection-redo").disabled = made.history.future.length === 0;
        write("table-count", `showing ${selection.written(made.selectedCount)} of ${selection.written(size)}`);
        part("table-empty").hidden = made.selectedCount > 0 || size === 0;
        if (made.draft) return;
        linkDownload();
        showPicked();
    };

    const linkDownload = () => {
        const isFiltered = selection.isNarrowed(made.state());
        const numbers = [];
        for (let index = 0; isFiltered && index < made.experiments.size; index += 1) {
            if (made.mask[index] & selection.SELECTED) numbers.push(made.experiments.numbers[index]);
        }
        made.selectedNumbers = numbers;
        const reduce = new URLSearchParams(window.location.search).get("reduce");
        const link = part("download-csv");
        const short = isFiltered ? selection.compactNumbers(numbers) : null;
        const include = counting.asked(window.location.search);
        made.csv = csvRequest(made.spec, short, reduce, include);
        made.largeCsv =
            (isFiltered ? numbers.length : made.experiments.size) > MOST_ROWS_AT_ONCE
                ? exports.csvQuestion(made.spec, short, reduce, include)
                : null;
        part("download-report").dataset.reportInclude = include ?? "";
        link.href = made.csv.address;
        link.title = isFiltered
            ? `The ${selection.written(numbers.length)} selected experiments as CSV`
            : "The table of all experiments as CSV";
    };

    const showPicked = () => {
        const link = part("open-curves");
        const offer = curvesOffer(made.picked, made.selectedNumbers, selection.isNarrowed(made.state()), MOST_NUMBERS);
        link.hidden = offer === null;
        if (offer === null) return;
        link.textContent = offer.words;
        link.title = offer.hint;
        const reduce = new URLSearchParams(window.location.search).get("reduce");
        link.href = addressOf(
            made.spec.slug,
            offer.numbers,
            reduce === null ? "" : `?${new URLSearchParams({reduce})}`,
        );
    };

    made.press("selection-clear", () => made.commit([]));
    made.press("selection-keep", () => made.keep());
    made.press("selection-exclude", () => made.exclude());
    made.press("selection-restore", made.restore);
    made.press("selection-undo", made.undo);
    made.press("selection-redo", made.redo);
    made.press("open-curves", (event) => made.followTo(event, event.currentTarget.getAttribute("href")));
    made.press("download-csv", (event) => {
        if (!made.csv?.body && !made.largeCsv) return;
        event.preventDefault();
        if (made.largeCsv) exports.add(made.largeCsv);
        else download(made.csv, `${made.spec.slug}-run-${made.spec.number}.csv`);
    });
    made.press("copy-link", (event) => {
        event.currentTarget.dataset.copy = window.location.href;
        made.say(linkWords(made.isShortened));
    });
    return {show, showPicked};
};

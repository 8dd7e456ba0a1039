/** Boxes that filter long lists in place, and the diff of what was not committed: fetched when it is opened, then coloured. */

// --- pure ---------------------------------------------------------------------------------------------------------

/** Whether a text holds all words of a query, whatever their case. */
export const holds = (text, query) => {
    const lower = text.toLowerCase();
    return query
        .toLowerCase()
        .split(/\s+/)
        .every((word) => lower.includes(word));
};

/** What a line of a diff is. Inside of a hunk `---` is a removed line, so heads only count outside. */
export const kindsOf = (lines) => {
    let isHead = true;
    return lines.map((line) => {
        if (line.startsWith("diff --git ")) isHead = true;
        if (line.startsWith("@@")) {
            isHead = false;
            return "hunk";
        }
        if (isHead) return "head";
        return {"+": "added", "-": "removed"}[line[0]] ?? "same";
    });
};

/** A diff as pieces of neighbouring lines of one kind: `[{kind, text}]`. */
export const piecesOf = (diff) => {
    const lines = diff.replace(/\n$/, "").split("\n");
    const pieces = [];
    kindsOf(lines).forEach((kind, at) => {
        const last = pieces.at(-1);
        if (last?.kind === kind) last.text += `\n${lines[at]}`;
        else pieces.push({kind, text: lines[at]});
    });
    return pieces;
};

// --- on the page --------------------------------------------------------------------------------------------------

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    const filter = (box, query) => {
        const place = document.getElementById(box.dataset.filters);
        if (!place) return;
        const rows = [...place.querySelectorAll("tr, li")];
        let count = 0;
        rows.forEach((row) => {
            row.hidden = !holds(row.textContent, query);
            count += row.hidden ? 0 : 1;
        });
        // What is folded away is searched, too; it folds again when the box is emptied.
        place.querySelectorAll("details").forEach((fold) => {
            if (query && !fold.open) fold.dataset.opened = "yes";
            if (query) fold.open = true;
            else if (fold.dataset.opened) fold.open = false;
            if (!query) delete fold.dataset.opened;
            fold.hidden = Boolean(query) && ![...fold.querySelectorAll("tr, li")].some((row) => !row.hidden);
        });
        box.querySelector(".filter-count").textContent = query ? `${count} of ${rows.length}` : "";
    };

    document.addEventListener("input", ({target}) => {
        const box = target.closest?.("[data-filters]");
        if (box) filter(box, target.value.trim());
    });

    const showDiff = async (fold) => {
        const place = fold.querySelector("pre");
        const response = await fetch(fold.dataset.diff).catch(() => null);
        if (!response?.ok) {
            place.textContent = "The diff could not be loaded. Close and open this to try again.";
            return;
        }
        fold.dataset.isLoaded = "yes";
        place.replaceChildren(
            ...piecesOf(await response.text()).map(({kind, text}) => {
                const piece = document.createElement("span");
                piece.className = `is-${kind}`;
                piece.textContent = `${text}\n`;
                return piece;
            }),
        );
    };

    // The event does not bubble, but it can be caught on its way down.
    document.addEventListener(
        "toggle",
        ({target}) => {
            if (target.dataset?.diff && target.open && !target.dataset.isLoaded) showDiff(target);
        },
        true,
    );
};

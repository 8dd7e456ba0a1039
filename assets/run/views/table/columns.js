/** Which columns the table shows, in which order and sorted by which, as a person arranged them. Kept in the address. */
import * as selection from "../../../selection/selection.js";

// shown: keys in their order, null as by default. pinned: keys at the left, null as by default. differs: of the
// hyperparameters exactly those that differ. sort: [key, "asc" | "desc"], the first one decides.
export const DEFAULTS = Object.freeze({shown: null, pinned: null, differs: false, sort: Object.freeze([])});
const DIRECTIONS = ["asc", "desc"];

// --- pure ---------------------------------------------------------------------------------------------------------
// What is offered is [{key, name, role, isShown, isPinned}] in the order and with the choice of the default.

const isSame = (a, b) => a.length === b.length && a.every((key, place) => key === b[place]);

const keysOf = (offered, property) => offered.filter((column) => !property || column[property]).map(({key}) => key);

/** The keys with one more, where the offer has it among them. */
const placed = (keys, key, offer) => {
    const before = offer
        .slice(0, offer.indexOf(key))
        .filter((other) => keys.includes(other))
        .at(-1);
    const place = before === undefined ? 0 : keys.indexOf(before) + 1;
    return [...keys.slice(0, place), key, ...keys.slice(place)];
};

export const pinnedOf = ({pinned}, offered) => pinned ?? keysOf(offered, "isPinned");

/** The keys that are shown, in the order of the table: pinned ones first. Unknown ones are ignored. */
export const shownOf = (arrangement, offered, differing = []) => {
    const offer = keysOf(offered);
    const roles = new Map(offered.map(({key, role}) => [key, role]));
    let shown = (arrangement.shown ?? keysOf(offered, "isShown")).filter((key) => roles.has(key));
    if (arrangement.differs) {
        shown = shown.filter((key) => roles.get(key) !== "hyperparameter" || differing.includes(key));
        const missing = differing.filter((key) => roles.has(key) && !shown.includes(key));
        shown = missing.reduce((keys, key) => placed(keys, key, offer), shown);
    }
    const pinned = new Set(pinnedOf(arrangement, offered));
    const chosen = shown.length ? shown : offer.slice(0, 1);
    return [...chosen.filter((key) => pinned.has(key)), ...chosen.filter((key) => !pinned.has(key))];
};

/** The shown keys after these are shown or hidden; one always stays. */
export const withShown = (shown, keys, isShown, offer) => {
    if (isShown) return keys.filter((key) => !shown.includes(key)).reduce((all, key) => placed(all, key, offer), shown);
    const rest = shown.filter((key) => !keys.includes(key));
    return rest.length ? rest : shown.slice(0, 1);
};

/** The shown keys with one moved past its next neighbour of those it moves among. */
export const moved = (shown, key, by, isNeighbour = () => true) => {
    const from = shown.indexOf(key);
    let to = from + by;
    while (to >= 0 && to < shown.length && !isNeighbour(shown[to])) to += by;
    if (from < 0 || to < 0 || to >= shown.length) return shown;
    const rest = shown.filter((other) => other !== key);
    return [...rest.slice(0, to), key, ...rest.slice(to)];
};

/** An arrangement that says nothing where it is as by default. */
export const settled = (arrangement, offered, differing) => {
    const pinned =
        arrangement.pinned && isSame(arrangement.pinned, keysOf(offered, "isPinned")) ? null : arrangement.pinned;
    const next = {...arrangement, pinned};
    const byDefault = shownOf({...next, shown: null}, offered, differing);
    return {...next, shown: next.shown && isSame(next.shown, byDefault) ? null : next.shown};
};

/** What has come is shown as by default, after all that a person arranged. */
export const withArrived = (arrangement, keys) =>
    arrangement.shown === null
        ? arrangement
        : {...arrangement, shown: [...arrangement.shown, ...keys.filter((key) => !arrangement.shown.includes(key))]};

/** The hyperparameters that take more than one value among the experiments whose mask has `bit`. */
export const differing = (set, mask, bit) =>
    [...set.columns.values()]
        .filter(({role}) => role === "hyperparameter")
        .filter(({values}) => {
            let first = NaN;
            for (let index = 0; index < set.size; index += 1) {
                if (!(mask[index] & bit) || Number.isNaN(values[index])) continue;
                if (Number.isNaN(first)) first = values[index];
                else if (values[index] !== first) return true;
            }
            return false;
        })
        .map(({key}) => key);

/** Those whose names hold every word of a search. */
export const matching = (offered, search) => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return offered.filter(({name}) => words.every((word) => name.toLowerCase().includes(word)));
};

// --- address ------------------------------------------------------------------------------------------------------

const read = (query, name) => {
    try {
        return JSON.parse(new URLSearchParams(query).get(name));
    } catch {
        // An address edited by hand may say anything; what cannot be read is as by default.
        return null;
    }
};

const listOfKeys = (value) =>
    Array.isArray(value) && value.length ? [...new Set(value.filter((key) => typeof key === "string"))] : null;

const isSort = (item) =>
    Array.isArray(item) && item.length === 2 && typeof item[0] === "string" && DIRECTIONS.includes(item[1]);

/** The query with an arrangement in it; other parameters stay. Returns "" or "?...". */
export const toQuery = (query, {shown, pinned, differs, sort}) => {
    const parameters = new URLSearchParams(query);
    const columns = {...(shown && {shown}), ...(pinned && {pinned}), ...(differs && {differs})};
    for (const [name, value, isKept] of [
        ["columns", columns, Object.keys(columns).length],
        ["sort", sort, sort.length],
    ]) {
        if (isKept) parameters.set(name, JSON.stringify(value));
        else parameters.delete(name);
    }
    const text = parameters.toString();
    return text ? `?${text}` : "";
};

export const fromQuery = (query) => {
    const columns = read(query, "columns") ?? {};
    const sort = read(query, "sort");
    const pinned = Array.isArray(columns.pinned) ? (listOfKeys(columns.pinned) ?? []) : null;
    return {
        shown: listOfKeys(columns.shown),
        pinned,
        differs: columns.differs === true,
        sort: Array.isArray(sort) ? sort.filter(isSort) : [],
    };
};

// --- the grid -----------------------------------------------------------------------------------------------------

/**
 * The arrangement of a grid, which shows it and tells what a person drags and clicks. columnOf: the column of the set
 * that a field shows, if it is there. `onChange` is called after every change.
 */
export const create = (grid, board, {columnOf, listen, onChange}) => {
    let arrangement = fromQuery(window.location.search);
    let differ = [];
    let known = new Set(board.experiments.columns.keys());

    const keyOf = (field) => columnOf(field)?.key ?? field;

    const offered = () =>
        grid.getGridOption("columnDefs").map(({colId, headerName, initialHide, initialPinned}) => ({
            colId,
            key: keyOf(colId),
            name: headerName,
            role: columnOf(colId)?.role ?? "other",
            isShown: !initialHide,
            isPinned: Boolean(initialPinned),
        }));

    const keepAddress = () => {
        const {pathname, search, hash} = window.location;
        // Dash's router listens to other events; the page stays as it is.
        window.history.replaceState(window.history.state, "", pathname + toQuery(search, arrangement) + hash);
    };

    const apply = () => {
        const offer = offered();
        const byKey = new Map(offer.map((column) => [column.key, column]));
        const shown = shownOf(arrangement, offer, differ);
        const pinned = new Set(pinnedOf(arrangement, offer));
        const places = new Map(
            arrangement.sort
                .filter(([key]) => byKey.has(key))
                .map(([key, direction], place) => [key, {sort: direction, sortIndex: place}]),
        );
        const hidden = offer.map(({key}) => key).filter((key) => !shown.includes(key));
        grid.applyColumnState({
            applyOrder: true,
            state: [...shown, ...hidden].map((key, place) => ({
                colId: byKey.get(key).colId,
                hide: place >= shown.length,
                pinned: pinned.has(key) ? "left" : null,
                ...(places.get(key) ?? {sort: null, sortIndex: null}),
            })),
        });
    };

    const readDiffering = () => {
        differ = arrangement.differs ? differing(board.experiments, board.mask, selection.SELECTED) : [];
    };

    const put = (next) => {
        arrangement = settled(next, offered(), differ);
        keepAddress();
        onChange();
    };

    /** Change what a person chose, and show it. */
    const change = (part) => {
        const hasTurned = part.differs !== undefined && part.differs !== arrangement.differs;
        arrangement = {...arrangement, ...part};
        if (hasTurned) readDiffering();
        put(arrangement);
        apply();
    };

    /** Take over what a person did to the grid itself. */
    const readPlaces = () => {
        const state = grid.getColumnState();
        const isKnown = new Set(offered().map(({key}) => key));
        const later = (arrangement.shown ?? []).filter((key) => !isKnown.has(key));
        const keys = state.filter(({hide}) => !hide).map(({colId}) => keyOf(colId));
        put({
            ...arrangement,
            shown: [...keys, ...later],
            pinned: state.filter(({pinned}) => pinned === "left").map(({colId}) => keyOf(colId)),
        });
    };

    const readSort = () =>
        put({
            ...arrangement,
            sort: grid
                .getColumnState()
                .filter(({sort}) => sort)
                .sort((a, b) => a.sortIndex - b.sortIndex)
                .map(({colId, sort}) => [keyOf(colId), sort]),
        });

    /** New columns have come: those of metrics that nobody knew are shown, and nothing else changes. */
    const onColumns = () => {
        const arrived = offered()
            .filter(({key, isShown}) => isShown && !known.has(key))
            .map(({key}) => key);
        known = new Set([...known, ...arrived, ...board.experiments.columns.keys()]);
        if (arrived.length && arrangement.shown) put(withArrived(arrangement, arrived));
        apply();
        onChange();
    };

    listen("sortChanged", ({source}) => {
        if (source !== "api") readSort();
    });
    listen("dragStopped", readPlaces);
    listen("newColumnsLoaded", onColumns);

    const shown = () => shownOf(arrangement, offered(), differ);
    const roleOf = (key) => board.experiments.columns.get(key)?.role ?? "other";

    readDiffering();
    apply();
    return {
        offered,
        shown,
        keyOf,
        isPinned: (key) => pinnedOf(arrangement, offered()).includes(key),
        sortOf: (key) => arrangement.sort.find(([other]) => other === key)?.[1] ?? null,
        differs: () => arrangement.differs,
        isDefault: () => arrangement.shown === null && arrangement.pinned === null && !arrangement.differs,
        /** Show or hide; whoever chooses hyperparameters by hand no longer wants those that differ. */
        show: (keys, isShown) =>
            change({
                shown: withShown(
                    shown(),
                    keys,
                    isShown,
                    offered().map(({key}) => key),
                ),
                differs: arrangement.differs && !keys.some((key) => roleOf(key) === "hyperparameter"),
            }),
        move: (key, by, isNeighbour) => change({shown: moved(shown(), key, by, isNeighbour)}),
        pin(key, isPinned) {
            const others = pinnedOf(arrangement, offered()).filter((other) => other !== key);
            change({shown: shown(), pinned: isPinned ? [...others, key] : others});
        },
        sort: (key, direction) =>
            change({sort: direction ? [[key, direction]] : arrangement.sort.filter(([other]) => other !== key)}),
        setDiffers: (differs) => change({differs}),
        reset: () => change({shown: null, pinned: null, differs: false}),
        /** What is selected may differ elsewhere now. Not while a brush is drawn: columns would jump. */
        onSelection() {
            if (!arrangement.differs || board.draft) return;
            const before = differ;
            readDiffering();
            if (isSame(before, differ)) return;
            apply();
            onChange();
        },
    };
};

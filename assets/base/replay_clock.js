/** The clock of a replay: the epoch up to which everything is shown. Null is live: the newest, whatever comes. */

export const SPEEDS = [0.5, 1, 2, 4, 8];
// At the usual speed: so many epochs a second, and never longer than this from the first one to the last.
const EPOCHS_PER_S = 4;
const MOST_S = 20;

/** The place of an epoch among those that were reported: the last one that is not later. Live is the last. */
export const placeOf = (epochs, epoch) => {
    if (epoch === null || epochs.length === 0) return epochs.length - 1;
    let found = 0;
    for (let place = 0; place < epochs.length && epochs[place] <= epoch; place += 1) found = place;
    return found;
};

/** The epoch at a place; the last one is live. */
export const epochAt = (epochs, place) => (place >= epochs.length - 1 ? null : epochs[Math.max(0, place)]);

/** So many steps on from an epoch. */
export const stepped = (epochs, epoch, steps) => epochAt(epochs, Math.max(0, placeOf(epochs, epoch) + steps));

export const perSecond = (epochs, speed) => speed * Math.max(EPOCHS_PER_S, epochs.length / MOST_S);

/**
 * Where a replay is after some time. place: a number between places, too. Returns {place, epoch, isOver}; over is what
 * came to its end and does not begin again.
 */
export const advanced = (epochs, place, seconds, {speed, isLoop}) => {
    const last = epochs.length - 1;
    const next = place + seconds * perSecond(epochs, speed);
    if (next < last) return {place: next, epoch: epochs[Math.floor(next)], isOver: false};
    return isLoop ? {place: 0, epoch: epochs[0], isOver: false} : {place: last, epoch: null, isOver: true};
};

/** What a key does: {steps}, {place} or {toggles}; null for one that is none of ours. */
export const actOf = (key) =>
    ({" ": {toggles: true}, ArrowLeft: {steps: -1}, ArrowRight: {steps: 1}, Home: {place: 0}, End: {place: Infinity}})[
        key
    ] ?? null;

/** Which of these views belongs to an epoch: the newest that is not later, or else the first; -1 where there is none. */
export const viewAt = (views, epoch) => {
    if (epoch === null || views.length === 0) return views.length - 1;
    let found = 0;
    views.forEach((view, at) => {
        if (typeof view.epoch === "number" && view.epoch <= epoch) found = at;
    });
    return found;
};

export const words = (epochs, epoch) => {
    const last = epochs.at(-1);
    return epoch === null ? `live · epoch ${last}` : `epoch ${epoch} of ${last}`;
};

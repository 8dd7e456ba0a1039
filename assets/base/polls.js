/** Polls that outlive an outage. Dash leaves a poll switched off (`running=`) when its request fails on the way. */

// Longer than any answer should take; a poll that is switched on too early only asks once more.
export const PATIENCE_MS = 20000;

const timers = new Map();

/** Switch a poll on again when it stayed off for too long. Called by Dash whenever it goes on or off. */
export const watch = (isDisabled, id) => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    if (isDisabled) {
        timers.set(
            id,
            setTimeout(() => {
                timers.delete(id);
                globalThis.dash_clientside.set_props(id, {disabled: false});
            }, PATIENCE_MS),
        );
    }
    return globalThis.dash_clientside.no_update;
};

/* What works the same on every page: copy buttons, keyboard shortcuts, the window's title, logs that follow their end. */

// --- pure ---------------------------------------------------------------------------------------------------------

/** Which button a key presses: `[modifiers none] key -> id`. */
const SHORTCUTS = {"?": "help-toggle", b: "bookmarks-toggle", n: "start-run", t: "theme-toggle"};

/** What a key presses on a page without that button. */
const INSTEAD = {"start-run": "new-project"};

/** The id of the button that a key event presses, or null: keys belong to fields and dialogs first. */
export const shortcutOf = (key, {isTyping, hasModifier, dialogIsOpen}) =>
    isTyping || hasModifier || dialogIsOpen ? null : SHORTCUTS[key] || null;

export const titleOf = (parts) => [...parts].reverse().concat("HyperTuner").join(" · ");

/** A moment in the reader's own time zone, to the minute. */
export const localTime = (iso, locale, timeZone) =>
    new Date(iso).toLocaleString(locale, {dateStyle: "medium", timeStyle: "short", timeZone});

/** A duration in its two largest units, as the server writes it. */
export const durationText = (seconds) => {
    if (seconds < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
    const whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return `${minutes} min ${whole % 60} s`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

// --- the page -----------------------------------------------------------------------------------------------------

export const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Plain http on another machine has no clipboard; a hidden field still copies.
    const field = Object.assign(document.createElement("textarea"), {value: text});
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
};

// Durations run on between polls, counted from when each was first seen: clocks of two machines differ.
const seen = new WeakMap();

export const setTitle = (parts) => {
    document.title = titleOf(parts || []);
    return window.dash_clientside.no_update;
};

/** Open or close by a button's clicks. */
export const toggle = (clicks, isOpen) => (clicks ? !isOpen : window.dash_clientside.no_update);

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", async (event) => {
        const button = event.target.closest?.("[data-copy], [data-copy-from]");
        if (!button) return;
        const source = document.getElementById(button.dataset.copyFrom);
        await copy(button.dataset.copy ?? source?.value ?? source?.textContent ?? "");
        button.classList.add("is-copied");
        setTimeout(() => button.classList.remove("is-copied"), 1200);
    });

    document.addEventListener("keydown", (event) => {
        const field = event.target;
        const id = shortcutOf(event.key, {
            isTyping: field.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(field.tagName),
            hasModifier: event.ctrlKey || event.metaKey || event.altKey,
            dialogIsOpen: document.querySelector(".modal.show") !== null,
        });
        const button = id && (document.getElementById(id) ?? document.getElementById(INSTEAD[id]));
        if (!button) return;
        event.preventDefault();
        button.click();
    });

    // The server writes times in UTC; each is put into the reader's zone as it appears.
    new MutationObserver(() => {
        for (const time of document.querySelectorAll("time[datetime]")) {
            if (time.textContent.endsWith("UTC")) time.textContent = localTime(time.dateTime);
        }
    }).observe(document.documentElement, {childList: true, subtree: true, characterData: true});
    setInterval(() => {
        for (const span of document.querySelectorAll("[data-elapsed]")) {
            const known = seen.get(span);
            const first =
                known?.elapsed === span.dataset.elapsed
                    ? known
                    : {elapsed: span.dataset.elapsed, at: performance.now()};
            seen.set(span, first);
            span.textContent = durationText(Number(first.elapsed) + (performance.now() - first.at) / 1000);
        }
    }, 1000);
};

/** A text file that an experiment wrote: fetched when it is to be shown, its beginning if it is long. */

import {element} from "../base/marks.js";
import * as page from "./page.js";

const MOST_BYTES = 200_000;
const FAILED = "This file could not be loaded. Press Show to try again.";

// --- pure ---------------------------------------------------------------------------------------------------------

/** What is said below a text of which `shown` of `whole` bytes are there. */
export const noteOf = (shown, whole) => {
    if (!whole) return "The file is empty.";
    return shown < whole
        ? `The first ${Math.round(shown / 1000).toLocaleString("en")} KB; the download has all of it.`
        : "";
};

// --- on the page --------------------------------------------------------------------------------------------------

let opener = null;

const part = (name) => document.getElementById(`own-file${name}`);

/** The beginning of an answer's bytes; what comes behind is not waited for. */
const beginning = async (response) => {
    const reader = response.body.getReader();
    const pieces = [];
    let size = 0;
    while (size < MOST_BYTES) {
        const {done, value} = await reader.read();
        if (done) break;
        pieces.push(value);
        size += value.length;
    }
    reader.cancel();
    return new Uint8Array(await new Blob(pieces).arrayBuffer()).slice(0, MOST_BYTES);
};

const show = async (button) => {
    opener = button;
    button.setAttribute("aria-busy", "true");
    const response = await fetch(button.dataset.ownFile).catch(() => null);
    const bytes = response?.ok ? await beginning(response).catch(() => null) : null;
    button.removeAttribute("aria-busy");
    if (opener !== button || !part("")) return;
    if (!bytes) {
        window.dash_clientside.set_props("notice", {children: FAILED, is_open: true});
        return;
    }
    part("-title").textContent = button.dataset.name;
    part("-text").textContent = new TextDecoder().decode(bytes);
    part("-note").textContent = noteOf(bytes.length, Number(response.headers.get("Content-Length")));
    part("").hidden = false;
    part("-title").focus({preventScroll: true});
    part("").scrollIntoView({block: "nearest"});
};

const close = () => {
    part("").hidden = true;
    part("-text").textContent = "";
    document.querySelector(`[data-own-file="${CSS.escape(opener?.dataset.ownFile ?? "")}"]`)?.focus();
    opener = null;
};

/** Ask, remove all files of an experiment, and let its page look again. */
const askToRemove = (button) => {
    const dialog = element("dialog", {className: "ht-rules ht-remove-files", aria: {label: "Remove these files?"}});
    const said = element("p", {className: "ht-says", aria: {role: "status"}});
    const cancel = element("button", {type: "button", className: "ht-button", textContent: "Cancel"});
    const remove = element("button", {type: "button", className: "ht-button is-bad", textContent: "Remove"});
    cancel.addEventListener("click", () => dialog.close());
    remove.addEventListener("click", async () => {
        remove.disabled = true;
        const response = await fetch(button.dataset.removeFiles, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: "{}",
        }).catch(() => null);
        const answer = response?.ok ? await response.json().catch(() => null) : null;
        remove.disabled = false;
        if (!answer?.said) {
            said.textContent = answer?.error ?? "The server did not answer. Try again in a moment.";
            return;
        }
        dialog.close();
        page.ask();
    });
    dialog.append(
        element("header", {}, element("h2", {textContent: "Remove these files?"})),
        element("p", {
            textContent: `${button.dataset.count} of this experiment are removed from the disk for good. What they were called and how large they were stays known, and so does every number.`,
        }),
        said,
        element("div", {className: "ht-dialog-buttons"}, cancel, remove),
    );
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => {
        dialog.remove();
        button.focus({preventScroll: true});
    });
    document.body.append(dialog);
    dialog.showModal();
    cancel.focus();
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const remover = target.closest?.("[data-remove-files]");
        if (remover) askToRemove(remover);
        const button = target.closest?.("[data-own-file]");
        if (button) show(button);
        else if (target.closest?.("#own-file-close")) close();
    });
    document.addEventListener("keydown", ({key, target}) => {
        if (key === "Escape" && target.closest?.("#own-file")) close();
    });
};

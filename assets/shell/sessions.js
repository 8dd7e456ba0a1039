/** The list of sessions with their ends, the logout, and what happens to a page whose session has ended. */
import * as marks from "../base/marks.js";
import {element} from "../base/marks.js";

const AWAY = "The server did not answer. Try again in a moment.";

// --- pure ---------------------------------------------------------------------------------------------------------

/** How long ago, or how long until, in the largest unit that counts. */
export const spanWords = (ms) => {
    const minutes = Math.round(Math.abs(ms) / 60000);
    if (minutes < 1) return "less than a minute";
    const [size, unit] =
        minutes < 60
            ? [minutes, "minute"]
            : minutes < 2880
              ? [Math.round(minutes / 60), "hour"]
              : [Math.round(minutes / 1440), "day"];
    return `${size} ${unit}${size === 1 ? "" : "s"}`;
};

/** What is said below the name of a session's browser. */
export const sessionWords = ({address, began, seen, ends}, now) =>
    [
        ...(address ? [`from ${address}`] : []),
        `began ${spanWords(now - Date.parse(began))} ago`,
        `last used ${spanWords(now - Date.parse(seen))} ago`,
        `ends in ${spanWords(Date.parse(ends) - now)} if it is not used`,
    ].join(" · ");

/** Where a page goes whose session has ended: to the explanation, and back after the next login. */
export const loginAddress = ({pathname, search}) => `/login?next=${encodeURIComponent(pathname + search)}`;

// --- asking -------------------------------------------------------------------------------------------------------

const post = (address, question) =>
    fetch(address, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(question)});

const ask = async (question) => {
    const response = await post("/sessions", question).catch(() => null);
    return (response?.ok && (await response.json().catch(() => null))) || {error: AWAY};
};

const logOut = async () => {
    const response = await post("/logout", {}).catch(() => null);
    if (response?.ok || response?.status === 401) window.location.assign("/login");
    else window.dash_clientside.set_props("notice", {children: AWAY, is_open: true});
};

// --- the dialog ---------------------------------------------------------------------------------------------------

const button = (words, onClick, properties = {}) => {
    const made = marks.element("button", {type: "button", textContent: words, className: "ht-button", ...properties});
    made.addEventListener("click", onClick);
    return made;
};

const itemOf = (session, end) => {
    const words = element(
        "div",
        {className: "ht-session-words"},
        element("b", {textContent: session.browser, title: session.agent}),
        ...(session.isOwn ? [element("span", {className: "ht-session-own", textContent: "this browser"})] : []),
        element("span", {className: "ht-quiet", textContent: sessionWords(session, Date.now())}),
    );
    const label = `End the session of ${session.browser}`;
    return element(
        "li",
        {},
        words,
        session.isOwn ? button("Log out", logOut) : button("End", () => end(session.id), {ariaLabel: label}),
    );
};

const open = async (opener) => {
    const dialog = element("dialog", {className: "ht-rules ht-sessions", aria: {label: "Sessions"}});
    const list = element("ul", {className: "ht-session-list"});
    const said = element("p", {className: "ht-rule-said", hidden: true, aria: {role: "status"}});

    const act = async (question, sentence = "") => {
        const answer = await ask(question);
        if (answer.sessions) list.replaceChildren(...answer.sessions.map((each) => itemOf(each, end)));
        said.textContent = answer.error ?? sentence;
        said.hidden = !said.textContent;
    };
    const end = (id) => act({do: "end", id}, "Session ended. That browser needs a new link.");

    const close = button("×", () => dialog.close(), {className: "ht-icon", ariaLabel: "Close"});
    dialog.append(
        element(
            "header",
            {},
            element("h2", {textContent: "Sessions"}),
            element("span", {className: "ht-quiet", textContent: "browsers that are logged in"}),
            close,
        ),
        said,
        list,
    );
    // Shortcuts of the page behind are not meant while it is open.
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("pointerdown", (event) => {
        if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
        dialog.remove();
        opener.focus({preventScroll: true});
    });
    document.body.append(dialog);
    dialog.showModal();
    await act({do: "list"});
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const opener = target.closest?.("[data-sessions]");
        if (opener && !document.querySelector("dialog.ht-sessions")) open(opener);
        if (target.closest?.("[data-logout]")) logOut();
    });

    // Dash and our own scripts ask by fetch: a page whose session has ended elsewhere says so at its next question.
    const original = window.fetch;
    window.fetch = async (...request) => {
        const response = await original.apply(window, request);
        if (response.status === 401 && new URL(response.url).origin === window.location.origin)
            window.location.assign(loginAddress(window.location));
        return response;
    };
};

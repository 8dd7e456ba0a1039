/** The dialog that begins a project: a folder, a command, what that can be given, and a trial of it. */
import * as marks from "../base/marks.js";

const AWAY = "The server did not answer. Try again in a moment.";
const SLOW_AFTER_MS = 2000;
const TRIAL_HINT =
    "Runs it once, with its defaults or the first candidates, and stops it after its first epoch: you see what it reports, and choose by what to judge it.";

// --- pure ---------------------------------------------------------------------------------------------------------

/** What discovery found, in a sentence. */
export const foundWords = ({hyperparameters, readFrom}) => {
    const count = hyperparameters.length;
    if (!count) return "Nothing is known of its options. What you put into brackets behind it is tuned.";
    return `${count.toLocaleString("en-US")} ${count === 1 ? "hyperparameter" : "hyperparameters"}, read from ${readFrom}.`;
};

export const defaultWords = ({default: value, isRequired}) =>
    value !== null ? value || "(empty)" : isRequired ? "required" : "–";

/** What one row says besides name and default: its values, and what the script says of it. */
export const aboutWords = ({type, choices, help}) =>
    [choices.length ? choices.join(", ") : type, help].filter(Boolean).join(" · ");

export const waitWords = (ms) =>
    ms < SLOW_AFTER_MS
        ? "Reading what it can be given …"
        : `Reading what it can be given … ${Math.round(ms / 1000)} s. The script starts until it reads its options; heavy imports take a while.`;

// --- the dialog -----------------------------------------------------------------------------------------------------

const element = (...parts) => marks.element(...parts);

// No limit of time: a script may take minutes on a busy machine until it reads its options.
const ask = async (request) => {
    const response = await fetch("/new-project", {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(request),
    }).catch(() => null);
    return (response?.ok ? await response.json().catch(() => null) : null) ?? {error: AWAY};
};

const entry = (words, kind, onPick) => {
    const button = element("button", {type: "button", className: `ht-entry is-${kind}`, textContent: words});
    button.addEventListener("click", onPick);
    return element("li", {}, button);
};

const rowOf = (hyperparameter, isTuned) =>
    element(
        "tr",
        {className: isTuned ? "is-tuned" : ""},
        element("td", {}, element("code", {textContent: hyperparameter.name})),
        element("td", {textContent: defaultWords(hyperparameter)}),
        element("td", {className: "ht-quiet", textContent: aboutWords(hyperparameter)}),
    );

const open = (opener) => {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    let [folder, asked, looked] = ["", 0, null];
    const dialog = element("dialog", {className: "ht-rules ht-new-project", aria: {label: "New project"}});
    const place = element("input", {
        type: "text",
        id: "new-folder",
        autocomplete: "off",
        spellcheck: false,
        placeholder: "/home/me/project",
    });
    const list = element("ul", {className: "ht-entries"});
    const command = element("input", {
        type: "text",
        id: "new-command",
        autocomplete: "off",
        spellcheck: false,
        placeholder: "python train.py --epochs 10 --lr [0.1,0.01]",
    });
    const look = element("button", {type: "submit", className: "ht-button is-accent", textContent: "Look at it"});
    const says = element("p", {className: "ht-says", aria: {role: "status"}});
    const found = element("div", {className: "ht-found", hidden: true});
    const name = element("input", {type: "text", id: "new-name", autocomplete: "off", maxLength: 80});
    const tryIt = element("button", {
        type: "submit",
        className: "ht-button is-accent",
        textContent: "Try it",
        title: TRIAL_HINT,
    });
    const create = element("button", {
        type: "button",
        className: "ht-button",
        textContent: "Create without a trial",
        title: "The launch dialog comes next",
    });

    const say = (sentence, isWrong = false) => {
        says.textContent = sentence;
        says.classList.toggle("is-wrong", isWrong);
    };

    const forget = () => {
        asked += 1;
        if (looked) say("The command is another one now: look at it again.");
        looked = null;
        found.hidden = true;
        look.disabled = false;
    };

    const browse = async (wanted) => {
        forget();
        const mine = asked;
        const answer = await ask({do: "browse", folder: wanted});
        if (mine !== asked) return;
        if (answer.error) {
            list.replaceChildren();
            say(answer.error, true);
            return;
        }
        say("");
        folder = answer.folder;
        place.value = folder;
        const items = [
            ...(answer.above ? [entry("..", "folder", () => browse(answer.above))] : []),
            ...answer.scripts.map((script) =>
                entry(script.name, script.isStarted ? "script" : "module", () => {
                    command.value = script.command;
                    run();
                }),
            ),
            ...answer.folders.map((each) => entry(`${each}/`, "folder", () => browse(`${folder}/${each}`))),
        ];
        if (answer.more)
            items.push(
                element("li", {className: "ht-quiet", textContent: `and ${answer.more.toLocaleString("en-US")} more`}),
            );
        if (!answer.scripts.length)
            items.push(
                element("li", {className: "ht-quiet", textContent: "No script in Python or for a shell lies here."}),
            );
        list.replaceChildren(...items);
    };

    const showFound = (answer) => {
        looked = answer;
        const tuned = new Set(answer.tuned);
        const rows = answer.hyperparameters.map((each) => rowOf(each, tuned.has(each.name.replace(/^-+/, ""))));
        found.querySelector("tbody").replaceChildren(...rows);
        found.querySelector("table").hidden = !rows.length;
        found
            .querySelector(".ht-notes")
            .replaceChildren(...answer.notes.map((note) => element("li", {textContent: note})));
        name.value = answer.name;
        found.hidden = false;
        say(foundWords(answer));
        name.focus({preventScroll: true});
        found.scrollIntoView({block: "nearest"});
    };

    const run = async () => {
        forget();
        const mine = asked;
        const began = performance.now();
        look.disabled = true;
        const tell = () => say(waitWords(performance.now() - began));
        tell();
        const timer = setInterval(tell, 1000);
        const answer = await ask({do: "look", folder: place.value, command: command.value});
        clearInterval(timer);
        if (mine !== asked || !dialog.open) {
            // What was asked is another command by now.
            if (!look.disabled) say("");
            return;
        }
        look.disabled = false;
        if (answer.error) say(answer.error, true);
        else showFound(answer);
    };

    const begin = async (isTrial) => {
        if (!looked) return;
        tryIt.disabled = create.disabled = true;
        say(isTrial ? "Starting the trial …" : "Creating the project …");
        const answer = await ask({
            do: "begin",
            folder: place.value,
            command: command.value,
            name: name.value,
            isTrial,
            key,
        });
        tryIt.disabled = create.disabled = false;
        if (answer.error && !answer.address) {
            say(answer.error, true);
            return;
        }
        dialog.close();
        window.dash_clientside.set_props("location", {pathname: answer.address});
        if (answer.error) window.dash_clientside.set_props("notice", {children: answer.error, is_open: true});
        else if (!isTrial) pressWhenThere("start-run");
    };

    const where = element(
        "form",
        {className: "ht-new-form", noValidate: true},
        element("label", {htmlFor: place.id, textContent: "Folder"}),
        place,
        element("button", {type: "submit", className: "ht-button", textContent: "Open"}),
    );
    where.addEventListener("submit", (event) => {
        event.preventDefault();
        browse(place.value);
    });
    const what = element(
        "form",
        {className: "ht-new-form", noValidate: true},
        element("label", {htmlFor: command.id, textContent: "Command"}),
        command,
        look,
    );
    what.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!look.disabled) run();
    });
    for (const input of [place, command]) input.addEventListener("input", forget);
    const last = element(
        "form",
        {className: "ht-new-form is-last", noValidate: true},
        element("label", {htmlFor: name.id, textContent: "Name"}),
        name,
        create,
        tryIt,
    );
    last.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!tryIt.disabled) begin(true);
    });
    create.addEventListener("click", () => begin(false));
    found.append(
        element(
            "div",
            {className: "ht-found-table", tabIndex: 0, aria: {role: "region", label: "Hyperparameters"}},
            element(
                "table",
                {},
                element(
                    "thead",
                    {},
                    element(
                        "tr",
                        {},
                        ...["Hyperparameter", "Default", "Values"].map((word) =>
                            element("th", {scope: "col", textContent: word}),
                        ),
                    ),
                ),
                element("tbody"),
            ),
        ),
        element("ul", {className: "ht-notes ht-quiet"}),
        last,
        element("p", {className: "ht-quiet", textContent: TRIAL_HINT}),
    );
    const close = element("button", {type: "button", className: "ht-icon", textContent: "×", aria: {label: "Close"}});
    close.addEventListener("click", () => dialog.close());
    dialog.append(
        element("header", {}, element("h2", {textContent: "New project"}), close),
        where,
        list,
        what,
        says,
        found,
    );
    // Shortcuts of the page behind are not meant while it is open.
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => {
        asked += 1;
        dialog.remove();
        opener.focus({preventScroll: true});
    });
    document.body.append(dialog);
    dialog.showModal();
    place.focus();
    browse("");
};

/** Press a button of the page that comes. */
const pressWhenThere = (id) => {
    const press = () => {
        const button = document.getElementById(id);
        if (!button) return false;
        button.click();
        return true;
    };
    if (press()) return;
    const observer = new MutationObserver(() => {
        if (press()) observer.disconnect();
    });
    observer.observe(document.body, {childList: true, subtree: true});
};

/** Begin to listen; called once, when the page has been loaded. */
export const start = () => {
    document.addEventListener("click", ({target}) => {
        const opener = target.closest?.("[data-new-project]");
        if (opener && !document.querySelector("dialog.ht-new-project")) open(opener);
    });
};

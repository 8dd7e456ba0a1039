/** What a run's page asks of others, and the sentence that says what came of it. */
import {element} from "../base/marks.js";

// After this a request that nobody answered is given up; buttons must not wait for ever.
const PATIENCE_MS = 12000;
const UNDO_MS = 10000;

/** One sentence about what was done, with an Undo where there is one; it goes by itself. */
const createSaid = (made) => {
    const box = made.root.querySelector("#run-said");
    let timer = null;
    const hide = () => {
        box.hidden = true;
    };
    return {
        show(sentence, undo) {
            const button =
                undo && undo.numbers?.length !== 0
                    ? [element("button", {type: "button", className: "ht-link", textContent: "Undo"})]
                    : [];
            button[0]?.addEventListener("click", () => {
                hide();
                made.send(undo);
            });
            box.replaceChildren(element("span", {textContent: sentence}), ...button);
            box.hidden = false;
            clearTimeout(timer);
            timer = setTimeout(hide, UNDO_MS);
        },
    };
};

/** What the board can ask for: a request is a row that others obey, and the page shows at once that it is on its way. */
export const create = (made, showHeader) => {
    const put = (id, properties) => window.dash_clientside.set_props(id, properties);
    const said = createSaid(made);
    let question = null;
    return {
        say: (sentence) => said.show(sentence),
        send: (request) => {
            const at = Date.now();
            made.asked = {...request, at};
            put("run-request", {data: made.asked});
            setTimeout(() => {
                if (made.asked?.at === at)
                    made.answered({at, error: "The server did not answer; look at the run before you try again."});
            }, PATIENCE_MS);
            showHeader();
        },
        /** Ask before work is destroyed; the request goes when the person says yes. */
        ask: ({title, body, confirm}, request) => {
            question = request;
            put("run-ask-title", {children: title});
            put("run-ask-body", {children: body});
            put("run-ask-confirm", {children: confirm});
            put("run-ask", {is_open: true});
        },
        confirm: () => {
            if (question) made.send(question);
            question = null;
        },
        answered: (answer) => {
            if (made.asked?.at === answer.at) made.asked = null;
            if (answer.error) put("notice", {children: answer.error, is_open: true});
            else if (answer.isOther) window.location.reload();
            else if (answer.said) said.show(answer.said, answer.undo);
            // What came of it is seen with the next poll, which comes now.
            made.listen();
            showHeader();
            made.views.parameters.onLocks();
            made.views.bookmarks.onAnswer(answer);
            made.views.share.onAnswer(answer);
        },
    };
};

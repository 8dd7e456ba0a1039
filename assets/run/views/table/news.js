/** What is new for the table while its rows must stay where they are: under the pointer, or scrolled away from the top. */

/** What would change if the rows were put in order: how many would come and go, and whether others would move. */
export const newsOf = (before, after, size) => {
    const [was, is] = [new Uint8Array(size), new Uint8Array(size)];
    for (const index of before) was[index] = 1;
    for (const index of after) is[index] = 1;
    const stayed = before.filter((index) => is[index]);
    const staying = after.filter((index) => was[index]);
    return {
        came: after.length - staying.length,
        went: before.length - stayed.length,
        isMoved: stayed.some((index, row) => index !== staying[row]),
    };
};

/** What the badge says; "" where there is nothing to say. */
export const newsWords = ({came, went, isMoved}) =>
    [came && `${came} new`, went && `${went} gone`].filter(Boolean).join(", ") || (isMoved ? "order changed" : "");

/** The badge in the table's head; its place is kept while it says nothing. */
export const create = (button, signal, onPress) => {
    button.addEventListener("click", onPress, {signal});
    const say = (words) => {
        if (button.textContent !== words) button.textContent = words;
        button.classList.toggle("is-shown", words !== "");
        button.disabled = words === "";
    };
    say("");
    return {tell: (news) => say(newsWords(news)), clear: () => say(""), hasNews: () => !button.disabled};
};

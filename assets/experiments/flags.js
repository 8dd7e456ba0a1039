/**
 * Words on experiments: flags on their curves, tags, what rules highlight, and that there is a note. An experiment has any number of them, so a
 * category of their column is a combination: `members` has the words of each, `words` all that occur.
 */
import {element} from "../base/marks.js";

const MOST_ON_CARD = 3;

// --- pure ---------------------------------------------------------------------------------------------------------

/** How a word looks, as the page's spec says: what is not among its words somebody gave as a tag. */
export const lookOf = ({looks}, word) => looks.get(word) ?? "tag";

/** The words of a column of categories: they are the categories, or what combinations are made of, the worst first. */
export const wordsOf = ({words, categories, looks}) => {
    if (!words) return categories;
    const order = [...looks.keys()];
    const rankOf = (word) => (looks.has(word) ? order.indexOf(word) : order.length);
    return [...words].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
};

/** How many experiments whose mask has `bit` have each of the words, in the order of wordsOf. */
export const countsOf = (column, size, mask, bit) => {
    const {values, members} = column;
    const counts = new Uint32Array(column.categories.length);
    for (let index = 0; index < size; index += 1)
        if (mask[index] & bit && values[index] >= 0) counts[values[index]] += 1;
    if (!members) return counts;
    const places = new Map(wordsOf(column).map((word, place) => [word, place]));
    const sums = new Uint32Array(places.size);
    counts.forEach((count, code) =>
        members[code].forEach((word) => {
            sums[places.get(word)] += count;
        }),
    );
    return sums;
};

/** The words of one experiment with what they look like and what is said in full. */
export const chipsOf = (set, index) => {
    const column = set.columns.get("flags");
    const words = column.members[column.values[index]] ?? [];
    const said = set.sentences.get(index) ?? [];
    return words.map((word) => ({
        word,
        kind: lookOf(column, word),
        title:
            said
                .filter(([owner]) => owner === word)
                .map(([, sentence]) => sentence)
                .join("\n") || word,
    }));
};

/** Whether a rule highlights an experiment. */
export const isLit = (set, index) => {
    const {members, values} = set.columns.get("flags");
    return members[values[index]]?.includes("highlighted") ?? false;
};

// --- on the page --------------------------------------------------------------------------------------------------

/** What the card under the pointer says: the words, and the first sentences. */
export const cardOf = (set, index) => {
    const chips = chipsOf(set, index);
    if (!chips.length) return [];
    const sentences = chips.flatMap(({word, title}) => (title === word ? [] : title.split("\n")));
    const more = sentences.length - MOST_ON_CARD;
    return [
        element(
            "div",
            {className: "ht-flags ht-card-flags"},
            ...chips.map(({word, kind}) => element("span", {className: `ht-flag is-${kind}`, textContent: word})),
        ),
        ...sentences
            .slice(0, MOST_ON_CARD)
            .map((sentence) => element("p", {className: "ht-card-sentence", textContent: sentence})),
        ...(more > 0 ? [element("p", {className: "ht-card-sentence", textContent: `and ${more} more`})] : []),
    ];
};

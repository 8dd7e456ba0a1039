/** Categories on an axis that has no room for all of them: the most frequent ones, and one place for all others. */

// More than these nobody tells apart on one axis.
export const MOST = 30;

/** How many experiments have each category. */
const countsOf = ({values, categories}, size) => {
    const counts = new Uint32Array(categories.length);
    for (let index = 0; index < size; index += 1) if (values[index] >= 0) counts[values[index]] += 1;
    return counts;
};

/** The codes of the most frequent categories, in the order of all. */
const frequent = (counts, most) => {
    const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
    return order.slice(0, most).sort((a, b) => a - b);
};

/**
 * The places of a column's categories where they are more than MOST: `ticks` (a code for each place), their `labels`, the
 * place of every code in `places`, and the codes in `others`, which share the last place. Null where each has its own.
 * most: how many have a place of their own then.
 */
export const grouped = (set, column, most = MOST) => {
    const {categories} = column;
    if (categories.length <= MOST) return null;
    const own = frequent(countsOf(column, set.size), most);
    const places = new Float64Array(categories.length).fill(own.length);
    own.forEach((code, place) => {
        places[code] = place;
    });
    const others = [...categories.keys()].filter((code) => places[code] === own.length);
    return {
        ticks: [...own, others[0]],
        labels: [...own.map((code) => categories[code]), `other (${others.length})`],
        places,
        others,
    };
};

/** The categories at a tick. */
export const wordsAt = (column, axis, tick) =>
    (axis.others?.[0] === tick ? axis.others : [tick]).map((code) => column.categories[code]);

/** A word that is not too long; words of one kind often differ at their ends. */
export const shortened = (text, most) => {
    if (text.length <= most) return text;
    const end = Math.floor((most - 1) / 3);
    return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
};

/** Which curve is under the pointer, and which of its points. Lines are {xs, ys} in pixels, drawn up to `cut` points. */

const REACH = 24;

/** The first place of ascending values that is at least `wanted`. */
export const placeOf = (values, wanted, end = values.length) => {
    let low = 0;
    let high = end;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (values[middle] < wanted) low = middle + 1;
        else high = middle;
    }
    return low;
};

/** How many points of a curve a replay at this epoch shows; all of them where the epoch is null or nobody names any. */
export const cutAt = (reached, epoch, count) => {
    if (epoch === null || !reached) return count;
    let low = 0;
    let high = reached.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (reached[middle] <= epoch) low = middle + 1;
        else high = middle;
    }
    return low;
};

const squareTo = (px, py, ax, ay, bx, by) => {
    const [dx, dy] = [bx - ax, by - ay];
    const length = dx * dx + dy * dy;
    const along = length > 0 ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
    return (px - ax - along * dx) ** 2 + (py - ay - along * dy) ** 2;
};

/** The place of the point of a line that is nearest along x, -1 where none is drawn. */
export const pointAt = (line, px) => {
    let nearest = -1;
    let least = Infinity;
    const [from, to] = line.isAscending
        ? [Math.max(0, placeOf(line.xs, px, line.cut) - 2), Math.min(line.cut, placeOf(line.xs, px, line.cut) + 2)]
        : [0, line.cut];
    for (let at = from; at < to; at += 1) {
        const distance = Math.abs(line.xs[at] - px);
        if (distance < least && !Number.isNaN(line.ys[at])) [nearest, least] = [at, distance];
    }
    return nearest;
};

/** The line nearest to a point in pixels, and its point there: {line, at}; null where none is within reach. */
export const nearest = (lines, px, py, reach = REACH) => {
    let found = null;
    let least = reach * reach;
    for (const line of lines) {
        const {xs, ys, cut} = line;
        const from = line.isAscending ? Math.max(0, placeOf(xs, px - reach, cut) - 1) : 0;
        const to = line.isAscending ? Math.min(cut, placeOf(xs, px + reach, cut) + 1) : cut;
        for (let at = from; at < to; at += 1) {
            if (Number.isNaN(ys[at]) || Number.isNaN(xs[at])) continue;
            const isLinked = at > from && !Number.isNaN(ys[at - 1]);
            const distance = isLinked
                ? squareTo(px, py, xs[at - 1], ys[at - 1], xs[at], ys[at])
                : (px - xs[at]) ** 2 + (py - ys[at]) ** 2;
            if (distance < least) {
                least = distance;
                found = {line, at: isLinked && Math.abs(px - xs[at - 1]) < Math.abs(px - xs[at]) ? at - 1 : at};
            }
        }
    }
    return found;
};

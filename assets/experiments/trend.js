/** A straight line through pairs of numbers: least squares, Pearson's correlation and its interval, and how they are said. */
import {short} from "./columns.js";

const FEWEST = 4;
// The standard normal's 97.5 % quantile: intervals are 95 % ones.
const QUANTILE = 1.959963984540054;
// A variance below this share of the sum of squares is rounding.
const LEAST_VARIANCE = 1e-12;

/**
 * The line ys = intercept + slope * xs over those whose mask has all bits of `bit` and who have both numbers, with Pearson's r and
 * Fisher's 95 % interval. Null below four pairs, and where xs or ys do not vary.
 */
export const fitOf = (xs, ys, mask, bit, size = xs.length) => {
    let [n, x0, y0, sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let index = 0; index < size; index += 1) {
        if ((mask[index] & bit) !== bit) continue;
        // x - x is 0 for numbers and NaN for what is not finite.
        if (xs[index] - xs[index] !== 0 || ys[index] - ys[index] !== 0) continue;
        if (n === 0) [x0, y0] = [xs[index], ys[index]];
        n += 1;
        // Squares of large numbers that differ little would cancel; differences to one of them do not.
        const x = xs[index] - x0;
        const y = ys[index] - y0;
        sumX += x;
        sumY += y;
        sumXX += x * x;
        sumYY += y * y;
        sumXY += x * y;
    }
    if (n < FEWEST) return null;
    const [varianceX, varianceY] = [sumXX - (sumX * sumX) / n, sumYY - (sumY * sumY) / n];
    if (varianceX <= LEAST_VARIANCE * sumXX || varianceY <= LEAST_VARIANCE * sumYY) return null;
    const covariance = sumXY - (sumX * sumY) / n;
    const slope = covariance / varianceX;
    const r = Math.max(-1, Math.min(1, covariance / Math.sqrt(varianceX * varianceY)));
    return {n, slope, intercept: y0 + sumY / n - slope * (x0 + sumX / n), r, interval: intervalOf(r, n)};
};

/** Fisher's 95 % interval of a correlation seen in n pairs. */
export const intervalOf = (r, n) => {
    const reach = QUANTILE / Math.sqrt(n - 3);
    return [Math.tanh(Math.atanh(r) - reach), Math.tanh(Math.atanh(r) + reach)];
};

const signed = (text) => text.replaceAll("-", "−");

/** Two decimals, and no minus before a zero. */
const twoDecimals = (value) => signed((Math.round(value * 100) / 100 || 0).toFixed(2));

/** What a fit says, in two lines; where an axis is logarithmic its unit is a factor of ten. */
export const wordsOf = ({n, slope, r, interval}, isLogX, isLogY) => {
    const [low, high] = interval.map(twoDecimals);
    return [
        `slope ${signed(short(slope, 2))}${isLogY ? " decades" : ""} per ${isLogX ? "decade" : "unit"}`,
        `r = ${twoDecimals(r)} [${low}, ${high}], n = ${n.toLocaleString("en-US")}`,
    ];
};

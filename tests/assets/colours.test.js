import assert from "node:assert/strict";
import {test} from "node:test";
import * as colours from "../../assets/experiments/colours.js";

const GROUND = {light: "#ffffff", dark: "#181c24"};

const linear = (hex) =>
    [1, 3, 5]
        .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));

const luminance = (hex) => linear(hex).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);

const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
};

// Machado, Oliveira and Fernandes 2009, full severity.
const EYES = {
    usual: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ],
    protanopia: [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    deuteranopia: [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    tritanopia: [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
};

const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));

const lab = (rgb) => {
    const xyz = times(
        [
            [0.4124, 0.3576, 0.1805],
            [0.2126, 0.7152, 0.0722],
            [0.0193, 0.1192, 0.9505],
        ],
        rgb.map((part) => Math.min(1, Math.max(0, part))),
    );
    const [x, y, z] = xyz
        .map((part, i) => part / [0.9505, 1, 1.089][i])
        .map((part) => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116));
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};

const distance = (a, b, eye) => {
    const [first, second] = [a, b].map((hex) => lab(times(EYES[eye], linear(hex))));
    return Math.hypot(...first.map((part, i) => part - second[i]));
};

const setOf = (column) => ({size: column.values.length, columns: new Map([["c", column]])});
const words = (categories, codes) => ({key: "c", kind: "category", categories, values: Float64Array.from(codes)});
const numbers = (values) => ({key: "c", kind: "number", values: Float64Array.from(values)});

for (const theme of ["light", "dark"]) {
    test(`hues stay apart for every eye, and stand out on ${theme} ground`, () => {
        const hues = colours.HUES[theme];
        for (const eye of Object.keys(EYES)) {
            hues.forEach((hue, i) =>
                hues
                    .slice(0, i)
                    .forEach((other) =>
                        assert.ok(
                            distance(hue, other, eye) > 10,
                            `${hue} and ${other} for ${eye}: ${distance(hue, other, eye)}`,
                        ),
                    ),
            );
        }
        hues.forEach((hue) => assert.ok(contrast(hue, GROUND[theme]) > 2.2, `${hue}: ${contrast(hue, GROUND[theme])}`));
    });

    test(`the ramp gets brighter step by step, and stands out on ${theme} ground`, () => {
        const ramp = colours.rampOf(theme);
        assert.equal(ramp.length, 64);
        ramp.slice(1).forEach((colour, i) =>
            assert.ok(luminance(colour) >= luminance(ramp[i]) - 1e-4, `${ramp[i]} ${colour}`),
        );
        for (const eye of Object.keys(EYES)) assert.ok(distance(ramp[0], ramp.at(-1), eye) > 50, eye);
        ramp.forEach((colour) =>
            assert.ok(contrast(colour, GROUND[theme]) > 2.2, `${colour}: ${contrast(colour, GROUND[theme])}`),
        );
    });
}

test("numbers are coded from small to large, missing ones apart", () => {
    const column = numbers([0, 5, 10, NaN, Infinity]);
    const {codes, palette, legend, isOrdered} = colours.colouring(setOf(column), column, false);
    assert.deepEqual([...codes], [0, 32, 63, colours.MISSING, colours.MISSING]);
    assert.deepEqual([legend.ends, isOrdered], [[0, 10], true]);
    assert.equal(palette[63], colours.rampOf("light").at(-1));
    assert.deepEqual(
        legend.entries.map(([word]) => word),
        ["no value"],
    );
    const log = numbers([1, 10, 100]);
    assert.deepEqual([...colours.colouring(setOf(log), log, true, true).codes], [0, 32, 63]);
    const tied = numbers([3, 3]);
    assert.deepEqual([...colours.colouring(setOf(tied), tied, true).codes], [32, 32]);
    assert.equal(colours.colouring(setOf(numbers([NaN])), numbers([NaN]), true), null);
});

test("up to eight categories have a hue each; beyond, the frequent ones, and the others are counted", () => {
    const few = words(["adam", "sgd", "unused"], [1, 0, NaN]);
    const {codes, legend} = colours.colouring(setOf(few), few, false);
    assert.deepEqual([...codes], [1, 0, colours.MISSING]);
    assert.deepEqual(
        legend.entries.map(([word]) => word),
        ["adam", "sgd", "no value"],
    );
    const many = words([..."abcdefghij"], [..."0123456789", ..."23456789"].map(Number));
    const found = colours.colouring(setOf(many), many, false);
    assert.deepEqual([...found.codes].slice(0, 4), [8, 8, 0, 1]);
    assert.deepEqual(
        found.legend.entries.map(([word]) => word),
        [..."cdefghij", "other (2)"],
    );
});

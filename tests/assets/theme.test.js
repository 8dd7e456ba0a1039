import assert from "node:assert";
import test from "node:test";
import * as theme from "../../assets/shell/theme.js";

test("a choice wins over the system, and nonsense does not", () => {
    assert.equal(theme.themeOf("dark", false), "dark");
    assert.equal(theme.themeOf(null, true), "dark");
    assert.equal(theme.themeOf("purple", false), "light");
    assert.equal(theme.otherThan("dark"), "light");
});

test("named colours are painted wherever they stand", () => {
    const colours = {"--ht-text": "#102030"};
    const painted = theme.painted(
        {a: "--ht-text", scale: [[0, "--ht-text/0.5"]], x: [1, 2], y: null, text: "--other"},
        (variable) => colours[variable],
    );
    assert.deepEqual(painted, {
        a: "#102030",
        scale: [[0, "rgba(16,32,48,0.5)"]],
        x: [1, 2],
        y: null,
        text: "--other",
    });
});

test("long columns and typed arrays are passed on as they are", () => {
    const long = Array.from({length: 100}, (_, at) => at);
    const typed = new Float64Array(3);
    const painted = theme.painted({long, typed}, () => "#000000");
    assert.equal(painted.long, long);
    assert.equal(painted.typed, typed);
});

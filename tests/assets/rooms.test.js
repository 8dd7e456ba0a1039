import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import {test} from "node:test";

const ASSETS = path.resolve(import.meta.dirname, "../../assets");
// What each room may import besides itself. The screens stand above these three, and beside each other.
const FLOORS = {base: [], experiments: ["base"], selection: ["base", "experiments"]};

const modules = fs
    .readdirSync(ASSETS, {recursive: true})
    .filter((name) => name.endsWith(".js") && !name.startsWith("vendor"));
const importsOf = new Map(
    modules.map((name) => {
        const found = fs.readFileSync(path.join(ASSETS, name), "utf8").matchAll(/^import .*? from "(.*?)";$/gms);
        return [name, [...found].map(([, from]) => path.join(path.dirname(name), from))];
    }),
);

test("every import leads to a module", () => {
    for (const [name, imports] of importsOf)
        for (const imported of imports) assert.ok(importsOf.has(imported), `${name}: ${imported}`);
});

test("rooms import from the floors below them only", () => {
    for (const [name, imports] of importsOf) {
        const room = name.split(path.sep)[0];
        if (!(room in FLOORS)) continue;
        for (const imported of imports)
            assert.ok([room, ...FLOORS[room]].includes(imported.split(path.sep)[0]), `${name}: ${imported}`);
    }
});

test("no modules import each other in a circle", () => {
    const done = new Set();
    const visit = (name, above) => {
        assert.ok(!above.includes(name), [...above, name].join(" -> "));
        if (done.has(name)) return;
        for (const imported of importsOf.get(name)) visit(imported, [...above, name]);
        done.add(name);
    };
    for (const name of modules) visit(name, []);
});

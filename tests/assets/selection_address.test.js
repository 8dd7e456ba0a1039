import assert from "node:assert/strict";
import {test} from "node:test";
import * as address from "../../assets/selection/address.js";
import {NOTHING, pickedClause} from "../../assets/selection/selection.js";

const plain = (value) => JSON.parse(JSON.stringify(value));
const roundTrip = (state) => plain(address.fromQuery(address.toQuery("", state)));

test("a selection survives the address, and other parameters stay", () => {
    const state = {
        clauses: [
            {source: "matrix:h:lr:m:loss", field: "h:lr", range: [0.1, null]},
            {source: "panel:h:optimizer", field: "h:optimizer", values: ["a&b", "c"]},
        ],
        kept: [{source: "k", field: "m:loss", range: [null, 2]}],
        excluded: [
            [
                {source: "a", field: "m:loss", range: [3, 4]},
                {source: "b", field: "h:lr", range: [0, 1]},
            ],
            [pickedClause([1, 2, 3, 9])],
        ],
    };
    const query = address.toQuery("?tab=1", state);
    assert.ok(query.includes("tab=1"));
    assert.deepEqual(address.fromQuery(query), state);
    assert.equal(address.toQuery(query, NOTHING), "?tab=1");
    assert.equal(address.toQuery("", NOTHING), "");
});

test("an address that cannot be read selects nothing", () => {
    for (const text of [
        "not json",
        "[[1,2]]",
        '{"a":1}',
        '[["a","b","x",1]]',
        "[null]",
        '[["a","b",1]]',
        '[["a","number","5-1"]]',
        '[["a","number","1-999999999"]]',
        '[["a","number","0-9999999"]]',
        '[["a","number","1..2"]]',
        '[["a","h:lr","1-3"]]',
        "7",
    ]) {
        assert.deepEqual(address.fromQuery(`?select=${encodeURIComponent(text)}`).clauses, []);
        assert.deepEqual(address.fromQuery(`?exclude=${encodeURIComponent(text)}`).excluded, []);
    }
});

test("a group that lost a clause excludes nothing rather than more", () => {
    const text = JSON.stringify([
        [
            ["a", "x", 0, 1],
            ["b", "y", "?"],
        ],
        [["a", "x", 0, 1]],
        [],
    ]);
    assert.deepEqual(address.fromQuery(`?exclude=${encodeURIComponent(text)}`).excluded, [
        [{source: "a", field: "x", range: [0, 1]}],
    ]);
});

test("missing ones are in the address", () => {
    const clauses = [
        {source: "a", field: "x", missing: true},
        {source: "b", field: "x", range: [null, 2], missing: true},
        {source: "c", field: "y", values: ["missing"]},
        {source: "d", field: "y", values: ["z"], missing: true},
    ];
    assert.deepEqual(roundTrip({...NOTHING, clauses}).clauses, clauses);
});

test("numbers are short in the address, and come back in order", () => {
    const state = {...NOTHING, clauses: [pickedClause([9, 1, 2, 3])]};
    assert.match(address.toQuery("", state), /1-3\.9/);
    assert.deepEqual(address.readNumbers("9.1-3.2"), [1, 2, 3, 9]);
    assert.equal(address.readNumbers("x"), null);
    const many = {...NOTHING, kept: [pickedClause(Array.from({length: 100000}, (_, index) => index + 1))]};
    assert.equal(roundTrip(many).kept[0].numbers.length, 100000);
});

test("a list for which there is no room is left out, and said to be; what is short stays", () => {
    const odd = (count) => Array.from({length: count}, (_, index) => 2 * index + 1);
    const brush = {source: "a", field: "x", range: [0, 1]};
    const state = {
        clauses: [brush, pickedClause(odd(3000))],
        kept: [pickedClause(odd(20))],
        excluded: [[brush, pickedClause(odd(2000))], [brush]],
    };
    const {query, isShortened} = address.fitted("?tab=1", state);
    assert.ok(isShortened);
    assert.ok(query.length <= 4000);
    assert.deepEqual(address.fromQuery(query), {clauses: [brush], kept: [pickedClause(odd(20))], excluded: [[brush]]});
    assert.equal(address.fitted("", {...NOTHING, clauses: [pickedClause(odd(700))]}).isShortened, false);
});

import assert from "node:assert/strict";
import {test} from "node:test";
import * as words from "../../assets/launch/new_project.js";

const option = {name: "--lr", type: "float", default: "0.1", isRequired: false, choices: [], help: "the learning rate"};

test("what was found is said in a sentence", () => {
    assert.equal(
        words.foundWords({hyperparameters: [option], readFrom: "the parser of train.py"}),
        "1 hyperparameter, read from the parser of train.py.",
    );
    assert.match(words.foundWords({hyperparameters: [], readFrom: ""}), /Nothing is known of its options/);
});

test("a row says its default, its values and its help", () => {
    assert.equal(words.defaultWords(option), "0.1");
    assert.equal(words.defaultWords({...option, default: ""}), "(empty)");
    assert.equal(words.defaultWords({...option, default: null, isRequired: true}), "required");
    assert.equal(words.defaultWords({...option, default: null}), "–");
    assert.equal(words.aboutWords(option), "float · the learning rate");
    assert.equal(words.aboutWords({...option, choices: ["a", "b"], help: ""}), "a, b");
});

test("a long wait is explained", () => {
    assert.equal(words.waitWords(100), "Reading what it can be given …");
    assert.match(words.waitWords(12_345), /12 s/);
});

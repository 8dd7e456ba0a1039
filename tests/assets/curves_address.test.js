import assert from "node:assert/strict";
import {test} from "node:test";
import * as address from "../../assets/experiment/curves/address.js";

test("everything that is chosen comes back from the address, and what is as usual is not in it", () => {
    const chosen = {
        x: "m:val loss",
        isLogX: true,
        isLogY: true,
        weight: 0.6,
        isMean: true,
        colour: "h:lr",
        hiddenMetrics: ["a,b"],
        off: [3, 4, 5, 9],
        zoom: {unit: "epoch", range: [1, 4.5]},
        fixed: {loss: [0, 1]},
        epoch: 12,
        speed: 4,
        isLoop: true,
    };
    const query = address.toQuery("?with=2", chosen);
    assert.deepEqual(address.fromQuery(query), chosen);
    assert.match(query, /off=3-5,9/);
    assert.equal(address.toQuery(query, address.AS_USUAL), "?with=2");
});

test("an address edited by hand shows curves as usual", () => {
    for (const query of [
        "?smooth=7&epoch=x&speed=3&zoom=[1]&fix=3&hide={}&off=a&x=y",
        "?smooth=&epoch=&zoom=[%22epoch%22,4,1]&fix=null",
        "?hide=[",
        "?off=1-",
    ]) {
        assert.deepEqual(address.fromQuery(query), address.AS_USUAL, query);
    }
    assert.deepEqual(address.fromQuery('?fix={"loss":[2,1],"a":[0,1]}').fixed, {a: [0, 1]});
});

test("experiments stand in the address in short", () => {
    assert.equal(address.addressOf("digits", [4]), "/projects/digits/experiments/4");
    assert.equal(address.addressOf("digits", [4, 7, 9]), "/projects/digits/experiments/4?with=7,9");
    assert.equal(address.addressOf("digits", [1, 2, 3, 4, 57]), "/projects/digits/experiments/1?with=2-4,57");
    assert.equal(address.withOthers("?x=step&with=9", [1], 1), "?x=step");
    assert.equal(address.withOthers("?x=step", [1, 5], 1), "?x=step&with=5");
    assert.deepEqual(address.readNumbers("1-3,9"), [1, 2, 3, 9]);
    assert.equal(address.readNumbers("1-999999999").length, 500);
});

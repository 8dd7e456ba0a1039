import assert from "node:assert/strict";
import {test} from "node:test";
import {withProperties} from "../../assets/base/later.js";

const graph = {
    type: "Graph",
    namespace: "dash_core_components",
    props: {id: "axes", figure: {}, config: {displayModeBar: false}},
};

test("a component comes with what was said of it while it waited", () => {
    const found = withProperties(graph, new Map([["axes", {figure: {data: [1]}}]]));
    assert.deepEqual(found.props, {id: "axes", figure: {data: [1]}, config: {displayModeBar: false}});
    assert.deepEqual(graph.props.figure, {});
});

test("so does a component inside another, and words stay words", () => {
    const box = {
        type: "Div",
        namespace: "dash_html_components",
        props: {children: ["Insights", graph, {type: "P", props: {children: "none"}}]},
    };
    const [words, inner, last] = withProperties(box, new Map([["axes", {figure: null}]])).props.children;
    assert.equal(words, "Insights");
    assert.equal(inner.props.figure, null);
    assert.equal(last.props.children, "none");
});

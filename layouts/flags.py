"""What is said of one experiment: the flags on its curves, its tags, and what rules did with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from analysis.curves.words import SEVERITIES, place, short


@dataclass(frozen=True)
class Said:
    """One thing that is said. kind: `flag` (then word is its rule), `tag`, `highlight` or `stop`.

    began: the epoch or step, as `unit` says; None where it is about no moment.
    """

    kind: str
    word: str
    sentence: str
    began: float | None = None
    unit: str = "epoch"


def panel(said: Sequence[Said]) -> Component | None:
    """The list of all that is said, in this order; nothing at all where nothing is."""
    if not said:
        return None
    return html.Section(
        [html.Div(html.H2("Flags"), className="panel-head"), html.Ul([_item(each) for each in said])],
        className="panel flags-panel",
    )


def _item(said: Said) -> Component:
    began = f"began at {place(said.began, said.unit)}" if said.kind == "flag" and said.began is not None else None
    return html.Li([chip(said), html.Span(said.sentence), html.Span(began, className="began")])


def chip(said: Said) -> Component:
    """The one word of what is said; the sentence shows under the pointer."""
    word = {"flag": short(said.word), "highlight": "highlighted", "stop": "stopped"}.get(said.kind, said.word)
    kind = {"highlight": "lit", "tag": "tag", "stop": "warn"}.get(said.kind) or SEVERITIES.get(said.word, "plain")
    return html.Span(word, title=said.sentence, className=f"ht-flag is-{kind}")

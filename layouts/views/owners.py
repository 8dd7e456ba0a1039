"""Whose experiment each point of a figure is, by which the page lights and chooses it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from layouts.views.plotly import listed


def owners_of(traces: Sequence[Any], numbers: Collection[int]) -> list[list[int] | None]:
    """For each trace the experiment of each point; None where its `customdata` does not name experiments throughout.

    A point's `customdata` is a number, or a list that begins with one. numbers: those that there are.
    """
    return [_owners(listed(trace.get("customdata")), numbers) for trace in traces]


def _owners(customdata: Any, numbers: Collection[int]) -> list[int] | None:
    if not isinstance(customdata, Sequence) or isinstance(customdata, str) or not customdata:
        return None
    firsts = [each[0] if isinstance(each, list | tuple) and each else each for each in customdata]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and each in numbers for each in firsts):
        return None
    return [int(each) for each in firsts]

"""A confusion matrix as a heat map: hits in the accent colour, confusions in red, each with a scale of its own.

Two of them make a third: what is better in one than in the other is accented, what is worse is red.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layouts.figures import Figure, axis, layout
from layouts.views.images import is_picture
from layouts.views.picture import Payload, Picture, counted, named, plain, sentence

# Above this many classes the numbers would not fit into their cells.
MOST_WRITTEN = 24
LONGEST_LABEL = 24
# Room for one label at the side, and the sides of a matrix by its number of classes.
LABEL_PX = 14
_HEIGHTS = ((10, 480), (24, 580), (math.inf, 660))
# What the browser gets of the entries that changed.
MOST_CHANGES = 4_000

Counts = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Change:
    """An entry that was taken for one class there and for another here; classes are indexes."""

    id: str
    true: int
    here: int
    there: int

    @property
    def is_fixed(self) -> bool:
        """Wrong there, right here."""
        return self.here == self.true

    @property
    def is_broken(self) -> bool:
        """Right there, wrong here."""
        return self.there == self.true


# --- pictures -------------------------------------------------------------------------------------------------------


def counts(payload: Payload) -> Picture:
    """How many; payload: `{"labels": [text], "counts": [[number]], "examples", "ids", "wrong"}`. Raises ValueError."""
    return Picture(figure=figure(payload), summary=_summary(*_read(payload)))


def shares(payload: Payload) -> Picture:
    """Which share of each true class. Raises ValueError."""
    return Picture(figure=figure(payload, as_shares=True), summary=_summary(*_read(payload)))


def difference(payload: Payload, other: Payload, *, names: tuple[str, str]) -> Picture:
    """This matrix minus another one; `names` are what the two are called. Raises ValueError."""
    labels, here, there, _ = _aligned(payload, other)
    changes, why_not = compare(payload, other)
    fixed, broken = sum(each.is_fixed for each in changes), sum(each.is_broken for each in changes)
    totals_differ = [sum(row) for row in here] != [sum(row) for row in there]
    return Picture(
        figure=_difference_figure(labels, here, there, names, as_shares=totals_differ),
        summary=sentence(
            f"{names[0][:1].upper()}{names[0][1:]} minus {names[1]}",
            why_not or f"{fixed:,} fixed, {broken:,} broken",
            "shares of each true class, as they count different examples" if totals_differ else "",
        ),
    )


def _summary(labels: Sequence[str], cells: Counts) -> str:
    total = sum(map(sum, cells))
    hits = sum(cells[at][at] for at in range(len(cells)))
    if not total:
        return "No examples"
    worst, row, column = _worst(cells)
    times = "once" if worst == 1 else f"{worst:g} times"
    most = f"most confused: {labels[row]} taken for {labels[column]} ({times})" if worst else ""
    return sentence(f"{hits / total:.2%} right", f"{hits:,.0f} of {counted(int(total), 'example')}", most)


def _worst(cells: Counts) -> tuple[float, int, int]:
    """The confusion that happened most often, 0 times where there is none: its count, row and column."""
    confusions = [
        (count, -row, -column) for row, line in enumerate(cells) for column, count in enumerate(line) if row != column
    ]
    count, row, column = max(confusions, default=(0.0, 0, 0))
    return (count, -row, -column) if count else (0.0, 0, 0)


def figure(payload: Payload, *, as_shares: bool = False) -> Figure:
    """Rows are true classes, columns predicted ones; x and y of a cell are the indexes of its classes.

    Raises ValueError where counts and labels do not fit together.
    """
    labels, cells = _read(payload)
    traces = [
        _cells(labels, cells, hits=False, colour="--ht-bad", as_shares=as_shares),
        _cells(labels, cells, hits=True, colour="--ht-accent", as_shares=as_shares),
    ]
    return _framed(labels, traces)


def _framed(labels: Sequence[str], traces: list[dict[str, Any]]) -> Figure:
    places = list(range(len(labels)))
    height = next(height for most, height in _HEIGHTS if len(labels) <= most)
    shown = places[:: -(-len(labels) * LABEL_PX // (height - 80))]
    longest = LONGEST_LABEL if len(labels) <= MOST_WRITTEN else LONGEST_LABEL // 2
    ticks = {"tickvals": shown, "ticktext": [named(labels[at], longest) for at in shown]}
    ends = [-0.5, len(labels) - 0.5]
    return {
        "data": traces,
        "layout": layout(
            height=height,
            # Room for the labels at the left.
            meta={"side": height + (60 if len(labels) <= MOST_WRITTEN else 90)},
            margin={"l": 56, "r": 8, "t": 44, "b": 8},
            hovermode="closest",
            xaxis=axis(
                side="top",
                title=_title("predicted"),
                showgrid=False,
                constrain="domain",
                constraintoward="left",
                range=ends,
                **ticks,
            ),
            yaxis=axis(
                title=_title("true"), showgrid=False, range=ends[::-1], scaleanchor="x", constrain="domain", **ticks
            ),
        ),
    }


def _cells(labels: Sequence[str], cells: Counts, *, hits: bool, colour: str, as_shares: bool) -> dict[str, Any]:
    """Either the diagonal or everything else; the other cells stay empty and let the pointer through."""
    size = range(len(labels))
    totals = [sum(row) or 1 for row in cells]
    shown = [[(row == column) is hits and (hits or cells[row][column] > 0) for column in size] for row in size]
    parts = [[cells[row][col] / totals[row] for col in size] for row in size] if as_shares else cells
    largest = 1 if as_shares else max((parts[row][col] for row in size for col in size if shown[row][col]), default=0)
    written = _percent if as_shares else _count
    return _heat(
        labels,
        # By root: one confusion among many hits is to be seen as well.
        [[math.sqrt(parts[row][col] / (largest or 1)) if shown[row][col] else None for col in size] for row in size],
        [[written(parts[row][col]) if shown[row][col] else "" for col in size] for row in size],
        [[_share(cells[row], col) for col in size] for row in size],
    ) | {"zmin": 0, "zmax": 1, "colorscale": [[0, f"{colour}/0.06"], [1, f"{colour}/0.6"]]}


def _heat(
    labels: Sequence[str], z: list[list[float | None]], written: list[list[str]], said: list[list[str]]
) -> dict[str, Any]:
    size = range(len(labels))
    gap = 2 if len(labels) <= MOST_WRITTEN else 1 if len(labels) <= 50 else 0
    cells = {
        "type": "heatmap",
        "x": list(size),
        "y": list(size),
        "z": z,
        "showscale": False,
        "xgap": gap,
        "ygap": gap,
        "hoverongaps": False,
        "text": written,
        "customdata": [
            [f"true {plain(labels[row])}, predicted {plain(labels[col])}<br>{said[row][col]}" for col in size]
            for row in size
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    if len(labels) <= MOST_WRITTEN:
        size_px = 11 if len(labels) <= 14 else 9
        cells |= {"texttemplate": "%{text}", "textfont": {"size": size_px, "color": "--ht-text"}}
    return cells


def _difference_figure(
    labels: Sequence[str], here: Counts, there: Counts, names: tuple[str, str], *, as_shares: bool
) -> Figure:
    size = range(len(labels))
    one, other = (_shares(here), _shares(there)) if as_shares else (here, there)
    more = [[one[row][col] - other[row][col] for col in size] for row in size]
    largest = max(abs(value) for row in more for value in row) or 1
    # More hits and fewer confusions are better.
    better = [[value if row == col else -value for col, value in enumerate(line)] for row, line in enumerate(more)]
    written = _percent if as_shares else _count
    cells = _heat(
        labels,
        [[math.copysign(math.sqrt(abs(value) / largest), value) if value else None for value in row] for row in better],
        [[_signed(value, written) if value else "" for value in row] for row in more],
        [
            [f"{names[0]}: {_share(here[row], col)}<br>{names[1]}: {_share(there[row], col)}" for col in size]
            for row in size
        ],
    )
    scale = [[0, "--ht-bad/0.6"], [0.5, "--ht-bad/0.04"], [0.5, "--ht-accent/0.04"], [1, "--ht-accent/0.6"]]
    return _framed(labels, [cells | {"zmin": -1, "zmax": 1, "colorscale": scale}])


# --- which entries changed ------------------------------------------------------------------------------------------


def compare(payload: Payload, other: Payload) -> tuple[list[Change], str]:
    """The entries that the two took for different classes, and why that cannot be told where it cannot.

    Entries are the same where their ids are, or else their positions. Raises ValueError.
    """
    _, here_counts, there_counts, places = _aligned(payload, other)
    if payload.get("wrong") is None or other.get("wrong") is None:
        return [], "which examples changed is not known"
    totals = [[sum(row) for row in each] for each in (here_counts, there_counts)]
    by_position = payload.get("ids") is None and other.get("ids") is None
    if (payload.get("ids") is None) != (other.get("ids") is None):
        return [], "only one of them names its examples by ids"
    if by_position and totals[0] != totals[1]:
        return [], "they count different examples, and no ids tell which are the same"
    here, here_ids = _wrong(payload, list(range(len(payload["labels"]))))
    there, there_ids = _wrong(other, places)
    if any(here[key][0] != there[key][0] for key in here.keys() & there.keys()):
        return [], "the same examples have different true classes, so ids name different ones"
    common = here_ids & there_ids
    changes = []
    for key in sorted(here.keys() | there.keys(), key=lambda each: (len(each), each)):
        true = (here.get(key) or there[key])[0]
        pair = (here.get(key, (true, true))[1], there.get(key, (true, true))[1])
        if key in common and pair[0] != pair[1]:
            changes.append(Change(key, true, *pair))
    return changes, ""


def _wrong(payload: Payload, places: Sequence[int]) -> tuple[dict[str, tuple[int, int]], frozenset[str]]:
    """True and predicted class of the wrong entries by id, and all ids there are."""
    total = int(sum(map(sum, _read(payload)[1])))
    ids = payload.get("ids")
    names = [str(at) for at in range(total)] if ids is None else [str(each) for each in ids]
    found = {}
    for at, true, predicted in payload["wrong"]:
        if not (0 <= at < len(names) and 0 <= true < len(places) and 0 <= predicted < len(places)):
            raise ValueError("a wrong entry that is none of the matrix")
        found[names[at]] = (places[true], places[predicted])
    return found, frozenset(names)


def _aligned(payload: Payload, other: Payload) -> tuple[list[str], Counts, Counts, list[int]]:
    """Both matrices over the same labels, and the place there of each of the other's classes."""
    own, here = _read(payload)
    theirs, there = _read(other)
    if len(set(own)) < len(own) or len(set(theirs)) < len(theirs):
        if own != theirs:
            raise ValueError("labels that occur twice cannot be matched")
        return own, here, there, list(range(len(own)))
    labels = own + [name for name in theirs if name not in set(own)]
    index = {name: at for at, name in enumerate(labels)}
    places = [index[name] for name in theirs]
    return labels, _spread(here, list(range(len(own))), len(labels)), _spread(there, places, len(labels)), places


def _spread(cells: Counts, places: Sequence[int], size: int) -> Counts:
    spread = [[0.0] * size for _ in range(size)]
    for row, line in enumerate(cells):
        for column, value in enumerate(line):
            spread[places[row]][places[column]] = value
    return spread


# --- what the browser shows beside the matrix -----------------------------------------------------------------------


def cells(payload: Payload, other: Payload | None = None) -> dict[str, Any]:
    """Labels, and by cell what can be shown: examples of the matrix, or the changes from the other one.

    An example is `{"true", "predicted", "id", "text" | "image" | "row"}`; a change has `here` and `there` as well.
    """
    labels, own = _read(payload)
    if other is None:
        _, row, column = _worst(own)
        return {
            "labels": labels,
            "examples": _examples(payload, list(range(len(labels)))),
            # What is looked at before anybody points at a cell.
            "first": [row, column],
        }
    labels, _, _, places = _aligned(payload, other)
    changes, why_not = compare(payload, other)
    known = {each["id"]: each for each in [*_examples(other, places), *_examples(payload, list(range(len(labels))))]}
    shown = [
        {**known.get(each.id, {}), "id": each.id, "true": each.true, "here": each.here, "there": each.there}
        for each in changes
    ]
    # Those that can be looked at first: the others are only names.
    shown.sort(key=lambda each: "predicted" not in each)
    return {"labels": labels, "changes": shown[:MOST_CHANGES], "why_not": why_not}


def _examples(payload: Payload, places: Sequence[int]) -> list[dict[str, Any]]:
    """The examples that are as they should be; what else there is, is left out."""
    ids = payload.get("ids")
    shown = []
    for each in payload.get("examples") or ():
        if not isinstance(each, dict) or not all(each.get(key) in range(len(places)) for key in ("true", "predicted")):
            continue
        at = each.get("at")
        name = ids[at] if isinstance(ids, list) and isinstance(at, int) and 0 <= at < len(ids) else at
        content = {key: each[key] for key in ("text", "row") if key in each}
        if is_picture(each.get("image")):
            content["image"] = each["image"]
        shown.append(
            {
                "true": places[each["true"]],
                "predicted": places[each["predicted"]],
                # Payloads of former versions do not say which entry an example is.
                "id": "" if name is None else str(name),
                **content,
            }
        )
    return shown


# --- reading and writing --------------------------------------------------------------------------------------------


def _read(payload: Mapping[str, Any]) -> tuple[list[str], list[list[float]]]:
    labels = [str(each) for each in payload.get("labels", ())]
    cells = payload.get("counts", ())
    if not labels or len(cells) != len(labels) or any(len(row) != len(labels) for row in cells):
        raise ValueError("This confusion matrix has not one row and one column per label.")
    return labels, [[float(each) for each in row] for row in cells]


def _shares(cells: Counts) -> Counts:
    return [[value / (sum(row) or 1) for value in row] for row in cells]


def _share(row: Sequence[float], column: int) -> str:
    total = sum(row)
    return f"{row[column]:g} of {total:g}" + (f" ({row[column] / total:.1%})" if total else "")


def _count(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return "0%" if not value else "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def _signed(value: float, written: Any) -> str:
    return f"{'+' if value > 0 else '−'}{written(abs(value))}"


def _title(text: str) -> dict[str, Any]:
    return {"text": text, "font": {"color": "--ht-muted", "size": 12}, "standoff": 6}

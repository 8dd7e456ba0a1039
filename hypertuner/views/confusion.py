"""The confusion matrix, with examples of each case and what is needed to compare two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypertuner.views import attaching
from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.classes import entries, index_of, ordered
from hypertuner.views.pictures import data_uri
from hypertuner.views.tables import fields
from hypertuner.views.values import plain, same_length, sequence, short

LONGEST_TEXT = 2_000
# Which entry was taken for what is kept up to here, so that two experiments can be compared.
MOST_WRONG = 200_000


def confusion_matrix(
    true: Any,
    predicted: Any,
    *,
    labels: Any = None,
    examples: Any = None,
    ids: Any = None,
    epoch: float | None = None,
    name: str = "confusion matrix",
    examples_per_cell: int = 6,
) -> None:
    """Attach how often each true class was predicted as which, with examples of each case.

    true, predicted: one class per example, as indexes or names (lists, arrays, tensors).
    labels: the names of all classes, so that the matrix keeps its shape when one is missing; else those that occur.
    examples: one per entry, each a text, a table's row (a dict, a row of a data frame), or an image: height x width,
    or that x channels (1, 3 or 4, first or last), with integers 0..255 or floats 0..1; other ranges are stretched.
    The first `examples_per_cell` of each case stay.
    ids: one per entry, by which the same entry is found in another experiment; else its position.
    Whatever cannot be shown is left out with one warning on stderr; the training goes on.
    """
    with harmless(name):
        names, rows, columns = _classes(entries("true", true), entries("predicted", predicted), labels)
        counts = [[0] * len(names) for _ in names]
        chosen, wrong = [], []
        for at, (row, column) in enumerate(zip(rows, columns)):  # noqa: B905  `strict` is newer than Python 3.8.
            if counts[row][column] < examples_per_cell:
                chosen.append((at, row, column))
            if row != column:
                wrong.append([at, row, column])
            counts[row][column] += 1
        payload: dict[str, Any] = {"labels": names, "counts": counts, "examples": []}
        if examples is not None:
            with harmless(f"{name}: examples"):
                payload["examples"] = _examples(examples, chosen, len(rows))
        # Without them two experiments can be compared by their counts alone.
        if len(wrong) <= MOST_WRONG:
            with harmless(f"{name}: ids"):
                payload.update({"ids": _ids(ids, len(rows)), "wrong": wrong})
        attach(name, "confusion_matrix", payload, epoch)


def _classes(true: list[Any], predicted: list[Any], labels: Any) -> tuple[list[str], list[int], list[int]]:
    """Names of the classes, and the index of each entry's class."""
    same_length("true", true, "predicted", predicted)
    seen = set(true) | set(predicted)
    known = ordered(seen) if labels is None else list(plain(labels))
    if not known:
        raise ViewError("there are no entries")
    # Two bytes are the least that a cell takes.
    if len(known) ** 2 * 2 > attaching.MOST_BYTES:
        raise ViewError(f"{len(known):,} classes make a matrix of more than {attaching.MOST_BYTES:,} bytes")
    index = index_of(known, seen)
    return [str(value) for value in known], [index[value] for value in true], [index[value] for value in predicted]


def _ids(ids: Any, expected: int) -> list[str | int] | None:
    if ids is None:
        return None
    found = [value if type(value) in (int, str) else str(plain(value)) for value in sequence("ids", ids)]
    if len(found) != expected:
        raise ViewError(f"there are {len(found)} for {expected} entries; there must be one for each")
    if len(set(map(str, found))) < len(found):
        twice = next(value for value in found if found.count(value) > 1)
        raise ViewError(f"{short(twice)} occurs more than once")
    return found


def _examples(examples: Any, chosen: Sequence[tuple[int, int, int]], expected: int) -> list[dict[str, Any]]:
    if len(examples) != expected:
        raise ViewError(f"there are {len(examples)} for {expected} entries; there must be one for each")
    # A column of a data frame answers [3] by its row's name, which is not its place.
    by_place = getattr(examples, "iloc", examples)
    return [{"at": at, "true": row, "predicted": column, **_example(by_place[at])} for at, row, column in chosen]


def _example(example: Any) -> dict[str, Any]:
    if isinstance(example, str):
        return {"text": example[:LONGEST_TEXT]}
    row = fields(example)
    return {"image": data_uri(example)} if row is None else {"row": row}

"""Tables from rows, columns or data frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.values import plain, sequence, short

LONGEST_CELL = 500
MOST_COLUMNS = 60

Cell = Any


def table(rows: Any, *, columns: Any = None, epoch: float | None = None, name: str = "table", most: int = 500) -> None:
    """Attach a table: a list of dicts, a list of rows with `columns` as their names, a dict of columns, a data frame.

    Cells are numbers, true or false, or texts (cut at 500 characters). The first `most` rows and 60 columns are shown,
    and the page says of how many.
    """
    with harmless(name):
        names, found = _read(rows, columns)
        if not names:
            raise ViewError("it has no columns")
        kept = names[:MOST_COLUMNS]
        payload = {
            "columns": [str(each)[:LONGEST_CELL] for each in kept],
            "rows": [[cell(value) for value in row[: len(kept)]] for row in islice(found, most)],
            "count": len(found),
            "column_count": len(names),
        }
        attach(name, "table", payload, epoch)


def cell(value: Any) -> Cell:
    """What JSON and a table's cell can carry; numbers that are not finite are written out."""
    value = plain(value)
    if value is None or isinstance(value, (bool, str)):
        return value[:LONGEST_CELL] if isinstance(value, str) else value
    if isinstance(value, int):
        # Browsers know integers up to 2 ** 53.
        return value if abs(value) < 2**53 else str(value)[:LONGEST_CELL]
    if isinstance(value, float):
        return value if math.isfinite(value) else {"nan": "NaN", "inf": "∞", "-inf": "−∞"}[str(value)]
    return str(value)[:LONGEST_CELL]


def fields(example: Any) -> list[list[Cell]] | None:
    """The names and cells of a table's row: a mapping, or a row of a data frame; None where it is none."""
    if hasattr(example, "to_dict"):
        example = example.to_dict()
    if not isinstance(example, Mapping):
        return None
    return [[str(key)[:LONGEST_CELL], cell(value)] for key, value in islice(example.items(), MOST_COLUMNS)]


def _read(rows: Any, columns: Any) -> tuple[list[Any], list[list[Any]]]:
    """Names of the columns, and the rows."""
    if hasattr(rows, "columns") and hasattr(rows, "items"):
        rows = dict(rows.items())
    if isinstance(rows, Mapping):
        listed = {key: sequence(f"column {short(key)}", values) for key, values in rows.items()}
        lengths = {len(values) for values in listed.values()}
        if len(lengths) > 1:
            raise ViewError(f"columns must be equally long; they have {min(lengths)} to {max(lengths)} values")
        return _chosen(list(listed), list(zip(*listed.values())), columns)  # noqa: B905  `strict` is newer than 3.8.
    found = sequence("rows", rows)
    if found and all(isinstance(row, Mapping) for row in found):
        keys = list(dict.fromkeys(key for row in found for key in row))
        return _chosen(keys, [[row.get(key) for key in keys] for row in found], columns)
    listed_rows = [sequence("a row", row) for row in found]
    width = max(map(len, listed_rows), default=0)
    names = list(range(1, width + 1)) if columns is None else sequence("columns", columns)
    if len(names) != width and listed_rows:
        raise ViewError(f"columns has {len(names)} names, and a row {width} cells")
    return names, [row + [None] * (width - len(row)) for row in listed_rows]


def _chosen(keys: list[Any], rows: Iterable[Iterable[Any]], columns: Any) -> tuple[list[Any], list[list[Any]]]:
    listed = [list(row) for row in rows]
    if columns is None:
        return keys, listed
    wanted = sequence("columns", columns)
    strange = [key for key in wanted if key not in keys]
    if strange:
        raise ViewError(f"there is no column {short(strange[0])}")
    places = [keys.index(key) for key in wanted]
    return wanted, [[row[at] for at in places] for row in listed]

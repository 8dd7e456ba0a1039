"""Rows below a header: CSV, aligned columns, a classification report, and tables with borders."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sources.output.numbers import value_of
from sources.output.report import Progress, Report
from sources.output.words import EPOCH_WORDS, STEP_WORDS, is_never, measures

_NAME = re.compile(r"[^\W\d][\w./@%'()+ -]{0,63}\Z")
_BORDERS = re.compile(r"[│┃|║]")
_RULE = re.compile(r"[\s+|─━═=┏┓┗┛┳┻╇┡┩└┘├┤┼┬┴┠┨╋╂┿-]+\Z")
# `00:12` is a column of times, and `NA` of what was not measured.
_TIME = re.compile(r"(?:\d+:)?\d+:\d\d(?:\.\d+)?\Z|\d+(?:\.\d+)?[A-Za-z]{1,3}\Z|(?:-+|NA|N/A|None|null)?\Z")
_FRACTION = re.compile(r"(\d+)/\d+\Z")
FEWEST, MOST = 2, 200


class Tables:
    """Remembers the last header; a line that is no row of it ends the table of borders, but no other."""

    def __init__(self) -> None:
        self._separated: list[str] = []
        self._aligned: list[str] = []
        self._bordered: list[str] = []
        self._section = ""

    def read(self, text: str) -> Report | None:
        """What a row says; an empty report for a header; None for a line that belongs to no table."""
        if _BORDERS.search(text) and "%|" not in text:
            return self._read_bordered(text)
        if _RULE.match(text):
            return None
        if "," in text or "\t" in text:
            delimiter = "," if "," in text else "\t"
            return self._read_separated([cell.strip() for cell in text.strip().split(delimiter)])
        columns = re.split(r"\s{2,}", text.strip())
        return self._read_aligned(columns if _is_header(columns) else text.split())

    # --- CSV --------------------------------------------------------------------------------------------------------

    def _read_separated(self, cells: list[str]) -> Report | None:
        if _is_header(cells):
            self._separated = cells
            return Report()
        return _row(self._separated, cells) if len(cells) == len(self._separated) else None

    # --- columns ----------------------------------------------------------------------------------------------------

    def _read_aligned(self, cells: list[str]) -> Report | None:
        if _is_header(cells):
            self._aligned = cells
            return Report()
        columns = self._aligned
        if not columns or len(cells) < FEWEST:
            return None
        if len(cells) == len(columns) and (report := _row(columns, cells)):
            return report
        return self._read_named(cells)

    def _read_named(self, cells: list[str]) -> Report | None:
        """A row with a name in front of its numbers, of which there may be fewer than columns."""
        columns = self._aligned
        first = max(1, len(cells) - len(columns)) if _number(cells[0]) is not None else _first_number(cells)
        values = [_number(cell) for cell in cells[first:]]
        if not 0 < len(values) <= len(columns) or None in values or first > 3 or not any(map(measures, columns)):
            return None
        name = "_".join(cells[:first])
        if len(values) < len(columns):
            # Which column the first belongs to is not to be seen: `accuracy   0.97  360`.
            return Report(_metrics([name], values[:1])) if measures(name) else None
        return Report(_metrics([f"{name}_{column}" for column in columns], values))

    # --- borders ----------------------------------------------------------------------------------------------------

    def _read_bordered(self, text: str) -> Report | None:
        cells = [cell.strip() for cell in _BORDERS.split(text.strip())]
        is_framed = len(cells) > FEWEST and not cells[0] and not cells[-1]
        cells = cells[1:-1] if is_framed else cells
        # Within a frame a name may have a number in it: `DataLoader 0`.
        is_name = _NAME.match if is_framed else _is_name
        if len(cells) < FEWEST or not all(_is_value(cell) or is_name(cell) for cell in cells):
            return None
        if all(_number(cell) is None for cell in cells):
            # Stable-Baselines names the parts of its table by lines like `| rollout/ |  |`.
            self._section = cells[0] if cells[0].endswith("/") and not any(cells[1:]) else ""
            if not self._section:
                self._bordered = cells
            return Report()
        columns = self._bordered
        if len(cells) == len(columns) and len(columns) > FEWEST and (report := _row(columns, cells)):
            return report
        name, values = cells[0], [_number(cell) for cell in cells[1:]]
        if not is_name(name) or None in values:
            return _row(columns, cells) if len(cells) == len(columns) else None
        if len(values) == 1:
            return _row([f"{self._section}{name}"], cells[1:])
        # The header may have nothing above the names.
        columns = columns if len(columns) == len(values) else columns[1:]
        return Report(_metrics([f"{name}_{column}" for column in columns], values))


def _is_header(cells: Sequence[str]) -> bool:
    """Whether these are names of columns: words without numbers, one of which counts or measures something."""
    if not FEWEST <= len(cells) <= MOST or not all(_is_name(cell) and cell.count(" ") < 3 for cell in cells):
        return False
    return any(cell.lower() in EPOCH_WORDS | STEP_WORDS or measures(cell) for cell in cells) and len(set(cells)) == len(
        cells
    )


def _row(columns: Sequence[str], cells: Sequence[str]) -> Report | None:
    """A row of numbers, in which times may stand; None where something else does."""
    report = Report(place=Progress())
    for column, cell in zip(columns, cells, strict=False):
        number = _number(cell)
        if number is None:
            if not _TIME.match(cell):
                return None
        elif column.lower() in EPOCH_WORDS:
            report.place.epoch = number
        elif column.rpartition("/")[2].lower() in STEP_WORDS:
            report.place.batch = number
        else:
            report.metrics |= _metrics([column], [number])
    is_empty = not report.metrics and report.place == Progress()
    return None if is_empty else report


def _metrics(names: Sequence[str], values: Sequence[float | None]) -> dict[str, float]:
    named = zip((name.replace(" ", "_") for name in names), values, strict=False)
    return {name: value for name, value in named if value is not None and not is_never(name, value)}


def _number(cell: str) -> float | None:
    if fraction := _FRACTION.match(cell):
        return float(fraction[1])
    return value_of(cell.removesuffix("%").strip()) if cell[:1] in "+-−.0123456789nNiI" else None


def _first_number(cells: Sequence[str]) -> int:
    return next((at for at, cell in enumerate(cells) if _number(cell) is not None), len(cells))


def _is_value(cell: str) -> bool:
    return not cell or _number(cell) is not None or bool(_TIME.match(cell))


def _is_name(cell: str) -> bool:
    """Whether it consists of words, none of which is a number."""
    return bool(_NAME.match(cell)) and not any(_number(word) is not None for word in cell.split())

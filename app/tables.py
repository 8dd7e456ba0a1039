"""A table of experiments as it is asked for, and as a stream of text that needs the memory of one page of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.counting import PARAMETER, is_included
from analysis.reductions import Reduction, read_reductions, title_of
from app.asked import find_project_or_say, find_run_or_say
from app.table import Flavour, Page, TableColumns, in_order, table_csv
from storage.columns import fetch_reduced
from storage.notes import note_texts
from storage.records import Experiment, Project, Run
from storage.store import Store
from storage.table import Ranges, Scope, find_columns, read_pages, snapshot

# A selection of every second one of 100,000 experiments has 50,000 ranges.
MOST_RANGES = 100_000
LARGEST = 999_999_999

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Table:
    """Which experiments, and how they are written. reductions: metrics that stand for another number than the last.

    include_unfinished: a person counts unfinished experiments, too.
    """

    project: Project
    run: Run | None = None
    flavour: Flavour = "exact"
    ranges: Ranges | None = None
    reductions: Mapping[str, Reduction] = field(default_factory=dict)
    include_unfinished: bool = False

    @property
    def scope(self) -> Scope:
        """Its experiments as the database finds them."""
        return Scope(self.project.id, self.run.id if self.run else None, self.ranges)

    @property
    def title(self) -> str:
        """The name of its file."""
        return f"{self.project.slug}-run-{self.run.number}.csv" if self.run else f"{self.project.slug}.csv"


def read_table(store: Store, slug: str, asked: Mapping[str, Any]) -> Table:
    """A table from what an address asks: run, flavour, numbers, reduce and include.

    Raises NotThere, and ValueError for what cannot be read.
    """
    flavour, number, numbers = asked.get("flavour"), asked.get("run"), asked.get("numbers")
    if flavour not in (None, "", "exact", "spreadsheet"):
        raise ValueError("The flavour is exact or spreadsheet.")
    if number not in (None, "") and not re.fullmatch(r"[0-9]{1,9}", str(number), re.ASCII):
        raise ValueError("The run is named by its number.")
    ranges = None if numbers is None else read_ranges(str(numbers))
    project = find_project_or_say(store, slug)
    run = find_run_or_say(store, project, int(number)) if number not in (None, "") else None
    return Table(
        project,
        run,
        "spreadsheet" if flavour == "spreadsheet" else "exact",
        ranges,
        read_reductions(asked.get("reduce")) if run else {},
        is_included(asked.get(PARAMETER)),
    )


def read_ranges(written: str) -> list[tuple[int, int]]:
    """Read experiments' numbers such as `1-5,9`, as ranges in order, however many numbers they span.

    Raises ValueError where it cannot be read.
    """
    if written.count(",") > MOST_RANGES:
        raise ValueError(f"There are more than {MOST_RANGES:,} numbers and ranges; write neighbours as ranges.")
    found: list[tuple[int, int]] = []
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if match is None:
            raise ValueError(f"{part[:20]!r} is no number and no range such as 1-5.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last:
            found.append((first, last))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def table_lines(store: Store, table: Table, tell: Tell = lambda _done, _of: None) -> Iterator[str]:
    """The table's text, line by line. tell: hears how many rows are done, of how many."""
    with snapshot(store) as connection:
        found = find_columns(connection, table.scope)
        known = (table.run or table.project).hyperparameters
        goal_of = {table.run.objective: table.run.goal} if table.run else {}
        columns = TableColumns(
            in_order([str(each["name"]) for each in known], found.hyperparameters),
            found.metrics,
            {name: title_of(name, each, goal_of.get(name)) for name, each in table.reductions.items()},
            found.has_notes,
            table.include_unfinished,
        )

        def pages() -> Iterator[Page]:
            done = 0
            tell(done, found.count)
            for experiments in read_pages(connection, table.scope):
                yield _page(store, table, columns, experiments)
                done += len(experiments)
                tell(done, found.count)

        yield from table_csv(columns, pages(), flavour=table.flavour)


def _page(store: Store, table: Table, columns: TableColumns, experiments: list[Experiment]) -> Page:
    ids = [experiment.id for experiment in experiments]
    reduced = fetch_reduced(store, ids, table.reductions)
    return Page(experiments, reduced, note_texts(store, ids) if columns.has_notes else {})

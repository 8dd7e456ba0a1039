"""The values of one attempt as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from answers.attempts import Attempt, attempt_rows, find_attempt
from app.asked import NotThere
from app.limits import LARGEST_NUMBER
from app.table import Echo, exact_cell
from storage.store import Store

NAMES = ("metric", "seq", "epoch", "batch", "time", "value")


def find_attempt_or_say(store: Store, slug: str, number: int, attempt: int) -> Attempt:
    """The attempt of an experiment. Raises NotThere."""
    found = None if max(number, attempt) > LARGEST_NUMBER else find_attempt(store, slug, number, attempt)
    if found is None:
        raise NotThere(f"There is no attempt {attempt} of an experiment {number} in a project of this name.")
    return found


def attempt_lines(store: Store, found: Attempt) -> Iterator[str]:
    """The values as CSV, line by line, every number exactly; nothing where the script named no epoch or batch.

    seq: the place in the metric's order of arrival, from 0. time: seconds since 1970.
    """
    writer = csv.writer(Echo())
    yield writer.writerow(NAMES)
    for row in attempt_rows(store, found):
        yield writer.writerow(map(exact_cell, row))

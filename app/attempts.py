"""The address at which an experiment's page gets the curves of an earlier attempt, and the lines of its CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from flask import Flask, Response, jsonify
from werkzeug.wrappers import Response as AnyResponse

from app.asked import NotThere
from app.limits import LARGEST_NUMBER, few_at_once
from app.table import Echo, exact_cell
from callbacks.attempts import Attempt, attempt_answer, attempt_rows, find_attempt
from storage.store import Store

NAMES = ("metric", "seq", "epoch", "batch", "time", "value")


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    @few_at_once
    def curves(slug: str, number: int, attempt: int) -> AnyResponse:
        found = _find(store, slug, number, attempt)
        return Response(status=404) if found is None else jsonify(attempt_answer(store, found))

    address = "/attempts/<slug>/experiments/<int:number>/<int:attempt>"
    server.add_url_rule(address, "attempt_curves", curves, methods=["GET"])


def find_attempt_or_say(store: Store, slug: str, number: int, attempt: int) -> Attempt:
    """The attempt of an experiment. Raises NotThere."""
    found = _find(store, slug, number, attempt)
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


def _find(store: Store, slug: str, number: int, attempt: int) -> Attempt | None:
    return None if max(number, attempt) > LARGEST_NUMBER else find_attempt(store, slug, number, attempt)

"""What leaves the page as a file at once: a small table as CSV, what was not committed as a diff; see exports.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from analysis.masks import masked_text
from app.asked import NotThere, find_project_or_say, find_run_or_say
from app.attempts import attempt_lines, find_attempt_or_say
from app.pages import error_page
from app.tables import read_table, table_lines
from storage.configuration import fetch_diff
from storage.store import Store
from storage.table import count_rows

# A larger table takes its time, and is made in the background.
MOST_ROWS_AT_ONCE = 5_000
# Rows are joined to pieces of about this size, so that a large table is neither one string nor a million writes.
PIECE_CHARACTERS = 64_000


def attach(server: Flask, store: Store) -> None:
    """Add the addresses of all downloads to a server."""

    def csv(slug: str) -> AnyResponse:
        return _or_sentence(lambda: _experiments_csv(store, slug))

    def diff(slug: str, number: int) -> AnyResponse:
        return _or_sentence(lambda: _run_diff(store, slug, number))

    def attempt_csv(slug: str, number: int, attempt: int) -> AnyResponse:
        return _or_sentence(lambda: _attempt_csv(store, slug, number, attempt))

    # Very many numbers have no room in an address, so that they come in a body.
    server.add_url_rule("/download/<slug>/experiments.csv", "experiments_csv", csv, methods=["GET", "POST"])
    server.add_url_rule("/download/<slug>/runs/<int:number>/uncommitted.diff", "run_diff", diff, methods=["GET"])
    values = "/download/<slug>/experiments/<int:number>/attempts/<int:attempt>.csv"
    server.add_url_rule(values, "attempt_csv", attempt_csv, methods=["GET"])


def _or_sentence(answer: Callable[[], AnyResponse]) -> AnyResponse:
    try:
        return answer()
    except NotThere as error:
        return error_page(404, "There is nothing at this address.", str(error))
    except ValueError as error:
        return error_page(400, "This address cannot be read.", str(error))


def _experiments_csv(store: Store, slug: str) -> AnyResponse:
    body = request.get_json(silent=True) if request.method == "POST" else None
    asked = {**request.args, **({"numbers": body.get("numbers")} if isinstance(body, dict) else {})}
    table = read_table(store, slug, asked)
    with store.read() as connection:
        count = count_rows(connection, table.scope)
    if count > MOST_ROWS_AT_ONCE:
        return error_page(
            413,
            f"A table of {count:,} experiments is made in the background.",
            "Press *Download CSV* on the run's page, or type `hypertuner export` in a terminal.",
        )
    return attachment(Response(pieces(table_lines(store, table)), mimetype="text/csv"), table.title)


def pieces(lines: Iterator[str]) -> Iterator[str]:
    """Lines joined to pieces that are worth a write each."""
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= PIECE_CHARACTERS:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


def _attempt_csv(store: Store, slug: str, number: int, attempt: int) -> AnyResponse:
    """Every value of one attempt."""
    found = find_attempt_or_say(store, slug, number, attempt)
    response = Response(pieces(attempt_lines(store, found)), mimetype="text/csv")
    return attachment(response, f"{slug}-experiment-{number}-attempt-{attempt}.csv")


def _run_diff(store: Store, slug: str, number: int) -> AnyResponse:
    """What was not committed when a run was launched, without its secrets."""
    run = find_run_or_say(store, find_project_or_say(store, slug), number)
    diff = fetch_diff(store, run.revision_digest) if run.revision_digest else None
    if not diff:
        raise NotThere(f"Nothing that was not committed is known of run {number}.")
    shown = masked_text(diff)
    return attachment(Response(shown, mimetype="text/x-diff"), f"{slug}-run-{number}.diff")


def attachment(response: Response, name: str) -> Response:
    """An answer that the browser keeps as a file, and never shows as a page of ours."""
    # A slug holds only letters, digits and hyphens, so the name needs no quoting.
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

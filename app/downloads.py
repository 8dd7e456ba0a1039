"""What leaves the page as a file: experiments as CSV, a run's report as PDF, what was not committed as a diff."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Literal

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from analysis.reductions import read_reductions, title_of
from app import report, table
from app.limits import LARGEST_NUMBER
from app.pages import error_page
from storage.columns import fetch_metrics
from storage.configuration import fetch_diff
from storage.experiments import fetch_experiments
from storage.notes import note_texts
from storage.projects import find_project
from storage.records import Project, Run
from storage.runs import find_run
from storage.store import Store

# Rows are joined to pieces of about this size, so that a large table is neither one string nor a million writes.
PIECE_CHARACTERS = 64_000


class NotThere(Exception):
    """What was asked for does not exist; the message says what."""


def attach(server: Flask, store: Store) -> None:
    """Add the addresses of all downloads to a server."""

    def csv(slug: str) -> AnyResponse:
        return _or_sentence(lambda: _experiments_csv(store, slug))

    def pdf(slug: str, number: int) -> AnyResponse:
        return _or_sentence(lambda: _run_report(store, slug, number))

    def diff(slug: str, number: int) -> AnyResponse:
        return _or_sentence(lambda: _run_diff(store, slug, number))

    # Very many numbers have no room in an address, so that they come in a body.
    server.add_url_rule("/download/<slug>/experiments.csv", "experiments_csv", csv, methods=["GET", "POST"])
    server.add_url_rule("/download/<slug>/runs/<int:number>/report.pdf", "run_report", pdf, methods=["GET"])
    server.add_url_rule("/download/<slug>/runs/<int:number>/uncommitted.diff", "run_diff", diff, methods=["GET"])


def read_numbers(written: str) -> set[int]:
    """Read experiments' numbers such as `1-5,9`.

    Raises ValueError where it cannot be read.
    """
    numbers: set[int] = set()
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if match is None:
            raise ValueError(f"{part[:20]!r} is no number and no range such as 1-5.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first > 1_000_000:
            raise ValueError(f"{part} spans too many numbers.")
        numbers.update(range(first, last + 1))
    return numbers


def _or_sentence(answer: Callable[[], AnyResponse]) -> AnyResponse:
    try:
        return answer()
    except NotThere as error:
        return error_page(404, "There is nothing at this address.", str(error))
    except report.ReportError as error:
        return error_page(500, "The report could not be made.", str(error))
    except ValueError as error:
        return error_page(400, "This address cannot be read.", str(error))


def _project(store: Store, slug: str) -> Project:
    project = find_project(store, slug)
    if project is None:
        raise NotThere("There is no project of this name.")
    return project


def _run(store: Store, project: Project, number: int) -> Run:
    run = find_run(store, project.id, number) if number <= LARGEST_NUMBER else None
    if run is None:
        raise NotThere(f"The project {project.name} has no run {number}.")
    return run


def _experiments_csv(store: Store, slug: str) -> AnyResponse:
    flavour = _flavour(request.args.get("flavour"))
    run_number = request.args.get("run") or None
    if run_number is not None and not re.fullmatch(r"[0-9]{1,9}", run_number):
        raise ValueError("The run is named by its number.")
    project = _project(store, slug)
    run = _run(store, project, int(run_number)) if run_number else None
    experiments = fetch_experiments(store, project.id, run_id=run.id if run else None)
    body = request.get_json(silent=True) if request.method == "POST" else None
    written = body.get("numbers") if isinstance(body, dict) else request.args.get("numbers")
    if written is not None:
        wanted = read_numbers(str(written))
        experiments = [experiment for experiment in experiments if experiment.number in wanted]
    name = f"{project.slug}-run-{run_number}" if run_number else project.slug
    known = (run or project).hyperparameters
    reduced = _reduced(store, run, request.args.get("reduce")) if run else {}
    order = [str(each["name"]) for each in known]
    notes = note_texts(store, [experiment.id for experiment in experiments])
    lines = table.experiments_csv(experiments, flavour=flavour, order=order, reduced=reduced, notes=notes)
    return _attachment(Response(_pieces(lines), mimetype="text/csv"), f"{name}.csv")


def _reduced(store: Store, run: Run, written: str | None) -> dict[str, table.ReducedMetric]:
    """The metrics of which the page shows another number than the last."""
    reductions = read_reductions(written)
    if not reductions:
        return {}
    found = fetch_metrics(store, run.id, reductions)
    return {
        column.name: table.ReducedMetric(
            title_of(column.name, reductions[column.name], run.goal if column.name == run.objective else None),
            dict(zip(found.numbers[column.rows].tolist(), column.values.tolist(), strict=True)),
        )
        for column in found.metrics
    }


def _flavour(written: str | None) -> Literal["exact", "spreadsheet"]:
    if written in (None, "", "exact"):
        return "exact"
    if written == "spreadsheet":
        return "spreadsheet"
    raise ValueError("The flavour is exact or spreadsheet.")


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= PIECE_CHARACTERS:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


def _run_report(store: Store, slug: str, number: int) -> AnyResponse:
    project = _project(store, slug)
    run = _run(store, project, number)
    experiments = fetch_experiments(store, project.id, run_id=run.id)
    content = report.run_report(project, run, experiments, now=datetime.now(UTC))
    return _attachment(Response(content, mimetype="application/pdf"), f"{project.slug}-run-{number}.pdf")


def _run_diff(store: Store, slug: str, number: int) -> AnyResponse:
    """What was not committed when a run was launched."""
    project = _project(store, slug)
    run = _run(store, project, number)
    diff = fetch_diff(store, run.revision_digest) if run.revision_digest else None
    if not diff:
        raise NotThere(f"Nothing that was not committed is known of run {number}.")
    return _attachment(Response(diff, mimetype="text/x-diff"), f"{project.slug}-run-{number}.diff")


def _attachment(response: Response, name: str) -> Response:
    # A slug holds only letters, digits and hyphens, so the name needs no quoting.
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

"""Makes one file of the queue: a table as CSV, or a run's report as PDF; it has its name only when it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.counting import PARAMETER, is_included
from app import report
from app.asked import NotThere, find_project_or_say, find_run_or_say
from app.tables import read_table, table_lines
from storage.experiments import fetch_experiments
from storage.exports import Task, finish_export, tell_progress
from storage.store import Store

TELL_EVERY_S = 0.3
# What can go wrong by what was asked for: the words are for the person who asked.
EXPECTED = (NotThere, ValueError, report.ReportError)


def make_export(store: Store, task: Task, folder: Path) -> None:
    """Make the file and tell the queue; a failure is told there in a sentence.

    Raises whatever is not the fault of who asked; the caller tells of that, and of too little memory, in which nothing
    can be told from here.
    """
    target = folder / f"{task.id}.{task.kind}"
    half = target.with_suffix(".part")
    try:
        _MAKERS[task.kind](store, task, half)
        half.rename(target)
        if not finish_export(store, task.id, file=target.name):
            target.unlink(missing_ok=True)
    except OSError as error:
        finish_export(store, task.id, reason=f"The file cannot be written: {error.strerror}.")
    except EXPECTED as error:
        finish_export(store, task.id, reason=str(error))
    finally:
        half.unlink(missing_ok=True)


def _make_csv(store: Store, task: Task, target: Path) -> None:
    table = read_table(store, str(task.question["slug"]), task.question)
    told = 0.0

    def tell(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() > told + TELL_EVERY_S:
            told = time.monotonic()
            tell_progress(store, task.id, done / of if of else 1)

    with _private(target) as file:
        for line in table_lines(store, table, tell):
            file.write(line.encode())


def _make_pdf(store: Store, task: Task, target: Path) -> None:
    question: Mapping[str, Any] = task.question
    project = find_project_or_say(store, str(question["slug"]))
    run = find_run_or_say(store, project, int(question["run"]))
    experiments = fetch_experiments(store, project.id, run_id=run.id)
    tell_progress(store, task.id, 0.4)
    include = is_included(question.get(PARAMETER))
    content = report.run_report(project, run, experiments, now=datetime.now(UTC), include_unfinished=include)
    with _private(target) as file:
        file.write(content)


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=1 << 18)


_MAKERS = {"csv": _make_csv, "pdf": _make_pdf}

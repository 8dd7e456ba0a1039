"""What changed on a run since its page asked last: the one answer that its page lives on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from analysis.masks import masked_command
from analysis.reductions import LAST, Reductions, read_reductions
from analysis.words import size
from answers.engine_words import Obstacle, obstacle, waiting_of
from answers.experiment_columns import Shown, columns, metric_names, metrics_alone
from answers.run_facts import category_of, spec_of, strategy_words
from layouts.experiment_table import columns as table_columns
from layouts.run import RunSpec
from storage.bookmarks import bookmarks_of
from storage.changes import ColumnChanges, columns_since
from storage.columns import fetch_metrics
from storage.files import written_twice
from storage.locks import locks_since
from storage.projects import find_project
from storage.records import Run
from storage.runs import find_run
from storage.schema import ENDED_STATES
from storage.store import Store


@dataclass(frozen=True)
class Cursor:
    """What a page holds, in the words of its last answer; it sends them back with its next question.

    seen: a cursor of storage/changes.py. waiting, is_open and metrics: what the page was told of the run. locks: the
    version of the project's row, whose locks and bookmarks it was told.
    shape: what its columns and categories were made from. reductions: as the page asked for them, JSON.
    """

    project: int
    run: int
    seen: str
    waiting: str | None
    is_open: bool
    locks: str
    metrics: tuple[str, ...]
    shape: str
    reductions: str

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Cursor | None:
        """A cursor from its JSON, or None where it is none of ours: a page may outlive an update."""
        kinds: dict[str, Any] = {"project": int, "run": int, "waiting": str | None, "is_open": bool, "metrics": list}
        if set(written) != set(cls.__annotations__):
            return None
        if not all(isinstance(value, kinds.get(name, str)) for name, value in written.items()):
            return None
        return cls(**{**written, "metrics": tuple(map(str, written["metrics"]))})

    def written(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "metrics": list(self.metrics)}


def read_changes_question(asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """A page's cursor and its reductions, from its JSON; what cannot be read asks for everything."""
    cursor, reduced = asked.get("cursor"), asked.get("reduce")
    return cursor if isinstance(cursor, Mapping) else {}, reduced if isinstance(reduced, str) else ""


def changes(store: Store, slug: str, number: int, written: Mapping[str, Any], asked: str = "") -> dict[str, Any] | None:
    """What changed since a page's cursor, and its next one; None where nothing did or there is no such run.

    asked: which number of each metric the page wants, as its address says it; see analysis/reductions.py.
    An answer with a `spec` has everything: the page begins anew with it. See app/packing.py for its arrays.
    """
    cursor, wanted = Cursor.read(written), read_reductions(asked)
    try:
        found = (
            columns_since(store, cursor.project, cursor.seen, run_id=cursor.run, reductions=wanted) if cursor else None
        )
    except ValueError:
        found = None
    if cursor is None or found is None:
        return _everything(store, slug, number, wanted)
    in_the_way = obstacle(store) if cursor.is_open else None
    waiting = in_the_way.text if in_the_way else None
    answer: dict[str, Any] = {}
    if found.run_changed or found.experiments:
        answer["twice"] = _twice(store, slug, cursor.run)
    is_open, spec = cursor.is_open, None
    others = _others(cursor, wanted)
    if found.run_changed or found.experiments or waiting != cursor.waiting or others:
        run = find_run(store, cursor.project, number)
        if run is None or _shape_of(spec := spec_of(slug, run)) != cursor.shape:
            return _everything(store, slug, number, wanted)
        if found.run_changed or waiting != cursor.waiting:
            is_open = run.state not in ENDED_STATES
            answer["run"] = _run_state(run, in_the_way if is_open else None)
    locks = _kept_since(store, cursor.project, cursor.locks, answer)
    if spec is None and not answer:
        return None
    metrics = _fill(answer, spec, found, cursor.metrics, wanted) if spec else cursor.metrics
    if spec and others:
        # Read last: what is newer in it than in the rest is told again by the next answer.
        shown = _shown(spec, wanted)
        answer["reduced"] = metrics_alone(fetch_metrics(store, cursor.run, others), list(others), shown)
        answer["table"] = _table_columns(spec, metrics, shown)
    told = replace(
        cursor, seen=found.cursor, waiting=waiting, is_open=is_open, locks=locks, metrics=metrics,
        reductions=_written(wanted),
    )  # fmt: skip
    answer["cursor"] = told.written()
    return answer


def _others(cursor: Cursor, wanted: Reductions) -> Reductions:
    """The metrics that a page holds reduced in another way than it wants now."""
    held = read_reductions(cursor.reductions)
    pairs = [(name, wanted.get(name, LAST)) for name in cursor.metrics]
    return {name: reduction for name, reduction in pairs if reduction != held.get(name, LAST)}


def _written(reductions: Reductions) -> str:
    return json.dumps({name: reduction.written() for name, reduction in reductions.items()})


def _shown(spec: RunSpec, reductions: Reductions) -> Shown:
    return Shown(reductions, {spec["objective"]: spec["goal"]} if spec["objective"] else {})


def _everything(store: Store, slug: str, number: int, wanted: Reductions) -> dict[str, Any] | None:
    project = find_project(store, slug)
    named = find_run(store, project.id, number) if project else None
    if project is None or named is None or named.state == "draft":
        return None
    found = columns_since(store, project.id, "", run_id=named.id, reductions=wanted)
    # Read after the experiments: what changes in between is told again by the next answer, but never left out.
    run = find_run(store, project.id, number)
    if run is None:
        return None
    spec = spec_of(slug, run)
    is_open = run.state not in ENDED_STATES
    in_the_way = obstacle(store) if is_open else None
    waiting = in_the_way.text if in_the_way else None
    answer: dict[str, Any] = {"spec": spec, "run": _run_state(run, in_the_way)}
    answer["twice"] = _twice(store, slug, run.id)
    locks = _kept_since(store, project.id, "", answer)
    metrics = _fill(answer, spec, found, (), wanted)
    answer["table"] = _table_columns(spec, metrics, _shown(spec, wanted))
    shape = _shape_of(spec)
    cursor = Cursor(project.id, run.id, found.cursor, waiting, is_open, locks, metrics, shape, _written(wanted))
    answer["cursor"] = cursor.written()
    return answer


def _fill(
    answer: dict[str, Any], spec: RunSpec, found: ColumnChanges, known: tuple[str, ...], wanted: Reductions
) -> tuple[str, ...]:
    """Put experiments into an answer, and the columns of the table where a metric is new; returns all metrics."""
    if found.experiments is None:
        return known
    metrics = metric_names(known, found.experiments)
    names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
    answer["experiments"] = columns(found.experiments, names, metrics, _shown(spec, wanted))
    if tuple(metrics) != known:
        answer["table"] = _table_columns(spec, metrics, _shown(spec, wanted))
    return tuple(metrics)


def _kept_since(store: Store, project_id: int, known: str, answer: dict[str, Any]) -> str:
    """Put locks and bookmarks into an answer where the project is no longer at this version; returns its version."""
    version, locks = locks_since(store, project_id, known)
    if locks is not None:
        answer["locks"] = {name: _lock_words(lock) for name, lock in locks.items()}
        # Read after the version: what changes in between is told again.
        answer["bookmarks"] = bookmarks_of(store, project_id)
    return version


def _twice(store: Store, slug: str, run_id: int) -> dict[str, Any] | None:
    """The folder into which most was written more than once, unless it is shared by now."""
    found = written_twice(store, run_id)
    project = find_project(store, slug) if found else None
    left = [each for each in found if project and not project.in_place and each.folder not in project.shared_paths]
    return {**asdict(left[0]), "size": size(left[0].bytes)} if left else None


def _shape_of(spec: RunSpec) -> str:
    """Tells runs apart that need other columns or categories on the page: an extended one may."""
    shape = json.dumps([spec["hyperparameters"], spec["metrics"]], sort_keys=True)
    return hashlib.sha256(shape.encode()).hexdigest()[:16]


def _table_columns(spec: RunSpec, metrics: Sequence[str], shown: Shown) -> list[Any]:
    names = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"]]
    tuned = [hyperparameter["name"] for hyperparameter in spec["hyperparameters"] if hyperparameter["is_tuned"]]
    titles, wanted = ([shown.title(name) for name in those] for those in (metrics, spec["metrics"]))
    return table_columns(names, tuned, titles, spec["objective"] and shown.title(spec["objective"]), wanted)


def _lock_words(lock: Mapping[str, Any]) -> dict[str, Any]:
    """A lock as the browser reads it: its values are the words of the page."""
    return {**lock, "values": [category_of(value) for value in lock["values"]]} if "values" in lock else dict(lock)


def _run_state(run: Run, in_the_way: Obstacle | None) -> dict[str, Any]:
    waiting = in_the_way or waiting_of(run.waiting)
    ended = run.ended_at or datetime.now(UTC)
    return {
        "state": run.state,
        "request": run.request,
        "reason": run.reason,
        "elapsed": (ended - run.started_at).total_seconds() if run.started_at else None,
        "waiting": waiting
        and {"text": waiting.text, "age": waiting.age_s, "log": waiting.log, "isWrong": waiting.is_wrong},
        "priority": run.priority,
        "weight": run.weight,
        "createdBy": run.created_by,
        "strategy": strategy_words(run.strategy),
        "leftOut": list(run.left_out),
        "commandLine": masked_command(run.command_line),
        "isTrial": run.is_trial,
    }

"""A project's own views: found, computed in a child process, cleaned like any script's figure, and kept."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from analysis.program import program_of
from answers.curve_numbers import MOST_NUMBERS, read_numbers
from launch.code import code_file
from layouts.experiment import log as printed
from layouts.views import PICTURES, NotShownError
from layouts.views.owners import owners_of
from sources.custom_view_run import CurveColumns, Limits, Material, Outcome, Payload, Place, run_view
from sources.custom_views import CustomView, views_among, views_in
from sources.python_command import PythonError, python_command
from sources.snapshot import SnapshotError, snapshot_files, unpack_snapshot
from storage.curves import Stretch, fetch_stretches
from storage.experiments import fetch_experiments, fetch_version, fetch_view_payloads, find_experiment
from storage.projects import fetch_snapshot, find_project
from storage.records import Experiment, Project, Run
from storage.runs import find_run
from storage.store import Store

log = logging.getLogger("hypertuner.web")

Answer = dict[str, Any]

LIMITS = Limits()
# Each holds a thread of the web and a core for seconds; who comes later asks again.
MOST_AT_ONCE = 2
MOST_ANSWERS = 20
MOST_EXPERIMENTS = 10_000
MOST_PAYLOAD_BYTES = 50_000_000
BROKEN = "{file} returned a figure that Plotly does not understand."
GONE = "{file} is not there any more."


@dataclass(frozen=True)
class Subject:
    """What a view is about; shown: the numbers of the experiments on the page."""

    project: Project
    run: Run
    experiment: Experiment
    shown: Sequence[int]


@dataclass(frozen=True)
class Code:
    """Where a project's views are: in the script's folder on this machine, or else in the snapshot of a run."""

    views: Sequence[CustomView]
    folder: Path | None
    snapshot: tuple[bytes, str] | None = None

    @contextmanager
    def there(self) -> Iterator[Path]:
        """The folder that the views can be run in, for as long as the block lasts. Raises SnapshotError, OSError."""
        if self.folder is not None:
            yield self.folder
            return
        assert self.snapshot is not None
        with tempfile.TemporaryDirectory(prefix="hypertuner-view-") as scratch:
            yield unpack_snapshot(*self.snapshot, Path(scratch))


def code_of_views(store: Store, project: Project, run: Run) -> Code:
    """Find the views: those of now, which a person may be writing, before those that travelled with the run."""
    file = code_file(project)
    if file and file.path.is_file():
        return Code(views_in(file.root), file.root)
    found = fetch_snapshot(store, run.snapshot_digest) if run.snapshot_digest else None
    if found is None or run.snapshot_digest is None:
        return Code([], None)
    try:
        files = snapshot_files(found[0], run.snapshot_digest)
    except SnapshotError as error:
        log.warning("The views of run %s cannot be read: %s", run.number, error)
        return Code([], None)
    return Code(views_among(files), None, (found[0], run.snapshot_digest))


# --- whose turn it is -----------------------------------------------------------------------------------------------


class _Desk:
    """The latest answers, and what is being computed, for as many threads as there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # As text, which takes a tenth of the memory.
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._at_work: set[str] = set()

    def known(self, key: str) -> Answer | None:
        with self._lock:
            found = self._answers.get(key)
        return None if found is None else dict(json.loads(found))

    def keep(self, key: str, answer: Answer) -> None:
        written = json.dumps(answer)
        with self._lock:
            self._answers[key] = written
            self._answers.move_to_end(key)
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)

    @contextmanager
    def turn(self, key: str) -> Iterator[bool]:
        """Whether it is one's turn: not while the same is computed, or as many others as may be."""
        with self._lock:
            is_free = key not in self._at_work and len(self._at_work) < MOST_AT_ONCE
            if is_free:
                self._at_work.add(key)
        try:
            yield is_free
        finally:
            if is_free:
                with self._lock:
                    self._at_work.discard(key)


# One desk per store, and gone with it.
_desks: WeakKeyDictionary[Store, _Desk] = WeakKeyDictionary()


# --- the question and its answer ------------------------------------------------------------------------------------


def custom_view(
    store: Store, slug: str, number: int, question: Mapping[str, Any], limits: Limits = LIMITS
) -> Answer | None:
    """The view of `file` for an experiment, or what is wrong with it; None where there is no such experiment.

    question: `file`; `shown`, the numbers of the experiments on the page; `held`, the key of the answer that the page
    has, which is then `{"same": True}`; `again` for a new one whatever is known. `{"busy": True}`: ask again soon.
    """
    subject = _subject(store, slug, number, question)
    if subject is None:
        return None
    code = code_of_views(store, subject.project, subject.run)
    file = str(question.get("file", ""))
    view = next((each for each in code.views if each.file == file), None)
    if view is None:
        return _answer(problem=GONE.format(file=file[:200]), key="gone", isLive=False)
    version = fetch_version(store, subject.run.id)
    key = _digest(subject.run.id, number, view, version, sorted(subject.shown))
    state = {"key": key, "isLive": subject.run.state in {"queued", "running"}}
    is_again = question.get("again") is True
    if not is_again and question.get("held") == key:
        return {"same": True, **state}
    desk = _desks.setdefault(store, _Desk())
    found = None if is_again else desk.known(key)
    if found is None:
        with desk.turn(key) as is_mine:
            if not is_mine:
                return {"busy": True}
            found = _compute(store, subject, code, view, limits)
            desk.keep(key, found)
    return {**found, **state}


def _subject(store: Store, slug: str, number: int, question: Mapping[str, Any]) -> Subject | None:
    project = find_project(store, slug)
    experiment = find_experiment(store, project.id, number) if project else None
    run = find_run(store, project.id, experiment.run_number) if project and experiment else None
    if project is None or experiment is None or run is None:
        return None
    return Subject(project, run, experiment, read_numbers(str(question.get("shown", "")), MOST_NUMBERS))


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _answer(**parts: Any) -> Answer:
    nothing: Answer = {"figure": None, "owners": [], "problem": "", "traceback": "", "summary": ""}
    return {**nothing, "said": "", "leftOut": 0, "seconds": 0.0, **parts}


def _compute(store: Store, subject: Subject, code: Code, view: CustomView, limits: Limits) -> Answer:
    project = subject.project
    listed = fetch_experiments(store, project.id, run_id=subject.run.id, most=MOST_EXPERIMENTS)
    material = _material(store, subject, listed)
    try:
        with code.there() as folder:
            directory = Path(project.directory) if code.folder else folder
            python, note = _python(project, directory)
            outcome = run_view(view.file, Place(folder, python, directory), material, limits)
    except (SnapshotError, OSError) as error:
        return _answer(problem=f"{view.file} cannot be run: {error}")
    answer = _answer(
        problem=outcome.problem,
        traceback=outcome.traceback,
        said=printed(outcome.said) if outcome.said else "",
        leftOut=outcome.left_out,
        seconds=round(outcome.seconds, 2),
    )
    drawn = {} if outcome.problem else _drawn(view, outcome, {each.number for each in listed})
    return {**answer, **drawn, "summary": " · ".join(part for part in (note, drawn.get("summary", "")) if part)}


def _python(project: Project, directory: Path) -> tuple[str, str]:
    """The project's interpreter, or ours with a sentence where that is on another machine."""
    program = program_of(project.command)
    python = program.python or program.front[0]
    try:
        return python_command(program, directory)[-1], ""
    except PythonError:
        return sys.executable, f"{python} is not on this machine; HyperTuner's own Python ran it"


def _drawn(view: CustomView, outcome: Outcome, numbers: set[int]) -> Answer:
    """The figure as the page may show it, and whose experiment each of its points is."""
    try:
        picture = PICTURES["plotly"]({"figure": outcome.figure})
    except NotShownError as error:
        return {"problem": str(error)}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        log.warning("The figure of %s cannot be drawn: %s", view.file, error)
        return {"problem": BROKEN.format(file=view.file)}
    assert picture.figure is not None
    return {
        "figure": picture.figure,
        "owners": owners_of(picture.figure["data"], numbers),
        "summary": picture.summary,
    }


# --- what a view gets -----------------------------------------------------------------------------------------------


def _material(store: Store, subject: Subject, listed: Sequence[Experiment]) -> Material:
    run, experiment = subject.run, subject.experiment
    facts = {
        "project": subject.project.name,
        "run": run.number,
        "number": experiment.number,
        "state": experiment.state,
        "settings": dict(experiment.settings),
        "objective": run.objective,
        "goal": run.goal,
    }
    shown = set(subject.shown)
    rows = [
        {
            "number": each.number,
            "state": each.state,
            "settings": dict(each.settings),
            "metrics": {name: summary.last for name, summary in each.metrics.items()},
            "epoch": each.epoch,
            "duration_s": each.duration_s,
            "is_shown": each.number in shown,
        }
        for each in listed
    ]
    curves = [_columns(each) for each in fetch_stretches(store, run.project_id, [experiment.number])]
    views = [
        Payload(entry.name, entry.kind, entry.epoch, payload)
        for entry, payload in fetch_view_payloads(store, experiment.id, MOST_PAYLOAD_BYTES)
    ]
    return Material(facts, rows, curves, views)


def _columns(stretch: Stretch) -> CurveColumns:
    columns = {"values": stretch.values, "epochs": stretch.epochs, "batches": stretch.batches}
    return CurveColumns(stretch.metric, {name: column for name, column in columns.items() if column is not None})

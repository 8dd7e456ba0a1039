"""What a person asks of a run, of some of its experiments, of a lock or of a bookmark: each is a row that others read.

`act` does one request and says in a sentence what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.metrics import usual_goal
from answers.fields import FormError, read_share
from answers.person import person
from launch.choice import StrategyChoice
from layouts.run import RunSpec
from sources.own_files import list_own_files, share_new_folders
from storage.bookmarks import delete_bookmark, restore_bookmark, save_bookmark
from storage.experiments import find_experiment
from storage.files import fetch_files, is_here, keep_found
from storage.locks import remove_lock, set_lock
from storage.lookups import dropped_numbers
from storage.projects import change_project, find_project
from storage.requests import (
    drop_queued,
    interrupt,
    judge_by,
    move_first,
    move_last,
    queue_again,
    request_pause,
    request_resume,
    request_stop,
    set_share,
)
from storage.runs import RunError, fetch_run
from storage.schema import ENDED_STATES
from storage.store import Store

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came of a request, in a sentence, and the request that takes it back where one can.

    is_other: the page is about something else by now, and has to be made anew.
    """

    said: str = ""
    undo: Request | None = None
    is_other: bool = False


def act(store: Store, request: Request, spec: RunSpec) -> Answer:
    """Do what `request` names in `do`.

    Raises RunError, LockError or BookmarkError where it cannot be done; nothing is changed then.
    """
    return _ACTIONS[request["do"]](store, request, spec)


# --- the run --------------------------------------------------------------------------------------------------------


def _pause(store: Store, _request: Request, spec: RunSpec) -> Answer:
    request_pause(store, spec["run_id"])
    return Answer()


def _resume(store: Store, _request: Request, spec: RunSpec) -> Answer:
    request_resume(store, spec["run_id"])
    return Answer()


def _stop(store: Store, _request: Request, spec: RunSpec) -> Answer:
    request_stop(store, spec["run_id"])
    return Answer()


def _share(store: Store, request: Request, spec: RunSpec) -> Answer:
    """Change the run's priority and share, as they stand in the fields of the page."""
    try:
        priority, weight = read_share(request["priority"], request["weight"])
    except FormError as error:
        raise RunError(error.message) from None
    had = set_share(store, spec["run_id"], priority=priority, weight=weight)
    undo = {"do": "share", "priority": had[0], "weight": had[1]}
    return Answer(f"Priority {priority}, share {weight:g}", None if had == (priority, weight) else undo)


def _judge(store: Store, request: Request, spec: RunSpec) -> Answer:
    """Judge the run by a metric that its experiments report, as they do not report the objective."""
    metric, run = str(request["metric"]), fetch_run(store, spec["run_id"])
    if run.state not in ENDED_STATES and StrategyChoice.from_json(run.strategy).is_adaptive:
        raise RunError(f"This run learns from {run.objective} as it goes on; stop it, and launch it with {metric}.")
    judge_by(store, spec["run_id"], metric, usual_goal(metric))
    return Answer(is_other=True)


def _share_folder(store: Store, request: Request, spec: RunSpec) -> Answer:
    """Share a folder that several experiments wrote alike: for the next runs, and with what one of them wrote."""
    folder, project = str(request["folder"]), find_project(store, spec["slug"])
    assert project
    shared = list(dict.fromkeys([*project.shared_paths, folder]))
    change_project(store, project.id, shared_paths=shared)
    place = Path(project.directory, folder)
    for number in _numbers(request):
        experiment = find_experiment(store, project.id, number)
        kept = fetch_files(store, experiment.id) if experiment and experiment.state == "finished" else None
        if kept and experiment and is_here(kept) and share_new_folders(Path(kept.folder), [place.resolve()]):
            keep_found(store, experiment.id, list_own_files(Path(kept.folder), with_digests=True))
            return Answer(f"{folder} of experiment {number} is in the project's folder now, for all to share")
    return Answer(f"{folder} is shared by the experiments of the next runs")


# --- some of its experiments ----------------------------------------------------------------------------------------


def _first(store: Store, request: Request, spec: RunSpec) -> Answer:
    moved = move_first(store, spec["run_id"], _numbers(request))
    return Answer(_sentence(moved, request, "runs next", "run next", "queued"))


def _last(store: Store, request: Request, spec: RunSpec) -> Answer:
    moved = move_last(store, spec["run_id"], _numbers(request))
    return Answer(_sentence(moved, request, "runs last", "run last", "queued"))


def _drop(store: Store, request: Request, spec: RunSpec) -> Answer:
    dropped = drop_queued(store, spec["run_id"], _numbers(request))
    said = _sentence(dropped, request, "dropped from the queue", "dropped from the queue", "queued")
    return Answer(said, _undo_drop(store, _numbers(request), spec))


def _undo_drop(store: Store, numbers: Sequence[int], spec: RunSpec) -> Request:
    """Queue exactly those again that were dropped: one that had started meanwhile is left alone."""
    return {"do": "again", "numbers": dropped_numbers(store, spec["run_id"], numbers)}


def _interrupt(store: Store, request: Request, spec: RunSpec) -> Answer:
    asked = interrupt(store, spec["run_id"], _numbers(request))
    return Answer(_sentence(asked, request, "is being interrupted", "are being interrupted", "running"))


def _end(store: Store, request: Request, spec: RunSpec) -> Answer:
    """Drop what waits, and interrupt what runs."""
    numbers = _numbers(request)
    dropped = drop_queued(store, spec["run_id"], numbers)
    asked = interrupt(store, spec["run_id"], numbers)
    if not dropped + asked:
        raise RunError("Nothing was changed: none of them is queued or running any more.")
    parts = [f"{_experiments(dropped)} dropped from the queue"] if dropped else []
    parts += [f"{_experiments(asked)} being interrupted"] if asked else []
    return Answer(", ".join(parts), _undo_drop(store, numbers, spec) if dropped else None)


def _again(store: Store, request: Request, spec: RunSpec) -> Answer:
    queued = queue_again(store, spec["run_id"], _numbers(request))
    return Answer(_sentence(queued, request, "queued again", "queued again", "failed or stopped"))


def _numbers(request: Request) -> list[int]:
    return [int(number) for number in request["numbers"]]


def _sentence(count: int, request: Request, one: str, several: str, wanted: str) -> str:
    """How many it was done to, and how many had gone on in the meantime.

    Raises RunError where it was done to none.
    """
    missed = len(_numbers(request)) - count
    if count == 0:
        raise RunError(f"Nothing was changed: {'it is not' if missed == 1 else 'none of them is'} {wanted} any more.")
    said = f"{_experiments(count)} {one if count == 1 else several}"
    return f"{said}; {missed} {'was' if missed == 1 else 'were'} not {wanted} any more" if missed else said


def _experiments(count: int) -> str:
    return f"{count:,} experiment{'' if count == 1 else 's'}"


# --- locks ----------------------------------------------------------------------------------------------------------


def _lock(store: Store, request: Request, spec: RunSpec) -> Answer:
    part = dict(request["part"])
    if "values" in part:
        part["values"] = [_typed(word, request["name"], spec) for word in part["values"]]
    set_lock(store, spec["project_id"], request["name"], part, person())
    return Answer()


def _typed(word: str, name: str, spec: RunSpec) -> Any:
    """The value behind a word of the page, as the launch that made it had it."""
    for hyperparameter in spec["hyperparameters"]:
        if hyperparameter["name"] == name and word in hyperparameter["categories"]:
            return hyperparameter["values"][hyperparameter["categories"].index(word)]
    return word


def _unlock(store: Store, request: Request, spec: RunSpec) -> Answer:
    remove_lock(store, spec["project_id"], request["name"])
    return Answer()


# --- bookmarks --------------------------------------------------------------------------------------------------------


def _bookmark(store: Store, request: Request, spec: RunSpec) -> Answer:
    replaces = bool(request.get("replaces"))
    name = save_bookmark(store, spec["project_id"], request["name"], request["query"], person(), replaces=replaces)
    return Answer(f"Bookmark “{name}” {'replaced' if replaces else 'saved'} for everybody in this project")


def _unbookmark(store: Store, request: Request, spec: RunSpec) -> Answer:
    deleted = delete_bookmark(store, spec["project_id"], request["name"])
    return Answer(f"Bookmark “{deleted['name']}” deleted", {"do": "bookmark_again", "bookmark": dict(deleted)})


def _bookmark_again(store: Store, request: Request, spec: RunSpec) -> Answer:
    restore_bookmark(store, spec["project_id"], request["bookmark"])
    return Answer(f"Bookmark “{request['bookmark']['name']}” is back")


_ACTIONS: Mapping[str, Callable[[Store, Request, RunSpec], Answer]] = {
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "share": _share,
    "judge": _judge,
    "share_folder": _share_folder,
    "first": _first,
    "last": _last,
    "drop": _drop,
    "interrupt": _interrupt,
    "end": _end,
    "again": _again,
    "lock": _lock,
    "unlock": _unlock,
    "bookmark": _bookmark,
    "unbookmark": _unbookmark,
    "bookmark_again": _bookmark_again,
}

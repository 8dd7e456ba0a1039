"""What changed of an experiment since its page asked last: facts, single numbers, files, flags, output and views."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from dash.development.base_component import Component

from analysis.command_line import given_in
from analysis.environment import Environment
from analysis.hyperparameters import Hyperparameter, argv_of
from analysis.masks import masked_words
from analysis.seeds import Seed, seed_of
from answers.curve_numbers import MOST_NUMBERS, read_numbers
from answers.notes import told
from answers.said import flag_marks, said_of
from layouts import configuration, ids, own_files
from layouts import experiment as layout
from layouts import flags as flags_layout
from layouts.configuration import Configuration, Try
from layouts.experiment import Facts
from storage import overview
from storage.changes import has_news
from storage.configuration import (
    AttemptRecord,
    fetch_attempts,
    fetch_environment,
    fetch_revision,
    knows_environment,
)
from storage.experiments import fetch_log, fetch_views, find_experiment
from storage.files import KeptFiles, fetch_files, is_here
from storage.flags import fetch_flags
from storage.lookups import metric_sources
from storage.notes import find_note
from storage.projects import find_project
from storage.records import Experiment, Project, Run
from storage.runs import find_run
from storage.store import Store

# Of each component of the page, by its id, the properties that are others now.
Properties = dict[str, dict[str, Any]]


def read_experiment_question(asked: Mapping[str, Any]) -> tuple[list[int], Mapping[str, Any]]:
    """The experiments that are picked beside the page's own, and the page's cursor; what cannot be read is nothing."""
    picked, cursor = asked.get("picked"), asked.get("cursor")
    return read_numbers(picked) if isinstance(picked, str) else [], cursor if isinstance(cursor, Mapping) else {}


def experiment_changes(
    store: Store, slug: str, number: int, picked: Sequence[int], before: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What changed since `before`, the page's cursor; None where nothing did, or there is no such experiment.

    picked: the experiments whose numbers are shown. `cursor` is the next one: facts, single numbers, output and views
    have a digest each. `properties` are those of the page's components; `isOpen`: whether more may come.
    """
    wanted = [*picked][:MOST_NUMBERS]
    seen = before.get("cursor")
    cursor, is_news = has_news(store, seen if isinstance(seen, str) else "", slug=slug, numbers=[number, *wanted])
    if not is_news and before.get("picked") == _digest(wanted):
        return None
    project = find_project(store, slug)
    experiment = find_experiment(store, project.id, number) if project else None
    run = find_run(store, project.id, experiment.run_number) if project and experiment else None
    if project is None or experiment is None or run is None:
        return None
    known = known_hyperparameters(project, run)
    facts = facts_of(slug, experiment, run, known)
    compared = overview.fetch_numbered(store, project.id, wanted)
    stdout, stderr = fetch_log(store, experiment.id)
    flags = fetch_flags(store, [experiment.id, *(each.id for each in compared)])
    said = said_of(store, experiment.id, flags.get(experiment.id, ()))
    attempts = fetch_attempts(store, experiment.id)
    note = told(find_note(store, experiment.id))
    kept = fetch_files(store, experiment.id)
    views_found = [vars(entry) for entry in fetch_views(store, experiment.id)]
    current = {
        "facts": _digest(replace(facts, duration_s=None), stderr if facts.state == "failed" else ""),
        "numbers": _digest(
            [(each.id, each.attempt, each.value_count) for each in compared], facts.state, bool(views_found)
        ),
        "configuration": _digest(attempts, knows_environment(store, experiment.id)),
        # While it runs nothing of it can be removed.
        "files": _digest([kept, facts.is_open]),
        "flags": _digest(said, flags),
        "log": _digest(stdout, stderr),
        "views": _digest(views_found),
        "note": _digest(note),
        "picked": _digest(wanted),
        "cursor": cursor,
    }
    shown: Properties = {}
    if current["facts"] != before.get("facts"):
        shown |= _facts_parts(facts, layout.log(stderr) if stderr else "")
    if current["numbers"] != before.get("numbers"):
        below = _without_curves(facts, compared, layout.log(stdout) if stdout else "", has_views=bool(views_found))
        sources = layout.sources(metric_sources(store, experiment.id))
        shown[ids.CURVES_NOTE] = {"children": [*([below] if below else []), *sources] or None}
    if current["configuration"] != before.get("configuration"):
        seed = seed_of(experiment.settings, known)
        address = f"/download/{project.slug}/runs/{run.number}/uncommitted.diff"
        launched = _configuration(store, experiment, run, seed, attempts)
        curves = f"/attempts/{project.slug}/experiments/{experiment.number}"
        shown[ids.CONFIGURATION] = {"children": configuration.content(launched, address, curves)}
    if current["files"] != before.get("files"):
        address = f"/files/{project.slug}/experiments/{experiment.number}"
        files = own_files.content(_files(kept, address, is_over=not facts.is_open))
        shown[ids.OWN_FILES] = {"children": files}
    if current["flags"] != before.get("flags"):
        shown[ids.EXPERIMENT_FLAGS] = {"children": flags_layout.panel(said)}
        shown[ids.FLAG_MARKS] = {"data": flag_marks(compared, flags)}
    if current["log"] != before.get("log"):
        shown[ids.LOG_STDOUT] = {"children": layout.log(stdout)}
        shown[ids.LOG_STDERR] = {"children": layout.log(stderr)}
    if current["views"] != before.get("views"):
        shown[ids.VIEW_LIST] = {"data": views_found}
    if current["note"] != before.get("note"):
        shown[ids.NOTE] = {"data": note}
    shown[ids.EXPERIMENT_REVISION] = {"data": current}
    return {"cursor": current, "isOpen": facts.is_open, "properties": shown}


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _facts_parts(facts: Facts, stderr: str) -> Properties:
    stop = {"children": layout.stop_label(facts), "hidden": not facts.is_open, "disabled": facts.is_stopping}
    return {
        ids.EXPERIMENT_HEADER: {"children": layout.header(facts)},
        ids.EXPERIMENT_STOP: stop,
        ids.EXPERIMENT_FAILURE: {"children": layout.failure(facts, stderr)},
    }


def _configuration(
    store: Store, experiment: Experiment, run: Run, seed: Seed | None, attempts: Sequence[AttemptRecord]
) -> Configuration:
    """What an experiment ran with; where it reuses another's results, machine and attempts are the other's."""
    return Configuration(
        revision=fetch_revision(store, run.revision_digest) if run.revision_digest else None,
        environment=fetch_environment(store, experiment.id),
        seed=seed,
        tries=[Try(**asdict(each)) for each in attempts],
        variables=variables_of(run),
    )


def _files(kept: KeptFiles | None, address: str, *, is_over: bool) -> own_files.Shown | None:
    if kept is None:
        return None
    elsewhere = "" if is_here(kept) else f"{kept.host}, in {kept.folder}"
    is_removed = kept.removed_at is not None
    where = "" if is_removed else elsewhere
    return own_files.Shown(kept.found, kept.kind, address, kept.note, where, is_removed, is_over)


def variables_of(run: Run) -> dict[str, str | None]:
    """The variables that a run was launched with; None for a secret."""
    launched = Environment.from_json(run.environment)
    return {**launched.values, **dict.fromkeys(launched.secrets)}


def _without_curves(facts: Facts, compared: Sequence[Experiment], stdout: str, *, has_views: bool) -> Component | None:
    """What stands in the place of curves: metrics that were reported once, or what to do where there is none."""
    names = list(dict.fromkeys(name for experiment in compared for name in experiment.metrics))
    if not names:
        return layout.no_metrics(facts, stdout, has_views=has_views)
    found = {name: {each.number: each.metrics[name] for each in compared if name in each.metrics} for name in names}
    single = {name: those for name, those in found.items() if all(each.count == 1 for each in those.values())}
    return layout.numbers({name: {at: each.last for at, each in those.items()} for name, those in single.items()})


# --- what is said of it ----------------------------------------------------------------------------------------------


def tuned_in(run: Run) -> list[str]:
    """The hyperparameters whose values differ between a run's experiments."""
    return [name for name, values in run.candidates.items() if len(values) > 1]


def known_hyperparameters(project: Project, run: Run) -> list[Hyperparameter]:
    """The hyperparameters of a run's script: those that it sets, and all while the project's code is still its."""
    is_same = project.code_digest is not None and project.code_digest == run.code_digest
    others = project.hyperparameters if is_same else ()
    found = {str(each["name"]): each for each in (*others, *run.hyperparameters)}
    return [Hyperparameter.from_json(each) for each in found.values()]


def facts_of(slug: str, experiment: Experiment, run: Run, known: Sequence[Hyperparameter]) -> Facts:
    """Gather what the page says of an experiment. known: the hyperparameters of its script."""
    given = given_in(run.command, known)
    return Facts(
        slug=slug,
        run=experiment.run_number,
        number=experiment.number,
        state=experiment.state,
        settings=experiment.settings,
        tuned=tuned_in(run),
        defaults=[(each.name, each.default) for each in known if each.name not in {*experiment.settings, *given}],
        command=list(masked_words(argv_of(run.command, experiment.settings, known))),
        attempt=experiment.attempt,
        exit_code=experiment.exit_code,
        reason=experiment.reason,
        host=experiment.host,
        started_at=experiment.started_at,
        duration_s=_duration(experiment),
        epoch=experiment.epoch,
        epochs=experiment.epochs,
        rejected_lines=experiment.rejected_lines,
        rejected_sample=experiment.rejected_sample,
        is_stopping=experiment.request == "stop",
    )


def _duration(experiment: Experiment) -> float | None:
    if experiment.duration_s is not None:
        return experiment.duration_s
    if experiment.state != "running" or experiment.started_at is None:
        return None
    # Clocks differ; durations are never negative.
    return max(0.0, (datetime.now(UTC) - experiment.started_at).total_seconds())

"""Experiments side by side: what the page's poll brings is compared, and the same view of each is drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import MATCH, Input, Output, State, no_update

from analysis.differences import compare_metrics, compare_numbers, compare_settings
from analysis.metrics import Goal, known_goal
from analysis.reductions import LAST, Reductions, read_reductions, title_of
from analysis.surroundings import surroundings
from answers.experiment_changes import known_hyperparameters, variables_of
from answers.said import said_of
from callbacks.group import CallbackGroup
from callbacks.views import GONE, STRANGE, attempt
from layouts import comparison as layout
from layouts import ids, views
from layouts.comparison import MANY_SETTINGS, MOST_COMPARED, Choice, Column, Comparison
from layouts.views import Picture
from storage import overview
from storage.columns import fetch_reduced
from storage.configuration import fetch_environment, fetch_revision, run_that_ran
from storage.experiments import ViewEntry, fetch_view_payload, fetch_views, find_experiment
from storage.flags import fetch_flags
from storage.notes import note_texts
from storage.projects import find_project
from storage.records import Experiment, Project, Run
from storage.runs import fetch_run, find_run
from storage.store import Store

callbacks = CallbackGroup()

# The mode in which a picture is its difference to the reference's.
DIFFERENCE = "difference"


# --- the table ------------------------------------------------------------------------------------------------------


@callbacks.on(
    output={
        "hidden": Output(ids.COMPARISON, "hidden"),
        "head": Output(ids.COMPARISON_HEAD, "children"),
        "body": Output(ids.COMPARISON_BODY, "children"),
        "content": Output(ids.COMPARISON_CONTENT, "data"),
        "shared": Output(ids.COMPARISON_SHARED, "data"),
        "views": Output(ids.COMPARISON_VIEW, "options"),
        "view": Output(ids.COMPARISON_VIEW, "value"),
        "view_hidden": Output(ids.COMPARISON_VIEW_HEAD, "hidden"),
        "pictures": Output(ids.COMPARISON_PICTURES, "children"),
    },
    inputs={
        # The poll writes it when there is anything new of the experiments on the page.
        "_revision": Input(ids.EXPERIMENT_REVISION, "data"),
        "choice": Input(ids.COMPARISON_CHOICE, "data"),
        "picked": State(ids.EXPERIMENT_PICKED, "value"),
        "view": State(ids.COMPARISON_VIEW, "value"),
        "before": State(ids.COMPARISON_SHARED, "data"),
        "shown": State(ids.EXPERIMENT, "data"),
    },
    prevent_initial_call=True,
)
def compare(
    store: Store,
    *,
    _revision: Any,
    choice: Mapping[str, Any],
    picked: Sequence[int] | None,
    view: str | None,
    before: Mapping[str, Any] | None,
    shown: Mapping[str, Any],
) -> dict[str, Any]:
    """Compare the experiments on the page; with one there is nothing to compare, and too many are told what to do."""
    project = find_project(store, shown["slug"]) if picked and len(picked) > 1 else None
    compared = overview.fetch_numbered(store, project.id, [*(picked or ())][: MOST_COMPARED + 1]) if project else []
    if project is None or len(compared) < 2:
        return _nothing()
    if len(compared) > MOST_COMPARED:
        sentence = layout.too_many(len(picked or ()), project.slug, compared[0].run_number)
        return _nothing() | {"hidden": False, "head": sentence}
    made = comparison_of(store, project, compared, Choice.from_told(choice))
    numbers = [each.number for each in compared]
    reference = numbers[made.reference]
    shared: dict[str, Any] = _shared(store, compared) | {"reference": reference}
    options = _options(shared["views"], reference, len(compared))
    values = [each["value"] for each in options]
    places = [*numbers] if options else []
    is_same = before is not None and before.get("places") == places
    told = shared | {"places": places}
    return {
        "hidden": False,
        "head": layout.head(made),
        "body": layout.table(made),
        "content": layout.content(made),
        # With every news of a script's output all pictures would be drawn again.
        "shared": no_update if told == before else told,
        "views": options,
        "view": view if view in values else values[0] if values else None,
        "view_hidden": not options,
        # Made anew, pictures would be empty for a moment.
        "pictures": no_update if is_same else layout.pictures(places),
    }


def _nothing() -> dict[str, Any]:
    return {
        "hidden": True, "head": None, "body": None, "content": None, "shared": None, "views": [], "view": None,
        "view_hidden": True, "pictures": [],
    }  # fmt: skip


def comparison_of(store: Store, project: Project, compared: Sequence[Experiment], choice: Choice) -> Comparison:
    """What is known of these experiments side by side. They may be of several runs, with defaults of their own."""
    runs = {number: find_run(store, project.id, number) for number in {each.run_number for each in compared}}
    numbers = [each.number for each in compared]
    reference = numbers.index(choice.against) if choice.against in numbers else 0
    kept = {number: _defaults(project, run) for number, run in runs.items()}
    defaults = [kept[each.run_number] for each in compared]
    settings = compare_settings([each.settings for each in compared], defaults, reference)
    only = choice.only_differences
    reductions = read_reductions(choice.reduce)
    return Comparison(
        columns=_columns(store, project, compared),
        reference=reference,
        settings=settings,
        metrics=compare_metrics(
            *_metrics(store, compared, reference, reductions, runs[compared[reference].run_number])
        ),
        durations=compare_numbers("duration", [each.duration_s for each in compared], reference),
        surroundings=compare_settings(_surroundings(store, compared, runs), [{}] * len(compared), reference),
        only_differences=len(settings) >= MANY_SETTINGS if only is None else only,
    )


def _surroundings(store: Store, compared: Sequence[Experiment], runs: Mapping[int, Run | None]) -> list[dict[str, str]]:
    """What each ran with. As long as nobody has looked at the machine of one of them, machines are not compared."""
    # Experiments of one run and host have it in common, and it is long.
    read: dict[Any, dict[str, Any] | None] = {}
    keys = [each.reused_from or (each.run_number, each.host) for each in compared]
    for each, key in zip(compared, keys, strict=True):
        if key not in read:
            read[key] = fetch_environment(store, each.id)
    are_known = all(read[key] for key in keys)
    found = []
    for each, key in zip(compared, keys, strict=True):
        run = runs[each.run_number]
        if each.reused_from is not None:
            run = fetch_run(store, run_that_ran(store, each.id))
        digest = run.revision_digest if run else None
        revision = fetch_revision(store, digest) if digest else None
        machine = read[key] if are_known else None
        found.append(surroundings(each.host, revision, digest, machine, variables_of(run) if run else {}))
    return found


def _defaults(project: Project, run: Run | None) -> dict[str, Any]:
    return {each.name: each.default for each in known_hyperparameters(project, run)} if run else {}


def _columns(store: Store, project: Project, compared: Sequence[Experiment]) -> list[Column]:
    owners = [each.id for each in compared]
    flags, notes = fetch_flags(store, owners), note_texts(store, owners)
    return [
        Column(
            slug=project.slug,
            run=each.run_number,
            number=each.number,
            state=each.state,
            attempt=each.attempt,
            epoch=each.epoch,
            epochs=each.epochs,
            duration_s=each.duration_s,
            flags=said_of(store, each.id, flags.get(each.id, ())),
            note=notes.get(each.id, ""),
        )
        for each in compared
    ]


def _metrics(
    store: Store, compared: Sequence[Experiment], reference: int, reductions: Reductions, run: Run | None
) -> tuple[list[dict[str, float]], int, dict[str, Goal | None]]:
    """Each one's metrics by the names that the run's table gives them, the objective first, and the goals of these."""
    reduced = fetch_reduced(store, [each.id for each in compared], reductions)
    goals: dict[str, Goal | None] = {}
    found: list[dict[str, float]] = [{} for _ in compared]
    objective = run.objective if run else None
    names = dict.fromkeys(name for each in compared for name in each.metrics)
    for name in sorted(names, key=lambda name: name != objective):
        is_objective = name == objective
        goal: Goal | None = known_goal(name)
        if run is not None and is_objective:
            goal = "minimize" if run.goal == "minimize" else "maximize"
        title = title_of(name, reductions.get(name, LAST), goal if is_objective else None)
        goals[title] = goal
        for own, each in zip(found, compared, strict=True):
            summary = each.metrics.get(name)
            value = reduced.get(name, {}).get(each.id) if name in reductions else summary.last if summary else None
            if value is not None:
                own[title] = value
    return found, reference, goals


# --- pictures -------------------------------------------------------------------------------------------------------


def _shared(store: Store, compared: Sequence[Experiment]) -> dict[str, Any]:
    """The views that at least two of them have, in order of appearance, their epochs, and the newest one of each."""
    found: dict[tuple[str, str], dict[int, set[float]]] = {}
    newest = []
    for each in compared:
        entries = fetch_views(store, each.id)
        newest.append(entries[-1].id if entries else 0)
        for entry in entries:
            epochs = found.setdefault((entry.name, entry.kind), {}).setdefault(each.number, set())
            epochs |= set() if entry.epoch is None else {entry.epoch}
    shared = {key: own for key, own in found.items() if len(own) > 1 and key[1] in views.PICTURES}
    return {
        "views": [{"name": name, "kind": kind, "count": len(own)} for (name, kind), own in shared.items()],
        "epochs": sorted({epoch for own in shared.values() for epochs in own.values() for epoch in epochs}),
        "newest": newest,
    }


def _options(shared: Sequence[Mapping[str, Any]], reference: int, total: int) -> list[dict[str, str]]:
    """What can be chosen: a view, or a way to look at it; what can be subtracted comes as difference first."""
    options = []
    for each in shared:
        of = "" if each["count"] == total else f" ({each['count']} of {total})"
        modes = {name: f": {name}" for name in views.MODES.get(each["kind"], {"": ""})}
        if each["kind"] in views.DIFFERENCES:
            modes = {DIFFERENCE: f": difference to {reference}", **modes}
        for mode, words in modes.items():
            chosen = json.dumps([each["name"], each["kind"], mode])
            options.append({"value": chosen, "label": f"{each['name']}{words.removesuffix(': ')}{of}"})
    return options


@dataclass(frozen=True)
class Shared:
    """Which view all show, as the choice of it has it: `["name", "kind", "mode"]`, and at which epoch."""

    name: str
    kind: str
    mode: str
    epoch: float | None


@callbacks.on(
    output={
        "figure": Output(layout.picture_id("figure", MATCH), "data"),
        "caption": Output(layout.picture_id("caption", MATCH), "children"),
        "content": Output(layout.picture_id("content", MATCH), "children"),
    },
    inputs={
        "view": Input(ids.COMPARISON_VIEW, "value"),
        "epoch": Input(ids.EPOCH, "data"),
        "shared": Input(ids.COMPARISON_SHARED, "data"),
        "place": State(layout.picture_id("figure", MATCH), "id"),
        "shown": State(ids.EXPERIMENT, "data"),
    },
)
def draw(
    store: Store,
    *,
    view: str | None,
    epoch: float | None,
    shared: Mapping[str, Any] | None,
    place: Mapping[str, Any],
    shown: Mapping[str, Any],
) -> dict[str, Any]:
    """One experiment's picture of the view that all show, at the epoch of the page; a sentence where there is none."""
    project = find_project(store, shown["slug"]) if view and shared else None
    if project is None or view is None or shared is None:
        return {"figure": None, "caption": None, "content": None}
    name, kind, mode = json.loads(view)
    wanted = Shared(name, kind, mode, epoch)
    number, reference = int(place["number"]), int(shared["reference"])
    found = _view_of(store, project, number, wanted)
    if found is None:
        said = f"It has no view “{wanted.name}”."
        return {"figure": None, "caption": layout.caption(number, None, said), "content": None}
    is_difference = wanted.mode == DIFFERENCE and number != reference
    other = _view_of(store, project, reference, wanted) if is_difference else None
    picture = _picture(wanted, number, found, reference, other)
    return {
        "figure": picture.figure,
        "caption": layout.caption(number, found.epoch, picture.summary),
        "content": picture.component,
    }


@dataclass(frozen=True)
class Found:
    """A view of an experiment with its payload."""

    id: int
    epoch: float | None
    payload: bytes | None


def _picture(wanted: Shared, number: int, found: Found, reference: int, other: Found | None) -> Picture:
    """The picture, or one that has only a sentence."""
    payload, compared = found.payload, other.payload if other else None
    if payload is None:
        return Picture(summary=GONE)
    if wanted.kind not in views.PICTURES:
        return Picture(summary=STRANGE)

    def make() -> Picture:
        content = json.loads(payload)
        if other is None or compared is None:
            return views.MODES.get(wanted.kind, {}).get(wanted.mode, views.PICTURES[wanted.kind])(content)
        at = "" if other.epoch == found.epoch or other.epoch is None else f" at epoch {other.epoch:g}"
        names = (f"experiment {number}", f"experiment {reference}{at}")
        return views.DIFFERENCES[wanted.kind](content, json.loads(compared), names=names)

    made = attempt(found.id, make)
    return Picture(summary=made) if isinstance(made, str) else made


def _view_of(store: Store, project: Project, number: int, wanted: Shared) -> Found | None:
    experiment = find_experiment(store, project.id, number)
    entries = fetch_views(store, experiment.id) if experiment else []
    own = [each for each in entries if (each.name, each.kind) == (wanted.name, wanted.kind)]
    if experiment is None or not own:
        return None
    entry = view_at(own, wanted.epoch)
    return Found(entry.id, entry.epoch, fetch_view_payload(store, experiment.id, entry.id))


def view_at(entries: Sequence[ViewEntry], epoch: float | None) -> ViewEntry:
    """The last one that is not later than the epoch, or else the first; the newest for None."""
    if epoch is None:
        return entries[-1]
    return next((each for each in reversed(entries) if each.epoch is not None and each.epoch <= epoch), entries[0])


# --- in the browser ---------------------------------------------------------------------------------------------------

callbacks.in_browser("comparison.hold", Input(ids.COMPARISON_CONTENT, "data"))
callbacks.in_browser("comparison.know", Input(ids.COMPARISON_SHARED, "data"))
callbacks.in_browser(
    "comparison.paint",
    Output(layout.picture_id("graph", MATCH), "figure"),
    Output(layout.picture_id("graph", MATCH), "style"),
    Input(layout.picture_id("figure", MATCH), "data"),
    Input(ids.THEME, "data"),
)

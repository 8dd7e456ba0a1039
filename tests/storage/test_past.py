"""What a project already knows of experiments that somebody is about to launch."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import text

from storage import past, schema
from storage.experiments import fetch_experiments
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids
from storage.records import Project, Run
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store


def finish(store: Store, *curves: list[float], seconds: float = 1.0) -> int:
    """Let the next experiments of the oldest open run end with these curves; returns the last one's id."""
    run = min(claim_runs(store, "scheduler"), key=lambda each: each.number)
    claim = claim_experiment(store, Place("worker", "here"))
    ids = metric_ids(store, run.project_id, ["accuracy"])
    done = 0
    for values in curves:
        assert claim is not None
        nothing: list[float | None] = [None] * len(values)
        batch = Batch({}, {"metrics": 1}, [Values(ids["accuracy"], 0, values, nothing, nothing, [0.0] * len(values))])
        done = claim.experiment_id
        claim = finish_experiment(store, claim, batch, Ending("finished", seconds), then=Place("worker", "here"))
    return done


def launch(store: Store, project: Project, *experiments: NewExperiment, code: str | None = "code") -> Run:
    new = NewRun("python train.py", {}, [{"name": "lr", "default": 0.1}], experiments, code_digest=code)
    return create_run(store, project, new)


def known(store: Store, project: Project, prints: list[str], code: str = "code") -> dict[str, tuple[str, int]]:
    others = past.fetch_other_runs(store, project.id, code)
    return past.fetch_known(store, project.id, prints, code_digest=code, data_digest=None, others=others)


def test_an_experiment_that_finished_is_known_with_its_value_and_by_whom(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({"lr": 1}, "a"))
    id_ = finish(store, [0.1, 0.5])
    assert known(store, project, ["a", "b"]) == {"a": ("done", id_)}
    (found,) = past.fetch_past(store, [id_], "accuracy").values()
    assert (found.number, found.run_number, found.state, found.value, found.code_digest) == (
        1,
        1,
        "finished",
        0.5,
        "code",
    )
    assert past.fetch_past(store, [id_], "loss")[id_].value is None
    assert past.fetch_past(store, [id_], None)[id_].value is None


def test_nothing_is_known_of_another_project(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({"lr": 1}, "a"))
    finish(store, [0.5])
    assert past.fetch_known(store, project.id + 1, ["a"], code_digest="code", data_digest=None, others=[]) == {}
    assert past.fetch_other_runs(store, project.id + 1, None) == {}


@pytest.mark.parametrize("code", [None, "older"])
def test_other_code_counts_in_the_runs_that_are_named(store: Store, project: Project, code: str | None) -> None:
    run = launch(store, project, NewExperiment({"lr": 1}, "a"), code=code)
    id_ = finish(store, [0.5])
    assert past.fetch_other_runs(store, project.id, "code") == {run.id: [{"name": "lr", "default": 0.1}]}
    assert known(store, project, ["a"]) == {"a": ("other code", id_)}
    assert past.fetch_known(store, project.id, ["a"], code_digest="code", data_digest=None, others=[]) == {}


def test_drafts_and_runs_of_this_code_are_no_others(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({"lr": 1}, "a"))
    create_run(store, project, NewRun("", {}, [], []), is_draft=True)
    assert past.fetch_other_runs(store, project.id, "code") == {}


def test_a_large_project_is_asked_for_the_wanted_ones_only(store: Store, project: Project) -> None:
    launch(store, project, *(NewExperiment({"lr": each}, f"print {each}") for each in range(20)))
    assert set(known(store, project, ["print 7"])) == {"print 7"}
    assert set(known(store, project, ["print 7", "x", "y", "z", "v"])) >= {"print 7"}


def test_durations_are_those_of_the_newest_that_really_ran(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({"lr": 0}, "0"))
    first = finish(store, [0.5], seconds=2.0)
    launch(store, project, NewExperiment({"lr": 1}, "1"), NewExperiment({"lr": 2}, "2"))
    finish(store, [0.5], seconds=4.0)
    launch(store, project, NewExperiment({"lr": 0}, "0", reuse=first))
    assert past.fetch_durations(store, project.id) == [({"lr": 1}, 4.0), ({"lr": 0}, 2.0)]


@pytest.mark.parametrize(
    ("values", "outline"),
    [
        ([1.0], [1.0]),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([float(each) for each in range(9)], [0.0, 3.0, 6.0, 8.0]),
        ([float(each) for each in range(1000)], [0.0, 334.0, 668.0, 999.0]),
    ],
)
def test_an_outline_has_both_ends_and_few_points(
    store: Store, project: Project, values: list[float], outline: list[float]
) -> None:
    launch(store, project, NewExperiment({}, "a"))
    id_ = finish(store, values)
    assert past.fetch_outlines(store, [id_], "accuracy", points=4) == {id_: outline}


@pytest.mark.parametrize("size", [1, 2, 22, 23, 24, 25, 47, 48, 500])
def test_an_outline_never_has_more_points_than_wanted(store: Store, project: Project, size: int) -> None:
    launch(store, project, NewExperiment({}, "a"))
    id_ = finish(store, [float(each) for each in range(size)])
    outline = past.fetch_outlines(store, [id_], "accuracy")[id_]
    assert len(outline) <= 24
    assert (outline[0], outline[-1]) == (0.0, size - 1)


def test_values_that_are_no_numbers_are_part_of_an_outline(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({}, "a"))
    id_ = finish(store, [math.nan, math.inf, 1.0])
    outline = past.fetch_outlines(store, [id_], "accuracy")[id_]
    assert math.isnan(outline[0])
    assert outline[1:] == [math.inf, 1.0]


def test_what_took_over_results_has_their_outline(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({}, "a"))
    id_ = finish(store, [1.0, 2.0])
    launch(store, project, NewExperiment({}, "a", reuse=id_))
    reused = fetch_experiments(store, project.id)[-1].id
    assert past.fetch_outlines(store, [reused], "accuracy") == {reused: [1.0, 2.0]}
    assert past.fetch_outlines(store, [id_], "loss") == {}
    assert past.fetch_outlines(store, [], "accuracy") == {}


def test_the_newest_of_several_is_found(store: Store, project: Project) -> None:
    launch(store, project, NewExperiment({}, "a"), NewExperiment({}, "a"), NewExperiment({}, "a"))
    second = finish(store, [1.0], [2.0])
    assert known(store, project, ["a"]) == {"a": ("done", second)}
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET state = 'failed' WHERE state = 'finished'"))
    assert known(store, project, ["a"])["a"][0] == "waiting"


# --- against the same rules in plain Python ---------------------------------------------------------------------------

ORDER = ("done", "waiting", "other data", "other code", "failed")


def status_of(state: str, code: str | None, data: str | None) -> str | None:
    """What one earlier experiment means where the code is "code" and the data is "data"."""
    if code != "code":
        return "other code" if state == "finished" else None
    if data != "data":
        return "other data" if state == "finished" else None
    return {"finished": "done", "failed": "failed", "queued": "waiting", "running": "waiting"}.get(state)


@pytest.mark.parametrize("seed", range(8))
def test_any_past_is_known_by_the_same_rules(store: Store, project: Project, seed: int) -> None:
    random = Random(seed)
    expected: dict[str, tuple[str, int]] = {}
    finished: list[tuple[int, str | None, str | None]] = []
    for _ in range(25):
        code, data = random.choice(["code", "code", "older", None]), random.choice(["data", "data", "other", None])
        new = NewRun(
            "", {}, [], [NewExperiment({}, print_ := random.choice("abcd"))], code_digest=code, data_digest=data
        )
        source = random.choice(finished) if finished and random.random() < 0.3 else None
        if source:
            new = replace(new, experiments=[NewExperiment({}, print_, reuse=source[0])])
        run = create_run(store, project, new)
        state = "finished" if source else random.choice(schema.EXPERIMENT_STATES)
        with store.begin() as connection:
            statement = text("UPDATE experiment SET state = :state WHERE run_id = :run RETURNING id")
            id_ = connection.execute(statement, {"state": state, "run": run.id}).scalar_one()
        # What took over results has the code and data of the one that ran.
        code, data = source[1:] if source else (code, data)
        if state == "finished":
            finished.append((id_, code, data))
        status = status_of(state, code, data)
        before = expected.get(print_)
        if status and (before is None or ORDER.index(status) <= ORDER.index(before[0])):
            expected[print_] = (status, id_)
    others = past.fetch_other_runs(store, project.id, "code")
    for wanted in (["a", "b", "c", "d", *map(str, range(20))], ["a"]):
        found = past.fetch_known(store, project.id, wanted, code_digest="code", data_digest="data", others=others)
        assert {name: found.get(name) for name in wanted} == {name: expected.get(name) for name in wanted}

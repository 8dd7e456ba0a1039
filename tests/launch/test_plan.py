"""What a launch would do: every combination, what is known of each, and what is decided."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from analysis.candidates import Interval
from analysis.strategies import StrategyError
from launch.code import CodeState
from launch.order import start
from launch.plan import Decisions, Plan, plan_of
from storage.records import Project
from storage.requests import request_stop
from storage.store import Store
from tests.launch.conftest import EPOCHS, LR, SEED, Finisher, Planner, order

GRID = {"lr": (0.1, 0.2), "epochs": (1, 2)}


def statuses(plan: Plan) -> list[str]:
    return [row.status for row in plan.rows(range(len(plan.known)))]


def reasons(plan: Plan) -> dict[str, int]:
    return {each["reason"]: each["count"] for each in plan.left_out}


def test_everything_is_new_in_a_new_project(plan: Planner) -> None:
    made = plan(GRID)
    assert (made.total, made.scheduled, made.reused, made.left_out) == (4, 4, 0, [])
    assert [dict(row.settings) for row in made.rows(range(4))] == [
        {"lr": 0.1, "epochs": 1},
        {"lr": 0.1, "epochs": 2},
        {"lr": 0.2, "epochs": 1},
        {"lr": 0.2, "epochs": 2},
    ]
    assert {(row.status, row.action, row.past, row.duration_s) for row in made.rows(range(4))} == {
        ("new", "run", None, None)
    }


def test_each_experiment_is_told_by_what_became_of_it_before(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.1, 0.2, 0.3)}), order())
    finish([0.5, None])
    made = plan({"lr": (0.1, 0.2, 0.3, 0.4)})
    assert statuses(made) == ["done", "failed", "waiting", "new"]
    assert list(made.actions) == ["skip", "run", "skip", "run"]
    assert (made.scheduled, dict(made.counts)) == (2, {"done": 1, "failed": 1, "waiting": 1, "new": 1})
    assert reasons(made) == {"done before with the same code and data": 1, "queued or running already": 1}
    done = made.row(0)
    assert done.past is not None
    assert (done.past.number, done.past.run_number, done.past.value, done.past.state) == (1, 1, 0.5, "finished")
    assert done.duration_s == pytest.approx(1.0)


def test_what_was_stopped_is_new(store: Store, project: Project, plan: Planner) -> None:
    run, _ = start(store, project, plan({"lr": (0.1,)}), order())
    request_stop(store, run.id)
    assert statuses(plan({"lr": (0.1,)})) == ["new"]


def test_the_same_settings_are_found_however_they_were_written(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"epochs": (2,), "lr": (0.1, 1.0)}), order())
    finish([0.5, 0.6])
    # Another order, a default left out, a whole number for a float.
    assert statuses(plan({"lr": (0.1, 1)})) == ["done", "done"]
    assert statuses(plan({"lr": (1.0,), "epochs": (2, 3)})) == ["done", "new"]


def test_other_arguments_make_another_experiment(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.2,)}), order())
    finish([0.5])
    assert statuses(plan({"lr": (0.2,)}, arguments=["mnist"])) == ["new"]


@pytest.mark.parametrize("edited", ["train.py", "model.py"])
def test_an_edit_of_the_script_or_what_it_imports_makes_other_code(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path, edited: str
) -> None:
    start(store, project, plan({"lr": (0.1, 0.2)}), order())
    finish([0.5, None])
    path = folder / edited
    path.write_text(path.read_text() + "# edited\n")
    made = plan({"lr": (0.1, 0.2)})
    # What failed with other code says nothing.
    assert statuses(made) == ["other code", "new"]
    assert list(made.actions) == ["run", "run"]


def test_an_unrelated_file_is_not_the_code(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path
) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    finish([0.5])
    (folder / "plots.py").write_text("COLOUR = 'blue'\n")
    (folder / "notes.txt").write_text("hello")
    assert statuses(plan({"lr": (0.1,)})) == ["done"]


def test_other_data_is_told_from_other_code(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path
) -> None:
    start(store, project, plan({"lr": (0.1,)}, data_paths=["data.csv"]), order(data_paths=["data.csv"]))
    finish([0.5])
    assert statuses(plan({"lr": (0.1,)})) == ["done"]
    (folder / "data.csv").write_text("1,3\n")
    assert statuses(plan({"lr": (0.1,)})) == ["other data"]
    (folder / "model.py").write_text("WIDTH = 4\n")
    assert statuses(plan({"lr": (0.1,)})) == ["other code"]


def test_a_default_that_was_edited_does_not_lend_its_results_to_other_settings(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path
) -> None:
    start(store, project, plan({"lr": (0.1, 0.2)}), order())
    finish([0.5, 0.9])
    script = folder / "train.py"
    script.write_text(script.read_text().replace("default=0.1", "default=0.2"))
    made = plan({"lr": (0.1, 0.2)}, known=(type(LR)("lr", "--lr", "float", 0.2), EPOCHS))
    assert statuses(made) == ["new", "new"]


def test_results_that_were_taken_over_keep_the_code_that_made_them(
    store: Store, project: Project, plan: Planner, finish: Finisher, folder: Path
) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    finish([0.5])
    (folder / "model.py").write_text("WIDTH = 4\n")
    reuse = Decisions(by_status={"other code": "reuse"})
    for number in (2, 3):
        again = plan({"lr": (0.1,)}, decisions=reuse)
        assert statuses(again) == ["other code"]
        run, _ = start(store, project, again, order())
        past = plan({"lr": (0.1,)}).row(0).past
        assert past is not None
        assert (run.number, past.run_number, past.value) == (number, number, 0.5)
        assert past.code_digest != run.code_digest


def test_the_best_news_of_several_counts(store: Store, project: Project, plan: Planner, finish: Finisher) -> None:
    again = Decisions(by_status={"done": "run", "failed": "run"})
    for values in ([0.5], [None], [0.7], [None]):
        start(store, project, plan({"lr": (0.1,)}, decisions=again), order())
        finish(values)
    row = plan({"lr": (0.1,)}).row(0)
    assert row.past is not None
    # The newest that is done.
    assert (row.status, row.past.number, row.past.value) == ("done", 3, 0.7)


def test_a_value_that_is_no_number_is_known_as_such(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.1,)}), order())
    finish([math.nan])
    past = plan({"lr": (0.1,)}).row(0).past
    assert past is not None
    assert past.value is not None
    assert math.isnan(past.value)


def test_each_repeat_is_an_experiment_of_its_own(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.1, 0.2)}, repeats=2), order())
    finish([0.1, 0.2, 0.3])
    made = plan({"lr": (0.1, 0.2)}, repeats=3)
    assert made.total == 6
    assert [(row.repeat, row.status) for row in made.rows(range(6))] == [
        (0, "done"), (1, "done"), (2, "new"), (0, "done"), (1, "waiting"), (2, "new"),
    ]  # fmt: skip
    assert statuses(plan({"lr": (0.1,)})) == ["done"]


def test_repeats_name_a_seed_where_the_script_takes_one(plan: Planner) -> None:
    known = (LR, EPOCHS, SEED)
    made = plan({"lr": (0.1,)}, known=known, repeats=3)
    assert [dict(row.settings) for row in made.rows(range(3))] == [
        {"lr": 0.1},
        {"lr": 0.1, "seed": 8},
        {"lr": 0.1, "seed": 9},
    ]
    tuned = plan({"seed": (1, 2)}, known=known, repeats=2)
    assert [row.settings["seed"] for row in tuned.rows(range(4))] == [1, 1, 2, 2]
    assert len(set(tuned.drawn.fingerprints)) == 4


def test_a_decision_on_one_experiment_goes_before_that_on_its_status(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.1, 0.2)}), order())
    finish([0.5, 0.6])
    space = {"lr": (0.1, 0.2, 0.3, 0.4)}
    prints = plan(space).drawn.fingerprints
    decided = Decisions(
        by_status={"done": "reuse"}, by_fingerprint={prints[0]: "run", prints[3]: "skip", prints[2]: "reuse"}
    )
    made = plan(space, decisions=decided)
    # Nothing new can be reused, so that decision counts for nothing.
    assert list(made.actions) == ["run", "reuse", "run", "skip"]
    assert (made.scheduled, made.reused) == (2, 1)
    assert reasons(made) == {"left out by hand": 1}


@pytest.mark.parametrize("data", [None, [], {"by_status": [1]}, {"by_status": {"done": "explode"}}, "text", {"x": 1}])
def test_decisions_from_anywhere_decide_nothing_that_cannot_be(data: object) -> None:
    assert Decisions.from_json(data).action("done", "") == "skip"  # type: ignore[arg-type]


def test_decisions_survive_json() -> None:
    decided = Decisions({"done": "run"}, {"abc": "skip"})
    assert Decisions.from_json(decided.to_json()) == decided


def test_a_part_of_a_plan_is_the_same_as_in_the_whole(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    start(store, project, plan({"lr": (0.3,)}), order())
    finish([0.5])
    space = {"lr": tuple(each / 10 for each in range(1, 9))}
    whole, part = plan(space), plan(space, only=range(2, 5))
    assert part.rows(range(3)) == whole.rows(range(2, 5))
    assert [row.status for row in part.rows(range(3))] == ["done", "new", "new"]
    assert part.total == 8


def test_an_adaptive_search_has_a_size_and_a_duration_and_no_rows(
    store: Store, project: Project, plan: Planner, finish: Finisher
) -> None:
    for epochs in (1, 2, 4, 8):
        start(store, project, plan({"epochs": (epochs,)}), order())
        finish([0.5], seconds=float(epochs))
    made = plan({"epochs": Interval(4, 8, is_whole=True)}, name="tpe", count=5, repeats=2)
    assert (made.total, made.scheduled, list(made.drawn.settings)) == (10, 10, [])
    # Ten experiments of 4 to 8 epochs, two at a time, each about a second per epoch.
    assert made.duration(2) == pytest.approx(30, rel=0.3)


def test_a_search_that_no_run_can_hold_is_counted_at_once_and_shown_in_part(plan: Planner) -> None:
    made = plan({"lr": tuple(map(float, range(1000))), "epochs": tuple(range(1000))})
    assert (made.total, made.is_too_large, len(made.drawn.settings)) == (1_000_000, True, 1_000)
    assert (made.scheduled, made.reused, made.left_out) == (1_000_000, 0, [])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "strategy",
    [
        {"name": "grid", "repeats": 10**9},
        {"name": "random", "count": 10**9},
        {"name": "latin_hypercube", "count": 10**9},
        {"name": "sobol", "count": 10**9},
        {"name": "tpe", "count": 10**9},
    ],
)
def test_a_billion_is_counted_and_not_drawn(plan: Planner, strategy: dict[str, object]) -> None:
    made = plan({"lr": Interval(0, 1) if strategy["name"] != "grid" else (0.1,)}, **strategy)
    assert made.total == 10**9
    assert made.is_too_large
    assert len(made.drawn.settings) <= 1_000


def test_what_a_strategy_cannot_search_is_refused(plan: Planner) -> None:
    with pytest.raises(StrategyError, match="lr has no step"):
        plan({"lr": Interval(0, 1)})


def test_nobody_knows_how_long_what_never_ran_will_take(plan: Planner) -> None:
    assert plan(GRID).duration(2) is None
    assert plan({"lr": Interval(0, 1)}, name="tpe").duration(2) is None


def test_the_time_is_that_of_what_will_run(store: Store, project: Project, plan: Planner, finish: Finisher) -> None:
    start(store, project, plan({"lr": (0.1, 0.2, 0.3)}), order())
    finish([0.5, 0.6, 0.7], seconds=10.0)
    assert plan({"lr": (0.1, 0.2)}).duration(1) is None
    assert plan({"lr": (0.1, 0.4, 0.5, 0.6)}).duration(1) == pytest.approx(30)
    assert plan({"lr": (0.1, 0.4, 0.5, 0.6)}).duration(2) == pytest.approx(20)


@pytest.mark.parametrize("many", [1, 40])
def test_a_small_and_a_large_project_know_the_same(
    store: Store, project: Project, plan: Planner, finish: Finisher, many: int
) -> None:
    start(store, project, plan({"lr": tuple(each / 100 for each in range(1, 1 + many))}), order())
    finish([0.5] * many)
    assert statuses(plan({"lr": (0.01, 9.0)})) == ["done", "new"]


def test_code_that_nobody_knows_is_other_code(store: Store, project: Project, plan: Planner, finish: Finisher) -> None:
    start(store, project, plan({"lr": (0.2,)}), order())
    finish([0.5])
    demand = plan({"lr": (0.2,)}).demand
    nowhere = plan_of(store, project, demand, CodeState(None, None, False), objective=None)
    assert Counter(statuses(nowhere)) == {"other code": 1}

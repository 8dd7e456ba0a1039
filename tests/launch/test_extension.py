"""More experiments for a run that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.candidates import Interval, space_from_json
from launch.extension import add, merged
from launch.order import OrderError, start
from storage.records import Project
from storage.runs import fetch_run
from storage.store import Store
from tests.launch.conftest import Finisher, Planner, order, settings_of


def test_a_run_is_extended_by_what_is_new(store: Store, project: Project, plan: Planner, finish: Finisher) -> None:
    run, _ = start(store, project, plan({"lr": (0.1, 0.2)}), order())
    finish([0.5])
    more = plan({"lr": (0.1, 0.2, 0.3), "epochs": (2, 5)})
    numbers = add(store, project, run, more, order())
    assert numbers == [3, 4, 5, 6]
    now = fetch_run(store, run.id)
    assert space_from_json(now.candidates) == {"lr": (0.1, 0.2, 0.3), "epochs": (2, 5)}
    assert [each["name"] for each in now.hyperparameters] == ["lr", "epochs"]
    assert settings_of(store, run)[2:] == [
        {"lr": 0.1, "epochs": 5},
        {"lr": 0.2, "epochs": 5},
        {"lr": 0.3, "epochs": 2},
        {"lr": 0.3, "epochs": 5},
    ]
    # What the extension leaves out is in the run already.
    assert list(now.left_out) == list(run.left_out)
    assert now.command_line.endswith("train.py --lr [0.1,0.2,0.3] --epochs [2,5]")


def test_an_adaptive_search_goes_on_to_a_larger_count(store: Store, project: Project, plan: Planner) -> None:
    run, _ = start(store, project, plan({"lr": Interval(0, 1)}, name="tpe", count=5), order())
    assert add(store, project, run, plan({"lr": Interval(0, 2)}, name="tpe", count=9), order()) == []
    now = fetch_run(store, run.id)
    assert (now.strategy["count"], space_from_json(now.candidates)) == (9, {"lr": Interval(0, 2)})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("model.py", "WIDTH = 4\n", "The script has changed since run 1"), ("data.csv", "7\n", "not that of run 1")],
)
def test_a_run_is_not_extended_with_other_code_or_data(
    store: Store, project: Project, plan: Planner, folder: Path, name: str, content: str, said: str
) -> None:
    run, _ = start(store, project, plan({"lr": (0.1,)}, data_paths=["data.csv"]), order(data_paths=["data.csv"]))
    (folder / name).write_text(content)
    with pytest.raises(OrderError, match=said):
        add(store, project, run, plan({"lr": (0.2,)}), order())
    assert len(settings_of(store, run)) == 1


def test_a_run_is_not_extended_with_other_arguments(store: Store, project: Project, plan: Planner) -> None:
    prefix = ("python", "train.py", "my data")
    run, _ = start(store, project, plan({"lr": (0.1,)}, arguments=["my data"]), order(prefix=prefix))
    with pytest.raises(OrderError, match="Run 1 was launched with 'my data' behind its script"):
        add(store, project, run, plan({"lr": (0.2,)}, arguments=["more"]), order(prefix=(*prefix[:2], "more")))
    assert add(store, project, run, plan({"lr": (0.2,)}, arguments=["my data"]), order(prefix=prefix)) == [2]


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ((1, 2), (2, 3), (1, 2, 3)),
        (("a",), ("b", "a"), ("a", "b")),
        (Interval(0, 1), Interval(0.5, 2), Interval(0, 2)),
        (Interval(1, 4, is_whole=True), (9, 2), Interval(1, 9, is_whole=True)),
        ((0.001,), Interval(0.01, 0.1, is_log=True), Interval(0.001, 0.1, is_log=True)),
    ],
)
def test_merged_candidates_hold_both(one: object, other: object, both: object) -> None:
    assert merged({"x": one, "y": (1,)}, {"x": other, "z": (2,)}) == {"x": both, "y": (1,), "z": (2,)}  # type: ignore[dict-item]

"""What matters in a run, on a real database."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from dash import no_update

from answers.insight_desk import Desk, Superseded, desk_of
from answers.run_facts import spec_of
from callbacks import insights
from callbacks.insights import AWAY, draw_front, explain, numbers_in
from layouts.run import RunSpec
from storage.projects import find_project
from storage.runs import find_run
from storage.store import Store
from tests.laboratory import Laboratory

SIZES = [16, 32, 64, 128]
RATES = [0.0001, 0.001, 0.01, 0.1]


def spec(store: Store) -> RunSpec:
    project = find_project(store, "digits")
    assert project
    run = find_run(store, project.id, 1)
    assert run
    return spec_of("digits", run)


def ask(store: Store, metric: str = "accuracy", numbers: str | None = None, tab: str = "t") -> Any:
    answer = explain(store, {"metric": metric, "numbers": numbers, "tab": tab, "at": 5}, spec(store))
    if answer is not no_update:
        json.dumps(answer, allow_nan=False)
    return answer


def ask_front(store: Store, *goals: str, numbers: str | None = None) -> Any:
    request = {"metrics": ["accuracy", "seconds"], "goals": goals or ["", ""], "numbers": numbers, "tab": "t", "at": 5}
    answer = draw_front(store, request, spec(store))
    json.dumps(answer, allow_nan=False)
    return answer


def run_grid(laboratory: Laboratory, broken: Sequence[int] = (), failed: Sequence[int] = ()) -> None:
    """Sixteen experiments: accuracy falls with each decade away from 0.01; larger batches are quicker."""
    laboratory.launch({"batch_size": SIZES, "lr": RATES})
    claim: Any = laboratory.start()
    for number in range(1, 17):
        settings = claim.settings
        accuracy = 0.9 - 0.1 * abs(math.log10(settings["lr"]) + 2)
        values = {
            "accuracy": [0.1, math.nan if number in broken else accuracy],
            "seconds": [640 / settings["batch_size"]],
        }
        is_failed = number in failed
        claim = laboratory.report({} if is_failed else values, state="failed" if is_failed else "finished")


@pytest.fixture
def grid(laboratory: Laboratory) -> Laboratory:
    run_grid(laboratory)
    return laboratory


def bars(answer: Any) -> list[str]:
    return list(answer["importance"]["data"][0]["customdata"])


def test_the_learning_rate_matters_most(store: Store, grid: Laboratory) -> None:
    answer = ask(store)
    assert answer["at"] == 5
    assert answer["problem"] is None
    assert bars(answer)[0] == "lr"
    assert answer["said"].startswith("from 16 finished experiments")
    assert list(answer["effects"]) == bars(answer)
    assert [set(each["pair"]) for each in answer["surfaces"]] == [{"lr", "batch_size"}]


def test_any_metric_can_be_explained(store: Store, grid: Laboratory) -> None:
    assert bars(ask(store, "seconds"))[0] == "batch_size"


def test_only_finished_experiments_with_a_value_count(store: Store, laboratory: Laboratory) -> None:
    run_grid(laboratory, broken=[2], failed=[5, 6])
    said = ask(store)["said"]
    assert said.startswith("from 13 finished experiments, 2 failed left out, 1 without a value left out")


def test_the_selected_ones_can_be_explained_alone(store: Store, grid: Laboratory) -> None:
    answer = ask(store, "seconds", numbers="2-15")
    assert answer["said"].startswith("from 14 finished experiments")
    assert bars(answer)[0] == "batch_size"
    assert ask(store, numbers="1-3")["problem"].startswith("Too few experiments to tell")
    assert "same settings" not in ask(store, numbers="")["problem"]


def test_effects_name_experiments_by_their_numbers(store: Store, grid: Laboratory) -> None:
    dots = ask(store, "seconds", numbers="2-15")["effects"]["lr"]["data"][0]
    assert sorted(dots["customdata"]) == list(range(2, 16))


def test_the_same_question_is_answered_once(store: Store, grid: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ask(store)
    monkeypatch.setattr(insights, "rank", None)
    assert ask(store, tab="another person") == first


def test_new_experiments_are_read_and_explained_anew(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"batch_size": SIZES, "lr": RATES})
    laboratory.start()
    assert "No finished experiment" in ask(store)["problem"]
    laboratory.report({"accuracy": [0.5]})
    assert ask(store)["said"].startswith("from 1 finished experiment")
    assert "more would do" in ask(store)["problem"]


def test_a_newer_question_of_the_same_page_ends_the_older() -> None:
    desk = Desk()

    def ask_anew() -> None:
        with desk.turn("page"):
            pass

    with desk.turn("page") as proceed:
        proceed()
        asking = threading.Thread(target=ask_anew)
        asking.start()
        assert _comes(lambda: _is_superseded(proceed))
    asking.join(5)


def _comes(happens: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not happens() and time.monotonic() < end:
        time.sleep(0.01)
    return happens()


def _is_superseded(proceed: Callable[[], None]) -> bool:
    try:
        proceed()
    except Superseded:
        return True
    return False


def test_another_page_waits_and_ends_nothing() -> None:
    desk = Desk()
    entered: list[str] = []

    def ask_elsewhere() -> None:
        with desk.turn("two"):
            entered.append("two")

    with desk.turn("one") as proceed:
        waiting = threading.Thread(target=ask_elsewhere)
        waiting.start()
        waiting.join(0.05)
        assert not _is_superseded(proceed)
        assert entered == []
    waiting.join(5)
    assert entered == ["two"]


def test_what_was_given_up_says_nothing(store: Store, grid: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: Any, **__: Any) -> None:
        raise Superseded

    monkeypatch.setattr(insights, "rank", give_up)
    assert ask(store) is no_update


def test_an_outage_is_answered(store: Store, grid: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"metric": "accuracy", "numbers": None, "tab": "t", "at": 5}
    known = spec(store)
    away = Store("postgresql://nobody@127.0.0.1:1/nothing")
    assert explain(away, asked, known)["problem"] == AWAY
    front = draw_front(away, {"metrics": ["accuracy", "seconds"], "goals": ["", ""], "tab": "t", "at": 5}, known)
    assert front["said"] == AWAY


def test_a_store_has_one_desk(store: Store) -> None:
    assert desk_of(store) is desk_of(store)


def test_the_front_follows_the_goals_of_its_metrics(store: Store, grid: Laboratory) -> None:
    answer = ask_front(store)
    # Accurate at 0.01, quick with batches of 128.
    assert answer["figure"]["data"][1]["customdata"] == [15]
    assert answer["said"] == "1 of 16 finished experiments on the front"


def test_a_person_may_turn_a_goal_around(store: Store, grid: Laboratory) -> None:
    assert ask_front(store, "maximize", "maximize")["figure"]["data"][1]["customdata"] == [3]
    assert ask_front(store, "minimize", "", numbers="1-4")["figure"]["data"][1]["customdata"] == [1]


def test_the_front_leaves_out_what_lacks_a_value(store: Store, laboratory: Laboratory) -> None:
    run_grid(laboratory, broken=[15])
    assert "1 without both values left out" in ask_front(store)["said"]


@pytest.mark.parametrize(
    ("compact", "numbers"),
    [(None, None), ("", set()), ("1-3,9", {1, 2, 3, 9}), ("x,2,3-", {2}), ("5-4", set()), ("1-999999999999", set())],
)
def test_compact_numbers_are_read(compact: str | None, numbers: set[int] | None) -> None:
    assert numbers_in(compact) == numbers


def test_without_a_question_there_is_no_answer(store: Store, grid: Laboratory) -> None:
    assert explain(store, None, spec(store)) is no_update
    assert draw_front(store, None, spec(store)) is no_update

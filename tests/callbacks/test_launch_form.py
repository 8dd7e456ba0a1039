"""Reading the launch form: what its fields mean together, and the sentence and place of each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.strategies import StrategyError
from answers.fields import FormError, read_paths
from callbacks.launch.form import FIELDS, read_form, read_strategy
from layouts import launch as layout
from layouts.launch.form import Form, Strategy
from storage.store import Store
from tests.callbacks.conftest import form
from tests.laboratory import Laboratory
from tests.text import text_of


def test_a_form_that_nobody_touched_asks_for_the_defaults(laboratory: Laboratory) -> None:
    asked = read_form(laboratory.project, form(), key="once")
    order = asked.order
    assert asked.demand.space == {"lr": (0.1,)}
    assert (asked.demand.strategy.name, asked.demand.strategy.repeats, asked.demand.goal) == ("grid", 1, "maximize")
    assert (order.cpus, order.gpus, order.concurrency, order.retries, order.time_limit_s) == (1, 0, None, 0, None)
    assert not order.has_terminal
    assert (order.priority, order.weight) == (0, 1)
    assert (order.objective, order.metrics, order.key) == (
        "accuracy",
        [{"name": "accuracy", "goal": "maximize"}],
        "once",
    )


def test_every_field_reaches_the_order(laboratory: Laboratory) -> None:
    typed = form(
        "python train.py fast --batch_size [28,56] --lr [0.1:0.4]", strategy="sobol", count="8", seed="3", repeats="2",
        objective=" loss ", goal="minimize", metrics=["loss", "accuracy", "seconds"], cpus="0.5", gpus=".25",
        concurrency="3", priority="-5", weight="2.5", retries="1", time_limit="1.5", terminal=["on"], shared="MNIST, downloads", in_place=["on"], hooks=[], data="data/train.csv, images , data/train.csv",
    )  # fmt: skip
    asked = read_form(laboratory.project, typed)
    order, strategy = asked.order, asked.demand.strategy
    assert (strategy.name, strategy.count, strategy.seed, strategy.repeats) == ("sobol", 8, 3, 2)
    assert asked.demand.arguments == ("fast",)
    assert order.prefix == ("python", "train.py", "fast")
    assert (order.objective, order.goal) == ("loss", "minimize")
    assert [each["name"] for each in order.metrics] == ["loss", "accuracy", "seconds"]
    assert order.metrics[0]["goal"] == "minimize"
    assert (order.cpus, order.gpus, order.concurrency, order.retries, order.time_limit_s) == (0.5, 0.25, 3, 1, 90)
    assert order.has_terminal
    assert (order.priority, order.weight) == (-5, 2.5)
    assert order.data_paths == ["data/train.csv", "images"]
    assert order.shared_paths == ["MNIST", "downloads"]
    assert order.in_place
    assert not order.has_hooks


@pytest.mark.parametrize(
    ("changes", "place", "sentence"),
    [
        ({"command": ""}, "command", "There is no command here"),
        ({"command": None}, "command", "There is no command here"),
        ({"command": "python train.py --lr ["}, "command", "never closed"),
        ({"command": "python train.py --lr []"}, "command", "no value here"),
        ({"command": "python train.py --lr x"}, "command", "--lr"),
        ({"command": "python train.py --batch_siz 1"}, "command", "--batch_size"),
        ({"command": "python other.py --lr 1"}, "command", "This project launches python train.py"),
        ({"strategy": "sobol", "count": "0"}, "strategy", "The number of settings is '0'; write a whole number from 1 up."),
        ({"strategy": "sobol", "count": "many"}, "strategy", "The number of settings is 'many'"),
        ({"strategy": "sobol", "count": "1e12"}, "strategy", "at most 1,000,000,000"),
        ({"seed": "-1"}, "strategy", "The seed is '-1'; write a whole number from 0 up."),
        ({"repeats": "0"}, "strategy", "The number of repeats is '0'"),
        ({"repeats": "1.5"}, "strategy", "whole number"),
        ({"strategy": "tpe", "options": {"startup": "a few"}}, "strategy", "a few"),
        ({"cpus": "-1"}, "resources", "The number of CPUs is '-1'; write a number from 0 up."),
        ({"gpus": "one"}, "resources", "The number of GPUs is 'one'"),
        ({"concurrency": "0"}, "resources", "The number at once is '0'; write a whole number from 1 up."),
        ({"concurrency": "1.5"}, "resources", "whole number"),
        ({"priority": "high"}, "resources", "The priority is 'high'; write a whole number."),
        ({"priority": "1001"}, "resources", "The priority is 1001; write a whole number from -1000 to 1000."),
        ({"weight": "0"}, "resources", "The share is 0; write a number above 0, such as 0.5 or 2, up to 1,000,000."),
        ({"weight": "inf"}, "resources", "The share is 'inf'; write a number"),
        ({"retries": "-1"}, "resources", "The number of retries is '-1'"),
        ({"retries": "nan"}, "resources", "whole number"),
        ({"time_limit": "soon"}, "resources", "The time limit is 'soon'"),
        ({"time_limit": "0"}, "resources", "from 0.01 up"),
        ({"time_limit": "inf"}, "resources", "The time limit is 'inf'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(
    laboratory: Laboratory, changes: dict[str, Any], place: str, sentence: str
) -> None:
    with pytest.raises(FormError) as caught:
        read_form(laboratory.project, form(**changes))
    assert caught.value.place == place
    assert sentence in caught.value.message


def test_a_slip_in_the_command_has_a_column(laboratory: Laboratory) -> None:
    command = "python train.py --lr 0.1 --batch_size [28,x]"
    with pytest.raises(FormError) as caught:
        read_form(laboratory.project, form(command))
    assert caught.value.column == command.index("x]")


def test_empty_numbers_have_their_defaults(laboratory: Laboratory) -> None:
    blank = dict.fromkeys(
        ("count", "seed", "repeats", "cpus", "gpus", "concurrency", "priority", "weight", "retries", "time_limit"), " "
    )
    asked = read_form(laboratory.project, form(**blank, objective=" ", metrics=[]))
    assert (asked.demand.strategy.count, asked.demand.strategy.seed, asked.demand.strategy.repeats) == (20, 0, 1)
    assert (asked.order.cpus, asked.order.gpus, asked.order.retries) == (1, 0, 0)
    assert (asked.order.priority, asked.order.weight) == (0, 1)
    assert (asked.order.objective, asked.order.metrics) == (None, [])


def test_nothing_is_needed_but_the_command(laboratory: Laboratory) -> None:
    """The table's rows are asked for with a part of the form."""
    asked = read_form(laboratory.project, {"command": "python train.py --lr 0.1", "goal": "minimize"})
    assert asked.demand.strategy.name == "grid"
    assert asked.demand.goal == "minimize"


def test_options_of_a_strategy_are_read_as_it_wants_them() -> None:
    assert read_strategy(form(strategy="tpe", options={"startup": "7", "draws": " 9"})).options == {
        "startup": 7,
        "draws": 9,
    }
    assert read_strategy(form(strategy="sobol", options={"is_scrambled": ["on"]})).options == {"is_scrambled": True}
    assert read_strategy(form(strategy="sobol", options={"is_scrambled": []})).options == {"is_scrambled": False}
    assert read_strategy(form(strategy="tpe", options={"startup": ""})).options["startup"] == 10


def test_options_of_the_strategy_before_are_left_behind() -> None:
    """The form of a new strategy arrives a moment after its name."""
    assert read_strategy(form(strategy="sobol", options={"startup": "7"})).options == {}
    assert read_strategy(form(strategy="nothing like it")).name == "grid"


def test_a_number_that_an_option_does_not_take_is_refused_by_the_strategy(laboratory: Laboratory) -> None:
    asked = read_form(
        laboratory.project, form("python train.py --lr [0.1,0.2]", strategy="tpe", options={"startup": "0.5"})
    )
    with pytest.raises(StrategyError, match="whole number"):
        asked.demand.check()


def test_paths_stand_between_commas() -> None:
    assert read_paths(None) == []
    assert read_paths(" a b.csv ,, c/ ,a b.csv") == ["a b.csv", "c/"]


def test_every_field_of_the_form_stands_in_the_dialog(store: Store, laboratory: Laboratory) -> None:
    shown = text_of(
        layout.body(
            Form(
                [], {}, "", Strategy(), None, "maximize", [], [], 1, 0, None, 0, 1, 0, None, False, [], [], False, True
            )
        )
    )
    assert [id_ for id_, _ in FIELDS.values() if isinstance(id_, str) and f'"id": "{id_}"' not in shown] == []

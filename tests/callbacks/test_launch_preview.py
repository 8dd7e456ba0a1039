"""The preview of the launch dialog: counts, sums, what is known of each planned experiment, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from dash import no_update

from callbacks.launch import previewing
from callbacks.launch.previewing import give_rows, look_at_data, review, show_difference, show_strategy
from layouts import launch_ids as ids
from storage.heartbeats import beat
from storage.store import Store
from tests.callbacks.conftest import form, opened, triggered_by
from tests.laboratory import Laboratory, run_four
from tests.text import text_of

EVERY = "python train.py --batch_size [28,56,112] --lr [0.1,0.2]"


def reviewed(
    store: Store,
    command: str = EVERY,
    *,
    problems: list[str] | None = None,
    decisions: Mapping[str, Any] | None = None,
    mode: str = "new",
    by: str = ids.COMMAND,
    **changes: Any,
) -> dict[str, Any]:
    context = opened(store, mode, run=1 if mode == "extend" else None)["context"]
    with triggered_by(by):
        return review(store, form=form(command, **changes), problems=problems, decisions=decisions, context=context)


# --- counts and labels ------------------------------------------------------------------------------------------------


def test_the_number_of_experiments_is_told_before_launch(store: Store, workshop: Laboratory) -> None:
    seen = reviewed(store, "python train.py --batch_size [28,56,112] --lr [0.1,0.2] --augment [true,false]")
    assert seen["count"] == "3 × 2 × 2 = 12 experiments"
    assert seen["label"] == "Launch 12 experiments"
    assert (seen["is_disabled"], seen["cannot_save"], seen["no_table"]) == (False, False, False)
    assert "12 of 12 scheduled" in text_of(seen["summary"])
    assert "duration unknown" in text_of(seen["summary"])
    assert seen["statuses"] == []
    assert seen["show"] == [{"label": "all 12", "value": ""}]
    assert {seen[place] for place in ("command", "strategy", "resources", "data", "error")} == {""}


def test_one_experiment_is_one(store: Store, workshop: Laboratory) -> None:
    seen = reviewed(store, "python train.py --lr 0.1")
    assert (seen["count"], seen["label"]) == ("1 experiment", "Launch 1 experiment")


def test_repeats_are_a_factor(store: Store, workshop: Laboratory) -> None:
    seen = reviewed(store, repeats="3")
    assert seen["count"] == "3 × 2 × 3 = 18 experiments"
    assert "repeat" in [column["field"] for column in seen["columns"]]
    drawn = reviewed(store, "python train.py --lr [0.1:0.9]", strategy="sobol", count="4", repeats="2")
    assert drawn["count"] == "4 × 2 = 8 experiments"


@pytest.mark.parametrize("strategy", ["random", "latin_hypercube", "sobol", "halton"])
def test_a_strategy_that_draws_has_as_many_as_wanted(store: Store, workshop: Laboratory, strategy: str) -> None:
    seen = reviewed(store, "python train.py --lr [0.1:0.9:log] --batch_size [8:64]", strategy=strategy, count="5")
    assert seen["label"] == "Launch 5 experiments"
    assert seen["plan"]["shown"] == 5


def test_what_was_done_before_is_found_and_left_out(store: Store, known: Laboratory) -> None:
    """Of run 1's four, three finished and one failed."""
    seen = reviewed(store)
    assert seen["label"] == "Launch 3 experiments"
    said = text_of(seen["summary"])
    assert "3 of 6 scheduled" in said
    assert "3 left out: done before with the same code and data" in said
    assert "about 4.5 s" in said
    assert "3 finished experiments" in said
    assert [each["label"] for each in seen["show"]] == ["all 6", "new 2", "done 3", "failed 1"]
    assert "accuracy" in [column["headerName"] for column in seen["columns"]]


def test_where_all_is_done_nothing_can_be_launched_until_something_is_decided(store: Store, known: Laboratory) -> None:
    command = "python train.py --batch_size 28 --lr [0.1,0.2]"
    seen = reviewed(store, command)
    assert (seen["label"], seen["is_disabled"], seen["cannot_save"]) == ("Launch", True, False)
    again = reviewed(store, command, decisions={"by_status": {"done": "run"}})
    assert (again["label"], again["is_disabled"]) == ("Launch 2 experiments", False)
    taken = reviewed(store, command, decisions={"by_status": {"done": "reuse"}})
    assert (taken["label"], taken["is_disabled"]) == ("Take over 2 results", False)
    assert "2 reused" in text_of(taken["summary"])


def test_a_single_decision_counts_more_than_that_of_its_status(store: Store, known: Laboratory) -> None:
    first = rows_of(store)["rowData"][0]
    decisions = {"by_status": {"done": "run"}, "by_fingerprint": {first["id"]: "skip"}}
    seen = reviewed(store, decisions=decisions)
    assert seen["label"] == "Launch 5 experiments"
    shown = rows_of(store, decisions=decisions)["rowData"]
    assert [row["action"] for row in shown] == ["skip", "run", "run", "run", "run", "run"]


def test_a_decision_that_makes_no_sense_counts_for_nothing(store: Store, known: Laboratory) -> None:
    decisions = {"by_status": {"new": "reuse", "done": "burn", "gone": "run"}, "by_fingerprint": None}
    assert reviewed(store, decisions=decisions)["label"] == "Launch 3 experiments"


def test_each_status_says_what_can_be_done_with_it(store: Store, known: Laboratory) -> None:
    said = text_of(reviewed(store)["statuses"])
    assert "3 done with this code and data" in said
    assert "1 failed with this code" in said
    assert [word in said for word in ("reuse the results", "run again", "leave out")] == [True, True, True]
    assert "new" not in [each["name"] for each in status_ids(reviewed(store))]


def status_ids(seen: Mapping[str, Any]) -> list[dict[str, str]]:
    return [row.children[1].id for row in seen["statuses"]]


def test_other_code_is_run_again_unless_somebody_says_otherwise(store: Store, known: Laboratory) -> None:
    known.script.write_text(known.script.read_text() + "# another\n")
    seen = reviewed(store)
    assert "3 done with other code" in text_of(seen["statuses"])
    assert seen["label"] == "Launch 6 experiments"
    assert reviewed(store, decisions={"by_status": {"other code": "skip"}})["label"] == "Launch 3 experiments"


def test_what_waits_is_not_queued_twice(store: Store, workshop: Laboratory) -> None:
    workshop.launch({"lr": [0.1, 0.2]})
    seen = reviewed(store, "python train.py --lr [0.1,0.2,0.3]")
    assert seen["label"] == "Launch 1 experiment"
    assert "2 queued or running now" in text_of(seen["statuses"])


def test_settings_are_the_same_in_whatever_order_they_stand(store: Store, known: Laboratory) -> None:
    assert reviewed(store, "python train.py --lr 0.1 --batch_size 28")["label"] == "Launch"


def test_an_extension_adds(store: Store, known: Laboratory) -> None:
    seen = reviewed(store, mode="extend")
    assert seen["label"] == "Add 3 experiments"
    assert seen["cannot_save"] is True


# --- what cannot be launched ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "changes", "place"),
    [
        ("", {}, "command"),
        ("python train.py --nothing 1", {}, "command"),
        ("python train.py --lr [", {}, "command"),
        ("python train.py --lr []", {}, "command"),
        ("python other.py --lr 1", {}, "command"),
        (EVERY, {"seed": "x"}, "strategy"),
        (EVERY, {"strategy": "tpe", "options": {"startup": "-1"}}, "strategy"),
        ("python train.py --lr [0.1:0.5]", {"strategy": "grid"}, "strategy"),
        (EVERY, {"cpus": "x"}, "resources"),
    ],
)
def test_a_mistake_stands_at_its_place_and_disables_the_launch(
    store: Store, workshop: Laboratory, command: str, changes: dict[str, Any], place: str
) -> None:
    seen = reviewed(store, command, **changes)
    assert (seen["is_disabled"], seen["cannot_save"]) == (True, True)
    assert [each for each in ("command", "strategy", "resources", "data") if seen[each]] == [place]
    assert f"until the {place} " in text_of(seen["summary"])
    # What the preview showed stays in sight.
    assert seen["plan"] is seen["columns"] is seen["statuses"] is seen["show"] is no_update
    assert seen["label"] == "Launch"


def test_a_slip_is_shown_at_its_place(store: Store, workshop: Laboratory) -> None:
    message, place = reviewed(store, "python train.py --batch_siz [1,2]")["command"]
    line, caret = place.children.split("\n")
    assert "--batch_size" in message.children
    assert line[caret.index("^") :].startswith("--batch_siz")


def test_a_problem_in_a_field_disables_the_launch(store: Store, workshop: Laboratory) -> None:
    seen = reviewed(store, problems=["lr"])
    assert (seen["is_disabled"], seen["cannot_save"]) == (True, True)


def test_a_search_beyond_any_run_is_counted_and_refused(store: Store, workshop: Laboratory) -> None:
    seen = reviewed(store, "python train.py --batch_size [1:9999:1] --lr [1:999:1]")
    assert seen["count"] == "9,999 × 999 = 9,989,001 experiments"
    assert (seen["label"], seen["is_disabled"]) == ("Launch", True)
    said = text_of(seen["summary"])
    assert "9,989,001 combinations" in said
    assert "The first 1,000 are shown" in said
    assert seen["plan"]["shown"] == 1000


def test_resources_that_fit_nowhere_are_refused(store: Store, workshop: Laboratory) -> None:
    beat(store, "dispatcher", {"per_node": [{"CPU": 2.0}, {"CPU": 1.0}]})
    seen = reviewed(store, gpus="1")
    assert (seen["resources"], seen["is_disabled"]) == ("Each experiment wants 1 GPU; the cluster has none.", True)
    assert not seen["cannot_save"]
    assert "no node of the cluster has more than 2" in reviewed(store, cpus="4")["resources"]
    assert reviewed(store, cpus="2")["resources"] == ""


def test_as_many_run_at_once_as_fit_and_are_wanted(store: Store, known: Laboratory) -> None:
    beat(store, "dispatcher", {"per_node": [{"CPU": 2.0}, {"CPU": 1.0}]})
    assert "about 1.5 s, 3 at once" in text_of(reviewed(store)["summary"])
    assert "about 3.0 s, 2 at once" in text_of(reviewed(store, concurrency="2")["summary"])


# --- data ---------------------------------------------------------------------------------------------------------------


def test_other_data_makes_what_was_done_another(store: Store, known: Laboratory) -> None:
    (known.script.parent / "data.csv").write_text("1\n")
    context = look_at_data(store, "data.csv", opened(store)["context"])
    with triggered_by(ids.CONTEXT):
        seen = review(store, form=form(EVERY, data="data.csv"), problems=[], decisions=None, context=context)
    assert seen["label"] == "Launch 6 experiments"
    assert "3 done with other data" in text_of(seen["statuses"])
    # Whoever changed the context has said why.
    assert seen["error"] is no_update


def test_data_that_is_missing_is_told_at_its_place(store: Store, known: Laboratory) -> None:
    context = look_at_data(store, "gone.csv", opened(store)["context"])
    seen = review(store, form=form(EVERY, data="gone.csv"), problems=[], decisions=None, context=context)
    assert "gone.csv" in seen["data"]
    assert seen["is_disabled"] is True


def test_data_that_stays_is_looked_at_and_nothing_follows(store: Store, known: Laboratory) -> None:
    context = opened(store)["context"]
    assert look_at_data(store, "", context) is no_update
    assert look_at_data(store, "gone.csv", None) is no_update
    known.script.unlink()
    assert look_at_data(store, "gone.csv", opened(store)["context"]) is no_update


# --- strategies -------------------------------------------------------------------------------------------------------


def test_an_adaptive_strategy_shows_its_search_space(store: Store, known: Laboratory) -> None:
    seen = reviewed(
        store, "python train.py --lr [0.1:0.9:log] --batch_size [28,56] --augment true", strategy="tpe", count="12"
    )
    assert (seen["count"], seen["label"], seen["no_table"]) == ("12 experiments", "Launch 12 experiments", True)
    said = text_of(seen["statuses"])
    assert "any number from 0.1 to 0.9, evenly on a log scale" in said
    assert "28, 56" in said
    assert "True (fixed)" in said
    assert "about 18 s" in text_of(seen["summary"])


def test_a_strategy_shows_its_own_form(store: Store) -> None:
    fields, hidden = show_strategy(store, "tpe")
    assert "Random experiments first" in text_of(fields)
    assert hidden is False
    assert show_strategy(store, "grid")[1] is True
    assert show_strategy(store, "gone") == (no_update, no_update)


# --- the table's rows -------------------------------------------------------------------------------------------------


def rows_of(
    store: Store, command: str = EVERY, request: Mapping[str, int] | None = None, show: str = "", **changes: Any
) -> dict[str, Any]:
    context = opened(store)["context"]
    decisions = changes.pop("decisions", None)
    with triggered_by(ids.COMMAND):
        plan = review(store, form=form(command, **changes), problems=[], decisions=decisions, context=context)["plan"]
    answer: dict[str, Any] = give_rows(store, request or {"startRow": 0, "endRow": 100}, plan, show, context)
    return answer


def test_rows_say_what_is_known_and_what_would_be_done(store: Store, known: Laboratory) -> None:
    answer = rows_of(store)
    rows = answer["rowData"]
    assert answer["rowCount"] == len(rows) == 6
    assert [(row["h0"], row["h1"]) for row in rows[:3]] == [("28", "0.1"), ("28", "0.2"), ("56", "0.1")]
    assert [row["action"] for row in rows] == ["skip", "skip", "skip", "run", "run", "run"]
    assert [row["status"].partition(",")[0] for row in rows] == ["done: #1", "done: #2", "done: #3", "failed: #4", "new", "new"]  # fmt: skip
    assert [row["value"] for row in rows] == ["0.8", "0.9", "", "", "", ""]
    assert [row["curve"] for row in rows[:3]] == [[0.5, 0.8], [0.6, 0.9], []]
    assert [row["expected"] for row in rows] == ["", "", "", "1.5 s", "1.5 s", "1.5 s"]
    assert [row["place"] for row in rows] == list("123456")
    assert "Experiment 4 of run 1 failed with the same code" in rows[3]["detail"]
    assert rows[0]["actions"] == ["skip", "reuse", "run"]
    assert len({row["id"] for row in rows}) == 6


def test_a_status_shows_alone_with_its_places(store: Store, known: Laboratory) -> None:
    answer = rows_of(store, show="new")
    assert answer["rowCount"] == 2
    assert [row["place"] for row in answer["rowData"]] == ["5", "6"]
    second = rows_of(store, show="done", request={"startRow": 1, "endRow": 2})
    assert (second["rowCount"], [row["place"] for row in second["rowData"]]) == (3, ["2"])


def test_hyperparameters_that_are_fixed_have_no_column(store: Store, workshop: Laboratory) -> None:
    [row] = rows_of(store, "python train.py --lr 0.1 --optimizer sgd")["rowData"]
    assert (row["h0"], row["h1"]) == ("0.1", "sgd")
    rows = rows_of(store, "python train.py --lr 0.1 --optimizer [sgd,adam]")["rowData"]
    assert [row["h0"] for row in rows] == ["sgd", "adam"]
    assert "h1" not in rows[0]


def test_repeats_are_rows_of_their_own(store: Store, workshop: Laboratory) -> None:
    rows = rows_of(store, "python train.py --lr [0.1,0.2]", repeats="2")["rowData"]
    assert [(row["h0"], row["repeat"]) for row in rows] == [("0.1", 1), ("0.1", 2), ("0.2", 1), ("0.2", 2)]
    assert len({row["id"] for row in rows}) == 4


def test_of_a_hundred_thousand_rows_only_the_block_is_looked_up(
    store: Store, known: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "python train.py --batch_size [1:1000:1] --lr [1:100:1]"
    context = opened(store)["context"]
    with triggered_by(ids.COMMAND):
        plan = review(store, form=form(command), problems=[], decisions=None, context=context)["plan"]
    assert plan["shown"] == 100_000
    asked = []
    real = previewing.plan_of
    monkeypatch.setattr(
        previewing, "plan_of", lambda *a, **k: asked.append(len((found := real(*a, **k)).known)) or found
    )
    answer = give_rows(store, {"startRow": 99_900, "endRow": 100_000}, plan, "", context)
    assert asked == [100]
    assert answer["rowCount"] == 100_000
    places = [int(row["place"].replace(",", "")) for row in answer["rowData"]]
    assert (places[0], places[-1]) == (99_901, 100_000)
    assert all(b - a == 1 for a, b in pairwise(places))
    assert (answer["rowData"][-1]["h0"], answer["rowData"][-1]["h1"]) == ("1000", "100")


def test_before_there_is_a_plan_there_are_no_rows(store: Store, workshop: Laboratory) -> None:
    context = opened(store)["context"]
    assert give_rows(store, {"startRow": 0, "endRow": 100}, None, "", context) == {"rowData": [], "rowCount": 0}
    assert give_rows(store, None, None, "", context) is no_update
    assert give_rows(store, {"startRow": 0}, None, "", None) is no_update


# --- what changed in the code -----------------------------------------------------------------------------------------


def test_what_changed_in_the_code_is_shown_and_hidden(store: Store, known: Laboratory) -> None:
    known.script.write_text(known.script.read_text().replace("64", "32"))
    context = opened(store)["context"]
    shown, hidden, label = show_difference(store, 1, True, context)
    assert (hidden, label) == (False, "Hide what changed")
    text = text_of(shown)
    assert '-parser.add_argument(\\"--batch_size\\", type=int, default=64' in text
    assert '+parser.add_argument(\\"--batch_size\\", type=int, default=32' in text
    assert show_difference(store, 2, False, context) == (no_update, True, "Show what changed")
    assert show_difference(store, None, True, context) == (no_update,) * 3


def test_without_a_snapshot_there_is_nothing_to_compare_with(store: Store, workshop: Laboratory) -> None:
    context = opened(store)["context"]
    assert show_difference(store, 1, True, context)[0] == "Nothing was launched before."
    run_four(workshop)
    workshop.script.unlink()
    assert "not on this machine" in show_difference(store, 1, True, context)[0]


def test_a_closed_dialog_reviews_nothing(store: Store, workshop: Laboratory) -> None:
    answer = review(store, form=form(), problems=None, decisions=None, context=None)
    assert set(map(id, answer.values())) == {id(no_update)}

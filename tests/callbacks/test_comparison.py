"""Experiments side by side: from the page's poll to a table, and one picture each."""

from __future__ import annotations

from typing import Any

import pytest
from dash import no_update

from callbacks.comparison import compare, draw
from layouts.comparison import AS_USUAL, Choice
from storage.configuration import keep_environment, wants_environment
from storage.ingestion import NewView
from storage.projects import find_project
from storage.runs import find_run
from storage.store import Store
from tests.laboratory import Laboratory, confusion
from tests.text import text_of

SHOWN = {"slug": "digits", "number": 1}


def ask(store: Store, picked: list[int], choice: Choice = AS_USUAL, **state: Any) -> dict[str, Any]:
    return compare(
        store, _revision={}, choice=choice.told(), picked=picked, **{"view": None, "before": None, **state}, shown=SHOWN
    )


def picture(
    store: Store, answer: dict[str, Any], number: int, epoch: float | None = None, view: str = ""
) -> dict[str, Any]:
    return draw(
        store,
        view=view or answer["view"],
        epoch=epoch,
        shared=answer["shared"],
        place={"type": "comparison-figure", "number": number},
        shown=SHOWN,
    )


def test_one_is_not_compared_and_too_many_are_told_what_to_do(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1 * at for at in range(1, 10)]})
    assert ask(store, [1])["hidden"] is True
    assert ask(store, [1, 99])["hidden"] is True
    assert ask(store, list(range(1, 7)))["content"]["heads"][6]["words"] == "Experiment 6"
    many = ask(store, list(range(1, 10)))
    assert (many["hidden"], many["content"], many["pictures"]) == (False, None, [])
    assert "shows 2 to 6 experiments, and 9 are on this page" in text_of(many["head"])


def test_the_first_is_the_reference_until_another_is_chosen(store: Store, finished: Laboratory) -> None:
    first = ask(store, [2, 1])
    assert "differences are to experiment 2" in text_of(first["head"])
    assert first["shared"]["reference"] == 2
    other = ask(store, [2, 1], Choice(against=1))
    assert other["shared"]["reference"] == 1
    assert "better" in text_of(other["body"])
    assert ask(store, [2, 1], Choice(against=99))["shared"]["reference"] == 2


def test_metrics_are_shown_as_the_address_reduces_them(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.9, 0.5], "loss": [3.0, 1.0]})
    laboratory.report({"accuracy": [0.4, 0.6]})
    last = {row[0]: row[1:] for row in ask(store, [1, 2])["content"]["rows"]}
    assert (last["accuracy"], last["loss"]) == ([0.5, 0.6], [1.0, None])
    chosen = Choice(reduce='{"accuracy": "largest", "loss": "mean 2"}')
    reduced = {row[0]: row[1:] for row in ask(store, [1, 2], chosen)["content"]["rows"]}
    assert (reduced["accuracy (best)"], reduced["loss (mean of last 2)"]) == ([0.9, 0.6], [2.0, None])


def test_experiments_of_two_runs_are_compared_by_what_they_ran_with(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1]})
    laboratory.launch({"batch_size": [64]})
    laboratory.launch({"lr": [0.2], "batch_size": [64]})
    rows = {row[0]: row[1:] for row in ask(store, [1, 2, 3])["content"]["rows"]}
    assert rows["lr"] == [0.1, 0.1, 0.2]
    assert rows["batch_size"] == [64, 64, 64]
    assert ask(store, [1, 2])["view_hidden"] is True


@pytest.fixture
def seen(store: Store, laboratory: Laboratory) -> Laboratory:
    """Three experiments, of which two have a matrix of two epochs, and one another kind of that name."""
    laboratory.launch({"lr": [0.1, 0.2, 0.3]})
    laboratory.start()
    laboratory.report({}, views=[confusion(1.0), confusion(2.0)])
    laboratory.report({}, views=[confusion(1.0)])
    laboratory.report({}, views=[NewView("confusion matrix", "table", 1.0, b"{")])
    return laboratory


def test_what_they_ran_with_is_compared_where_it_differs(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1]})
    laboratory.start()
    laboratory.report({"accuracy": [0.5]})
    laboratory.launch({"lr": [0.2]})
    laboratory.start()
    laboratory.report({"accuracy": [0.6]})
    # Nobody has looked at the machine of the second by now, which is no difference.
    look_at(store, 1, torch="2.12.0", numpy="2.0")
    assert "package" not in text_of(ask(store, [1, 2])["body"])
    look_at(store, 2, torch="2.13.0", numpy="2.0")
    shown = ask(store, [1, 2])
    assert "1 of 6 facts differs; 5 that are the same are left out" in text_of(shown["body"])
    assert ["package torch", "2.12.0", "2.13.0"] in shown["content"]["rows"]
    assert "package numpy" not in text_of(shown["body"])


def look_at(store: Store, run: int, **packages: str) -> None:
    project = find_project(store, "digits")
    found = project and find_run(store, project.id, run)
    assert found
    wants_environment(store, found.id, "here")
    keep_environment(
        store, found.id, "here", {"python": "3.11.7", "system": "Linux", "gpus": [], "packages": list(packages.items())}
    )


def test_a_view_that_two_share_is_drawn_for_each_at_the_page_s_epoch(store: Store, seen: Laboratory) -> None:
    answer = ask(store, [1, 2, 3])
    assert [each["label"] for each in answer["views"]] == [
        "confusion matrix: difference to 1 (2 of 3)",
        "confusion matrix: counts (2 of 3)",
        "confusion matrix: row shares (2 of 3)",
    ]
    assert len(answer["pictures"]) == 3
    assert answer["shared"]["epochs"] == [1.0, 2.0]
    own, other = picture(store, answer, 1), picture(store, answer, 2)
    assert "87.50% right" in text_of(own["caption"])
    assert "Experiment 2 minus experiment 1 at epoch 2" in text_of(other["caption"])
    assert "Experiment 2 minus experiment 1 ·" in text_of(picture(store, answer, 2, 1.0)["caption"])
    counts = picture(store, answer, 2, view=answer["views"][1]["value"])
    assert "87.50% right" in text_of(counts["caption"])
    assert counts["figure"]
    none = picture(store, answer, 3)
    assert none["figure"] is None
    assert "It has no view “confusion matrix”." in text_of(none["caption"])


def test_pictures_stay_in_their_places_while_nothing_is_picked(store: Store, seen: Laboratory) -> None:
    first = ask(store, [1, 2])
    chosen = first["views"][2]["value"]
    again = ask(store, [1, 2], view=chosen, before=first["shared"])
    assert again["pictures"] is no_update
    assert again["view"] == chosen
    assert len(ask(store, [1, 2, 3], before=first["shared"])["pictures"]) == 3
    assert ask(store, [1, 2], view="gone")["view"] == first["view"]


def test_a_view_that_cannot_be_drawn_says_so(store: Store, laboratory: Laboratory) -> None:
    laboratory.launch({"lr": [0.1, 0.2]})
    laboratory.start()
    for _ in range(2):
        laboratory.report({}, views=[NewView("mine", "table", None, b"{")])
    answer = ask(store, [1, 2])
    assert answer["views"][0]["label"] == "mine"
    assert "cannot be drawn" in text_of(picture(store, answer, 2)["caption"])

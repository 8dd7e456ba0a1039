"""The run dashboard on a real database: its page, what changes, and what a person asks."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash import Dash, html, no_update
from dash.development.base_component import Component

from answers.engine_words import NOBODY_WORKS
from answers.run_changes import changes
from answers.run_facts import candidate_words, category_of, planned_count, spec_of, strategy_words
from app.packing import pack
from callbacks import run as dashboard
from callbacks.run import AWAY, answer, discard, page, refresh_draft
from layouts.run import RunSpec
from storage.experiments import fetch_experiments
from storage.heartbeats import beat
from storage.ingestion import Batch, Ending, Values, finish_experiment, record
from storage.leases import Place, claim_experiment
from storage.projects import change_project, find_project, metric_ids, register_project
from storage.records import Claim, Run
from storage.requests import DROPPED, extend_run
from storage.run_leases import claim_runs, end_run, tell_waiting
from storage.runs import NewExperiment, NewRun, create_run, discard_draft, fetch_run, start_draft
from storage.store import Store
from tests.text import text_of

LR = {"name": "lr", "flag": "--lr", "type": "float", "help": "step size"}
OPTIMIZER = {"name": "optimizer", "flag": "--optimizer", "type": "choice", "choices": ["adam", "sgd"]}
SIZE = {"name": "size", "flag": "--size", "type": "choice", "choices": [16, 32]}


@pytest.fixture
def run(store: Store) -> Run:
    """A claimed run of three experiments."""
    project = register_project(
        store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[LR, OPTIMIZER, SIZE]
    )
    settings = [{"lr": 0.1 * (place + 1), "optimizer": ["adam", "sgd"][place % 2], "size": 16} for place in range(3)]
    candidates = {"lr": [0.1, 0.2, 0.3], "optimizer": ["adam", "sgd"], "size": [16]}
    new = NewRun(
        "python train.py --lr [..]",
        candidates,
        [LR, OPTIMIZER, SIZE],
        [NewExperiment(s) for s in settings],
        objective="accuracy",
    )  # type: ignore[arg-type]
    create_run(store, project, new)
    beat(store, "dispatcher", {})
    return claim_runs(store, "scheduler")[0]


@pytest.fixture
def spec(run: Run) -> RunSpec:
    return spec_of("digits", run)


@pytest.fixture
def claim(store: Store, run: Run) -> Claim:
    claimed = claim_experiment(store, Place("worker", "here"))
    assert claimed is not None
    return claimed


def batch_of(store: Store, claim: Claim, **metrics: list[float]) -> Batch:
    known = metric_ids(store, claim.project_id, list(metrics))
    parts = [
        Values(
            known[name],
            0,
            values,
            [float(i + 1) for i in range(len(values))],
            [None] * len(values),
            [0.0] * len(values),
        )
        for name, values in metrics.items()
    ]
    return Batch({}, {"metrics": 10}, parts, epoch=2.0, epochs=4.0)


def ask(store: Store, spec: RunSpec, do: str, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = answer(store, {"do": do, "at": 7, **request}, spec)
    assert found["at"] == 7
    return found


def states(store: Store, spec: RunSpec) -> list[str]:
    return [each.state for each in fetch_experiments(store, spec["project_id"], run_id=spec["run_id"])]


def listed(value: Any) -> Any:
    """An answer with its arrays and codes as lists: null is missing."""
    if isinstance(value, np.ndarray):
        return [None if number != number else number for number in value.tolist()]
    if isinstance(value, dict) and set(value) == {"codes", "words"}:
        words = dict(enumerate(value["words"]))
        return [words.get(code) for code in value["codes"].tolist()]
    if isinstance(value, dict):
        return {key: listed(part) for key, part in value.items()}
    return [listed(part) for part in value] if isinstance(value, list) else value


def poll(store: Store, cursor: dict[str, Any], number: int = 1) -> tuple[Any, dict[str, Any], Any]:
    """What a page is answered, its next cursor, and the columns of its table; None where there is no news."""
    found = changes(store, "digits", number, cursor)
    if found is None:
        return None, cursor, None
    assert pack(found)
    return listed(found), json.loads(json.dumps(found["cursor"])), found.get("table")


def values_of(payload: dict[str, Any], kind: str, name: str) -> list[Any]:
    return next(list(column["values"]) for column in payload["experiments"][kind] if column["name"] == name)


def test_categories_are_written_as_the_browser_writes_values() -> None:
    assert [category_of(value) for value in (True, "sgd", 16)] == ["true", "sgd", "16"]


def test_an_unknown_run_has_no_page(store: Store, run: Run) -> None:
    assert page(store, "digits", 99) is None
    assert page(store, "nothing", 1) is None
    assert isinstance(page(store, "digits", run.number), Component)


def test_the_kind_of_an_axis_follows_the_candidates(spec: RunSpec) -> None:
    kinds = {found["name"]: (found["kind"], found["is_tuned"]) for found in spec["hyperparameters"]}
    assert kinds == {"lr": ("number", True), "optimizer": ("category", True), "size": ("number", False)}
    assert spec["hyperparameters"][1]["categories"] == ["adam", "sgd"]
    assert [found["name"] for found in spec["hyperparameters"]] == ["lr", "optimizer", "size"]


def test_the_first_answer_has_every_experiment_and_the_run(store: Store, spec: RunSpec) -> None:
    payload, cursor, columns = poll(store, {})
    assert payload["experiments"]["number"] == [1, 2, 3]
    assert values_of(payload, "hyperparameters", "optimizer") == ["adam", "sgd", "adam"]
    assert payload["run"]["state"] == "running"
    assert payload["run"]["waiting"] is None
    assert cursor["metrics"] == []
    assert [column["headerName"] for column in columns][5:] == ["lr", "optimizer", "size"]


def test_when_nothing_changed_nothing_is_drawn(store: Store, spec: RunSpec) -> None:
    _, cursor, _ = poll(store, {})
    payload, after, columns = poll(store, cursor)
    assert payload is None
    assert columns is None
    assert after == cursor


def test_a_change_brings_only_its_experiment_and_a_new_metric_its_column(
    store: Store, spec: RunSpec, claim: Claim
) -> None:
    _, cursor, _ = poll(store, {})
    record(store, claim, batch_of(store, claim, accuracy=[0.5, 0.75]))
    payload, cursor, columns = poll(store, cursor)
    assert payload["experiments"]["number"] == [claim.number]
    assert values_of(payload, "metrics", "accuracy") == [0.75]
    assert "run" not in payload
    assert cursor["metrics"] == ["accuracy"]
    assert columns[-1]["headerName"] == "accuracy"
    assert columns[-1]["field"] == "m0"


def test_a_nan_that_was_reported_differs_from_a_missing_value(store: Store, spec: RunSpec, claim: Claim) -> None:
    record(store, claim, batch_of(store, claim, loss=[1.0, math.nan], score=[1.0, -math.inf]))
    payload, _, _ = poll(store, {})
    reported = {column["name"]: column["nan"] for column in payload["experiments"]["metrics"]}
    assert reported == {"loss": [0], "score": []}
    assert values_of(payload, "metrics", "loss") == [None, None, None]
    assert values_of(payload, "metrics", "score") == [-math.inf, None, None]


def test_metrics_by_batch_are_told_from_metrics_by_epoch(store: Store, spec: RunSpec, claim: Claim) -> None:
    record(store, claim, batch_of(store, claim, accuracy=[0.5, 0.6], batch_loss=[0.1] * 20))
    payload, _, _ = poll(store, {})
    levels = {column["name"]: column["level"] for column in payload["experiments"]["metrics"]}
    assert levels == {"accuracy": "epoch", "batch_loss": "batch"}


def test_a_failed_experiment_says_why(store: Store, run: Run, spec: RunSpec, claim: Claim) -> None:
    failed = Ending("failed", 1.0, exit_code=3, reason="ValueError: no such optimizer")
    finish_experiment(store, claim, Batch({}, {}), failed, then=Place("worker", "here"))
    payload, _, _ = poll(store, {})
    assert payload["experiments"]["failures"] == ["exit code 3: ValueError: no such optimizer", None, None]


def test_a_run_that_nobody_works_on_says_how_to_go_on(store: Store, spec: RunSpec, expire: Callable[[], None]) -> None:
    _, cursor, _ = poll(store, {})
    expire()
    payload, cursor, _ = poll(store, cursor)
    assert payload["run"]["waiting"] == {"text": NOBODY_WORKS, "age": None, "log": None, "isWrong": True}
    assert poll(store, cursor)[0] is None
    beat(store, "dispatcher", {})
    payload, _, _ = poll(store, cursor)
    assert payload["run"]["waiting"] is None


def test_a_run_says_what_it_waits_for(store: Store, run: Run, spec: RunSpec) -> None:
    beat(store, "dispatcher", {})
    _, cursor, _ = poll(store, {})
    tell_waiting(store, run.id, {"what": "waits for a free CPU: 2 runs ahead", "since": time.time() - 40, "log": "/l"})
    waiting = poll(store, cursor)[0]["run"]["waiting"]
    assert (waiting["text"], waiting["log"]) == ("This run waits for a free CPU: 2 runs ahead", "/l")
    assert 40 <= waiting["age"] < 100
    assert waiting["isWrong"]
    tell_waiting(store, run.id, {"what": "waits for a free CPU: 1 run ahead", "since": time.time(), "log": None})
    assert not poll(store, cursor)[0]["run"]["waiting"]["isWrong"]


@pytest.fixture
def expire(store: Store) -> Callable[[], None]:
    def act() -> None:
        with store.begin() as connection:
            connection.exec_driver_sql("UPDATE heartbeat SET seen_at = now() - interval '1 minute'")

    return act


def test_an_ended_run_waits_for_nobody(store: Store, run: Run, spec: RunSpec, expire: Callable[[], None]) -> None:
    project = find_project(store, "digits")
    assert project is not None
    ask(store, spec, "stop")
    assert end_run(store, run.id, run.fence, state="stopped", reason="stopped by request")
    expire()
    payload, _, _ = poll(store, {})
    assert (payload["run"]["state"], payload["run"]["waiting"]) == ("stopped", None)
    assert payload["run"]["elapsed"] >= 0


@pytest.mark.parametrize("change", [{"seen": "17"}, {"run": "1"}, {"metrics": None}, {"more": 1}])
def test_a_cursor_of_another_time_gets_everything_anew(store: Store, run: Run, change: dict[str, Any]) -> None:
    _, cursor, _ = poll(store, {})
    payload, _, _ = poll(store, {**cursor, **change})
    assert payload["experiments"]["number"] == [1, 2, 3]
    assert payload["spec"]["run_id"] == run.id


def test_what_is_no_running_run_has_no_changes(store: Store, draft: Run) -> None:
    assert changes(store, "digits", draft.number, {}) is None
    assert changes(store, "digits", 99, {}) is None
    assert changes(store, "nothing", 1, {}) is None


def test_every_callback_reaches_a_place_on_its_page(store: Store, run: Run, draft: Run) -> None:
    app = Dash("test", use_async=False, enable_mcp=False, suppress_callback_exceptions=True)
    app.layout = html.Div([page(store, "digits", run.number), page(store, "digits", draft.number)])
    dashboard.callbacks.attach(app, store)
    client = app.server.test_client()
    text = json.dumps(client.get("/_dash-layout").get_json())
    for dependency in client.get("/_dash-dependencies").get_json():
        for part in [*dependency["inputs"], *dependency["state"]]:
            is_pattern = part["id"].startswith("{")
            wanted = f'"type": "{json.loads(part["id"])["type"]}"' if is_pattern else f'"id": "{part["id"]}"'
            assert wanted in text


# --- what a person asks for -----------------------------------------------------------------------------------------


def test_nothing_is_done_before_somebody_asks(store: Store, spec: RunSpec) -> None:
    assert answer(store, None, spec) is no_update


def test_stopping_asks_the_owner_and_ends_what_waits(store: Store, spec: RunSpec, claim: Claim) -> None:
    assert ask(store, spec, "stop")["said"] == ""
    payload, _, _ = poll(store, {})
    assert payload["experiments"]["state"] == ["running", "stopped", "stopped"]
    assert payload["run"]["request"] == "stop"


def test_pause_and_resume_are_seen_by_the_next_poll(store: Store, spec: RunSpec) -> None:
    _, cursor, _ = poll(store, {})
    ask(store, spec, "pause")
    payload, cursor, _ = poll(store, cursor)
    assert payload["run"]["state"] == "paused"
    assert ask(store, spec, "pause")["error"] == "This run cannot be paused: it is paused."
    ask(store, spec, "resume")
    payload, _, _ = poll(store, cursor)
    assert payload["run"]["state"] == "running"


def test_a_new_share_is_seen_by_the_next_poll_and_taken_back_by_undo(store: Store, spec: RunSpec) -> None:
    payload, cursor, _ = poll(store, {})
    assert (payload["run"]["priority"], payload["run"]["weight"]) == (0, 1)
    found = ask(store, spec, "share", priority="5", weight="2")
    assert found["said"] == "Priority 5, share 2"
    payload, cursor, _ = poll(store, cursor)
    assert (payload["run"]["priority"], payload["run"]["weight"]) == (5, 2)
    assert ask(store, spec, **found["undo"])["said"] == "Priority 0, share 1"
    payload, _, _ = poll(store, cursor)
    assert (payload["run"]["priority"], payload["run"]["weight"]) == (0, 1)


def test_a_run_is_judged_by_what_its_experiments_report_and_so_is_its_project(
    store: Store, spec: RunSpec, claim: Claim
) -> None:
    change_project(store, spec["project_id"], objective="accuracy", goal="maximize")
    assert ask(store, spec, "judge", metric="loss")["error"] == "No experiment of this project has reported loss."
    record(store, claim, batch_of(store, claim, loss=[0.5]))
    assert ask(store, spec, "judge", metric="loss")["isOther"]
    run, project = fetch_run(store, spec["run_id"]), find_project(store, "digits")
    assert project is not None
    assert (run.objective, run.goal, project.objective, project.goal) == ("loss", "minimize", "loss", "minimize")


def test_a_run_that_learns_from_its_objective_keeps_it(store: Store, spec: RunSpec, claim: Claim) -> None:
    record(store, claim, batch_of(store, claim, loss=[0.5]))
    with store.begin() as connection:
        connection.exec_driver_sql('UPDATE run SET strategy = \'{"name": "tpe"}\'')
    said = ask(store, spec, "judge", metric="loss")["error"]
    assert said == "This run learns from accuracy as it goes on; stop it, and launch it with loss."


def test_a_share_that_is_none_is_refused_with_a_sentence(store: Store, spec: RunSpec) -> None:
    assert (
        ask(store, spec, "share", priority="1.5", weight="2")["error"] == "The priority is '1.5'; write a whole number."
    )
    assert ask(store, spec, "share", priority="1", weight="0")["error"].startswith(
        "The share is 0; write a number above 0"
    )
    ask(store, spec, "stop")
    assert "cannot be given another priority or share" in ask(store, spec, "share", priority="1", weight="1")["error"]


def test_dropped_experiments_come_back_by_undo_and_no_others(store: Store, spec: RunSpec, claim: Claim) -> None:
    found = ask(store, spec, "drop", numbers=[1, 2, 3])
    assert found["said"] == "2 experiments dropped from the queue; 1 was not queued any more"
    assert found["undo"] == {"do": "again", "numbers": [2, 3]}
    assert states(store, spec) == ["running", "stopped", "stopped"]
    assert ask(store, spec, "drop", numbers=[2])["error"] == "Nothing was changed: it is not queued any more."
    assert ask(store, spec, **found["undo"])["said"] == "2 experiments queued again"
    assert states(store, spec) == ["running", "queued", "queued"]


def test_running_and_queued_ones_end_together(store: Store, spec: RunSpec, claim: Claim) -> None:
    found = ask(store, spec, "end", numbers=[1, 2])
    assert found["said"] == "1 experiment dropped from the queue, 1 experiment being interrupted"
    assert found["undo"]["numbers"] == [2]
    payload, _, _ = poll(store, {})
    assert payload["experiments"]["notes"] == [{"isStopping": True}, None, None]
    assert payload["experiments"]["failures"] == [None, DROPPED, None]
    assert "none of them is queued or running" in ask(store, spec, "end", numbers=[1, 2])["error"]


def test_interrupting_says_how_many(store: Store, spec: RunSpec, claim: Claim) -> None:
    assert ask(store, spec, "interrupt", numbers=[1])["said"] == "1 experiment is being interrupted"
    assert "not running any more" in ask(store, spec, "interrupt", numbers=[1])["error"]


def test_the_order_of_the_queue_is_seen(store: Store, spec: RunSpec) -> None:
    _, cursor, _ = poll(store, {})
    assert ask(store, spec, "first", numbers=[3])["said"] == "1 experiment runs next"
    assert ask(store, spec, "last", numbers=[1])["said"] == "1 experiment runs last"
    payload, _, _ = poll(store, cursor)
    assert payload["experiments"]["number"] == [1, 3]
    assert payload["experiments"]["notes"] == [{"priority": -1}, {"priority": 1}]


def test_an_outage_is_one_sentence(spec: RunSpec) -> None:
    away = Store("postgresql://nobody@127.0.0.1:1/nothing", pool_size=0)
    assert ask(away, spec, "pause")["error"] == AWAY


def test_a_lock_reaches_everybody_with_the_values_of_the_run(store: Store, spec: RunSpec) -> None:
    _, cursor, _ = poll(store, {})
    ask(store, spec, "lock", name="lr", part={"range": [0.1, 0.2]})
    ask(store, spec, "lock", name="size", part={"values": ["16"]})
    project = find_project(store, "digits")
    assert project is not None
    assert project.locks["size"]["values"] == [16]
    payload, cursor, _ = poll(store, cursor)
    assert payload["locks"]["lr"]["range"] == [0.1, 0.2]
    assert payload["locks"]["size"]["values"] == ["16"]
    assert set(payload["locks"]["lr"]) == {"range", "by", "at"}
    ask(store, spec, "unlock", name="lr")
    payload, cursor, _ = poll(store, cursor)
    assert list(payload["locks"]) == ["size"]
    assert "two finite numbers" in ask(store, spec, "lock", name="lr", part={"range": [2, 1]})["error"]
    assert poll(store, cursor)[0] is None


def test_a_run_that_gets_another_hyperparameter_makes_its_page_begin_anew(
    store: Store, run: Run, spec: RunSpec
) -> None:
    _, cursor, _ = poll(store, {})
    changes = {"command_line": "longer", "candidates": {**run.candidates, "size": [16, 32]}}
    extend_run(store, run.project_id, run.id, [NewExperiment({"lr": 0.1, "optimizer": "adam", "size": 32})], changes)
    payload, _, columns = poll(store, cursor)
    assert payload["experiments"]["number"] == [1, 2, 3, 4]
    assert next(found for found in payload["spec"]["hyperparameters"] if found["name"] == "size")["is_tuned"]
    assert [column["headerName"] for column in columns if not column.get("hide")][-1] == "size"


def test_more_of_the_same_is_no_new_page(store: Store, run: Run, spec: RunSpec) -> None:
    _, cursor, _ = poll(store, {})
    changes = {
        "command_line": "longer",
        "left_out": [{"reason": "done before", "count": 2}],
        "strategy": {"name": "random", "count": 4},
    }
    extend_run(store, run.project_id, run.id, [NewExperiment({"lr": 0.4})], changes)
    payload, _, _ = poll(store, cursor)
    assert payload["experiments"]["number"] == [4]
    assert (payload["run"]["commandLine"], payload["run"]["leftOut"][0]["count"]) == ("longer", 2)
    assert payload["run"]["strategy"] == "Random search, 4 settings, seed 0"


def test_a_reused_experiment_names_its_source_and_a_repeat_its_number(store: Store, run: Run, claim: Claim) -> None:
    done = Ending("finished", 1.0, exit_code=0)
    finish_experiment(store, claim, batch_of(store, claim, accuracy=[0.5]), done, then=Place("worker", "here"))
    project = find_project(store, "digits")
    assert project is not None
    new = NewRun(
        "x",
        {"lr": [0.1]},
        [LR],
        [NewExperiment({"lr": 0.1}, reuse=claim.experiment_id), NewExperiment({"lr": 0.1}, repeat=1)],
    )
    create_run(store, project, new)
    payload, _, _ = poll(store, {}, 2)
    assert payload["experiments"]["notes"] == [{"source": 1}, {"repeat": 1}]
    assert values_of(payload, "metrics", "accuracy") == [0.5, None]


def test_a_bookmark_reaches_everybody_and_comes_back_after_its_deletion(store: Store, spec: RunSpec) -> None:
    payload, cursor, _ = poll(store, {})
    assert payload["bookmarks"] == []
    said = ask(store, spec, "bookmark", name=" best  rates ", query="?select=x")["said"]
    assert said == "Bookmark “best rates” saved for everybody in this project"
    payload, cursor, _ = poll(store, cursor)
    (kept,) = payload["bookmarks"]
    assert (kept["name"], kept["query"]) == ("best rates", "?select=x")
    assert "already" in ask(store, spec, "bookmark", name="best rates", query="")["error"]
    assert "replaced" in ask(store, spec, "bookmark", name="best rates", query="?a=1", replaces=True)["said"]
    assert "needs a name" in ask(store, spec, "bookmark", name=" ", query="")["error"]
    found = ask(store, spec, "unbookmark", name="best rates")
    payload, cursor, _ = poll(store, cursor)
    assert payload["bookmarks"] == []
    assert ask(store, spec, **found["undo"])["said"] == "Bookmark “best rates” is back"
    payload, cursor, _ = poll(store, cursor)
    assert payload["bookmarks"][0]["query"] == "?a=1"
    assert poll(store, cursor)[0] is None


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ({"name": "grid"}, ""),
        ({"name": "grid", "repeats": 2}, "2 repeats each"),
        (
            {"name": "random", "count": 20, "seed": 3, "repeats": 2},
            "Random search, 20 settings, seed 3, 2 repeats each",
        ),
        ({"name": "one_at_a_time", "count": 20}, "One at a time"),
        ({"name": "of a later version"}, "Of a later version"),
    ],
)
def test_a_strategy_is_said_in_words(strategy: dict[str, Any], words: str) -> None:
    assert strategy_words(strategy) == words


def test_an_interval_is_a_tuned_number_without_categories(store: Store, run: Run) -> None:
    interval = {"low": 0.001, "high": 0.1, "is_log": True}
    found = spec_of("digits", replace(run, candidates={"lr": interval}))["hyperparameters"][0]
    assert (found["name"], found["kind"], found["categories"], found["is_tuned"]) == ("lr", "number", [], True)
    assert found["interval"] == {"isLog": True}
    assert candidate_words({"lr": interval, "size": [16]}) == {"lr": ["0.001 to 0.1 (log)"], "size": [16]}


# --- drafts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def draft(store: Store, run: Run) -> Run:
    project = find_project(store, "digits")
    assert project is not None
    new = NewRun("x", {"lr": [0.1, 0.2], "size": [16, 32]}, [LR, SIZE], [], strategy={"name": "grid", "repeats": 3})
    return create_run(store, project, new, is_draft=True)


def place_of(draft: Run) -> dict[str, Any]:
    return {"slug": "digits", "project_id": draft.project_id, "run_id": draft.id, "number": draft.number}


def test_a_draft_has_a_page_of_its_own_until_it_starts(store: Store, draft: Run) -> None:
    assert planned_count(draft) == 12
    assert "12 planned" in text_of(page(store, "digits", draft.number))
    content, cursor, _ = refresh_draft(store, 1, "", place_of(draft))
    assert "12 planned" in text_of(content)
    assert refresh_draft(store, 2, cursor, place_of(draft)) == (no_update, no_update, no_update)
    project = find_project(store, "digits")
    assert project is not None
    start_draft(store, project, draft.id, NewRun("x", {"lr": [0.1]}, [LR], [NewExperiment({"lr": 0.1})]))
    content, _, shown = refresh_draft(store, 3, cursor, place_of(draft))
    assert content is no_update
    assert "run-dashboard" in text_of(shown)


def test_a_discarded_draft_is_gone_for_everybody(store: Store, draft: Run) -> None:
    assert discard(store, None, place_of(draft)) == (no_update, no_update, no_update)
    assert discard(store, 1, place_of(draft)) == ("/projects/digits", no_update, no_update)
    _, sentence, is_open = discard(store, 1, place_of(draft))
    assert "somebody else" in sentence
    assert is_open


def test_a_draft_that_somebody_else_discarded_says_so(store: Store, draft: Run) -> None:
    discard_draft(store, draft.id)
    _, _, shown = refresh_draft(store, 1, "", place_of(draft))
    assert "This draft was discarded." in text_of(shown)

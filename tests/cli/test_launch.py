"""`hypertuner run` up to the queue: every option, the preview and what is refused, on a real database without Ray."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analysis.environment import Environment
from cli import main
from cli import run as run_command
from cli.errors import CommandError
from cli.options import Wishes, read_strategy, read_wishes
from launch import typed
from launch.choice import StrategyChoice
from launch.typed import TypedError
from sources.discovery import Discovery, discover
from storage.experiments import fetch_experiments
from storage.heartbeats import beat
from storage.ingestion import Batch, Ending, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import find_project, metric_ids
from storage.records import Project, Run
from storage.requests import request_stop
from storage.run_leases import claim_runs
from storage.runs import fetch_runs
from storage.script_secrets import read_secrets
from storage.store import Store

SCRIPT = """
import argparse
def even(text):
    if int(text) % 2:
        raise argparse.ArgumentTypeError("must be even")
    return int(text)
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--size", type=even, default=16)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("folder", nargs="?")
parser.parse_args()
"""
Shell = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands are typed."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "data.csv").write_text("1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    # Which is not there, so that nothing is kept.
    monkeypatch.setenv("HYPERTUNER_DATA_DIR", str(tmp_path / "none"))
    return tmp_path


READ: dict[tuple[object, ...], Discovery] = {}


def discover_once(command: Sequence[str], directory: Path) -> Discovery:
    """Discovery starts a process; the same script is read the same way."""
    key = (*command, (directory / "train.py").read_bytes())
    if key not in READ:
        READ[key] = discover(command, directory)
    return READ[key]


@pytest.fixture
def shell(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Types `hypertuner run --project mine OPTIONS -- python train.py FLAGS`, on a database that is up."""

    @contextmanager
    def database(*_: object) -> Iterator[tuple[Store, None]]:
        yield store, None

    monkeypatch.setattr(run_command, "_database", database)
    monkeypatch.setattr(typed, "discover", discover_once)

    def run(options: str, flags: str) -> Result:
        words = ["run", "--project", "mine", *options.split(), "--", "python", "train.py", *flags.split()]
        return CliRunner().invoke(main.app, words)

    return run


def done(result: Result) -> str:
    assert result.exception is None, (result.exception, result.output)
    return result.output


def refusal(result: Result) -> str:
    assert isinstance(result.exception, CommandError | TypedError), (result.exception, result.output)
    return str(result.exception)


def project_of(store: Store) -> Project:
    found = find_project(store, "mine")
    assert found is not None
    return found


def runs_of(store: Store) -> list[Run]:
    found = find_project(store, "mine")
    return fetch_runs(store, found.id) if found else []


def settings_of(store: Store) -> list[dict[str, Any]]:
    return [dict(each.settings) for each in fetch_experiments(store, project_of(store).id)]


def finish(store: Store, values: list[float | None]) -> None:
    """Let the oldest open run's experiments end: each with one value, or failed where it is None."""
    run = min(claim_runs(store, "scheduler"), key=lambda each: each.number)
    claim = claim_experiment(store, Place("worker", "here"))
    ids = metric_ids(store, run.project_id, ["accuracy"])
    for value in values:
        assert claim is not None
        news = [] if value is None else [Values(ids["accuracy"], 0, [value], [None], [None], [0.0])]
        ending = Ending("failed" if value is None else "finished", 2.0)
        claim = finish_experiment(store, claim, Batch({}, {"metrics": 1}, news), ending, then=Place("worker", "here"))


def test_every_option_reaches_the_run(store: Store, shell: Shell) -> None:
    options = (
        "--objective max:accuracy --strategy latin-hypercube --n 3 --seed 5 --repeats 2 --option is_centred=yes "
        "--concurrency 2 --priority 3 --weight 0.5 --cpus 0.5 --gpus 0.25 --time-limit 60 --retries 1 --terminal --trial --metric val_loss --metric f1 "
        "--data data.csv --share MNIST --share images --in-place --no-hooks"
    )
    said = done(shell(options, "[0.1:0.5]".join(("--lr ", " images"))))
    assert "Run 1 of mine: 6 experiments queued" in said
    (run,) = runs_of(store)
    expected = StrategyChoice("latin_hypercube", 3, 5, 2, {"is_centred": True})
    assert StrategyChoice.from_json(run.strategy) == expected
    assert (run.objective, run.goal, run.concurrency, run.retries) == ("accuracy", "maximize", 2, 1)
    assert run.has_terminal
    assert run.is_trial
    assert (run.shared_paths, run.in_place) == (["MNIST", "images"], True)
    assert (project_of(store).shared_paths, project_of(store).in_place) == (["MNIST", "images"], True)
    assert (run.has_hooks, project_of(store).has_hooks) == (False, False)
    assert (run.cpus, run.gpus, run.time_limit_s) == (0.5, 0.25, 60.0)
    assert (run.priority, run.weight) == (3, 0.5)
    assert run.metrics == [
        {"name": "accuracy", "goal": "maximize"},
        {"name": "val_loss", "goal": "minimize"},
        {"name": "f1", "goal": "maximize"},
    ]
    assert (project_of(store).data_paths, run.data_digest is not None) == (["data.csv"], True)
    assert run.command_line == "python train.py images --lr [0.1:0.5]"
    assert list(run.command[1:]) == ["train.py", "images"]
    # Middles of the three slices, each with a second seed.
    rates = sorted({each["lr"] for each in settings_of(store)})
    assert rates == pytest.approx([0.1 + 0.4 / 6, 0.3, 0.5 - 0.4 / 6], rel=1e-5)
    assert [each.get("seed") for each in settings_of(store)] == [None, 1] * 3


def test_what_is_shared_stays_with_the_project_and_grows(store: Store, shell: Shell) -> None:
    done(shell("--share MNIST --in-place", "--lr 0.1"))
    done(shell("--share downloads", "--lr 0.2"))
    assert (project_of(store).shared_paths, project_of(store).in_place) == (["MNIST", "downloads"], True)
    done(shell("--own-files", "--lr 0.3"))
    newest = max(runs_of(store), key=lambda run: run.number)
    assert (newest.shared_paths, newest.in_place) == (["MNIST", "downloads"], False)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--weight 0", "The share is 0; write a number above 0, such as 0.5 or 2, up to 1,000,000."),
        ("--weight inf", "The share is inf; write a number above 0, such as 0.5 or 2, up to 1,000,000."),
        ("--weight nan", "The share is nan; write a number above 0, such as 0.5 or 2, up to 1,000,000."),
        ("--priority 1001", "The priority is 1001; write a whole number from -1000 to 1000."),
        ("--priority 1 --extend 1", "--extend keeps the run's priority and share; change them by `hypertuner share`."),
    ],
)
def test_a_share_that_no_run_can_have_is_refused(store: Store, shell: Shell, options: str, sentence: str) -> None:
    assert refusal(shell(options, "--lr [0.1,0.2]")) == sentence
    assert runs_of(store) == []


def test_an_open_run_is_stopped_by_a_command(
    store: Store, shell: Shell, database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(shell("", "--lr [0.1,0.2]"))
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", database_url)
    said = CliRunner().invoke(main.app, ["stop", "mine", "1", "--data-dir", str(data_dir)])
    assert "Run 1 of mine is being stopped" in done(said)
    assert [each.state for each in fetch_experiments(store, project_of(store).id)] == ["stopped", "stopped"]


def test_the_share_of_an_open_run_is_changed_by_a_command(
    store: Store, shell: Shell, database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(shell("", "--lr [0.1,0.2]"))
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", database_url)

    def share(*words: str) -> Result:
        return CliRunner().invoke(main.app, ["share", *words, "--data-dir", str(data_dir)])

    assert "Run 1 of mine: priority 0, share 1" in done(share("mine", "1"))
    assert "Run 1 of mine: priority -5, share 1" in done(share("mine", "1", "--priority", "-5"))
    assert "Run 1 of mine: priority -5, share 2.5" in done(share("mine", "1", "--weight", "2.5"))
    (run,) = runs_of(store)
    assert (run.priority, run.weight) == (-5, 2.5)
    assert refusal(share("mine", "1", "--weight", "0")).startswith("The share is 0; write a number above 0")
    assert refusal(share("mine", "2", "--weight", "1")) == "Project mine has no run 2."
    request_stop(store, run.id)
    assert refusal(share("mine", "1", "--priority", "1")) == (
        "This run cannot be given another priority or share: it is stopped."
    )


def test_declared_data_is_remembered(store: Store, shell: Shell, folder: Path) -> None:
    done(shell("--data data.csv", "--lr [0.1,0.2]"))
    finish(store, [0.5, 0.6])
    (folder / "data.csv").write_text("2")
    plan = json.loads(done(shell("--dry-run --json", "--lr [0.1,0.2]")))
    assert [each["status"] for each in plan["experiments"]] == ["other data", "other data"]


def test_a_preview_says_what_would_run_and_starts_nothing(store: Store, shell: Shell) -> None:
    done(shell("--objective max:accuracy", "--lr [0.1,0.2,0.3]"))
    finish(store, [0.75, None])
    said = done(shell("--dry-run --concurrency 1", "--lr [0.1,0.2,0.3,0.4]"))
    assert "done: experiment 1 of run 1, 0.75" in said
    assert "failed: experiment 2 of run 1" in said
    assert "waiting: experiment 3 of run 1" in said
    assert "2 of 4 scheduled" in said
    assert "1 left out: done before with the same code and data" in said
    assert "1 left out: queued or running already" in said
    assert "About 4.0 s with 1 at once, judged by 1 finished experiments" in said
    assert len(runs_of(store)) == 1


def test_a_preview_of_a_new_project_leaves_no_project(store: Store, shell: Shell) -> None:
    said = done(shell("--dry-run", "--lr [0.1,0.2]"))
    assert "2 of 2 scheduled" in said
    assert find_project(store, "mine") is None


def test_the_preview_in_json_is_read_by_every_parser(store: Store, shell: Shell) -> None:
    done(shell("--objective max:accuracy", "--lr [0.1,0.2]"))
    finish(store, [float("nan"), 0.5])
    said = done(shell("--dry-run --json --reuse --concurrency 3 --cpus 0.1", "--lr [0.1,0.2,0.3] --epochs [2,3]"))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    plan = json.loads(said, parse_constant=refuse)
    assert (plan["project"], plan["total"], plan["scheduled"], plan["reused"]) == ("mine", 6, 4, 2)
    assert (plan["at_once"], plan["left_out"], plan["notes"]) == (3, [], [])
    assert plan["command"] == "python train.py --lr [0.1,0.2,0.3] --epochs [2,3]"
    assert plan["strategy"] == {"name": "grid", "count": 20, "seed": 0, "repeats": 1, "options": {}}
    assert plan["expected_s"] == pytest.approx(4.0)
    assert plan["experiments"][0] == {
        "settings": {"lr": 0.1, "epochs": 2}, "repeat": 0, "status": "done", "action": "reuse", "run": 1,
        "experiment": 1, "objective": None, "expected_s": pytest.approx(2.0),
    }  # fmt: skip
    assert plan["experiments"][2]["objective"] == 0.5
    assert plan["experiments"][5]["status"] == "new"


def test_what_is_done_is_left_out_run_again_or_reused(store: Store, shell: Shell) -> None:
    done(shell("", "--lr [0.1,0.2]"))
    finish(store, [0.5, 0.6])
    nothing = done(shell("", "--lr [0.1,0.2]"))
    assert "2 left out: done before with the same code and data" in nothing
    assert "Nothing to run" in nothing
    assert "Run 2 of mine: 1 experiments queued" in done(shell("", "--lr [0.1,0.3]"))
    assert "Run 3 of mine: 1 experiments queued, 2 reused" in done(shell("--reuse", "--lr [0.1,0.2,0.4]"))
    assert "Run 4 of mine: 2 experiments queued" in done(shell("--again", "--lr [0.1,0.2]"))


def test_a_status_or_a_single_row_is_decided(store: Store, shell: Shell) -> None:
    done(shell("", "--lr [0.1,0.2,0.3]"))
    finish(store, [0.5, None, 0.6])
    flags = "--dry-run --json --decide failed=skip --decide done=reuse --decide 3=run --decide 4=skip"
    plan = json.loads(done(shell(flags, "--lr [0.1,0.2,0.3,0.4,0.5]")))
    assert [each["action"] for each in plan["experiments"]] == ["reuse", "skip", "run", "skip", "run"]
    assert plan["left_out"] == [
        {"reason": "failed before with the same code and data", "count": 1},
        {"reason": "left out by hand", "count": 1},
    ]


def test_a_draft_waits_for_the_page(store: Store, shell: Shell) -> None:
    said = done(shell("--draft --strategy random --n 4 --data data.csv", "--lr [0.1:0.5]"))
    assert "Run 1 of mine is kept as a draft" in said
    (run,) = runs_of(store)
    assert (run.state, run.strategy["count"], project_of(store).data_paths) == ("draft", 4, ["data.csv"])
    assert claim_runs(store, "scheduler") == []


def test_a_run_is_extended(store: Store, shell: Shell) -> None:
    done(shell("", "--lr [0.1,0.2]"))
    assert "Run 1 of mine: 1 experiments added" in done(shell("--extend 1", "--lr [0.1,0.3]"))
    assert [each["lr"] for each in settings_of(store)] == [0.1, 0.2, 0.3]
    done(shell("--objective accuracy --strategy tpe --n 5", "--lr [0.1:0.5]"))
    assert "Run 2 of mine: it goes on to 9" in done(shell("--strategy tpe --n 9 --extend 2", "--lr [0.1:0.5]"))
    assert [run.strategy["count"] for run in runs_of(store)] == [9, 20]


def test_an_extension_that_does_not_fit_is_refused_even_in_the_preview(
    store: Store, shell: Shell, folder: Path
) -> None:
    done(shell("", "--lr [0.1]"))
    assert refusal(shell("--extend 7 --dry-run", "--lr [0.2]")) == "Project mine has no run 7."
    assert "behind its script" in refusal(shell("--extend 1", "--lr [0.2] images"))
    (folder / "train.py").write_text(SCRIPT + "# edited\n")
    for options in ("--extend 1", "--extend 1 --dry-run"):
        assert "The script has changed since run 1" in refusal(shell(options, "--lr [0.2]"))


@pytest.mark.parametrize(
    ("options", "flags", "said"),
    [
        ("--again --reuse", "--lr [1]", "choose one of them"),
        ("--draft --extend 1", "--lr [1]", "choose one of them"),
        ("--json", "--lr [1]", "write --dry-run, too"),
        ("--strategy magic", "--lr [1]", "There is no strategy 'magic'; there are grid, random, latin-hypercube"),
        ("", "--lr 1 \udcff", "bytes that are no text in UTF-8"),
        ("--n 5", "--lr [1]", "--n is for strategies that draw; Grid has as many settings as its values make."),
        ("--option x=1", "--lr [1]", "Grid has no option 'x'"),
        ("--option x", "--lr [1]", "write --option NAME=VALUE"),
        (
            "--strategy latin-hypercube --option is_centred=maybe",
            "--lr [0:1]",
            "either on or off, and 'maybe' is neither",
        ),
        ("", "--lr [0:1]", "lr has no step"),
        ("", "--lr [1:0.1:0.1]", "swap the ends"),
        ("", "--lr [-1:1:log5]", "A log scale has no place for -1"),
        ("", "--size [2,3]", "train.py refuses --size 3: argument --size: must be even."),
        ("--data nothing.csv", "--lr [1]", "The declared data nothing.csv is not there"),
        ("--decide done=explode", "--lr [1]", "what is done takes skip or reuse or run"),
        ("--decide new=reuse", "--lr [1]", "what is new takes run or skip"),
        ("--decide old=run", "--lr [1]", "The statuses are new, done, waiting, failed, other-code, other-data."),
        ("--decide 2=skip", "--lr [1]", "there is no row 2, only 1"),
        ("--decide 1=reuse", "--lr [1]", "row 1 is new, so it takes run or skip"),
        ("", "--lr [1:1000:1] --epochs [1:1000:1]", "This makes 1,000,000 experiments, and a run has at most 100,000"),
    ],
)
def test_a_mistake_is_one_sentence_and_starts_nothing(
    store: Store, shell: Shell, options: str, flags: str, said: str
) -> None:
    assert said in refusal(shell(options, flags))
    assert runs_of(store) == []


def test_a_preview_counts_what_no_run_can_hold(shell: Shell) -> None:
    said = done(shell("--dry-run", "--lr [1:1000:1] --epochs [1:1000:1]"))
    assert "1,000,000 of 1,000,000 scheduled" in said
    assert "A run has at most 100,000 experiments, so this cannot be launched." in said


def test_an_adaptive_preview_has_a_size_and_no_rows(store: Store, shell: Shell) -> None:
    said = done(shell("--objective accuracy --dry-run --strategy tpe --n 7", "--lr [0.1:0.5]"))
    assert "Its settings follow from results" in said
    assert "7 of 7 scheduled" in said
    plan = json.loads(done(shell("--objective accuracy --dry-run --json --strategy tpe --n 7", "--lr [0.1:0.5]")))
    assert (plan["total"], plan["experiments"], plan["expected_s"]) == (7, [], None)


def test_the_time_is_that_on_the_present_cluster(store: Store, shell: Shell) -> None:
    done(shell("", "--lr [0.1]"))
    finish(store, [0.5])
    beat(store, "dispatcher", {"per_node": [{"CPU": 4}, {"CPU": 2}]})
    flags = "--lr [1:12:1]"
    at = [
        (json.loads(done(shell(f"--dry-run --json {options}", flags)))["at_once"])
        for options in ("", "--cpus 2", "--concurrency 2", "--cpus 8")
    ]
    assert at == [6, 3, 2, 1]
    assert "no node of the cluster has more than 4" in done(shell("--dry-run --cpus 8", flags))
    assert json.loads(done(shell("--dry-run --json", flags)))["expected_s"] == pytest.approx(4.0)


def test_what_no_node_of_the_cluster_can_hold_is_not_launched(store: Store, shell: Shell) -> None:
    beat(store, "dispatcher", {"per_node": [{"CPU": 2, "GPU": 0}]})
    assert refusal(shell("--gpus 1", "--lr [0.1]")) == "Each experiment wants 1 GPU; the cluster has none."
    assert runs_of(store) == []


def test_variables_travel_with_the_run_and_secrets_apart_from_it(
    store: Store, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / "data"
    (data_dir / "secrets").mkdir(parents=True)
    monkeypatch.setenv("HYPERTUNER_DATA_DIR", str(data_dir))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("HF_TOKEN", "hunter2")
    done(shell("--env SEED_OF=me --env HF_TOKEN", "--lr [0.1]"))
    (run,) = runs_of(store)
    environment = Environment.from_json(run.environment)
    assert (environment.values["SEED_OF"], environment.values["OMP_NUM_THREADS"]) == ("me", "3")
    assert "PATH" in environment.values
    assert environment.secrets == ("HF_TOKEN",)
    assert "hunter2" not in json.dumps(run.environment)
    assert read_secrets(data_dir, environment.key) == {"HF_TOKEN": "hunter2"}
    # The run is open, so the next launch leaves them where they are.
    done(shell("", "--lr [0.2]"))
    assert read_secrets(data_dir, environment.key) == {"HF_TOKEN": "hunter2"}
    assert "there is no such variable here" in refusal(shell("--env GONE", "--lr [0.3]"))
    monkeypatch.setenv("HYPERTUNER_RAY_ADDRESS", "http://head:8265")
    assert "HF_TOKEN looks like a secret" in refusal(shell("--env HF_TOKEN", "--lr [0.3]"))
    done(shell("--env SEED_OF=me", "--lr [0.3]"))
    assert Environment.from_json(runs_of(store)[0].environment).values == {"SEED_OF": "me"}


def test_much_work_is_asked_about_and_launched_by_a_yes(store: Store, shell: Shell) -> None:
    flags = "--lr [1:1001:1]"
    assert refusal(shell("", flags)) == "These are 1,001 experiments. Write --yes to launch them."
    assert runs_of(store) == []
    assert "1001 experiments queued" in done(shell("--yes", flags))
    assert "1000 experiments queued" in done(shell("--again", "--epochs [1:1000:1]"))


def test_a_script_that_is_edited_while_it_is_read_is_not_launched(
    store: Store, shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*given: Any) -> Any:
        found = discover(*given)
        (folder / "train.py").write_text(SCRIPT + "# edited\n")
        return found

    monkeypatch.setattr(typed, "discover", slowly)
    assert "train.py is being edited right now" in refusal(shell("", "--lr [0.1]"))
    assert runs_of(store) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_script_that_may_not_be_read_is_named(shell: Shell, folder: Path) -> None:
    (folder / "train.py").chmod(0)
    assert "train.py cannot be read" in refusal(shell("", "--lr [0.1]"))


@pytest.mark.parametrize(
    ("name", "options", "given"),
    [
        ("random", [], {}),
        ("latin-hypercube", ["is_centred=no", "is_spread=1"], {"is_centred": False, "is_spread": True}),
        ("latin_hypercube", ["is_centred=maybe"], {"is_centred": "maybe"}),
    ],
)
def test_a_strategy_is_read_with_its_options(name: str, options: list[str], given: dict[str, object]) -> None:
    choice = read_strategy(name, 3, 1, 2, options)
    assert choice == StrategyChoice(name.replace("-", "_"), 3, 1, 2, given)  # type: ignore[arg-type]


def test_without_a_number_a_strategy_draws_the_usual_one() -> None:
    assert read_strategy("random", None, 0, 1, []) == StrategyChoice("random")


def test_wishes_are_read_by_status_and_row() -> None:
    assert read_wishes(["other-code=reuse", "12=skip"], again=True) == Wishes(
        {"done": "run", "other code": "reuse"}, {12: "skip"}
    )
    assert read_wishes(["done=skip"], reuse=True) == Wishes({"done": "skip"})

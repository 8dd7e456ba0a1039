"""The table at the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from rich.console import Console

from cli.progress import best_experiment, failures, reported_instead, results_table
from cli.terminal import printable
from storage.records import Experiment, MetricSummary, Run


@pytest.fixture
def run() -> Run:
    nothing = dict.fromkeys(Run.__dataclass_fields__)
    known = {"id": 1, "number": 1, "state": "finished", "objective": "accuracy", "goal": "maximize"}
    return Run(**{**nothing, **known})  # type: ignore[arg-type]


@pytest.fixture
def make_experiment() -> Callable[..., Experiment]:
    def make(
        number: int, metrics: Mapping[str, float], *, state: str = "finished", reason: str | None = None
    ) -> Experiment:
        summaries = {name: MetricSummary(1, value, value, value) for name, value in metrics.items()}
        nothing = dict.fromkeys(Experiment.__dataclass_fields__)
        known = {"id": number, "number": number, "state": state, "reason": reason, "metrics": summaries}
        return Experiment(**{**nothing, **known, "settings": {"lr": number / 10, "data": "/same"}})  # type: ignore[arg-type]

    return make


def rendered(experiments: list[Experiment], run: Run, width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.capture() as capture:
        console.print(results_table(experiments, run, width))
    console.file.close()
    return capture.get()


def test_the_best_comes_first_and_nan_last(make_experiment: Callable[..., Experiment], run: Run) -> None:
    experiments = [make_experiment(n, {"accuracy": v}) for n, v in ((1, 0.5), (2, float("nan")), (3, 0.9))]
    lines = [line for line in rendered(experiments, run, 80).splitlines() if "finished" in line and "│" in line]
    assert [line.split()[1] for line in lines] == ["3", "1", "2"]
    best = best_experiment(experiments, run)
    assert best is not None
    assert best.number == 3


def test_a_narrow_terminal_shows_the_objective_whole_and_leaves_out_what_does_not_differ(
    make_experiment: Callable[..., Experiment], run: Run
) -> None:
    values = {f"another_long_metric_{position}": 0.5 for position in range(8)}
    experiments = [make_experiment(n, {**values, "accuracy": n / 10}) for n in (1, 2)]
    shown = rendered(experiments, run, 80)
    assert "accuracy" in shown
    assert "…" not in shown
    assert "/same" not in shown


def test_an_objective_that_nobody_reports_is_said_with_what_is_reported(
    make_experiment: Callable[..., Experiment], run: Run
) -> None:
    said = reported_instead([make_experiment(1, {"loss": 0.5, "f1": 0.4}), make_experiment(2, {"loss": 0.5})], run, "d")
    assert str(said).startswith("No experiment has reported accuracy; they report loss, f1.")
    assert (
        reported_instead([make_experiment(1, {"loss": 0.5}), make_experiment(2, {"accuracy": 0.5})], run, "d") is None
    )
    assert "reported a metric; `hypertuner metrics --project d`" in str(
        reported_instead([make_experiment(1, {})], run, "d")
    )
    assert reported_instead([make_experiment(1, {}, state="failed", reason="x")], run, "d") is None


def test_failures_are_grouped_by_their_reason(make_experiment: Callable[..., Experiment]) -> None:
    failed = [make_experiment(n, {}, state="failed", reason="exit code 1") for n in (1, 2)]
    assert failures([*failed, make_experiment(3, {})]) == {"exit code 1": [1, 2]}


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b]52;c;x\x07[red]b") == "a?]52;c;x?\\[red]b"

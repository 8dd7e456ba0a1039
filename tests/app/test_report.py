"""The PDF report: what it says, that users' texts stay texts, and that it copes with whatever a run left behind."""

import io
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app import report
from app.report import ReportError, duration_text, number_text, number_writer, report_content, run_report
from storage.records import Experiment, MetricSummary, Project, Run, Value

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
EVIL = 'x] #read("/proc/self/environ") $a^b$ *b* _i_ \\ @ref'


def a_project(**changes: Any) -> Project:
    values: dict[str, Any] = dict.fromkeys(Project.__dataclass_fields__)
    return Project(**{**values, "name": "Handwritten digits", "goal": "maximize", **changes})


def a_run(candidates: Mapping[str, Sequence[Value]] | None = None, **changes: Any) -> Run:
    values: dict[str, Any] = dict.fromkeys(Run.__dataclass_fields__)
    values |= {
        "number": 3,
        "command_line": "python train.py --batch_size [28,56] --rate [0.3,0.5]",
        "candidates": candidates or {},
        "hyperparameters": [{"name": name} for name in candidates or {}],
        "objective": "accuracy",
        "goal": "maximize",
        "cpus": 1.0,
        "gpus": 0.5,
        "started_at": NOW - timedelta(minutes=10),
        "ended_at": NOW - timedelta(minutes=2, seconds=30),
    }
    return Run(**{**values, **changes})


def an_experiment(
    number: int, settings: Mapping[str, Value], metrics: Mapping[str, float], **changes: Any
) -> Experiment:
    values: dict[str, Any] = dict.fromkeys(Experiment.__dataclass_fields__)
    summaries = {name: MetricSummary(400 if "batch" in name else 4, last, None, None) for name, last in metrics.items()}
    values |= {"number": number, "state": "finished", "settings": settings, "metrics": summaries, "duration_s": 4.0}
    return Experiment(**{**values, **changes})


CANDIDATES: dict[str, list[Value]] = {"batch_size": [28, 56], "rate": [0.3, 0.5]}


def four_experiments() -> list[Experiment]:
    settings = [dict(zip(CANDIDATES, pair, strict=True)) for pair in itertools.product(*CANDIDATES.values())]
    metrics = [{"batch_loss": 0.1, "accuracy": 0.9 + n / 100, "loss": 0.5 - n / 10} for n in range(4)]
    return [an_experiment(n + 1, settings[n], metrics[n]) for n in range(4)]


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def rows(content: Mapping[str, Any]) -> list[tuple[str, ...]]:
    columns = [column["cells"] for column in content["table"]["columns"]]
    return list(zip(*columns, strict=True))


def test_a_report_says_what_was_run_what_was_best_and_what_failed() -> None:
    experiments = four_experiments()
    experiments.append(an_experiment(5, experiments[0].settings, {}, state="failed", reason="exit code 1: no memory"))
    pdf = run_report(a_project(), a_run(CANDIDATES), experiments, now=NOW)
    text = words(pdf)
    for expected in (
        "Handwritten digits Report on run 3",
        "python train.py --batch_size [28,56] --rate [0.3,0.5]",
        "7 min 30 s",
        "1 CPU, 0.5 GPUs",
        "highest accuracy",
        "4 finished",
        "1 failed",
        "accuracy 0.9300 experiment 4",
        "The objective by hyperparameter",
        "exit code 1: no memory",
        "4 May 2026, 12:30 UTC",
        "1 / 1",
    ):
        assert expected in text
    assert PdfReader(io.BytesIO(pdf)).metadata.title == "Handwritten digits, run 3"  # type: ignore[union-attr]


def test_texts_of_users_are_never_markup(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY", encoding="utf-8")
    evil = f'{EVIL} #read("{canary}")'
    settings: list[dict[str, Value]] = [{EVIL: evil, "b": n} for n in range(3)]
    experiments = [an_experiment(n, settings[n], {EVIL: n / 3}, reason=evil) for n in range(3)]
    experiments.append(an_experiment(3, {EVIL: "$\\frac{1}{"}, {EVIL: 1.0}, state="failed", reason=evil))
    run = a_run({EVIL: [1, 2]}, command_line=evil, objective=EVIL)
    text = words(run_report(a_project(name=evil), run, experiments, now=NOW))
    assert text.count('x] #read("/proc/self/environ")') >= 5
    assert "CANARY" not in text
    assert "PATH=" not in text


def test_the_typesetter_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", "postgresql://user:secret@host/name")
    seen: dict[str, Any] = {}
    real_run = report.subprocess.run

    def run_and_look(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return real_run(*arguments, **options)

    monkeypatch.setattr(report.subprocess, "run", run_and_look)
    run_report(a_project(), a_run(), [], now=NOW)
    assert set(seen["env"]) <= {*report.PASSED_ON, "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "MALLOC_ARENA_MAX"}
    assert "secret" not in repr(seen["env"])


def test_the_best_depends_on_the_goal_and_is_one_that_finished() -> None:
    experiments = [
        an_experiment(1, {"rate": 1}, {"accuracy": 0.5}),
        an_experiment(2, {"rate": 2}, {"accuracy": 0.7}),
        an_experiment(3, {"rate": 3}, {"accuracy": 0.9}, state="running"),
        an_experiment(4, {"rate": 4}, {"accuracy": math.nan}),
        an_experiment(5, {"rate": 5}, {"accuracy": math.inf}),
        an_experiment(6, {"rate": 6}, {"accuracy": 0.7}),
    ]
    highest = report_content(a_project(), a_run(), experiments, now=NOW)
    assert (highest["best"]["experiment"], highest["best"]["ties"]) == (2, "also reached by 6")
    assert [row[0] for row in rows(highest)] == ["2", "6", "1", "3", "4", "5"]
    lowest = report_content(a_project(), a_run(goal="minimize"), experiments, now=NOW)
    assert lowest["best"]["experiment"] == 1
    assert [row[0] for row in rows(lowest)] == ["1", "2", "6", "3", "4", "5"]


def test_the_pdf_says_who_is_left_out_and_that_a_person_may_include_them() -> None:
    experiments = [
        *four_experiments(),
        an_experiment(5, {"batch_size": 28, "rate": 0.3}, {"accuracy": 0.99}, state="running"),
    ]
    plain = words(run_report(a_project(), a_run(CANDIDATES), experiments, now=NOW))
    assert "Left out of the best setting and of the figure: 1 unfinished: 1 running." in plain
    assert "accuracy 0.9300 experiment 4" in plain
    wider = words(run_report(a_project(), a_run(CANDIDATES), experiments, now=NOW, include_unfinished=True))
    assert "Counted like finished experiments, as was asked for: 1 unfinished: 1 running." in wider
    assert "accuracy 0.9900 experiment 5 (not finished: running)" in wider


@pytest.mark.parametrize(
    ("objective", "experiments", "reason"),
    [
        ("accuracy", [], "This run has no experiments."),
        (None, four_experiments(), "This run names no objective, so no setting is called the best"),
        ("f1", four_experiments(), "No experiment reported f1. What was reported: batch_loss, accuracy, loss."),
        ("accuracy", [an_experiment(1, {}, {}, state="failed")], "No metric was reported at all."),
        ("accuracy", [an_experiment(1, {}, {"accuracy": math.nan})], "No experiment finished with a finite accuracy"),
    ],
)
def test_it_says_why_there_is_no_best(objective: str | None, experiments: list[Experiment], reason: str) -> None:
    run = a_run(CANDIDATES, objective=objective)
    content = report_content(a_project(), run, experiments, now=NOW)
    assert content["best"] is None
    assert reason in content["no_best"]
    assert reason in words(run_report(a_project(), run, experiments, now=NOW))


def test_of_a_hundred_hyperparameters_the_tuned_ones_come_first() -> None:
    settings = [{**{f"option{n}": 0 for n in range(98)}, "rate": n / 7, "name": f"n{n % 3}"} for n in range(30)]
    experiments = [an_experiment(n, settings[n], {"accuracy": n / 30}) for n in range(30)]
    content = report_content(a_project(), a_run(), experiments, now=NOW)
    assert content["best"]["tuned"] == [["rate", "4.14286"], ["name", "n2"]]
    assert content["best"]["left_out"] == 98 - len(content["best"]["fixed"])
    assert [panel["name"] for panel in content["figure"]["panels"]] == ["rate", "name"]
    assert [column["name"] for column in content["table"]["columns"]] == [
        "no.",
        "state",
        "rate",
        "name",
        "accuracy",
        "duration",
    ]
    assert words(run_report(a_project(), a_run(), experiments, now=NOW)).count("option") >= 24


def test_per_epoch_metrics_come_before_per_batch_ones() -> None:
    content = report_content(a_project(), a_run(CANDIDATES), four_experiments(), now=NOW)
    assert [column["name"] for column in content["table"]["columns"]][2:] == [
        "batch_size", "rate", "accuracy", "loss", "batch_loss", "duration",
    ]  # fmt: skip


def test_the_table_ends_after_200_and_points_to_the_csv() -> None:
    experiments = [an_experiment(n, {"rate": n}, {"accuracy": n / 7}) for n in range(1, 251)]
    content = report_content(a_project(), a_run(), experiments, now=NOW)
    assert len(rows(content)) == 200
    assert rows(content)[0][0] == "250"
    assert "50 more experiments are in the CSV." in words(run_report(a_project(), a_run(), experiments, now=NOW))


def test_values_without_a_number_are_not_drawn_and_that_is_said() -> None:
    values = [0.1, 0.2, math.nan, math.inf, 1e30, 0.3, 0.15]
    experiments = [an_experiment(n, {"rate": n}, {"accuracy": value}) for n, value in enumerate(values)]
    run = a_run(goal="minimize")
    content = report_content(a_project(), run, experiments, now=NOW)
    assert content["figure"]["note"] == "2 of 7 experiments have no finite value and are not drawn."
    text = words(run_report(a_project(), run, experiments, now=NOW))
    assert "A cross at the edge lies beyond the frame: 1 of them." in text
    assert "NaN" in text


def test_endings_are_grouped_by_reason() -> None:
    failed = [an_experiment(n, {}, {}, state="failed", reason="no memory") for n in (1, 2, 3, 7)]
    stopped = [an_experiment(n, {}, {}, state="stopped", exit_code=-15) for n in (4,)]
    groups = report_content(a_project(), a_run(), [*stopped, *failed], now=NOW)["endings"]["groups"]
    assert [(group["state"], group["reason"], group["experiments"]) for group in groups] == [
        ("failed", "no memory", "1–3, 7"),
        ("stopped", "exit code -15", "4"),
    ]


def test_odd_values_are_typeset() -> None:
    odd: list[Value] = [None, True, "", "a" * 500, "日本 🎉", "\x07\u202e\ud800", 1e308, -5e-324, "two\nlines"]
    experiments = [an_experiment(n, {"odd": value, "n": n}, {"accuracy": 1e300 * n}) for n, value in enumerate(odd)]
    assert run_report(a_project(name="n" * 300), a_run(), experiments, now=NOW).startswith(b"%PDF")


def test_a_run_that_goes_on_counts_until_now() -> None:
    facts = report_content(a_project(), a_run(ended_at=None), [], now=NOW)["facts"]
    assert ["Wall time so far", "10 min 0 s"] in facts


def test_thousands_of_experiments_stay_within_the_limits() -> None:
    experiments = [
        an_experiment(n, {f"h{i}": (n * (i + 3)) % 97 / 97 for i in range(12)}, {"accuracy": (n * 7919 % 5000) / 5000})
        for n in range(5000)
    ]
    assert len(run_report(a_project(), a_run(), experiments, now=NOW)) < 2_000_000


def test_taking_too_long_is_an_error_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "TIME_LIMIT_S", 0.001)
    with pytest.raises(ReportError, match=r"longer than 0\.001 s"):
        run_report(a_project(), a_run(), [], now=NOW)


def test_a_typesetter_that_breaks_is_an_error_with_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "report.py"
    (tmp_path / "report_pdf.py").write_text("raise SystemExit('the font is missing')", encoding="utf-8")
    monkeypatch.setattr(report, "__file__", os.fspath(broken))
    with pytest.raises(ReportError, match="could not be typeset: the font is missing"):
        run_report(a_project(), a_run(), [], now=NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0.0 s"), (3.25, "3.2 s"), (72, "1 min 12 s"), (7500, "2 h 05 min"), (273_600, "3 d 4 h")],
)
def test_durations_read_as_people_say_them(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9639, "0.9639"),
        (0.00123456, "0.001235"),
        (12.3456, "12.35"),
        (2345.6, "2,346"),
        (-0.5, "−0.5000"),
        (1e30, "1.000e+30"),
        (1.5e-7, "1.500e−07"),
        (0, "0.000"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
    ],
)
def test_metrics_read_with_four_digits(value: float, text: str) -> None:
    assert number_text(value) == text


def test_one_value_that_diverged_does_not_change_how_the_others_are_written() -> None:
    write = number_writer([0.25, 0.5, 1e30, math.nan, 0.125])
    assert [write(value) for value in (0.25, 1e30)] == ["0.2500", "1.000e+30"]

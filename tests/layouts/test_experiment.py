"""Facts, failures and output of one experiment as they are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layouts import experiment as layout
from layouts.experiment import Facts
from tests.text import text_of

FACTS = Facts(
    slug="digits", run=3, number=7, state="finished", settings={"seed": 1, "lr": 0.3}, tuned=["lr"],
    defaults=[("momentum", None)], command=["python", "train.py", "--lr=a b"], attempt=1, exit_code=0, reason=None,
    host="node", started_at=None, duration_s=75.2, epoch=4.0, epochs=4.0, rejected_lines=0, rejected_sample=None,
)  # fmt: skip


def test_what_differs_in_the_run_comes_first_and_is_marked() -> None:
    shown = text_of(layout.settings(FACTS))
    assert shown.index('"lr"') < shown.index('"seed"')
    assert shown.count("is-tuned") == 1
    assert '"0.3"' in shown
    assert "1 more keeps its default" in shown


def test_the_command_is_copied_as_a_shell_reads_it() -> None:
    assert "python train.py '--lr=a b'" in text_of(layout.settings(FACTS))


def test_the_header_tells_state_and_duration() -> None:
    shown = text_of(layout.header(FACTS))
    assert "1 min 15 s" in shown
    assert "4 of 4" in shown
    assert "/projects/digits/runs/3" in shown
    assert "running for" in text_of(layout.header(replace(FACTS, state="running")))


def test_what_was_dropped_from_the_queue_is_not_asked_for_its_metrics() -> None:
    dropped = replace(FACTS, state="stopped")
    assert "never started" in text_of(layout.no_metrics(dropped, ""))
    assert "No metrics found" in text_of(layout.no_metrics(replace(dropped, started_at=datetime.now(UTC)), ""))


def test_a_finished_experiment_shows_no_failure() -> None:
    assert layout.failure(FACTS, "warning: x") == []


def test_a_failure_shows_its_reason_and_only_the_end_of_stderr() -> None:
    shown = text_of(
        layout.failure(replace(FACTS, state="failed", exit_code=-9), "\n".join(f"line {at}" for at in range(99)))
    )
    assert "Failed: exit code -9" in shown
    assert "line 98" in shown
    assert "line 80" not in shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\nb\n", "a\nb\n"),
        ("", "(nothing yet)"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("line\r\nnext\r\n", "line\nnext\n"),
        ("a\x00b\x08", "a\ufffdb\ufffd"),
        ("\u202etxt.exe", "\ufffdtxt.exe"),
        ("<script>", "<script>"),
    ],
)
def test_output_is_shown_as_a_terminal_would_leave_it(written: str, shown: str) -> None:
    assert layout.log(written) == shown


def test_single_numbers_have_a_column_per_experiment() -> None:
    shown = text_of(layout.numbers({"accuracy": {1: 0.5, 2: 1.25}, "loss": {2: 7.5}}))
    assert "0.5" in shown
    assert "1.25" in shown
    assert "more experiments" not in shown
    assert layout.numbers({}) is None


def test_of_very_many_experiments_the_first_have_a_column() -> None:
    shown = text_of(layout.numbers({"accuracy": {number: number / 1000 for number in range(1, 31)}}))
    assert "0.012" in shown
    assert "0.013" not in shown
    assert "and 18 more experiments" in shown

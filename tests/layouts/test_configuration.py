"""What an experiment ran with, as it is shown, and what is said where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.common_values import common_values
from analysis.seeds import Seed
from layouts import experiment
from layouts.configuration import Configuration, Try, content
from tests.layouts.test_experiment import FACTS
from tests.text import text_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ADDRESS = "/download/digits/runs/3/uncommitted.diff"
ATTEMPTS = "/attempts/digits/experiments/5"
REVISION = {
    "commit": "0123456789abcdef0123", "branch": "work", "subject": "<b>Better</b>", "remote": "", "problem": "",
    "is_dirty": True, "is_cut": True, "untracked": ["notes.txt"], "untracked_count": 7,
}  # fmt: skip
ENVIRONMENT = {
    "system": "Linux 6", "cpus": 16, "memory_bytes": 2**35, "python": "3.12.1", "implementation": "CPython",
    "executable": "/venv/bin/python", "problem": "", "packages": [["numpy", "2.0"], ["torch", "2.13"]],
    "gpus": [{"name": "H100", "memory": "81559 MiB", "driver": "550"}] * 2,
}  # fmt: skip
KNOWN = Configuration(
    REVISION,
    ENVIRONMENT,
    Seed(7, "seed", is_default=True),
    [
        Try(1, "one", NOON, NOON, 3.0, None, "lost", "lost: the process that ran it vanished"),
        Try(2, "two", NOON, NOON, 75.0, 3, "failed", "exit code 3"),
    ],
)


def shown(known: Configuration) -> str:
    return text_of(content(known, ADDRESS, ATTEMPTS))


def test_everything_that_is_known_is_there() -> None:
    found = shown(KNOWN)
    for words in (
        '"0123456789"', "work", "uncommitted changes", ADDRESS, "only its first MB was kept", "7 untracked files",
        "and 6 more", "two", "16, 32 GiB of memory", "2 \u00d7 H100, 81559 MiB, driver 550", "3.12.1", "1 min 15 s",
        "7, the default of seed", "2 packages", "numpy==2.0\\ntorch==2.13", ": the process that ran it vanished",
    ):  # fmt: skip
        assert words in found or words.encode("ascii", "backslashreplace").decode() in found, words


def test_variables_are_shown_but_for_secrets() -> None:
    found = shown(replace(KNOWN, variables={"OMP_NUM_THREADS": "3", "HF_TOKEN": None}))
    for words in ("2 environment variables", "OMP_NUM_THREADS", '"3"', "HF_TOKEN", "a secret, which is not kept"):
        assert words in found
    assert "environment variable" not in shown(KNOWN)


def test_the_values_of_an_earlier_attempt_can_be_looked_at() -> None:
    first = Try(1, "one", NOON, NOON, 3.0, None, "lost", "lost", epoch=3.0, value_count=1_200)
    second = replace(first, attempt=2, value_count=0)
    third = replace(first, attempt=3, ending="finished", value_count=500)
    found = shown(replace(KNOWN, tries=[first, second, third]))
    assert found.count('"data-attempt"') == 1
    assert f'"data-attempt": "{ATTEMPTS}/1"' in found
    for words in ('"1,200"', '"500"', "lost at epoch 3"):
        assert words in found
    gone = shown(replace(KNOWN, tries=[replace(first, reason="lost: its node is gone")]))
    assert '": its node is gone"' in gone


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"revision": None}, "launched before commits were kept"),
        ({"revision": {"problem": "The script's folder is in no git repository."}}, "in no git repository"),
        ({"revision": REVISION | {"is_dirty": False, "untracked": []}}, "none: as committed"),
        ({"revision": REVISION | {"branch": ""}}, "none (detached)"),
        ({"environment": None}, "Nothing else was kept of the machine."),
        ({"environment": None, "tries": []}, "Where it runs is known as soon as it has started."),
        ({"environment": None, "tries": [Try(1, "h", NOON, None, None, None, None, None)]}, "are being looked at"),
        ({"environment": ENVIRONMENT | {"gpus": []}}, '"none"'),
        ({"environment": {"problem": "/x cannot be started."}}, "/x cannot be started."),
        ({"tries": []}, "It has not been started."),
        ({"seed": None}, "no hyperparameter is one"),
    ],
)
def test_what_is_missing_is_said(change: dict[str, Any], words: str) -> None:
    assert words in shown(replace(KNOWN, **change))


def test_what_is_unusual_in_the_run_is_marked_and_very_many_others_are_folded_and_searched() -> None:
    same = {f"option_{at}": at for at in range(120)}
    common = common_values([{**same, "lr": lr} for lr in (0.1, 0.1, 0.1, 0.2)])
    found = text_of(experiment.settings(replace(FACTS, settings={**same, "lr": 0.2}, tuned=[], common=common)))
    assert found.count("is-tuned") == 1
    assert found.index('"lr"') < found.index("120 more as in most of the run")
    assert "Search 122 hyperparameters" in found
    assert "lr: 0.1 in 3 of 4 experiments of the run" in found
    usual = text_of(experiment.settings(replace(FACTS, settings={**same, "lr": 0.1}, tuned=[], common=common)))
    assert "is-tuned" not in usual
    assert "121 more were set" in usual

"""Which experiments count as the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.hyperparameters import Hyperparameter, Value
from analysis.identity import Fingerprints, fingerprint

LR = Hyperparameter("lr", "--lr", "float", 0.1)
EPOCHS = Hyperparameter("epochs", "--epochs", "int", 2)
DEVICE = Hyperparameter("device", "--device", "text")
KNOWN = (LR, EPOCHS, DEVICE)

VALUES = st.one_of(st.integers(-(2**63), 2**63), st.floats(allow_nan=False), st.booleans(), st.text(max_size=5))
SETTINGS = st.dictionaries(st.sampled_from(["lr", "epochs", "device", "é", ""]), VALUES, max_size=5)


@given(SETTINGS, st.randoms())
def test_the_order_of_settings_does_not_matter(settings: dict[str, Value], random: object) -> None:
    shuffled = list(settings.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fingerprint(dict(shuffled), KNOWN) == fingerprint(settings, KNOWN)


@given(SETTINGS)
def test_a_default_counts_the_same_whether_it_is_said_or_not(settings: dict[str, Value]) -> None:
    settings.pop("lr", None)
    assert fingerprint({**settings, "lr": 0.1}, KNOWN) == fingerprint(settings, KNOWN)


@given(st.lists(st.tuples(SETTINGS, st.integers(0, 3)), max_size=8))
def test_many_at_once_have_the_fingerprints_that_each_has_alone(many: list[tuple[dict[str, Value], int]]) -> None:
    together = Fingerprints(KNOWN, ["data"])
    assert [together.of(settings, repeat) for settings, repeat in many] == [
        fingerprint(settings, KNOWN, arguments=["data"], repeat=repeat) for settings, repeat in many
    ]


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ({"lr": 1}, {"lr": 1.0}, True),
        ({"lr": 0.0}, {"lr": -0.0}, True),
        ({"lr": 0.2}, {"lr": 0.3}, False),
        ({"device": "1"}, {"device": 1}, False),
        ({"unknown": 1}, {"unknown": 1.0}, False),
        ({"unknown": 1}, {"unknown": True}, False),
        ({"device": ""}, {}, False),
        ({"device": None}, {}, True),
        ({"epochs": 2}, {}, True),
        ({"lr": 2}, {"epochs": 3}, False),
        ({"device": 'a","lr":"b'}, {"device": "a", "lr": "b"}, False),
    ],
)
def test_settings_are_the_same_where_the_script_does_the_same(
    one: dict[str, Value], other: dict[str, Value], are_same: bool
) -> None:
    assert (fingerprint(one, KNOWN) == fingerprint(other, KNOWN)) == are_same


def test_an_option_that_is_left_out_does_not_count() -> None:
    assert Fingerprints().of({"clip": None, "lr": 0.2}) == Fingerprints().of({"lr": 0.2})


def test_arguments_and_repeats_make_others() -> None:
    prints = {
        fingerprint({"lr": 1}),
        fingerprint({"lr": 1}, repeat=1),
        fingerprint({"lr": 1}, arguments=["a"]),
        fingerprint({"lr": 1}, arguments=["a", "b"]),
        fingerprint({"lr": 1}, arguments=["a b"]),
        fingerprint({"lr": 1}, arguments=["b", "a"]),
    }
    assert len(prints) == 6


STORED = "a8970d1199c938897da8f4660bf2862b"


# They stand in databases: another digest for the same experiment would run everything again.
def test_fingerprints_stay_what_they_are() -> None:
    assert fingerprint({"lr": 1, "epochs": 2, "device": "é"}, KNOWN, arguments=["x"], repeat=2) == STORED


def test_another_process_comes_to_the_same_fingerprint() -> None:
    program = "from analysis.identity import fingerprint; print(fingerprint({'b': 0.3, 'a': 'x', 'c': True}))"
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.getcwd()}
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert answer.stdout.strip() == fingerprint({"a": "x", "b": 0.3, "c": True})

"""Which variables scripts get, and which are secrets."""

from __future__ import annotations

import pytest

from analysis.environment import (
    Environment,
    VariableError,
    asked_variables,
    deciding_variables,
)
from analysis.secrets import is_secret


def test_what_decides_how_a_program_starts_goes_by_itself() -> None:
    here = {
        "PATH": "/bin", "PYTHONPATH": "/mine", "LD_LIBRARY_PATH": "/lib", "VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda",
        "CUDA_HOME": "/cuda", "OMP_NUM_THREADS": "2", "https_proxy": "http://proxy", "NO_PROXY": "localhost",
        # Which GPUs it sees is for the cluster to say.
        "CUDA_VISIBLE_DEVICES": "1", "HOME": "/me", "MY_PATH": "/x", "HYPERTUNER_PORT": "1",
    }  # fmt: skip
    assert set(here) - set(deciding_variables(here)) == {"CUDA_VISIBLE_DEVICES", "HOME", "MY_PATH", "HYPERTUNER_PORT"}


def test_a_person_names_variables_with_or_without_a_value() -> None:
    assert asked_variables(["A=1", "B=x=y", "C", "D="], {"C": "3"}) == {"A": "1", "B": "x=y", "C": "3", "D": ""}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1A=2", "is not understood"),
        ("", "is not understood"),
        ("GONE", "there is no such variable here"),
        ("RAY_ADDRESS=x", "is for HyperTuner itself"),
        ("HYPERTUNER_METRICS=x", "is for HyperTuner itself"),
        ("A=\0", "NUL"),
    ],
)
def test_what_cannot_be_handed_on_is_said(written: str, said: str) -> None:
    with pytest.raises(VariableError, match=said):
        asked_variables([written], {})


@pytest.mark.parametrize(
    "name",
    ["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PASSWORD", "password", "SENTRY_DSN", "MY_KEY", "apikey"],
)
def test_names_that_look_like_secrets_are_some(name: str) -> None:
    assert is_secret(name)


def test_other_names_are_none() -> None:
    names = ("PATH", "TOKENIZERS_PARALLELISM", "KEYBOARD", "AUTHOR", "OMP_NUM_THREADS", "MONKEY")
    assert [name for name in names if is_secret(name)] == []
    assert is_secret("https_proxy", "http://me:word@proxy:3128")
    assert not is_secret("https_proxy", "http://proxy:3128")


def test_an_environment_becomes_plain_data_and_comes_back() -> None:
    environment = Environment({"A": "1"}, ("HF_TOKEN",), "0" * 32)
    assert Environment.from_json(environment.to_json()) == environment
    assert Environment.from_json({}) == Environment()

"""What is said of machine, GPUs, interpreter and packages, by what really answers and by what does not."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

import pytest

from training import environment
from training.environment import EnvironmentProbe, read_gpus, read_interpreter


def facts_of(interpreter: str, folder: Path, **variables: str) -> dict[str, object]:
    probe = EnvironmentProbe(
        [interpreter] if interpreter else [], {"PATH": os.environ["PATH"], **variables}, str(folder)
    )
    facts = probe.facts(30)
    assert facts is not None
    # Whoever could not write it down asks again.
    assert probe.facts() == facts
    return facts


def test_an_interpreter_says_its_version_and_packages_whatever_lies_around(tmp_path: Path) -> None:
    for name in ("json", "platform", "importlib"):
        (tmp_path / f"{name}.py").write_text("print('hypertuner-environment {}'); raise SystemExit")
    found = facts_of(sys.executable, tmp_path)
    assert found["python"] == platform.python_version()
    assert dict(found["packages"])["pytest"] == pytest.__version__  # type: ignore[call-overload]
    assert (found["cpus"], found["problem"]) == (os.cpu_count(), "")
    assert "Linux" in str(found["system"])


def test_what_cannot_answer_costs_only_its_own_part(tmp_path: Path) -> None:
    assert (
        facts_of("/nowhere/python", tmp_path)["problem"]
        == "/nowhere/python cannot be started: No such file or directory."
    )
    assert "Nobody can tell" in str(facts_of("", tmp_path)["problem"])
    assert "did not answer like a Python" in str(facts_of("/bin/true", tmp_path)["problem"])


def test_who_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "TIME_LIMIT_S", 0.2)
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    before = time.monotonic()
    assert "did not say within 0.2 s" in str(facts_of(str(slow), tmp_path)["problem"])
    assert time.monotonic() - before < 20


def test_gpus_are_those_that_nvidia_smi_names(tmp_path: Path) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 81559 MiB, 550.54'\necho \"$*\" >&2\n")
    smi.chmod(0o755)
    assert facts_of(sys.executable, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")["gpus"] == [
        {"name": "NVIDIA H100 80GB HBM3", "memory": "81559 MiB", "driver": "550.54"}
    ]
    assert read_gpus("NVIDIA-SMI has failed because it couldn't communicate, really, sorry") == []


@pytest.mark.parametrize(
    "output",
    ["", "x", "hypertuner-environment {", "hypertuner-environment []", 'hypertuner-environment {"packages": 3}',
     'hypertuner-environment {"packages": [[1]]}', "hypertuner-environment null"],
)  # fmt: skip
def test_any_answer_is_read(output: str) -> None:
    assert "did not answer" in read_interpreter(output)["problem"]


def test_characters_that_no_database_takes_are_written_out() -> None:
    said = '{"python": "3\\ud800", "implementation": "C", "executable": "/x\\u0000", "problem": "", "packages": [["a", "1"]]}'
    assert read_interpreter(f"hypertuner-environment {said}") == {
        "python": "3\\ud800", "implementation": "C", "executable": "/x", "problem": "", "packages": [["a", "1"]],
    }  # fmt: skip

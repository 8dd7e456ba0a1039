"""A folder that a script writes its views into, and no warning said before."""

from pathlib import Path

import pytest

from hypertuner import spool


@pytest.fixture(autouse=True)
def _fresh_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_warned", set())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(spool.VARIABLE, str(tmp_path / "metrics.jsonl"))
    return tmp_path

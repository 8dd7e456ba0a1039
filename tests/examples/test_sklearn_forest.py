"""The forest example, run for real; it prints its metrics and knows nothing of us."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "sklearn_forest" / "train.py"


@pytest.mark.parametrize("arguments", [["--n_estimators=5"], ["--data=wine", "--n_estimators=3", "--no-bootstrap"]])
def test_it_prints_its_metrics(arguments: list[str]) -> None:
    ended = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=True)
    printed = dict(re.findall(r"(\w+)[:=] ?([0-9.]+)", ended.stdout))
    assert set(printed) == {"accuracy", "f1", "log_loss", "train_accuracy"}
    assert 0.7 < float(printed["accuracy"]) <= 1


def test_it_imports_nothing_of_ours() -> None:
    assert "hypertuner" not in re.sub(r'""".*?"""', "", SCRIPT.read_text("utf-8"), flags=re.DOTALL).lower()

"""hypertuner.log: what arrives in the metrics file, and what never happens to a training."""

import json
import math
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hypertuner
from hypertuner import spool


@pytest.fixture(autouse=True)
def _fresh_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_warned", set())


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "metrics.jsonl"
    monkeypatch.setenv(spool.VARIABLE, str(path))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def run_script(code: str, metrics: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, spool.VARIABLE: str(metrics or "")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)


def test_a_call_is_one_line_with_time_values_and_place(metrics: Path) -> None:
    hypertuner.log(epoch=1, batch=3, epochs=12, loss=0.31, accuracy=1)
    (line,) = lines(metrics)
    assert abs(line.pop("t") - metrics.stat().st_mtime) < 60
    assert line == {"m": {"loss": 0.31, "accuracy": 1}, "epoch": 1, "batch": 3, "epochs": 12}
    assert metrics.read_bytes().endswith(b"}\n")


def test_places_are_optional_and_calls_append(metrics: Path) -> None:
    hypertuner.log(loss=0.5)
    hypertuner.log(loss=0.25)
    hypertuner.log(epoch=2, epochs=4)
    hypertuner.log()
    assert [{key: value for key, value in line.items() if key != "t"} for line in lines(metrics)] == [
        {"m": {"loss": 0.5}},
        {"m": {"loss": 0.25}},
        {"m": {}, "epoch": 2, "epochs": 4},
    ]


def test_nan_and_infinities_arrive(metrics: Path) -> None:
    hypertuner.log(a=math.nan, b=math.inf, c=-math.inf, d=-0.0, e=5e-324)
    (line,) = lines(metrics)
    assert math.isnan(line["m"].pop("a"))
    assert line["m"] == {"b": math.inf, "c": -math.inf, "d": 0.0, "e": 5e-324}
    assert math.copysign(1, line["m"]["d"]) == -1


@pytest.mark.parametrize(
    "value",
    [
        np.float32(0.25),
        np.float64(0.25),
        np.float16(0.25),
        np.array(0.25),
        np.array([0.25]),
        torch.tensor(0.25),
        torch.tensor([0.25], requires_grad=True),
        torch.tensor(0.25, dtype=torch.bfloat16),
        Decimal("0.25"),
    ],
    ids=repr,
)
def test_whatever_is_one_number_is_accepted(value: object, metrics: Path, capfd: pytest.CaptureFixture[str]) -> None:
    hypertuner.log(loss=value, epoch=np.int64(3))
    (line,) = lines(metrics)
    assert line["m"] == {"loss": 0.25}
    assert line["epoch"] == 3
    assert capfd.readouterr().err == ""


class Spiteful:
    def __float__(self) -> float:
        raise SystemError("boom")


@pytest.mark.parametrize(
    "value",
    ["0.25", b"1", True, None, [0.25], 10**400, 1j, np.array([1.0, 2.0]), torch.zeros(2), np.bool_(True), Spiteful()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_costs_one_warning_and_only_itself(
    value: object, metrics: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        hypertuner.log(loss=0.5, odd=value)
    assert [line["m"] for line in lines(metrics)] == [{"loss": 0.5}] * 3
    warning = capfd.readouterr().err
    assert warning == f"hypertuner: odd is not a number but {type(value).__name__}; it is left out\n"


def test_a_place_that_is_no_place_is_left_out(metrics: Path, capfd: pytest.CaptureFixture[str]) -> None:
    hypertuner.log(epoch=math.nan, batch="three", loss=0.5)
    (line,) = lines(metrics)
    assert set(line) == {"t", "m"}
    assert capfd.readouterr().err.count("left out") == 2


def test_any_text_is_a_metric_s_name(metrics: Path) -> None:
    names = ["val/loss", "α→ω", "a\nb", '"', "\ud800", ""]
    hypertuner.log(**dict.fromkeys(names, 1.0))
    (line,) = lines(metrics)
    assert list(line["m"]) == names


def test_without_a_launcher_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(spool.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    hypertuner.log(loss=0.5, epoch=1)
    assert list(tmp_path.iterdir()) == []


def test_lines_of_many_processes_do_not_mix(metrics: Path) -> None:
    code = """
import os, sys, hypertuner
for step in range(400):
    hypertuner.log(epoch=int(sys.argv[1]), batch=step, **{"metric%03d" % n: n + 0.125 for n in range(120)})
"""
    command = [sys.executable, "-c", code]
    writers = [subprocess.Popen([*command, str(number)], env=dict(os.environ)) for number in range(4)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    arrived = lines(metrics)
    longest = max(map(len, metrics.read_bytes().splitlines()))
    assert 2000 < longest < 4096
    assert sorted((line["epoch"], line["batch"]) for line in arrived) == [(w, s) for w in range(4) for s in range(400)]
    assert all(len(line["m"]) == 120 for line in arrived)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is not known here")
def test_a_fork_goes_on_in_the_same_file(metrics: Path) -> None:
    code = """
import os, hypertuner
hypertuner.log(who=0)
child = os.fork()
for _ in range(200):
    hypertuner.log(who=1 if child else 2)
if child:
    os.waitpid(child, 0)
"""
    assert run_script(code, metrics).returncode == 0
    seen = [line["m"]["who"] for line in lines(metrics)]
    assert [seen.count(who) for who in (0, 1, 2)] == [1, 200, 200]


def test_a_full_disk_costs_one_warning() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    ended = run_script("import hypertuner\nfor _ in range(5): hypertuner.log(loss=1)", Path("/dev/full"))
    assert ended.returncode == 0
    assert ended.stderr.count("hypertuner: metrics are not written") == 1


def test_what_follows_a_line_that_was_cut_off_stands_on_its_own_line(
    metrics: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    whole_write = os.write
    hypertuner.log(loss=1)
    # A disk that fills up takes the beginning of a line.
    monkeypatch.setattr(os, "write", lambda descriptor, content: whole_write(descriptor, content[:9]))
    hypertuner.log(loss=2)
    monkeypatch.undo()
    monkeypatch.setenv(spool.VARIABLE, str(metrics))
    hypertuner.log(loss=3)
    first, torn, last = metrics.read_bytes().splitlines()
    assert [json.loads(line)["m"]["loss"] for line in (first, last)] == [1, 3]
    assert len(torn) == 9
    assert "disk full" in capfd.readouterr().err


def test_a_vanished_folder_costs_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "attempt"
    folder.mkdir()
    monkeypatch.setenv(spool.VARIABLE, str(folder / "metrics.jsonl"))
    hypertuner.log(loss=1)
    (folder / "metrics.jsonl").unlink()
    folder.rmdir()
    hypertuner.log(loss=2)
    hypertuner.log(loss=3)
    assert capfd.readouterr().err.count("hypertuner:") == 1
    folder.mkdir()
    hypertuner.log(loss=4)
    assert [line["m"]["loss"] for line in lines(folder / "metrics.jsonl")] == [4]


def test_a_descriptor_closed_under_us_never_writes_into_the_script_s_own_file(metrics: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    code = f"""
import os, hypertuner
hypertuner.log(loss=1)
os.closerange(3, 256)
with open({str(checkpoint)!r}, "w") as stream:
    hypertuner.log(loss=2)
"""
    ended = run_script(code, metrics)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert checkpoint.read_bytes() == b""
    assert [line["m"]["loss"] for line in lines(metrics)] == [1, 2]


def test_warnings_turned_into_errors_and_a_closed_stderr_do_not_stop_a_training(metrics: Path) -> None:
    code = "import sys, warnings; warnings.simplefilter('error'); sys.stderr.close()\n"
    code += "import hypertuner; hypertuner.log(a='x', loss=1); sys.stderr = None; hypertuner.log(b='x', loss=2)"
    assert run_script(code, metrics).returncode == 0
    assert len(lines(metrics)) == 2


def test_of_several_processes_only_the_first_reports(metrics: Path) -> None:
    code = "import os, hypertuner\nfor _ in range(3): hypertuner.log(loss=float(os.environ['RANK']))"
    for rank in ("0", "1"):
        done = run_script(f"import os; os.environ |= {{'RANK': '{rank}', 'WORLD_SIZE': '2'}}\n{code}", metrics)
        assert done.stderr.count("of several processes only the first reports") == int(rank)
    assert [line["m"] for line in lines(metrics)] == [{"loss": 0.0}] * 3


def test_a_rank_of_something_else_silences_nobody(metrics: Path) -> None:
    run_script("import os; os.environ['RANK'] = '8'\nimport hypertuner; hypertuner.log(loss=1.0)", metrics)
    assert [line["m"] for line in lines(metrics)] == [{"loss": 1.0}]

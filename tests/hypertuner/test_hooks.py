"""What scripts log by other packages is followed from the moment of their import, and nothing else happens."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hypertuner

HOOKS = Path(hypertuner.__file__).parent / "hooks"
# A package as another one would be, with what is followed of it.
FAKES = {
    "wandb/sdk/wandb_run.py": "class Run:\n    def log(self, data, step=None, commit=None): return 'logged'\n",
    "trackio/run.py": "class Other: pass\n",
}


class Scripts:
    """Runs scripts in a folder of their own as the launcher would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "script.py").write_text(code)
        env = {
            "PATH": os.environ["PATH"], "PYTHONPATH": f"{HOOKS}{os.pathsep}{self.folder}",
            "HYPERTUNER_HOOKED": str(self.folder / "hooked.jsonl"), "HOME": str(self.folder), **environment,
        }  # fmt: skip
        argv = [sys.executable, "script.py"]
        return subprocess.run(argv, cwd=self.folder, env=env, capture_output=True, text=True, timeout=100, check=False)

    def hooked(self) -> list[dict[str, Any]]:
        path = self.folder / "hooked.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def values(self) -> list[tuple[dict[str, float], float | None]]:
        return [(line["m"], line.get("batch")) for line in self.hooked()]


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    for name, code in FAKES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.relative_to(tmp_path).parents:
            if folder.parts:
                (tmp_path / folder / "__init__.py").touch()
        path.write_text(code)
    return Scripts(tmp_path)


def test_tensorboardx_is_followed_wherever_it_writes(scripts: Scripts, tmp_path: Path) -> None:
    code = (
        "from tensorboardX import SummaryWriter\nimport numpy as np\n"
        f"writer = SummaryWriter({str(tmp_path / 'elsewhere')!r})\n"
        "writer.add_scalar('loss', 0.5, 1); writer.add_scalar(tag='acc', scalar_value=np.float32(0.25), global_step=2)\n"
        "writer.close()"
    )
    done = scripts.run(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert scripts.values() == [({"loss": 0.5}, 1), ({"acc": 0.25}, 2)]
    assert {line["from"] for line in scripts.hooked()} == {"SummaryWriter"}


def test_only_numbers_are_handed_over_and_the_call_answers_as_before(scripts: Scripts) -> None:
    code = (
        "from wandb.sdk.wandb_run import Run\nclass Text: pass\n"
        "data = {'loss': 1, 'nan': float('nan'), 'big': 10**400, 'flag': True, 'word': '3', 'none': None, 'x': Text()}\n"
        "print(Run().log(data, step=4)); print(Run().log({'epoch': 2, 'acc': 0.5}))"
    )
    done = scripts.run(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "logged\nlogged\n", "")
    first, second = scripts.hooked()
    assert (set(first["m"]), first["batch"]) == ({"loss", "nan"}, 4)
    assert (second["m"], second["epoch"]) == ({"acc": 0.5}, 2)


def test_of_several_processes_the_first_counts(scripts: Scripts) -> None:
    code = "from wandb.sdk.wandb_run import Run\nRun().log({'loss': 1})"
    for rank in ("1", "0"):
        assert scripts.run(code, RANK=rank, WORLD_SIZE="2").returncode == 0
    assert len(scripts.hooked()) == 1


def test_a_package_that_moved_its_functions_is_said_and_works(scripts: Scripts) -> None:
    done = scripts.run("import trackio.run; print('trained')")
    assert (done.returncode, done.stdout) == (0, "trained\n")
    assert "trackio.run logs in a way that is not known here" in done.stderr
    assert scripts.hooked() == []


def test_a_value_that_cannot_be_read_costs_a_line_and_no_training(scripts: Scripts) -> None:
    done = scripts.run("from wandb.sdk.wandb_run import Run\nprint(Run().log(3)); print(Run().log(3))")
    assert (done.returncode, done.stdout) == (0, "logged\nlogged\n")
    assert done.stderr.count("A value was not read from Run.log") == 1


def test_the_sitecustomize_that_ours_hides_is_run(scripts: Scripts) -> None:
    (scripts.folder / "sitecustomize.py").write_text("print('theirs')")
    done = scripts.run("import sitecustomize; print(sitecustomize.__file__.endswith('hooks/sitecustomize.py'))")
    assert done.stdout == "theirs\nFalse\n"
    assert scripts.run("", HYPERTUNER_HOOKED="").stdout == "theirs\n"


def test_nothing_is_imported_that_a_script_does_not_import(scripts: Scripts) -> None:
    code = "import sys; print(*sorted(name for name in sys.modules if name.startswith(('hyper', 'wandb', 'trackio'))))"
    assert scripts.run(code).stdout == "hypertuner_hooks\n"


def test_a_file_that_cannot_be_written_costs_a_line_and_no_training(scripts: Scripts) -> None:
    code = "from wandb.sdk.wandb_run import Run\nprint(Run().log({'loss': 1}))"
    done = scripts.run(code, HYPERTUNER_HOOKED="/nowhere/hooked.jsonl")
    assert (done.returncode, done.stdout) == (0, "logged\n")
    assert "metrics are not written" in done.stderr


@pytest.mark.parametrize("module", sorted(HOOKS.glob("*.py")), ids=lambda module: module.name)
def test_the_grammar_is_python_3_8_s(module: Path) -> None:
    ast.parse(module.read_text("utf-8"), feature_version=(3, 8))

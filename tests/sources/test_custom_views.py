"""Custom views: which files are some, and that whatever one does comes back as an outcome, in bounds and soon."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sources import custom_view_run
from sources.custom_view_run import CurveColumns, Limits, Material, Outcome, Payload, Place, run_view
from sources.custom_views import views_among, views_in
from tests.product import processes_of, wait_until

FACTS: dict[str, Any] = {
    "project": "Digits",
    "run": 1,
    "number": 2,
    "state": "finished",
    "settings": {"lr": 0.1},
    "objective": "accuracy",
    "goal": "maximize",
}
EXPERIMENTS = [
    {
        "number": number,
        "state": "finished",
        "settings": {"lr": number / 10},
        "metrics": {"accuracy": number / 4},
        "epoch": 2.0,
        "duration_s": 1.5,
        "is_shown": number == 2,
    }
    for number in (1, 2, 3)
]
LIMITS = Limits()
MATERIAL = Material(
    FACTS,
    EXPERIMENTS,
    [CurveColumns("accuracy", {"values": np.array([0.2, np.nan, 0.5]), "epochs": np.array([1.0, 2.0, 3.0])})],
    [Payload("table", "table", None, b'{"rows": [[1]]}'), Payload("old", "table", 1.0, None)],
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "views").mkdir()
    return tmp_path


def outcome(project: Path, content: str, *, limits: Limits = LIMITS) -> Outcome:
    (project / "views" / "mine.py").write_text(content)
    return run_view("views/mine.py", Place(project, sys.executable, project), MATERIAL, limits)


def problem(project: Path, body: str, *, limits: Limits = LIMITS) -> str:
    """What is said of a view with such a body; nothing that it may do takes longer than its time."""
    begun = time.monotonic()
    found = outcome(project, f"def view(data):\n    {body}\n", limits=limits)
    assert time.monotonic() - begun < limits.timeout_s + 2
    assert found.figure is None
    return found.problem


# --- which files are views ------------------------------------------------------------------------------------------


def test_every_file_of_the_folder_is_a_view_named_by_it_and_described_by_its_docstring(project: Path) -> None:
    (project / "views" / "learning_speed.py").write_text('# ours\n"""How soon. \n\nMore."""\ndef view(data): ...\n')
    (project / "views" / "_helpers.py").write_text("")
    (project / "views" / "notes.txt").write_text("")
    (project / "views" / "broken.py").write_text("def view(:\n")
    assert [(each.name, each.file, each.hint) for each in views_in(project)] == [
        ("broken", "views/broken.py", ""),
        ("learning speed", "views/learning_speed.py", "How soon."),
    ]


def test_a_project_without_the_folder_has_none_and_strange_names_of_a_snapshot_are_none(tmp_path: Path) -> None:
    assert views_in(tmp_path) == []
    assert views_among({"views/deep/a.py": b"", "a.py": b"", "views/../a.py": b"", "views/.a.py": b""}) == []


# --- what a view gets -----------------------------------------------------------------------------------------------


def test_a_view_gets_curves_attached_views_and_the_run(project: Path) -> None:
    found = outcome(
        project,
        "import math\n"
        "def view(data):\n"
        "    curve = data.metrics['accuracy']\n"
        "    assert curve.epochs == [1, 2, 3] and curve.batches is None and curve.steps == [1, 2, 3]\n"
        "    assert math.isnan(curve.values[1]) and data.views['table'][-1].payload == {'rows': [[1]]}\n"
        "    assert [each.number for each in data.experiments if each.is_shown] == [data.number]\n"
        "    assert data.frame()['lr'].tolist() == [0.1, 0.2, 0.3] and curve.frame()['epoch'].max() == 3\n"
        "    return {'data': [{'y': curve.values}], 'layout': {}}\n",
    )
    assert (found.problem, found.traceback) == ("", "")
    assert found.figure == {"data": [{"y": [0.2, None, 0.5]}], "layout": {}}


def test_a_view_imports_the_project_s_modules_and_its_folder_s_helpers(project: Path) -> None:
    (project / "model.py").write_text("WORD = 'mine'")
    (project / "views" / "_shared.py").write_text("from model import WORD")
    found = outcome(project, "from views._shared import WORD\ndef view(data): return {'data': [{'name': WORD}]}\n")
    assert found.figure == {"data": [{"name": "mine"}]}


def test_a_plotly_figure_is_taken(project: Path) -> None:
    found = outcome(project, "import plotly.graph_objects as go\ndef view(data): return go.Figure(go.Bar(y=[1]))\n")
    assert found.figure["data"] == [{"type": "bar", "y": [1]}]


def test_a_view_knows_no_secret_of_the_web(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERTUNER_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    found = outcome(project, "import os\ndef view(data): return {'data': [], 'layout': dict(os.environ)}\n")
    assert "secret" not in str(found.figure)


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_view_that_loops_for_ever_is_ended_with_all_that_it_started(project: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(77)", str(project)]
    body = f"import subprocess; subprocess.Popen({sleep}); print('here')\n    while True: pass"
    found = outcome(project, f"def view(data):\n    {body}\n", limits=Limits(timeout_s=1))
    assert "ended after 1 s" in found.problem
    assert found.said == "here\n"
    wait_until(lambda: not processes_of(project), "nothing of it is left")


def test_what_a_view_prints_is_kept_to_its_end(project: Path) -> None:
    found = outcome(
        project, "def view(data):\n    for n in range(30_000): print(n, 'x' * 100)\n    return {'data': []}\n"
    )
    assert found.figure == {"data": []}
    assert found.said.endswith(f"29999 {'x' * 100}\n")
    assert len(found.said) <= 20_000
    assert found.left_out > 3_000_000


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return 7", "views/mine.py returned what is not shown: it must be a figure with data, not int."),
        ("return None", "not NoneType"),
        ("import matplotlib.figure; return matplotlib.figure.Figure()", "not Figure"),
        ("return {'data': [{'x': ['y' * 1000] * 50_000}]}", "it takes 50.2 MB, and 5 MB is the most"),
        ("raise KeyError('accuracy')", "views/mine.py raised KeyError: 'accuracy'"),
        ("import nowhere_to_be_found", "imports nowhere_to_be_found, which is neither in the project's folder nor"),
        ("import sys; sys.exit(3)", "ended itself (3)"),
        ("import os; os._exit(3)", "ended with status 3 before it returned a figure"),
        ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("x = []; x.append(x); return {'data': x}", "raised RecursionError"),
        ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})", "views/mine.py raised Odd"),
    ],
)
def test_what_goes_wrong_is_a_sentence(project: Path, body: str, sentence: str) -> None:
    assert sentence in problem(project, body)


def test_memory_is_bounded(project: Path) -> None:
    limits = Limits(memory_bytes=300_000_000)
    assert "more memory than a view may have" in problem(project, "return bytearray(400_000_000)", limits=limits)


def test_an_answer_past_the_child_s_own_check_is_cut(project: Path) -> None:
    body = "import os, sys\n    while True: os.write(int(sys.orig_argv[-1]), b'x' * 60_000)"
    assert "5 MB at most" in problem(project, body)


def test_a_file_without_the_function_says_what_is_missing(project: Path) -> None:
    assert "views/mine.py has no function `view`" in outcome(project, "def views(data): ...").problem


def test_a_syntax_error_names_its_line(project: Path) -> None:
    found = outcome(project, "def view(data):\n    return (1\n")
    assert "is no Python that" in found.problem
    assert 'File "views/mine.py", line 2' in found.traceback


def test_a_traceback_goes_through_the_project_s_files_only(project: Path) -> None:
    (project / "model.py").write_text("import json\ndef read():\n    return json.loads('{')\n")
    found = outcome(project, "import model\ndef view(data):\n    return model.read()\n")
    assert [line.strip() for line in found.traceback.splitlines() if "File" in line] == [
        'File "views/mine.py", line 3, in view',
        'File "model.py", line 3, in read',
    ]
    assert "JSONDecodeError" in found.problem


def test_the_child_s_grammar_is_python_3_8_s() -> None:
    ast.parse((Path(custom_view_run.__file__).parent / "custom_view_child.py").read_text(), feature_version=(3, 8))


def test_an_interpreter_that_cannot_be_started_is_said(project: Path) -> None:
    (project / "views" / "mine.py").write_text("")
    found = run_view("views/mine.py", Place(project, str(project / "python"), project), MATERIAL, LIMITS)
    assert "cannot be started: No such file" in found.problem
    assert os.listdir(project / "views") == ["mine.py"]

"""Every snippet of docs/views.md runs as it stands, and there is one for each kind of view."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from hypertuner import spool, views
from layouts.views import PICTURES
from layouts.views.owners import owners_of
from sources.custom_view_run import Limits, Material, Place, run_view
from sources.custom_views import views_in

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "digits" / "views" / "learning_speed.py"
DOCUMENT = (ROOT / "docs" / "views.md").read_text()
WRITTEN = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)
CUSTOM = [snippet for snippet in WRITTEN if "def view(" in snippet]
SNIPPETS = [snippet for snippet in WRITTEN if snippet not in CUSTOM]


def kinds_of(snippet: str) -> set[str]:
    return set(re.findall(r"views\.(\w+)\(", snippet))


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: "-".join(sorted(kinds_of(snippet))))
def test_a_snippet_attaches_what_the_page_can_draw(
    snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(spool.VARIABLE, str(tmp_path / "metrics.jsonl"))
    exec(snippet, {})
    assert capfd.readouterr().err == ""
    attached = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in attached} == kinds_of(snippet)
    for line in attached:
        picture = PICTURES[line["kind"]](json.loads((tmp_path / line["file"]).read_text()))
        assert picture.figure or picture.component


@pytest.mark.parametrize("written", [*CUSTOM, EXAMPLE.read_text()])
def test_a_view_of_a_project_s_own_is_drawn(written: str, tmp_path: Path) -> None:
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "mine.py").write_text(written)
    row = {"state": "finished", "settings": {"learning_rate": 0.1}, "epoch": 1.0, "duration_s": 2.0, "is_shown": True}
    experiments = [{"number": number, "metrics": {"accuracy": 0.5}, **row} for number in (1, 2)]
    facts = {"project": "p", "run": 1, "number": 2, "state": "finished", "settings": {}}
    material = Material({**facts, "objective": "accuracy", "goal": "maximize"}, experiments)
    outcome = run_view("views/mine.py", Place(tmp_path, sys.executable, tmp_path), material, Limits())
    assert (outcome.problem, outcome.said) == ("", "")
    picture = PICTURES["plotly"]({"figure": outcome.figure})
    assert picture.figure
    assert owners_of(picture.figure["data"], {1, 2}) == [[1, 2]]
    assert views_in(tmp_path)[0].hint


def test_every_kind_has_a_snippet_a_function_and_a_picture() -> None:
    assert set().union(*map(kinds_of, SNIPPETS)) == set(views.__all__) == set(PICTURES)

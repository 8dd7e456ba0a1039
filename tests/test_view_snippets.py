"""Every snippet of docs/views.md runs as it stands, and there is one for each kind of view."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hypertuner import spool, views
from layouts.views import PICTURES

DOCUMENT = (Path(__file__).parents[1] / "docs" / "views.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)


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


def test_every_kind_has_a_snippet_a_function_and_a_picture() -> None:
    assert set().union(*map(kinds_of, SNIPPETS)) == set(views.__all__) == set(PICTURES)

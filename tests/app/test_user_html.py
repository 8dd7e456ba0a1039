"""What users write never becomes a page of ours: files are attachments in a sandbox, and no component takes markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storage.configuration import keep_revision
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from tests.app.conftest import Browser

ROOT = Path(__file__).resolve().parents[2]
MARKUP = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
# By these a component or a script takes markup or code for more than text; constants of our own are no such thing.
DANGEROUS = re.compile(
    r"dangerously_allow_html|dangerously_allow_code|DangerouslySetHTML|srcDoc|\.innerHTML\s*\+?=(?!\s*[A-Z]+;)|insertAdjacentHTML|document\.write"
)


def files_of(store: Store) -> list[str]:
    """The addresses of everything that can be had as a file of a run whose every text is markup."""
    project = register_project(store, MARKUP, directory="/tmp", command=["python", MARKUP], hyperparameters=[])
    digest = keep_revision(store, {"commit": "abc"}, f"+{MARKUP}\n")
    new = NewRun(MARKUP, {MARKUP: [MARKUP]}, [], [NewExperiment({MARKUP: MARKUP})], revision_digest=digest)
    create_run(store, project, new)
    base = f"/download/{project.slug}"
    return [f"{base}/experiments.csv", f"{base}/experiments.csv?run=1", f"{base}/runs/1/uncommitted.diff"]


def test_files_are_attachments_in_a_sandbox(browser: Browser, store: Store) -> None:
    for address in files_of(store):
        answer = browser.get(address)
        assert answer.status_code == 200, address
        assert MARKUP.partition(">")[0] in answer.get_data(as_text=True)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.mimetype in ("text/csv", "text/x-diff")


@pytest.mark.parametrize("address", ["/download/{}/experiments.csv", "/nothing/{}", "/login?token={}", "/exports/{}"])
def test_error_pages_show_markup_as_text(browser: Browser, address: str) -> None:
    assert MARKUP not in browser.get(address.format(MARKUP)).get_data(as_text=True)


def test_no_component_and_no_script_takes_markup() -> None:
    sources = [
        path
        for folder in ("app", "assets", "callbacks", "layouts")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js") and "vendor" not in path.parts
    ]
    assert len(sources) > 100
    assert [str(path) for path in sources if DANGEROUS.search(path.read_text())] == []

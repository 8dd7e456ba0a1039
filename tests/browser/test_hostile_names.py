"""Names that are markup or keys of every object stay names in a real Chromium."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, expect

from analysis.hyperparameters import Hyperparameter
from storage.ingestion import Batch, Ending, NewView, Values, finish_experiment
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.tokens import create_link_token

HOSTILE = [
    '<img src=x onerror="window.__pwn++">',
    "</script><script>window.__pwn++</script>",
    "javascript:window.__pwn++",
    "<sub>x</sub>",
    "__proto__",
    "a.__proto__.b",
    "constructor",
    "toString",
]


def launch(store: Store) -> None:
    """A finished run in which everything that a user may name has one of the names."""
    known = [
        Hyperparameter(name, f"--h{place}", "choice", HOSTILE[0], help=name).to_json()
        for place, name in enumerate(HOSTILE)
    ]
    project = register_project(store, HOSTILE[0], directory="/tmp", command=["python", "a"], hyperparameters=known)
    settings = [NewExperiment(dict.fromkeys(HOSTILE, value)) for value in HOSTILE[:2]]
    candidates = dict.fromkeys(HOSTILE, HOSTILE[:2])
    create_run(store, project, NewRun(HOSTILE[1], candidates, known, settings, objective="__proto__"))
    claim_runs(store, "scheduler")
    metrics = metric_ids(store, project.id, HOSTILE)
    payload = {"labels": HOSTILE[:2], "counts": [[1, 2], [3, 4]], "examples": [
        {"true": 0, "predicted": 1, "text": HOSTILE[0]}, {"true": 0, "predicted": 1, "image": HOSTILE[2]},
    ]}  # fmt: skip
    views = [NewView(name, "confusion_matrix", 1.0, json.dumps(payload).encode()) for name in HOSTILE]
    values = [Values(metrics[name], 0, [0.1, 0.9], [1.0, 2.0], [None, None], [0.0, 0.0]) for name in HOSTILE]
    log = "\n".join(HOSTILE)
    claim = claim_experiment(store, Place("worker", HOSTILE[0]))
    for state in ("finished", "failed"):
        assert claim is not None
        batch = Batch(
            {}, {"metrics": 1}, values, views, stdout_tail=log, stderr_tail=log, rejected_lines=1, rejected_sample=log
        )
        claim = finish_experiment(store, claim, batch, Ending(state, 1.0, 1, log), then=Place("worker", HOSTILE[0]))


def test_names_are_only_names(browser: Browser, address: str, store: Store) -> None:
    launch(store)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script("window.__pwn = 0")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/login?token={create_link_token(store)}")
    project = page.locator("a[href^='/projects/']").first
    expect(project).to_contain_text(HOSTILE[0])
    slug = str(project.get_attribute("href"))
    for path, shown in (
        (slug, "h1"),
        (f"{slug}/runs/1", ".is-loaded #table-count >> text=showing 2 of 2"),
        (f"{slug}/experiments/1?with=2", ".curves-plot .curves-title b >> nth=0"),
    ):
        page.goto(address + path)
        page.locator(shown).first.wait_for()
        assert page.evaluate("[window.__pwn, Object.keys(Object.prototype).length]") == [0, 0]
    context.close()
    assert complaints == []

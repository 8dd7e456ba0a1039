"""Under `up` every part that dies is started again, alone, in pairs, and while it starts; nothing is lost."""

from __future__ import annotations

import urllib.request

import pytest

from storage.records import Run
from storage.runs import fetch_run
from storage.schema import ENDED_STATES
from storage.store import Store, is_outage
from tests.faults.conftest import Up
from tests.faults.rain import Rain
from tests.product import frozen, part_of, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


def has_ended(up: Up, run: Run) -> bool:
    try:
        return fetch_run(up.store, run.id).state in ENDED_STATES
    except Exception as error:
        if not is_outage(error):
            raise
        return False


def is_under_way(up: Up, rain: Rain) -> bool:
    return any(count > 2 for count, _ in map(rain.told, [each.name for each in (rain.folder / "truth").iterdir()]))


@pytest.mark.parametrize(
    "parts",
    [
        ("postmaster",),
        ("database backend", "database walwriter"),
        ("dispatcher",),
        ("web",),
        ("web worker",),
        ("raylet",),
        ("gcs",),
        ("ray",),
        ("worker",),
        ("supervisor",),
        ("guard",),
        ("supervisor", "guard"),
        ("postmaster", "dispatcher"),
        ("postmaster", "raylet"),
        ("web", "gcs"),
        ("worker", "supervisor", "guard", "postmaster"),
    ],
    ids="+".join,
)
def test_what_is_killed_comes_back_and_the_run_ends_right(up: Up, rain: Rain, parts: tuple[str, ...]) -> None:
    run = rain.launch(up.store, 6)
    wait_until(lambda: is_under_way(up, rain), "values", 60)
    up.await_back(up.kill(*parts))
    wait_until(lambda: has_ended(up, run), f"the end of the run\n{up.product.output}", 120)
    wait_until(lambda: not rain.children(), "no orphan", 15)
    verdict = rain.judge(up.store, [run])
    assert verdict.is_clean, f"{verdict}\n{up.product.output}"


def test_parts_that_are_killed_while_they_start_come_back_as_well(up: Up, rain: Rain) -> None:
    run = rain.launch(up.store, 6)
    wait_until(lambda: is_under_way(up, rain), "values", 60)
    for part in ("postmaster", "raylet", "dispatcher", "web"):
        up.await_back(up.kill(part))
        up.await_back(up.kill(part))
    wait_until(lambda: has_ended(up, run), f"the end of the run\n{up.product.output}", 180)
    verdict = rain.judge(up.store, [run])
    assert verdict.is_clean, f"{verdict}\n{up.product.output}"


def test_a_part_that_fails_again_and_again_is_declared_broken_and_the_others_go_on(up: Up) -> None:
    address = up.product.link.partition("/login")[0]
    for _ in range(5):
        before = up.kill("dispatcher")["dispatcher"]
        wait_until(
            lambda before=before: (  # type: ignore[misc]
                "The dispatcher is broken" in up.product.output
                or bool(set(part_of(up.data_dir, "dispatcher")) - before)
            ),
            "the dispatcher is back, or given up",
            60,
        )
    up.product.wait_for("The dispatcher is broken: it ended .*dispatcher.log")
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert answer.status == 200


def test_server_processes_that_stand_still_are_left_for_others(up: Up, rain: Rain) -> None:
    first = rain.launch(up.store, 1)
    wait_until(lambda: has_ended(up, first), "the end of the first run", 60)
    with frozen(part_of(up.data_dir, "database backend")):
        store = Store(up.store.url.render_as_string(hide_password=False), pool_size=1)
        run = rain.launch(store, 1)
        wait_until(lambda: fetch_run(store, run.id).state in ENDED_STATES, "the end of the run", 120)
        assert rain.judge(store, [first, run]).is_clean
        store.close()

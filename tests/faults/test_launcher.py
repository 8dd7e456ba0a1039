"""The launcher and its Ray from outside: asked to end, asked twice, left by its terminal, stopped by Ray's own command."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import Up
from tests.faults.rain import Rain
from tests.faults.test_parts import has_ended, is_under_way
from tests.product import family, part_of, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

POINTS = 10


def ray_processes(up: Up) -> list[int]:
    """Every process of the Ray head of this `up`, but no supervisor: those belong to no Ray."""
    lines = family(up.data_dir).items()
    marks = ("/raylet/raylet ", "/gcs/gcs_server ", "ray/_private", "ray/dashboard", "ray::", "-P -c import os, time")
    return [pid for pid, line in lines if any(mark in line for mark in marks) and "lifeline.py" not in line]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["by force", "politely"])
def test_what_ray_stop_does_leaves_no_orphan_and_the_run_ends_right(up: Up, rain: Rain, number: signal.Signals) -> None:
    """The command itself ends every Ray of the machine; this does the same to ours alone."""
    run = rain.launch(up.store, 6)
    wait_until(lambda: is_under_way(up, rain), "values", 60)
    before = {part: set(part_of(up.data_dir, part)) for part in ("raylet", "gcs")}
    orphans = set(rain.children())
    for pid in ray_processes(up):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    wait_until(lambda: not orphans & set(rain.children()), "what the scripts had started is gone", 10)
    up.await_back(before)
    wait_until(lambda: has_ended(up, run), f"the end of the run\n{up.product.output}", 180)
    wait_until(lambda: not rain.children(), "no orphan", 15)
    verdict = rain.judge(up.store, [run])
    assert verdict.is_clean, f"{verdict}\n{up.product.output}"


@pytest.mark.parametrize(
    "signals",
    [
        (signal.SIGINT,),
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGHUP,),
        (signal.SIGTERM,),
        (signal.SIGHUP, signal.SIGINT),
    ],
    ids=lambda signals: "+".join(each.name for each in signals),
)
def test_however_the_launcher_is_asked_to_end_nothing_is_left_and_the_next_one_goes_on(
    data_dir: Path, rain: Rain, signals: tuple[signal.Signals, ...]
) -> None:
    first = Up(data_dir)
    try:
        run = rain.launch(first.store, 4)
        wait_until(lambda: is_under_way(first, rain), "values", 60)
        for number in signals:
            first.product.process.send_signal(number)
            time.sleep(0.3)
    finally:
        first.store.close()
        first.product.process.wait(60)
        first.product.interrupt()
    wait_until(lambda: family(data_dir) == {} and not rain.children(), f"nothing is left of {family(data_dir)}", 30)
    again = Up(data_dir)
    try:
        wait_until(lambda: has_ended(again, run), f"the end of the run\n{again.product.output}", 120)
        verdict = rain.judge(again.store, [run])
        assert verdict.is_clean, f"{verdict}\n{again.product.output}"
    finally:
        again.end()


def test_when_everything_is_killed_at_once_nothing_is_left_and_the_next_start_goes_on(
    data_dir: Path, rain: Rain
) -> None:
    first = Up(data_dir)
    run = rain.launch(first.store, 6)
    wait_until(lambda: is_under_way(first, rain), "values", 60)
    first.store.close()
    for pid in family(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    first.product.kill()
    again = Up(data_dir)
    try:
        wait_until(lambda: has_ended(again, run), f"the end of the run\n{again.product.output}", 120)
        wait_until(lambda: not rain.children(), "no orphan", 15)
        verdict = rain.judge(again.store, [run])
        assert verdict.is_clean, f"{verdict}\n{again.product.output}"
    finally:
        again.end()

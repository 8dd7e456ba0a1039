"""The place of the curves, and the colours of experiments."""

from __future__ import annotations

import re
from pathlib import Path

from layouts import figures
from layouts.curves import curves, swatch_of
from tests.text import text_of

ASSETS = Path(__file__).parents[2] / "assets"


def test_every_part_that_the_browser_fills_is_there() -> None:
    shown = text_of(curves())
    wanted = set(re.findall(r'part\("([a-z-]+)"\)', (ASSETS / "experiment/curves/legend.js").read_text()))
    assert wanted
    for name in wanted:
        assert f"curves-{name}" in shown, name


def test_every_control_of_the_replay_is_there() -> None:
    shown = text_of(curves())
    for name in set(re.findall(r'(?:part|on)\("([a-z-]+)"', (ASSETS / "base/replay.js").read_text())):
        assert f"replay-{name}" in shown, name


def test_an_experiment_keeps_its_colour() -> None:
    shown = [text_of(swatch_of(number)) for number in (1, 8, 9)]
    assert "var(--ht-hue-1)" in shown[0]
    assert "var(--ht-hue-8)" in shown[1]
    assert shown[2] == shown[0]


def test_a_view_gives_each_of_its_lines_a_colour_and_dashes_tell_doubles_apart() -> None:
    alone, together = figures.lines_of([13]), figures.lines_of([3, 13])
    assert alone[13]["color"] == together[13]["color"] == together[3]["color"] == figures.colour_of(13)
    assert alone[13]["dash"] == together[3]["dash"] == "solid"
    assert together[13]["dash"] == "dash"


def test_swatches_have_the_colours_of_the_curves() -> None:
    style, script = ((ASSETS / name).read_text() for name in ("curves.css", "experiments/colours.js"))
    hues = re.findall(r"(?:light|dark): \[((?:\"#[0-9a-f]{6}\",? ?){8})\]", script)
    assert len(hues) == 2
    assert re.findall(r"--ht-hue-\d: (#[0-9a-f]{6})", style) == re.findall(r"#[0-9a-f]{6}", "".join(hues))

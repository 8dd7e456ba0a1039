"""The list of files that an experiment wrote."""

from __future__ import annotations

import json
from dataclasses import replace

import plotly.utils

from analysis.own_files import OwnFile, OwnFiles
from layouts import ids
from layouts.own_files import MOST_ROWS, Shown, content

FILES = (
    OwnFile("log.txt", "0/written/log.txt", 1_234, 1_700_000_000.0),
    OwnFile("model.pt", "0/written/model.pt", 98_765_432, 1_700_000_001.0),
    OwnFile("plots/a b.png", "0/written/plots/a b.png", 10, 1_700_000_002.0),
)
SHOWN = Shown(OwnFiles(FILES, 3, 98_766_676, 0), "overlay", "/files/digits/experiments/4")


def drawn(shown: Shown | None) -> str:
    return json.dumps(content(shown), cls=plotly.utils.PlotlyJSONEncoder)


def test_without_files_there_is_no_panel() -> None:
    assert content(None) == []
    assert content(replace(SHOWN, found=OwnFiles())) == []


def test_files_are_listed_with_what_one_can_do_with_each() -> None:
    shown = drawn(SHOWN)
    for words in ("3 files, 98.8 MB", "1.2 KB", "/files/digits/experiments/4.zip", "0/written/plots/a%20b.png"):
        assert words in shown
    assert shown.count('"data-own-file"') == 1
    assert shown.count('"Img"') == 1


def test_files_elsewhere_and_removed_ones_are_told_and_lead_nowhere() -> None:
    for shown, words in (
        (
            replace(SHOWN, elsewhere="node2, in /data/files/7"),
            "on another machine, whose disk this server does not see",
        ),
        (replace(SHOWN, is_removed=True), "were removed"),
    ):
        found = drawn(shown)
        assert words in found
        assert "/files/" not in found.replace("/data/files/7", "")


def test_how_files_are_kept_apart_is_said_where_it_is_not_as_usual() -> None:
    assert "no copy-on-write" in drawn(replace(SHOWN, kind="copy", note="Operation not permitted."))
    assert "Operation not permitted." in drawn(replace(SHOWN, kind="copy", note="Operation not permitted."))
    assert "writes into the project's folder itself" in drawn(replace(SHOWN, kind="in place"))


def test_of_very_many_the_newest_are_listed_and_there_is_a_search() -> None:
    many = tuple(OwnFile(f"{at:03}", str(at), 1, float(at)) for at in range(400))
    shown = drawn(replace(SHOWN, found=OwnFiles(many, 5_000, 5_000, 0)))
    assert f"The newest {MOST_ROWS} are listed; the download has all 5,000." in shown
    assert ids.OWN_FILES_FOUND in shown
    assert '"399"' in shown
    assert '"199"' not in shown

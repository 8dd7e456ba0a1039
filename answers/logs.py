"""What a page asks about whole logs: where some words are, and which errors and warnings there are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.log_problems import MOST_PROBLEMS, find_problems
from analysis.log_search import search
from storage.logs import STREAMS, LogFile, LogPlace, find_log, open_log
from storage.store import Store

TIME_LIMIT_S = 3.0
LONGEST_WORDS = 200
# Of a longer stream only the end is looked through for problems.
MOST_BYTES = 4_000_000


def search_log(
    store: Store, data_dir: Path, slug: str, number: int, question: Mapping[str, str]
) -> dict[str, Any] | None:
    """Where the `words` of a question are in the `stream` that it names; None where there is no such log."""
    stream, words = question.get("stream", ""), question.get("words", "")[:LONGEST_WORDS]
    place = find_log(store, slug, number) if stream in STREAMS and words.strip() else None
    if place is None:
        return None
    log = open_log(data_dir, place, stream, time_limit_s=TIME_LIMIT_S)
    found = search(log.pieces(), words)
    return {
        "matches": [asdict(match) for match in found.matches],
        "count": found.count,
        "lines": found.lines,
        "note": _note(log, place, found.count > len(found.matches), len(found.matches)),
    }


def log_problems(store: Store, data_dir: Path, slug: str, number: int) -> dict[str, Any] | None:
    """The errors and warnings of both streams, the gravest first; None where there is no such experiment."""
    place = find_log(store, slug, number)
    if place is None:
        return None
    problems: list[dict[str, Any]] = []
    left_out, notes = 0, []
    # What goes wrong is mostly said on stderr.
    for stream in reversed(STREAMS):
        log = open_log(data_dir, place, stream, time_limit_s=TIME_LIMIT_S)
        data, first_line, is_end = _end_of(log)
        found, more = find_problems(data, first_line=first_line)
        problems += [{**asdict(problem), "stream": stream} for problem in found]
        left_out += more
        if is_end and found:
            notes.append(f"Only the last {MOST_BYTES // 1_000_000} MB of {stream} were looked through.")
        if log.is_cut and found:
            notes.append("Their lines are counted from there, because reading what is before took too long.")
    if left_out:
        notes.append(f"The first {MOST_PROBLEMS} kinds of a stream are shown; there are {left_out} more.")
    return {"problems": problems, "note": " ".join(notes)}


def _end_of(log: LogFile) -> tuple[bytes, int, bool]:
    """The end of a stream from the beginning of a line, the number of that line, and whether something is before it.

    The number is 1 where counting the lines before it took too long; then `log.is_cut`.
    """
    data, skipped = log.end(MOST_BYTES)
    line, at = 1, 0
    with closing(log.pieces()) as pieces:
        for piece in pieces:
            line += piece.count(b"\n", 0, max(0, skipped - at))
            at += len(piece)
            if at >= skipped:
                break
    if skipped:
        # What is left of a line that began before.
        rest = data.find(b"\n") + 1
        data, line = data[rest:], line + (rest > 0)
    return data, 1 if at < skipped else line, skipped > 0


def _note(log: LogFile, place: LogPlace, is_bounded: bool, shown: int) -> str:
    notes = []
    if is_bounded:
        notes.append(f"The first {shown} are shown.")
    if not log.is_whole:
        where = f"lies on {place.host}" if place.host else "is not on this machine"
        notes.append(f"Only its last lines were searched; the whole log {where}.")
    if not log.has_beginning:
        notes.append("The beginning of this very long log is gone; lines are counted from what is left.")
    if log.is_cut:
        notes.append(f"The search ended after {TIME_LIMIT_S:g} s, before the end of the log.")
    return " ".join(notes)

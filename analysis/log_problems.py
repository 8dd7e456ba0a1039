"""Errors and warnings in a log, each once with how often it came: what a person would look for first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from analysis.failures import normalised
from analysis.log_text import clean_text, text_of
from analysis.tracebacks import find_tracebacks, short_file

MOST_PROBLEMS = 40
LONGEST_TEXT = 300
# Of a longer line only the beginning is looked at.
LONGEST_LINE = 1_000
# The gravest first.
KINDS = ("memory", "killed", "traceback", "error", "warning")

_MEMORY = re.compile(
    r"CUDA out of memory|out of memory|OutOfMemoryError|\bMemoryError\b|CUDNN_STATUS_ALLOC_FAILED|std::bad_alloc"
    r"|Cannot allocate memory|oom-kill",
    re.IGNORECASE,
)
# A shell says `Killed` alone, or with where and what.
_KILLED = re.compile(
    r"(?:^|line [0-9]+:\s+[0-9]+ )(?:Killed|Segmentation fault|Aborted|Bus error)(?=\s*$|\s+\(core|\s{3})"
    r"|Fatal Python error:"
)
# `error: 0.31` is a metric.
_NO_NUMBER = r"(?!\s*[-+]?(?:[0-9.]|nan\b|inf\b))"
_ERROR = re.compile(
    rf"(?:\b[Ee]rror:|^[\w.]*(?:Error|Exception):){_NO_NUMBER}|\b(?:ERROR|FATAL|CRITICAL)\b[\s:\]|-]+", re.ASCII
)
_WARNING = re.compile(r"\b[\w.]*Warning:|\b[Ww]arning:|\bWARN(?:ING)?\b[\s:\]|-]+", re.ASCII)
_PYTHON_WARNING = re.compile(r"([^\s:][^:]*):([0-9]{1,9}): (\w*Warning: .*)", re.ASCII)
_WORTH_A_LOOK = re.compile(
    rb"traceback|error|warn|killed|fault|abort|fatal|critical|exception|memory|bad_alloc|alloc_failed|oom",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Problem:
    """One error or warning. line: where it came first, counted from 1; place: where in the code, if that is known."""

    kind: str
    text: str
    place: str
    line: int
    count: int = 1


def find_problems(data: bytes, *, first_line: int = 1) -> tuple[list[Problem], int]:
    """The errors and warnings in a piece of a log, the gravest first, and how many different ones were left out.

    first_line: the number of the piece's first line. Never raises, whatever the bytes.
    """
    if not _WORTH_A_LOOK.search(data):
        return [], 0
    counted: dict[tuple[str, str, str], Problem] = {}
    for problem in _each(data, first_line):
        key = (problem.kind, normalised(problem.text), problem.place)
        known = counted.get(key)
        counted[key] = replace(known, count=known.count + 1) if known else problem
    ordered = sorted(counted.values(), key=lambda problem: (KINDS.index(problem.kind), problem.line))
    return ordered[:MOST_PROBLEMS], max(0, len(ordered) - MOST_PROBLEMS)


def _each(data: bytes, first_line: int) -> Iterator[Problem]:
    raw = data.split(b"\n")
    lines = [
        clean_text(text_of(line[:LONGEST_LINE]).rpartition("\r")[2]) for line in (each.rstrip(b"\r") for each in raw)
    ]
    tracebacks = {found.first_line: found for found in find_tracebacks(lines)}
    after = 0
    for number, line in enumerate(lines):
        if found := tracebacks.get(number):
            after = found.last_line + 1
            kind = "memory" if _MEMORY.search(found.headline) else "traceback"
            place = str(found.place) if found.place else ""
            yield Problem(kind, found.headline[:LONGEST_TEXT], place, first_line + number)
        elif number >= after and (kind := _kind_of(line)):
            yield _of_line(kind, line, first_line + number)


def _kind_of(line: str) -> str:
    if _KILLED.search(line):
        return "killed"
    if _WARNING.search(line):
        return "warning"
    if _ERROR.search(line):
        return "memory" if _MEMORY.search(line) else "error"
    # A message without the word, as from a library in C; a sentence about memory is none.
    return "memory" if "CUDA out of memory" in line or "std::bad_alloc" in line else ""


def _of_line(kind: str, line: str, number: int) -> Problem:
    python = _PYTHON_WARNING.fullmatch(line.strip()) if kind == "warning" else None
    if python:
        return Problem(kind, python[3][:LONGEST_TEXT], f"{short_file(python[1])}:{python[2]}", number)
    return Problem(kind, line.strip()[:LONGEST_TEXT], "", number)

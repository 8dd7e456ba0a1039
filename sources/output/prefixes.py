"""What stands in front of a report: colours, the time, the level and the name of a logger."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_LEVEL = r"(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)"
_STAMP = re.compile(
    # A date with or without a time, or a time alone, in brackets or not.
    r"\s*[\[(]?(?:\d{4}[-/.]\d\d[-/.]\d\d(?:[T ,]+\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?|\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"|\d\d[/-]\d\d(?:[/-]\d{2,4})?[ ,]+\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)"
    r"(?:Z|\s?[-+]\d\d:?\d\d|\s[AP]M\b)?[\])]?[\s,;:|-]*"
)
_LOGGERS = re.compile(
    # glog and absl; LEVEL:name:text; name - LEVEL - text; LEVEL text; LEVEL | module:function:line - text.
    r"(?:[IWEF]\d{4}\s\d\d:\d\d:\d\d[.,]\d+\s+\d+\s[\w./-]+:\d+\]\s"
    rf"|{_LEVEL}:[\w.]+:"
    rf"|[\w.]+\s{_LEVEL}:\s"
    rf"|(?:[\w.]+\s-\s)?\[?{_LEVEL}\]?(?:\s-\s|\s*\|\s*(?:[\w.<>]+:[\w<>]+:\d+\s-\s)?|:\s|\s+)"
    rf"|\[[\w.]+\]\[{_LEVEL}\]\s*-?\s*)"
)


# `[train.py:903]` is where somebody logs.
_PLACE = re.compile(r"\[?\b[\w./-]+\.(?:pyx?|ipynb|cc|cpp|cu|c|h|js|jl|R|sh|lua|go|rs)\s?:\d+\]?:?(?!\d)")


# `[default1]:` of torchrun, `[rank1]: ` of PyTorch, `[1,1]<stdout>:` of mpirun, `worker1: ` of DeepSpeed's launcher.
_PROCESS = re.compile(
    r"\s*(?:\[(?:default|rank|trainer|worker|process|gpu)[ _]?(?P<named>\d{1,5})\]:"
    r"|\[\d+,(?P<mpi>\d{1,5})\]<std(?:out|err)>:|(?:rank|worker)[ _]?(?P<plain>\d{1,5}):)\s?"
)


def process_of(text: str) -> tuple[int | None, str]:
    """Which of several processes printed a line, and the line without that; None where nothing says so."""
    match = _PROCESS.match(text) if "]" in text or text[:1] in "rw" else None
    if match is None:
        return None, text
    return int(next(number for number in match.groups() if number)), text[match.end() :]


def plain(line: str) -> str:
    """The line as a reader without a terminal sees it: no colours, and of a progress bar its last state."""
    return _ANSI.sub("", line) if "\x1b" in line else line


def message(text: str) -> str:
    """What a logger was told to say, without what it puts in front."""
    if match := _STAMP.match(text):
        text = text[match.end() :]
    # `[time][name][LEVEL] - ` has its time first.
    if match := _LOGGERS.match(text):
        text = text[match.end() :]
    return _PLACE.sub(" ", text) if ":" in text else text

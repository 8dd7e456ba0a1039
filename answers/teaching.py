"""Teaching a project how its script prints metrics: the lines with numbers, trying a pattern, and reading again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from launch.rereading import TIME_LIMIT_S, read_again
from sources.output.patterns import Mark, Pattern, PatternError
from sources.output.prefixes import plain
from sources.output.templates import Template, find_templates
from sources.output.whole import lines_of
from storage.logs import STREAMS, find_log, open_log
from storage.lookups import ended_numbers
from storage.projects import change_project, find_project
from storage.records import Project
from storage.runs import find_run
from storage.store import Store

MOST_SHOWN = 8
MOST_PATTERNS = 50


class NothingToReadError(Exception):
    """There is no output of any experiment; the message says so."""


@dataclass(frozen=True)
class Tried:
    """What a pattern takes from the output of one experiment.

    lines: the first that fit, with the places of their numbers. fitting: how many fit of the `of` lines that there are.
    counts: how many values it takes of each name.
    """

    names: Sequence[str] = ()
    lines: Sequence[tuple[str, Sequence[Mark]]] = ()
    fitting: int = 0
    of: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def newest_with_output(store: Store, data_dir: Path, project: Project, run_id: int | None = None) -> int:
    """The number of the newest experiment that has ended and printed something. Raises NothingToReadError."""
    for number in reversed(ended_numbers(store, project.id, run_id=run_id)[-MOST_SHOWN:]):
        if any(True for _ in _lines(store, data_dir, project, number)):
            return number
    raise NothingToReadError("No experiment has ended yet that printed anything.")


def templates_of(store: Store, data_dir: Path, project: Project, number: int) -> list[Template]:
    """The kinds of lines with numbers that an experiment printed, those that look like reports first."""
    return find_templates(line for _, line in _lines(store, data_dir, project, number))


def try_pattern(store: Store, data_dir: Path, project: Project, number: int, text: str) -> Tried:
    """What a pattern takes from an experiment's output. Raises PatternError."""
    pattern = Pattern(text)
    counts = dict.fromkeys(pattern.metrics, 0)
    shown: list[tuple[str, Sequence[Mark]]] = []
    fitting = of = 0
    for _, line in _lines(store, data_dir, project, number):
        of += 1
        report = pattern.read(line)
        if report is None:
            continue
        fitting += 1
        for name in report.metrics:
            counts[name] += 1
        if len(shown) < MOST_SHOWN:
            shown.append((line, pattern.marks(line)))
    return Tried(pattern.names, shown, fitting, of, counts)


def teach(store: Store, project: Project, texts: Sequence[str]) -> list[Pattern]:
    """Keep these patterns with the project, and no others. Raises PatternError."""
    kept = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(kept) > MOST_PATTERNS:
        raise PatternError(f"A project has at most {MOST_PATTERNS} patterns.")
    patterns = [Pattern(text) for text in kept]
    change_project(store, project.id, patterns=kept)
    return patterns


def _lines(store: Store, data_dir: Path, project: Project, number: int) -> Iterator[tuple[int, str]]:
    """The lines that an experiment printed on both streams, as a reader without colours sees them."""
    place = find_log(store, project.slug, number)
    for stream in STREAMS if place else ():
        assert place
        log = open_log(data_dir, place, stream, time_limit_s=TIME_LIMIT_S)
        with closing(log.pieces()) as pieces:
            for at, line in lines_of(pieces):
                if line.strip():
                    yield at, plain(line)


# --- as the dialog asks ---------------------------------------------------------------------------------------------

Request = Mapping[str, Any]


def answer(store: Store, data_dir: Path, slug: str, request: Request) -> dict[str, Any] | None:
    """Do what `request` names in `do`; None where there is no such project or request.

    What is wrong comes as {"error"}, and then nothing was changed.
    """
    project, act = find_project(store, slug), _ACTIONS.get(str(request.get("do")))
    if project is None or act is None:
        return None
    try:
        return act(store, data_dir, project, request)
    except (PatternError, NothingToReadError) as error:
        return {"error": str(error)}


def _look(store: Store, data_dir: Path, project: Project, request: Request) -> dict[str, Any]:
    """The project's patterns, and the lines with numbers that an experiment of a run printed."""
    run = find_run(store, project.id, _whole(request.get("run"))) if request.get("run") is not None else None
    shown: dict[str, Any] = {"patterns": list(project.patterns), "experiment": None, "lines": []}
    try:
        newest = newest_with_output(store, data_dir, project, run.id if run else None)
    except NothingToReadError as error:
        return shown | {"note": str(error)}
    number = _whole(request.get("experiment")) or newest
    lines = [_line(template) for template in templates_of(store, data_dir, project, number)]
    note = "" if lines else f"Experiment {number} printed no line with a number."
    return shown | {"experiment": number, "lines": lines, "note": note}


def _line(template: Template) -> dict[str, Any]:
    numbers = [
        {**asdict(mark), "place": place, "moves": moves, "can_take": template.can_take(place)}
        for place, (mark, moves) in enumerate(zip(template.numbers, template.moving, strict=True))
    ]
    return {"text": template.sample, "count": template.count, "numbers": numbers}


def _compose(store: Store, data_dir: Path, project: Project, request: Request) -> dict[str, Any]:
    """The pattern that takes numbers of one of the lines: `names` are their names, by their places in the line."""
    number, names = _whole(request.get("experiment")), request.get("names")
    templates = templates_of(store, data_dir, project, number)
    template = next((each for each in templates if each.sample == request.get("line")), None)
    if template is None or not isinstance(names, Mapping):
        raise PatternError(f"Experiment {number} does not print this line any more; open the dialog again.")
    places = {place: str(names[str(place)]) for place in range(len(template.numbers)) if str(place) in names}
    return {"pattern": template.pattern(places)}


def _try(store: Store, data_dir: Path, project: Project, request: Request) -> dict[str, Any]:
    text, number = str(request.get("pattern") or ""), _whole(request.get("experiment"))
    tried = try_pattern(store, data_dir, project, number, text)
    lines = [{"text": line, "marks": [asdict(mark) for mark in marks]} for line, marks in tried.lines]
    return {"lines": lines, "fitting": tried.fitting, "of": tried.of, "counts": tried.counts}


def _teach(store: Store, _data_dir: Path, project: Project, request: Request) -> dict[str, Any]:
    texts = request.get("patterns")
    patterns = teach(store, project, [str(text) for text in texts] if isinstance(texts, list) else [])
    return {"patterns": [pattern.text for pattern in patterns]}


def _again(store: Store, data_dir: Path, project: Project, request: Request) -> dict[str, Any]:
    return asdict(read_again(store, data_dir, project, after=_whole(request.get("after"))))


def _whole(written: Any) -> int:
    return written if isinstance(written, int) and 0 <= written < 2**31 else 0


_ACTIONS: dict[str, Callable[[Store, Path, Project, Request], dict[str, Any]]] = {
    "look": _look,
    "compose": _compose,
    "try": _try,
    "teach": _teach,
    "again": _again,
}

"""`hypertuner metrics`: which numbers are read from what a script printed, and teaching a project to read others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from analysis.words import number
from answers.teaching import (
    NothingToReadError,
    newest_with_output,
    teach,
    templates_of,
    try_pattern,
)
from app.settings import read_settings
from cli.errors import CommandError
from cli.named import project_named
from cli.options import DataDir
from cli.services import open_store
from cli.terminal import console, errors, printable
from launch.rereading import read_again
from sources.output.patterns import Mark, Pattern, PatternError
from sources.output.reader import OutputReader
from sources.output.whole import PIECE_BYTES, Value, read_values
from storage.projects import find_project
from storage.records import Project, Run
from storage.store import Store

# Of the lines that look like metrics, the shell shows the first.
MOST_LIKELY = 5


def metrics(  # noqa: PLR0917 - typer takes options as parameters
    log: Annotated[
        str | None, typer.Argument(metavar="[LOG]", help="A file with what a script printed; - is standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per value.")] = False,
    option: Annotated[
        list[str] | None, typer.Option(help="A name that is an option of the script and no metric; may be repeated.")
    ] = None,
    pattern: Annotated[
        list[str] | None,
        typer.Option(help="How a line is printed, with holes: 'step {step} | loss {loss}'; may be repeated."),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Look at what the newest experiment of this project printed, instead of a file.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Keep the patterns with the project, and read its past output again.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the patterns from the project.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Print which numbers would be read from what a script printed; with --accept, teach a project to read others."""
    try:
        patterns = [Pattern(text) for text in pattern or ()]
    except PatternError as error:
        raise CommandError(f"--pattern cannot be used. {error}") from None
    if project is not None:
        settings = read_settings(data_dir=data_dir)
        with open_store(settings) as store:
            found_project = project_named(store, project)
            if forget:
                _forget(store, found_project, [each.text for each in patterns])
            else:
                _teach(store, settings.data_dir, found_project, patterns, is_accepted=accept)
        return
    if log is None or accept:
        raise CommandError("--accept keeps patterns with a project; name it with --project." if accept else
                           "Name a file with what a script printed, or a project with --project.")  # fmt: skip
    try:
        with nullcontext(sys.stdin.buffer) if log == "-" else Path(log).open("rb") as file:
            found = read_values(_pieces(file), OutputReader(option or (), patterns))
            _print_json(found) if as_json else _print_table(log, found)
    except OSError as error:
        raise CommandError(f"{log} cannot be read: {error.strerror}.") from None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, PIECE_BYTES), b"")


def _print_json(found: Iterator[Value]) -> None:
    for each in found:
        typer.echo(json.dumps(each.to_json(), ensure_ascii=False))


def _print_table(log: str, found: Iterator[Value]) -> None:
    counts: dict[str, int] = {}
    ends: dict[str, tuple[Value, Value]] = {}
    for each in found:
        counts[each.name] = counts.get(each.name, 0) + 1
        ends[each.name] = (ends.get(each.name, (each, each))[0], each)
    if not counts:
        console.print(f"No metric was found in {printable(log)}.", soft_wrap=True)
        return
    table = Table("metric", "values", "first", "last", "last at", "on line")
    for name, (first, last) in ends.items():
        place = [f"{word} {number(at)}" for word, at in (("epoch", last.epoch), ("step", last.step)) if at is not None]
        cells = (f"{counts[name]:,}", number(first.value), number(last.value), ", ".join(place), f"{last.line:,}")
        table.add_row(printable(name), *cells)
    console.print(table)


# --- a project ------------------------------------------------------------------------------------------------------


def _teach(store: Store, data_dir: Path, project: Project, patterns: Sequence[Pattern], *, is_accepted: bool) -> None:
    if is_accepted:
        _accept(store, data_dir, project, patterns)
        return
    for text in project.patterns:
        console.print("Pattern: ", Text(printable(text), style="bold"), soft_wrap=True)
    try:
        newest = newest_with_output(store, data_dir, project)
    except NothingToReadError as error:
        raise CommandError(str(error)) from None
    if not patterns:
        console.print(f"Experiment {newest} printed lines with numbers; those in bold were not always the same:")
        for template in templates_of(store, data_dir, project, newest):
            moving = [mark for mark, moves in zip(template.numbers, template.moving, strict=True) if moves]
            console.print(f"{template.count:>7,} x  ", _marked(template.sample, moving), sep="", soft_wrap=True)
        slug = printable(project.slug)
        say = f"hypertuner metrics --project {slug} --pattern 'loss {{loss}}'"
        console.print(f"Try a pattern on them with: {say}", soft_wrap=True)
        return
    for pattern in patterns:
        tried = try_pattern(store, data_dir, project, newest, pattern.text)
        console.print(f"{tried.fitting:,} of the {tried.of:,} lines of experiment {newest} fit.", soft_wrap=True)
        for line, marks in tried.lines:
            console.print(_marked(line, marks), soft_wrap=True)
    console.print("Write --accept, too, to keep it and read past output again.")


def _warn_if_useless(store: Store, data_dir: Path, project: Project, pattern: Pattern) -> None:
    try:
        number = newest_with_output(store, data_dir, project)
    except NothingToReadError:
        return
    if not try_pattern(store, data_dir, project, number, pattern.text).fitting:
        slug = printable(project.slug)
        errors.print(
            f"[yellow]{printable(pattern.text)} fits no line of experiment {number}. To remove it again: hypertuner "
            f"metrics --project {slug} --forget --pattern ...[/]",
            soft_wrap=True,
        )


def likely_lines(store: Store, data_dir: Path, project: Project, run: Run) -> list[Text]:
    """The kinds of lines of a run that look like reports of metrics, with their numbers marked."""
    try:
        number = newest_with_output(store, data_dir, project, run.id)
    except NothingToReadError:
        return []
    found = [each for each in templates_of(store, data_dir, project, number) if each.is_likely]
    return [_marked(each.sample, each.numbers) for each in found[:MOST_LIKELY]]


def _forget(store: Store, project: Project, texts: Sequence[str]) -> None:
    """Remove patterns from a project. Raises CommandError."""
    if unknown := next((text for text in texts if text not in project.patterns), None):
        known = "; ".join(project.patterns) or "none"
        raise CommandError(f"{project.slug} has no pattern {unknown!r}; it has: {known}.")
    teach(store, project, [text for text in project.patterns if text not in texts])
    console.print(f"{len(texts)} removed. Values that were read by them stay.")


def _marked(line: str, marks: Iterable[Mark]) -> Text:
    """A line with its numbers in bold; what the terminal would obey is made visible by `printable`'s rule."""
    safe = "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
    text = Text(safe)
    for mark in marks:
        text.stylize("bold cyan", mark.start, mark.end)
    return text


def _accept(store: Store, data_dir: Path, project: Project, patterns: Sequence[Pattern]) -> None:
    """Keep them beside those of the project, and read everything again that has ended."""
    for pattern in patterns:
        _warn_if_useless(store, data_dir, project, pattern)
    try:
        teach(store, project, [*project.patterns, *(each.text for each in patterns)])
    except PatternError as error:
        raise CommandError(str(error)) from None
    taught = find_project(store, project.slug) or project
    after = changed = 0
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("Reading past output", total=None)
        while True:
            step = read_again(store, data_dir, taught, after=after)
            after, changed = step.last, changed + step.changed
            bar.update(task, total=after + step.left, completed=after)
            if not step.left:
                break
    count = len(taught.patterns)
    kept = f"{count} {'pattern' if count == 1 else 'patterns'}"
    console.print(f"{printable(project.slug)} has {kept}; {changed:,} past experiments have values by them now.")

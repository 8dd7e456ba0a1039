"""`hypertuner discover`: the hyperparameters of a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from analysis.program import ProgramError, read_program
from cli.errors import CommandError
from cli.options import DataDir
from cli.terminal import console, printable, say
from launch.typed import resolve
from sources.discovery import discover


def discover_script(
    command: Annotated[
        list[str],
        typer.Argument(
            help="A script in Python, or a command as for `run`: hypertuner discover -- python -m pkg.train."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,  # noqa: ARG001 - every command understands it
) -> None:
    """Print the hyperparameters of a script, without training anything."""
    try:
        program = read_program(["python", *command] if command[0].endswith((".py", ".ipynb")) else command)
    except ProgramError as error:
        raise CommandError(str(error)) from None
    found = discover(resolve(program, Path.cwd()).words, Path.cwd())
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    table = Table("flag", "type", "default", "choices", "help")
    for hyperparameter in found.hyperparameters:
        choices = ", ".join(map(str, hyperparameter.choices))
        cells = (hyperparameter.flag, hyperparameter.type, str(hyperparameter.default), choices, hyperparameter.help)
        table.add_row(*map(printable, cells))
    console.print(table)
    say(f"Read from {found.read_from}.")
    for note in found.notes:
        say(note)

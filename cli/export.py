"""`hypertuner export`: a project's experiments as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app import tables
from app.settings import read_settings
from cli.errors import CommandError
from cli.named import project_named, run_numbered
from cli.options import DataDir
from cli.services import open_store
from cli.terminal import console, printable


def export(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; else standard output.")] = None,
    run_number: Annotated[int | None, typer.Option("--run", help="Only this run's experiments.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a project's experiments as CSV, every value exactly."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = project_named(store, project)
        run = None if run_number is None else run_numbered(store, found, run_number)
        # Row by row, so that the largest project needs no more memory than the smallest.
        lines = tables.table_lines(store, tables.Table(found, run))
        if output is None:
            for line in lines:
                typer.echo(line, nl=False)
            return
        count = -1
        try:
            with output.open("w", newline="", encoding="utf-8") as file:
                for count, line in enumerate(lines):  # noqa: B007 - the last one is wanted
                    file.write(line)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
        console.print(f"{count} experiments written to {printable(str(output))}", soft_wrap=True)

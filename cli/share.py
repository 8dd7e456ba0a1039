"""`hypertuner share`: a run's priority and weight beside other runs."""

from __future__ import annotations

from typing import Annotated

import typer

from app.settings import read_settings
from cli.errors import CommandError
from cli.named import project_named, run_numbered
from cli.options import PRIORITY_HELP, WEIGHT_HELP, DataDir
from cli.services import open_store
from cli.terminal import console, printable
from storage.requests import set_share
from storage.runs import RunError


def share(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    run_number: Annotated[int, typer.Argument(metavar="RUN", help="The number of a run that is open.")],
    priority: Annotated[int | None, typer.Option(help=PRIORITY_HELP)] = None,
    weight: Annotated[float | None, typer.Option(help=WEIGHT_HELP)] = None,
    data_dir: DataDir = None,
) -> None:
    """Change how an open run gets free places beside others; without options, print what it has."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = project_named(store, project)
        shared = run_numbered(store, found, run_number)
        if (priority, weight) != (None, None):
            try:
                set_share(store, shared.id, priority=priority, weight=weight)
            except RunError as error:
                raise CommandError(str(error)) from None
            shared = run_numbered(store, found, run_number)
    said = f"priority {shared.priority}, share {shared.weight:g}"
    console.print(f"Run {shared.number} of [bold]{printable(found.slug)}[/]: {said}", soft_wrap=True)

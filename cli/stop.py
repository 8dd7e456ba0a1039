"""`hypertuner stop`: end an open run."""

from __future__ import annotations

from typing import Annotated

import typer

from app.settings import read_settings
from cli.errors import CommandError
from cli.named import project_named, run_numbered
from cli.options import DataDir
from cli.services import open_store
from cli.terminal import console, printable
from storage.requests import request_stop
from storage.runs import RunError


def stop(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    run_number: Annotated[int, typer.Argument(metavar="RUN", help="The number of a run that is open.")],
    data_dir: DataDir = None,
) -> None:
    """End what runs of a run, and drop what waits; what is finished stays."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = project_named(store, project)
        run = run_numbered(store, found, run_number)
        try:
            request_stop(store, run.id)
        except RunError as error:
            raise CommandError(str(error)) from None
    console.print(f"Run {run.number} of [bold]{printable(found.slug)}[/] is being stopped", soft_wrap=True)

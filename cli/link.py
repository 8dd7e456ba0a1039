"""`hypertuner link`: a fresh link to the page that runs."""

from __future__ import annotations

from typing import Annotated

import typer

from app.settings import read_settings
from cli.errors import CommandError
from cli.options import DataDir
from cli.services import open_store, read_running
from storage.tokens import LINK_LIFETIME_MINUTES, create_link_token

# A day: whoever needs longer makes another link then.
MOST_LINK_MINUTES = 24 * 60


def link(
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, max=MOST_LINK_MINUTES, help="How long it can be used.")
    ] = LINK_LIFETIME_MINUTES,
    data_dir: DataDir = None,
) -> None:
    """Print a fresh link to the page that runs; it works once."""
    settings = read_settings(data_dir=data_dir)
    running = read_running(settings.data_dir)
    # A shared database's web runs elsewhere; it is published on our port.
    web = running.web if running else f"http://127.0.0.1:{settings.port}" if settings.database_url else None
    if web is None:
        raise CommandError(f"No page is running on {settings.data_dir}; start it with `hypertuner up`.")
    with open_store(settings) as store:
        typer.echo(f"{web}/login?token={create_link_token(store, minutes)}")

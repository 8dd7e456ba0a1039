"""`hypertuner up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import time

from app.settings import read_settings
from cli.options import DataDir
from cli.services import Services
from cli.terminal import console, say
from storage.tokens import LINK_LIFETIME_MINUTES


def up(data_dir: DataDir = None) -> None:
    """Start PostgreSQL, Ray and the page, and keep them until Ctrl-C."""
    with Services(read_settings(data_dir=data_dir), say) as services:
        open_page(services)
        tell_resumed(services)
        stay()


def open_page(services: Services) -> None:
    """Start the page before Ray: it can be looked at while Ray, the slowest of all, gets ready."""
    services.start_web()
    console.print()
    console.print(
        "  [bold]HyperTuner is ready.[/] Open this link "
        f"(it works once, within {LINK_LIFETIME_MINUTES} minutes; `hypertuner link` makes more):",
        soft_wrap=True,
    )
    console.print(f"  [bold cyan]{services.link()}[/]", soft_wrap=True)
    console.print()
    services.start_training()


def tell_resumed(services: Services) -> None:
    """Say what an earlier `up` left behind, and what becomes of it."""
    resumed = services.resumed
    if resumed.cut:
        say(f"{resumed.cut} experiments were interrupted last time; they start again")
    if resumed.ended:
        say(f"{resumed.ended} experiments had ended by themselves; their results are kept")


def stay() -> None:
    """Hold everything until Ctrl-C."""
    console.print("Ctrl-C stops everything; your results are kept.")
    while True:
        time.sleep(3600)

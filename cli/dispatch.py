"""`hypertuner dispatch`: a dispatcher on a shared Ray cluster; its job is submitted again when it has ended."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from app.settings import Settings, read_settings
from cli.errors import CommandError
from cli.options import DataDir
from cli.parts import DispatcherJob
from cli.services import read_token
from cli.terminal import console, say
from cli.watch import LOOK_EVERY_S, Say, Watched
from training.head import submit_dispatcher

ADVICE = "`hypertuner dispatch` ends; start it anew to try it again."


def dispatch(
    once: Annotated[
        bool, typer.Option("--once", help="Submit it and end; if it dies, nobody starts it again.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Keep the standing dispatcher on the cluster of HYPERTUNER_RAY_ADDRESS, until Ctrl-C (`up` does it by itself)."""
    settings = read_settings(data_dir=data_dir)
    if settings.ray_address is None:
        raise CommandError("HYPERTUNER_RAY_ADDRESS is not set; name the cluster's Jobs API, as in http://head:8265.")
    token = read_token(settings.ray_token_file)
    places, limits = settings.most_places, settings.disk
    job = submit_dispatcher(settings.ray_address, token, settings.data_dir, most_places=places, limits=limits)
    if once:
        console.print(f"The dispatcher runs on {settings.ray_address}.")
    else:
        console.print(f"The dispatcher runs on {settings.ray_address}; it is watched until Ctrl-C.")
        watch_dispatcher(settings, token, job, say)


def watch_dispatcher(settings: Settings, token: str | None, job: str, say: Say) -> None:
    """Watch a job that was submitted, and its successors, until we are interrupted; the job itself stays then.

    Raises CommandError where it ended five times in two minutes.
    """
    watched = Watched(DispatcherJob(settings, token, job=job), say, advice=ADVICE)
    watched.begin()
    try:
        while not watched.is_broken:
            time.sleep(LOOK_EVERY_S)
    finally:
        watched.end()
    raise CommandError(f"{watched.problem}.")

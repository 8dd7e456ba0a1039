"""The `hypertuner` command: which commands there are, and how errors reach a person."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

import typer

from app.settings import SettingsError, read_settings
from cli.demo import demo
from cli.discover import discover_script
from cli.dispatch import dispatch
from cli.doctor import doctor
from cli.errors import CommandError
from cli.export import export
from cli.files import files
from cli.link import link
from cli.metrics import metrics
from cli.migrate import migrate
from cli.run import run
from cli.share import share
from cli.stop import stop
from cli.terminal import say_error
from cli.up import up
from launch.typed import TypedError
from sources.discovery import DiscoveryError
from storage.folders import FolderError
from storage.store import StoreError, is_outage
from training.head import HeadError
from training.lifeline_owner import StartError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Visual analytics for hyperparameter tuning: runs your training script many times and shows what happened.",
)
# In the order of the help.
app.command()(up)
app.command()(demo)
# What stands behind `--` is the script's.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})(run)
app.command()(share)
app.command()(stop)
app.command(name="discover")(discover_script)
app.command()(metrics)
app.command()(export)
app.command()(files)
app.command()(link)
app.command()(migrate)
app.command()(dispatch)
app.command()(doctor)

log = logging.getLogger(__name__)

EXPECTED = (CommandError, TypedError, StoreError, FolderError, SettingsError, DiscoveryError, HeadError, StartError)


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence, and the log has the rest."""
    # Terminals that close and managers that stop us ask in these ways; all end like Ctrl-C.
    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, _interrupt)
    try:
        app()
    except EXPECTED as error:
        say_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, the log has the rest
        if is_outage(error):
            say_error("The database does not answer; see `hypertuner doctor`.")
        else:
            say_error(f"{_in_short(error)} (details: {_keep_traceback()})")
        sys.exit(1)


def _in_short(error: Exception) -> str:
    """The first line of what went wrong; a database's error carries its whole statement behind that."""
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _keep_traceback() -> Path:
    folder = read_settings().data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "command.log"
    logging.basicConfig(filename=path, format="%(asctime)s %(message)s")
    log.exception("hypertuner %s", " ".join(sys.argv[1:2]))
    return path

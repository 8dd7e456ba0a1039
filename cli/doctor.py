"""`hypertuner doctor`: what is there and what is wrong, with the remedy."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from app.settings import Settings, read_settings
from cli.options import DataDir
from cli.parts import bind
from cli.services import read_running
from cli.terminal import console, printable
from storage.embedded import EmbeddedServerError, find_binaries
from storage.folders import FolderError, prepare_data_dir
from storage.store import Store, StoreError
from training.own_files import mount_problem

MIN_FREE_BYTES = 5 * 2**30


def doctor(data_dir: DataDir = None) -> None:
    """Say what is there, what is wrong, and how to mend it."""
    colours = {"ok": "green", "note": "yellow", "missing": "bold red"}
    worst = 0
    for finding in examine(read_settings(data_dir=data_dir)):
        colour, found = colours[finding.mark], printable(finding.found)
        console.print(f"[{colour}]{finding.mark:>7}[/] {finding.subject}: {found}", soft_wrap=True)
        if finding.remedy:
            console.print(f"        {printable(finding.remedy)}", soft_wrap=True)
        worst = max(worst, finding.mark == "missing")
    raise typer.Exit(int(worst))


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. No remedy: all is well. `is_needed`: nothing works without it."""

    subject: str
    found: str
    remedy: str = ""
    is_needed: bool = True

    @property
    def mark(self) -> str:
        """How it stands: ok, missing (nothing works without), or note (something is left out)."""
        return "ok" if not self.remedy else "missing" if self.is_needed else "note"


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding at a time."""
    looks: list[Callable[[Settings], Finding]] = [_python, _data_dir, _disk, _postgres, _ray, _port]
    looks += [_files, _gpu, _browser]
    for look in looks:
        yield look(settings)


def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    remedy = "" if sys.version_info >= (3, 11) else "Install 3.11 or newer."
    return Finding("Python", f"{version} at {sys.executable}", remedy)


def _data_dir(settings: Settings) -> Finding:
    try:
        folder = prepare_data_dir(settings.data_dir)
    except FolderError as error:
        return Finding("Data folder", str(settings.data_dir), str(error))
    running = read_running(folder)
    if running is None:
        return Finding("Data folder", str(folder))
    where = f" at {running.web}" if running.web else ""
    return Finding("Data folder", f"{folder}, in use by process {running.pid}{where}")


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    short = "Free some space: Ray stops taking work when a disk is nearly full." if free < MIN_FREE_BYTES else ""
    return Finding("Disk", f"{free / 2**30:.0f} GiB free at {folder}", short, is_needed=False)


def _files(settings: Settings) -> Finding:
    try:
        folder = prepare_data_dir(settings.data_dir)
        problem = mount_problem(folder)
    except (FolderError, OSError) as error:
        return Finding("Files", "the data folder cannot be written to", str(error), is_needed=False)
    if problem:
        remedy = f"{problem} It works with user namespaces and a data folder on a local disk."
        return Finding("Files", "experiments run in copies with links", remedy, is_needed=False)
    return Finding("Files", "each experiment sees the project's folder by an overlay")


def _postgres(settings: Settings) -> Finding:
    if settings.database_url:
        try:
            store = Store(settings.database_url, pool_size=0)
            with store.begin() as connection:
                version = connection.exec_driver_sql("SHOW server_version").scalar()
        except (StoreError, OSError) as error:
            return Finding("PostgreSQL", "HYPERTUNER_DATABASE_URL", str(error))
        except Exception as error:  # noqa: BLE001 - whatever the driver says is the finding
            return Finding("PostgreSQL", "HYPERTUNER_DATABASE_URL", f"It does not answer: {str(error).splitlines()[0]}")
        return Finding("PostgreSQL", f"{version} at {store.url.host or 'a local socket'}")
    try:
        binaries = find_binaries()
    except EmbeddedServerError as error:
        return Finding("PostgreSQL", "none", str(error))
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False)
    if answer.returncode:
        return Finding("PostgreSQL", str(binaries), f"It does not start: {answer.stderr.strip()[:200]}")
    return Finding("PostgreSQL", f"{answer.stdout.strip()} (embedded)")


def _ray(settings: Settings) -> Finding:
    if importlib.util.find_spec("ray") is None:
        return Finding("Ray", "not installed", "Run `make setup`, or `pip install 'ray[default]'`.")
    where = f", cluster at {settings.ray_address}" if settings.ray_address else f", {os.cpu_count()} CPUs here"
    return Finding("Ray", importlib.metadata.version("ray") + where)


def _port(settings: Settings) -> Finding:
    with bind(settings.port) as listener:
        free = listener.getsockname()[1]
    found = f"{settings.port} is free" if free == settings.port else f"{settings.port} is taken; {free} would be used"
    return Finding("Port", found, is_needed=False)


def _gpu(_: Settings) -> Finding:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding("GPU", "none found (no nvidia-smi); experiments run on CPUs", is_needed=False)
    answer = subprocess.run(
        [program, "--query-gpu=name,memory.total", "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        return Finding("GPU", "nvidia-smi does not answer", "Look at the driver: `nvidia-smi`.", is_needed=False)
    return Finding("GPU", "; ".join(answer.stdout.strip().splitlines()), is_needed=False)


def find_browser() -> str | None:
    """A Chromium or Chrome on this machine, on the PATH or where Playwright puts its own."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        if found := shutil.which(name):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found_here = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(found_here[-1]) if found_here else None


def _browser(_: Settings) -> Finding:
    remedy = "Only the tests need it: `playwright install chromium`, or your system's package `chromium`."
    found = find_browser()
    return Finding("Browser for tests", found or "none", "" if found else remedy, is_needed=False)

"""Every setting of the installation, from environment variables, typed, in one place."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from analysis.limits import DiskLimits

DEFAULT_PORT = 8050


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and what to write."""


@dataclass(frozen=True)
class Settings:
    """Where things are. Each field's variable is in VARIABLES; docs/guide/running.md names them all."""

    data_dir: Path
    database_url: str | None = None
    ray_address: str | None = None
    port: int = DEFAULT_PORT
    hosts: tuple[str, ...] = ()
    ray_token_file: Path | None = None
    # How many places a cluster that grows by itself is asked for at most.
    most_places: int = 1_000
    disk: DiskLimits = field(default_factory=DiskLimits)
    # How much of its own time a script may take until it reads its options; sources/discovery.py reads it, too.
    discovery_s: float = 20.0
    # Below these the page may begin projects, which means to start what lies there. None: nobody has said.
    project_folders: tuple[Path, ...] | None = None


VARIABLES = {
    "data_dir": "HYPERTUNER_DATA_DIR",
    "database_url": "HYPERTUNER_DATABASE_URL",
    "ray_address": "HYPERTUNER_RAY_ADDRESS",
    "port": "HYPERTUNER_PORT",
    "hosts": "HYPERTUNER_HOSTS",
    "ray_token_file": "HYPERTUNER_RAY_TOKEN_FILE",
    "most_places": "HYPERTUNER_MOST_PLACES",
    "spool_gb": "HYPERTUNER_SPOOL_GB",
    "files_gb": "HYPERTUNER_FILES_GB",
    "project_files_gb": "HYPERTUNER_PROJECT_FILES_GB",
    "discovery_s": "HYPERTUNER_DISCOVERY_S",
    "project_folders": "HYPERTUNER_PROJECT_FOLDERS",
}


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/hypertuner`, or `~/.local/share/hypertuner`; for root `/var/lib/hypertuner`."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # PostgreSQL does not run as root, and its own user could not enter /root.
        return Path("/var/lib/hypertuner")
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "hypertuner"


def read_settings(environment: Mapping[str, str] | None = None, *, data_dir: Path | None = None) -> Settings:
    """Read the environment; an explicit data_dir wins over it.

    Raises SettingsError where a value cannot be read.
    """
    environment = os.environ if environment is None else environment
    text = {name: environment.get(variable) or None for name, variable in VARIABLES.items()}
    if (url := text["database_url"]) and url.startswith("file:"):
        text["database_url"] = _read_secret(Path(url.removeprefix("file:")), VARIABLES["database_url"])
    folder = data_dir or (Path(text["data_dir"]) if text["data_dir"] else default_data_dir(environment))
    settings = Settings(
        data_dir=folder.expanduser().absolute(), database_url=text["database_url"], ray_address=text["ray_address"]
    )
    if text["port"]:
        if not (text["port"].isdigit() and 0 < int(text["port"]) < 65536):
            raise SettingsError(f"HYPERTUNER_PORT is {text['port']!r}; write a number from 1 to 65535.")
        settings = replace(settings, port=int(text["port"]))
    if text["hosts"]:
        settings = replace(settings, hosts=tuple(host.strip() for host in text["hosts"].split(",") if host.strip()))
    if text["ray_token_file"]:
        settings = replace(settings, ray_token_file=Path(text["ray_token_file"]))
    if text["most_places"]:
        settings = replace(settings, most_places=int(_number(text["most_places"], VARIABLES["most_places"], least=1)))
    limits = [each.name for each in fields(DiskLimits) if text[each.name]]
    disk = {name: _number(str(text[name]), VARIABLES[name], least=0) for name in limits}
    settings = replace(settings, disk=replace(settings.disk, **disk))
    if text["discovery_s"]:
        settings = replace(settings, discovery_s=_number(text["discovery_s"], VARIABLES["discovery_s"], least=0.1))
    if text["project_folders"]:
        settings = replace(settings, project_folders=_folders(text["project_folders"], VARIABLES["project_folders"]))
    return settings


def _folders(written: str, variable: str) -> tuple[Path, ...]:
    """Folders as in PATH; `none` allows none."""
    folders = tuple(Path(part).expanduser() for part in written.split(os.pathsep) if part and written != "none")
    if wrong := next((folder for folder in folders if not folder.is_absolute()), None):
        raise SettingsError(f"{variable} names {str(wrong)!r}; write whole paths with {os.pathsep!r} between, or none.")
    return folders


def _number(written: str, variable: str, *, least: float) -> float:
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= least):
        raise SettingsError(f"{variable} is {written!r}; write a number of at least {least:g}.")
    return number


def _read_secret(path: Path, variable: str) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{variable} names the file {path}, which cannot be read: {error.strerror}.") from None

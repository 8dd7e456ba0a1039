"""The environment variables that a script sees."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from analysis.environment import OURS, Environment
from storage.records import Claim
from storage.script_secrets import read_secrets
from training.spool_folders import HOOKED, METRICS

# Of several processes of a script the first reports; a script is not one of several because its worker is.
RANKS = frozenset({"RANK", "LOCAL_RANK", "OMPI_COMM_WORLD_RANK"})


def script_environment(
    environment: Mapping[str, str],
    folder: Path,
    claim: Claim,
    data_dir: Path,
    launched: Environment,
    *,
    has_hooks: bool,
) -> dict[str, str]:
    """What a script sees: everything of the user's, nothing of Ray's or ours but where to log.

    launched: what its run was launched with, which goes before what this process has. has_hooks: whether what it logs
    by other packages is followed.
    """
    secret = read_secrets(data_dir, launched.key)
    seen = environment_of_scripts({**environment, **launched.values, **secret}, data_dir)
    if has_hooks:
        # First, as only one `sitecustomize` is found; ours runs the one that it hides.
        paths = [str(data_dir / "client" / "hypertuner" / "hooks"), seen["PYTHONPATH"]]
        seen |= {"PYTHONPATH": os.pathsep.join(paths), "HYPERTUNER_HOOKED": str(folder / HOOKED)}
    return {
        **seen,
        "HYPERTUNER_METRICS": str(folder / METRICS),
        "HYPERTUNER_EXPERIMENT_ID": str(claim.experiment_id),
        "HYPERTUNER_ATTEMPT": str(claim.attempt),
    }


def environment_of_scripts(environment: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """What all scripts see."""
    kept = {name: value for name, value in environment.items() if not name.startswith(OURS) and name not in RANKS}
    # Ray puts its own debugger behind `breakpoint()`.
    if "ray." in kept.get("PYTHONBREAKPOINT", ""):
        del kept["PYTHONBREAKPOINT"]
    paths = [path for path in (kept.get("PYTHONPATH"), str(data_dir / "client")) if path]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        # What is printed and not flushed would be lost with a killed script.
        "PYTHONUNBUFFERED": "1",
    }

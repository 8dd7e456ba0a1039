"""The environment variables that a script sees."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from storage.records import Claim
from training.spool import METRICS

# What our own processes need, and a script must not see.
OUR_VARIABLES = ("RAY_", "HYPERTUNER_")


def script_environment(environment: Mapping[str, str], folder: Path, claim: Claim, data_dir: Path) -> dict[str, str]:
    """What a script sees: everything of the user's, nothing of Ray's or ours but where to log."""
    return {
        **environment_of_scripts(environment, data_dir),
        "HYPERTUNER_METRICS": str(folder / METRICS),
        "HYPERTUNER_EXPERIMENT_ID": str(claim.experiment_id),
        "HYPERTUNER_ATTEMPT": str(claim.attempt),
    }


def environment_of_scripts(environment: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """What all scripts see."""
    kept = {name: value for name, value in environment.items() if not name.startswith(OUR_VARIABLES)}
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

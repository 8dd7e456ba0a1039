"""What an experiment ran with besides its settings, as names and words that can be set side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HASH_SHOWN = 10
_MACHINE = {"system": "system", "cpus": "processors", "implementation": "implementation", "python": "Python"}


def surroundings(
    host: str | None,
    revision: Mapping[str, Any] | None,
    revision_digest: str | None,
    environment: Mapping[str, Any] | None,
    variables: Mapping[str, str | None],
) -> dict[str, str]:
    """Commit, machine, interpreter, packages and variables. What nobody knows is left out.

    revision, environment: as sources/git.py and training/environment.py say; revision_digest: of the revision with its
    uncommitted changes. variables: None is a secret, of which only
    the name is known.
    """
    found: dict[str, str] = {}
    if revision and revision.get("commit"):
        # Two sets of changes have two names.
        changed = f" with changes {(revision_digest or '')[:6]}" if revision.get("is_dirty") else ""
        found["commit"] = str(revision["commit"])[:HASH_SHOWN] + changed
    if host:
        found["host"] = host
    for key, name in _MACHINE.items():
        if environment and environment.get(key):
            found[name] = str(environment[key])
    if environment:
        gpus = [f"{gpu['name']}, driver {gpu['driver']}" for gpu in environment.get("gpus") or ()]
        found["GPUs"] = "; ".join(gpus) or "none"
        found |= {f"package {name}": str(version) for name, version in environment.get("packages") or ()}
    return found | {f"variable {name}": "•••" if value is None else value for name, value in variables.items()}

"""Which environment variables a launch hands to its scripts, and which of them are secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# What decides how a program starts. Which GPUs it sees is for the cluster to say.
DECIDING = re.compile(
    r"PATH|PYTHONPATH|PYTHONHOME|PYTHONHASHSEED|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|VIRTUAL_ENV|CONDA_(PREFIX|DEFAULT_ENV)"
    r"|CUDA_(?!VISIBLE_DEVICES).+|(OMP|MKL|OPENBLAS|NUMEXPR)_.+|(?i:https?_proxy|no_proxy|all_proxy)"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What these name, we set ourselves.
OURS = ("RAY_", "HYPERTUNER_")


class VariableError(ValueError):
    """A variable that cannot be handed on; the message says why and what to write."""


@dataclass(frozen=True)
class Environment:
    """Variables for the scripts of a run. Of secrets only the names may be stored in the database or shown.

    key: under which their values are kept apart; see storage/script_secrets.py.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    key: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data, for `run.environment`."""
        return {"values": dict(self.values), "secrets": list(self.secrets), "key": self.key}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Environment:
        """Back from plain data; an empty object is an empty environment."""
        return cls(dict(data.get("values") or {}), tuple(data.get("secrets") or ()), data.get("key"))


def asked_variables(written: Iterable[str], here: Mapping[str, str]) -> dict[str, str]:
    """Variables that a person asks for: `NAME=VALUE`, or `NAME` as it is here.

    Raises VariableError.
    """
    found: dict[str, str] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not _NAME.fullmatch(name):
            raise VariableError(f"--env {each!r} is not understood; write --env NAME=VALUE, or --env NAME.")
        if name.startswith(OURS):
            raise VariableError(f"{name} is for HyperTuner itself, which sets it; scripts do not get it.")
        if not equals and name not in here:
            raise VariableError(f"--env {name}: there is no such variable here; write --env {name}=VALUE.")
        if "\0" in value:
            raise VariableError(f"The value of {name} holds a NUL character, which no variable can; leave it out.")
        found[name] = value if equals else here[name]
    return found


def deciding_variables(here: Mapping[str, str]) -> dict[str, str]:
    """What of an environment decides how a program starts."""
    return {name: value for name, value in here.items() if DECIDING.fullmatch(name)}

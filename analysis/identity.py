"""What makes two experiments the same, apart from code and data: settings, arguments and repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from analysis.hyperparameters import Hyperparameter, Value


def canonical(settings: Mapping[str, Value], hyperparameters: Iterable[Hyperparameter] = ()) -> dict[str, Value]:
    """Settings without those that say what the script does anyway; whole numbers of a float are floats."""
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
    kept: dict[str, Value] = {}
    for name, value in settings.items():
        hyperparameter = known.get(name)
        plain = float(value) if hyperparameter and hyperparameter.type == "float" and type(value) is int else value
        if hyperparameter is None or hyperparameter.default is None or plain != hyperparameter.default:
            kept[name] = plain
    return kept


def fingerprint(
    settings: Mapping[str, Value],
    hyperparameters: Iterable[Hyperparameter] = (),
    *,
    arguments: Sequence[str] = (),
    repeat: int = 0,
) -> str:
    """A digest that equal experiments share, whatever the order of their settings.

    arguments: what stands behind the script besides options. repeat: 0 for the first of several with these settings.
    """
    known = list(hyperparameters)
    content = {"settings": canonical(settings, known), "arguments": list(arguments), "repeat": repeat}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]

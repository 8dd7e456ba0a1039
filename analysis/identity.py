"""What makes two experiments the same, apart from code and data: settings, arguments and repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from analysis.hyperparameters import Hyperparameter, Value

# A setting by its name; the type tells 1, 1.0 and True apart, which are equal.
Setting = tuple[str, type, Value]


class Fingerprints:
    """Fingerprints of many experiments of one script; each setting is looked at once, however often it comes.

    A fingerprint is equal for equal experiments in every process, whatever the order of their settings. Settings that
    say what the script does anyway do not count, and whole numbers of a float are floats. Settings that no
    hyperparameter is known for count as they are.
    """

    def __init__(self, hyperparameters: Iterable[Hyperparameter] = (), arguments: Sequence[str] = ()) -> None:
        """arguments: what stands behind the script besides options."""
        self._known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
        self._arguments = _json(list(arguments))
        self._parts: dict[Setting, str] = {}

    def of(self, settings: Mapping[str, Value], repeat: int = 0) -> str:
        """The fingerprint of one experiment; repeat: 0 for the first of several with these settings."""
        parts = []
        for name in sorted(settings):
            value = settings[name]
            key = (name, value.__class__, value)
            part = self._parts.get(key)
            if part is None:
                part = self._parts[key] = self._written(name, value)
            if part:
                parts.append(part)
        content = f'{{"arguments":{self._arguments},"repeat":{repeat},"settings":{{{",".join(parts)}}}}}'
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def _written(self, name: str, value: Value) -> str:
        """A setting as JSON; nothing where it does not count."""
        if value is None:
            # The option is left out.
            return ""
        hyperparameter = self._known.get(name)
        if hyperparameter and hyperparameter.type == "float" and type(value) is int:
            value = float(value)
        if isinstance(value, float):
            # -0.0 equals 0.0, so both have to be written alike.
            value += 0.0
        if hyperparameter and hyperparameter.default is not None and value == hyperparameter.default:
            return ""
        # In another file the same value is another setting.
        file = f"@{hyperparameter.file_digest}" if hyperparameter and hyperparameter.file else ""
        return f"{_json(name + file)}:{_json(value)}"


def _json(content: object) -> str:
    return json.dumps(content, separators=(",", ":"))


def fingerprint(
    settings: Mapping[str, Value],
    hyperparameters: Iterable[Hyperparameter] = (),
    *,
    arguments: Sequence[str] = (),
    repeat: int = 0,
) -> str:
    """The fingerprint of a single experiment; see Fingerprints."""
    return Fingerprints(hyperparameters, arguments).of(settings, repeat)

"""What is known of one hyperparameter, and how its value becomes items of a command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Value = str | int | float | bool | None
HyperparameterType = Literal["int", "float", "bool", "choice", "text"]
HYPERPARAMETER_TYPES: tuple[str, ...] = get_args(HyperparameterType)


@dataclass(frozen=True)
class Hyperparameter:
    """One option of a script, as its own parser declares it.

    `flag` is the spelling to use and `spellings` all of them. A switch takes no value: it stands (True) or
    is left out (False), or `off_flag` stands where the parser has one. `takes_many`: nargs accepts several values; one
    candidate is then the text of them all, with blanks between, and the type is "text". `false_text` is what makes a
    valued bool false: for `type=bool` in argparse that is the empty text only, because bool("False") is true.
    `has_own_check`: the script converts values with a function of its own, which may refuse some.
    """

    name: str
    flag: str
    type: HyperparameterType
    default: Value = None
    choices: tuple[Value, ...] = ()
    help: str = ""
    spellings: tuple[str, ...] = ()
    is_switch: bool = False
    off_flag: str | None = None
    is_required: bool = False
    takes_many: bool = False
    group: str = ""
    false_text: str = "False"
    has_own_check: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain data for storage and for `discover --json`."""
        return {**asdict(self), "choices": list(self.choices), "spellings": list(self.spellings)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Hyperparameter:
        """Back from plain data; unknown keys are ignored.

        Raises KeyError where name, flag or type is missing.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        for key in ("choices", "spellings"):
            values[key] = tuple(values.get(key, ()))
        return cls(**{**values, "name": data["name"], "flag": data["flag"], "type": data["type"]})


def text_of(value: Value) -> str:
    """A value as it stands on a command line; a float has every digit that tells it from its neighbours."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else str(value)


def tidied(number: float) -> float:
    """What was computed, without its noise: 12 significant digits, so that 0.1 + 0.2 is 0.3."""
    return float(format(number, ".12g"))


def argv_items(settings: Mapping[str, Value], hyperparameters: Iterable[Hyperparameter]) -> list[str]:
    """The items that give a script these settings, in the order of `settings`; never to be pasted into a shell.

    An option whose value is None is left out. Values travel as `--flag=value`, so that one which begins with a hyphen
    is no option. Raises KeyError where a setting has no hyperparameter.
    """
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
    items: list[str] = []
    for name, value in settings.items():
        hyperparameter = known[name]
        if value is None:
            continue
        if hyperparameter.takes_many:
            items += [hyperparameter.flag, *shlex.split(text_of(value))]
        elif not hyperparameter.is_switch:
            text = hyperparameter.false_text if value is False else text_of(value)
            items.append(f"{hyperparameter.flag}={text}")
        elif value:
            items.append(hyperparameter.flag)
        elif hyperparameter.off_flag:
            items.append(hyperparameter.off_flag)
    return items

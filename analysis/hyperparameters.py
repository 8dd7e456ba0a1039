"""What is known of one hyperparameter, and how its value becomes items of a command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
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
    `place`: for what no parser declares but a person put into brackets, in front of which word of the command it
    stands, counted from 0; `joint` is what stands between it and its value: "=", nothing, or a blank for an item of
    its own. The flag of a positional argument is empty. `file`: the configuration file in which it is a key; its flag
    is then both, as in `config.yaml:model.lr`, and `file_digest` identifies what else stands in the file.
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
    place: int | None = None
    joint: Literal["=", " ", ""] = "="
    file: str = ""
    file_digest: str = ""

    @property
    def key(self) -> str:
        """The place of its value in its file."""
        return self.flag[len(self.file) + 1 :]

    @property
    def title(self) -> str:
        """How sentences call it."""
        return self.flag or self.name

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


def argv_of(
    command: Sequence[str], settings: Mapping[str, Value], hyperparameters: Iterable[Hyperparameter]
) -> list[str]:
    """The command with the items that give it these settings, in the order of `settings`; never to be pasted into a
    shell.

    An option whose value is None is left out. Values travel as `--flag=value`, so that one which begins with a hyphen
    is no option. What no parser declares stands at its place, the rest behind the command; settings in files are no
    items. Raises KeyError where a setting has no hyperparameter.
    """
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
    argv: list[list[str]] = [*([word] for word in command), []]
    inserted: list[list[str]] = [[] for _ in argv]
    for name, value in settings.items():
        hyperparameter = known[name]
        if value is None:
            continue
        if hyperparameter.place is None:
            argv[-1] += _items(hyperparameter, value)
        else:
            inserted[min(hyperparameter.place, len(command))] += _items(hyperparameter, value)
    return [item for before, words in zip(inserted, argv, strict=True) for item in (*before, *words)]


def _items(hyperparameter: Hyperparameter, value: Value) -> list[str]:
    flag, text = hyperparameter.flag, text_of(value)
    if hyperparameter.file:
        return []
    if hyperparameter.takes_many:
        return [flag, *shlex.split(text)]
    if hyperparameter.is_switch:
        on_or_off = flag if value else hyperparameter.off_flag
        return [on_or_off] if on_or_off else []
    if value is False:
        text = hyperparameter.false_text
    if not flag:
        return [text]
    return [flag, text] if hyperparameter.joint == " " else [f"{flag}{hyperparameter.joint}{text}"]

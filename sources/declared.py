"""From what a parser declares, as discovery's children write it down, to hyperparameters and notes."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from analysis.candidates import FALSE_WORDS, TRUE_WORDS
from analysis.hyperparameters import Hyperparameter, HyperparameterType, Value, text_of

Option = Mapping[str, Any]
Parser = Mapping[str, Any]
WORDS_IN_NAME = re.compile(r"[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Declared:
    """The hyperparameters of the command that was chosen; `awaits_command` where a subcommand has to be, first."""

    hyperparameters: tuple[Hyperparameter, ...]
    notes: tuple[str, ...]
    awaits_command: bool


def declared_hyperparameters(parser: Parser, script: str, items: Sequence[str]) -> Declared:
    """What can be tuned, given the items that follow the script: among them may be a subcommand."""
    notes: list[str] = []
    options, positionals = parser, _positional_items(items, parser["options"])
    while options["commands"] and (chosen := next((each for each in positionals if each in options["commands"]), None)):
        if outer := [_spelling(option["flags"]) for option in options["options"]]:
            notes.append(f"What stands before {chosen} cannot be tuned: {', '.join(outer)}.")
        positionals = positionals[positionals.index(chosen) + 1 :]
        options = options["commands"][chosen]
    if options["commands"]:
        names = ", ".join(options["commands"])
        notes.append(f"{script} has subcommands, each with its own options; write one behind the script: {names}.")
    missing = [each["name"] for each in options["positionals"] if each["is_required"]][len(positionals) :]
    if missing:
        notes.append(f"{script} also wants {' and '.join(missing)}; write it behind the script.")
    for flags in options["exclusive"]:
        if len(flags) > 1:
            notes.append(f"Tune one of these at a time, they exclude each other: {', '.join(flags)}.")
    if unknown := [_spelling(option["flags"]) for option in options["options"] if option.get("is_unknown")]:
        notes.append(f"Defaults or choices that come from a missing package are not known: {', '.join(unknown)}.")
    found = _hyperparameters(options["options"], notes)
    return Declared(tuple(found.values()), tuple(notes), awaits_command=bool(options["commands"]))


def _positional_items(items: Sequence[str], options: Sequence[Option]) -> list[str]:
    """The items that are neither options nor their values."""
    valued = {flag for option in options if option["kind"] == "value" for flag in option["flags"]}
    found: list[str] = []
    rest = iter(items)
    for item in rest:
        if not item.startswith("-") or item == "-":
            found.append(item)
        elif item in valued or item.endswith("=") or item.partition("=")[2].startswith("["):
            _skip_value(item.partition("=")[2] or next(rest, ""), rest)
    return found


def _skip_value(value: str, rest: Iterator[str]) -> None:
    """Go on behind a bracket that the shell split at its blanks."""
    while value.startswith("[") and not value.endswith("]"):
        value += next(rest, "]")


def _hyperparameters(options: Sequence[Option], notes: list[str]) -> dict[str, Hyperparameter]:
    found: dict[str, Hyperparameter] = {}
    offs = {option["name"]: option for option in options if option["kind"] == "off"}
    # What these say as well needs no switch of its own.
    ons = {option["name"] for option in options if option["kind"] in ("on", "both") or _is_valued_bool(option)}
    for option in options:
        name, kind = option["name"], option["kind"]
        if kind == "off" and name in ons:
            continue
        if kind == "on" and option["default"] is True and name not in offs:
            notes.append(f"{_spelling(option['flags'])} is on whether it stands or not, so it cannot be tuned.")
        elif kind == "value" and name in found:
            spellings = (*found[name].spellings, *option["flags"])
            found[name] = replace(found[name], spellings=spellings)
        else:
            off = option["off_flags"] or (offs[name]["flags"] if kind == "on" and name in offs else [])
            hyperparameter = _valued(option) if kind == "value" else _switch(option, off)
            found.setdefault(hyperparameter.name, hyperparameter)
    return found


def _is_valued_bool(option: Option) -> bool:
    return option["kind"] == "value" and value_type(option["type"], option["default"], option["choices"]) == "bool"


def _switch(option: Option, off_flags: Sequence[str]) -> Hyperparameter:
    flag = _spelling(option["flags"])
    # A flag that turns something off, or sets a constant, is tuned as itself: it stands or not.
    is_itself = option["kind"] in ("off", "const")
    default = False if is_itself else option["default"]
    return Hyperparameter(
        name=flag.lstrip("-").replace("-", "_") if is_itself else option["name"],
        flag=flag,
        type="bool",
        default=default if option["kind"] == "both" and default is None else bool(default),
        help=option["help"],
        spellings=tuple(option["flags"]),
        is_switch=True,
        off_flag=_spelling(off_flags) if off_flags else None,
        is_required=option["is_required"],
        group=option["group"],
    )


def _valued(option: Option) -> Hyperparameter:
    takes_many = bool(option["takes_many"])
    type_ = "text" if takes_many else value_type(option["type"], option["default"], option["choices"])
    choices = () if takes_many or type_ == "bool" else tuple(option["choices"])
    return Hyperparameter(
        name=option["name"],
        flag=_spelling(option["flags"]),
        type=type_,
        default=_many(option["default"]) if takes_many else default_value(option["default"], type_, choices),
        choices=tuple(float(choice) for choice in choices) if type_ == "float" else choices,
        help=option["help"],
        spellings=tuple(option["flags"]),
        is_required=option["is_required"],
        takes_many=takes_many,
        group=option["group"],
        false_text=option.get("false_text", "False"),
        has_own_check=bool(option.get("has_own_check")),
    )


def _spelling(flags: Sequence[str]) -> str:
    """The longest long spelling, else the longest."""
    return max(flags, key=lambda flag: (flag.startswith("--"), len(flag)))


def value_type(converter: str | None, default: Any, choices: Sequence[Any]) -> HyperparameterType:
    """The type that a converter's name, the choices and the default make most likely."""
    if choices:
        return _choice_type(choices)
    words = [word.lower() for word in WORDS_IN_NAME.findall(converter or "")]
    if any(word.endswith(("bool", "boolean")) for word in words):
        return "bool"
    if "int" in words or "integer" in words:
        return "int"
    if "float" in words or "double" in words:
        return "float"
    if converter == "str":
        return "text"
    return {bool: "bool", int: "int", float: "float"}.get(type(default), "text")  # type: ignore[return-value]


def _choice_type(choices: Sequence[Any]) -> HyperparameterType:
    kinds = {type(choice) for choice in choices}
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int"
    return "float" if kinds <= {int, float} else "choice"


def default_value(default: Any, type_: HyperparameterType, choices: Sequence[Any]) -> Value:
    """The default as a value of the type; None where there is none, or where it does not fit."""
    if default is None or isinstance(default, (dict, list)):
        return None
    if type_ == "bool":
        word = str(default).lower()
        return word in TRUE_WORDS if word in TRUE_WORDS | FALSE_WORDS else None
    if type_ in ("int", "float"):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(default)
            if math.isfinite(number):
                return number if type_ == "float" else int(default)
        return None
    if type_ == "choice":
        return next((choice for choice in choices if text_of(choice) == text_of(default)), None)
    return text_of(default)


def _many(default: Any) -> str | None:
    if default is None or isinstance(default, dict):
        return None
    return shlex.join([text_of(each) for each in default] if isinstance(default, list) else [text_of(default)])

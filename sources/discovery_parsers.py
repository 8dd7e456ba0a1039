"""What a parser declares, as plain data: the options of argparse, click, typer and absl.

Loaded by discovery_child in the user's interpreter: the standard library only, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import argparse
import contextlib
import enum
import functools
import pathlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sources.discovery_placeholder import is_missing
else:
    from discovery_placeholder import is_missing

MOST_CHOICES = 1000
# By name, because tyro has a copy of argparse, and jsonargparse actions of its own.
ABOUT_OPTIONS = ("_HelpAction", "_VersionAction", "_ActionPrintConfig", "_ActionConfigLoad", "ActionFail")


def argparse_parser(parser: argparse.ArgumentParser, *, lacks_packages: bool) -> dict[str, Any]:
    """What a parser of argparse, or of a class derived from it, declares.

    lacks_packages: placeholders stand in for some, so that choices may be incomplete.
    """
    groups = {id(action): group.title or "" for group in parser._action_groups for action in group._group_actions}
    described: dict[str, Any] = {"options": [], "positionals": [], "commands": {}, "exclusive": []}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            described["commands"] = {
                name: argparse_parser(each, lacks_packages=lacks_packages) for name, each in action.choices.items()
            }
        elif type(action).__name__ in ABOUT_OPTIONS:
            continue
        elif not action.option_strings:
            needed = action.nargs not in ("?", "*", argparse.REMAINDER) and action.required
            described["positionals"].append({"name": str(action.metavar or action.dest), "is_required": needed})
        else:
            option = _argparse_option(parser, action, groups.get(id(action), ""))
            described["options"].append(_without_doubtful(option, action) if lacks_packages else option)
    for group in parser._mutually_exclusive_groups:
        flags = [action.option_strings[-1] for action in group._group_actions if action.option_strings]
        described["exclusive"].append(flags)
    return described


def _argparse_option(parser: argparse.ArgumentParser, action: argparse.Action, group: str) -> dict[str, Any]:
    flags = list(action.option_strings)
    # simple_parsing writes --nobn.
    off = [flag for flag in flags if flag.startswith("--no") and "--" + flag[4:].lstrip("-") in flags]
    const = getattr(action, "const", None)
    kind = "value"
    if action.nargs == 0:
        kind = "both" if off else "on" if const is True else "off" if const is False else "const"
    default = None if action.default is argparse.SUPPRESS else action.default
    default = _member_text(parser, action, default)
    converter = _converter_name(parser, action.type)
    choices = _choices(action.choices, lambda choice: _member_text(parser, action, choice))
    if getattr(action, "_typehint", None) is not None:
        # jsonargparse converts by annotation.
        converter, choices = _annotated_type(action._typehint)  # type: ignore[attr-defined]
    if action.nargs == 1 and isinstance(default, (list, tuple)) and len(default) == 1:
        default = default[0]
    return {
        "name": action.dest,
        "flags": [flag for flag in flags if flag not in off],
        "off_flags": off,
        "kind": kind,
        "type": converter,
        "default": _plain(default),
        "is_unknown": is_missing(default),
        "choices": choices,
        "help": _argparse_help(parser, action),
        # bool("False") is true: with type=bool only the empty text is false.
        "false_text": "" if action.type is bool else "False",
        "is_required": bool(action.required),
        "takes_many": kind == "value" and action.nargs not in (None, "?", 1),
        "has_own_check": action.type not in (None, int, float, str, bool),
        "group": "" if group in ("options", "optional arguments") else group,
    }


def _member_text(parser: argparse.ArgumentParser, action: argparse.Action, value: Any) -> Any:
    """What is written on the command line for a member of an enumeration: its value or its name."""
    if not isinstance(value, enum.Enum):
        return value
    for text in (value.value, value.name, str(value)):
        with contextlib.suppress(Exception):
            if parser._get_value(action, str(text)) is value:
                return text
    return value


def _without_doubtful(option: dict[str, Any], action: argparse.Action) -> dict[str, Any]:
    """Choices without the default, or none at all, lack those of a package that is missing."""
    choices, default = option["choices"], option["default"]
    is_doubtful = action.choices is not None and (not choices or default not in (None, *choices))
    return {**option, "choices": [], "is_unknown": True} if is_doubtful else option


def _converter_name(parser: argparse.ArgumentParser, converter: Any) -> str | None:
    converter = parser._registry_get("type", converter, converter)
    if converter is None or getattr(converter, "__name__", "") == "identity":
        return None
    if is_missing(converter):
        # Its name is all that is known of it.
        return str(converter).strip("<>").rpartition(".")[2]
    converter = getattr(converter, "func", converter)
    name = getattr(converter, "__name__", type(converter).__name__)
    if name == "<lambda>":
        # What a lambda calls says more than its name.
        return next((each for each in converter.__code__.co_names if each in ("int", "float", "bool")), "lambda")
    return str(name)


def _argparse_help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if not action.help or action.help == argparse.SUPPRESS:
        return ""
    try:
        return " ".join(parser._get_formatter()._expand_help(action).split())
    except Exception:  # noqa: BLE001 - a formatter of the user's
        return str(action.help)


def _choices(choices: Any, text_of: Callable[[Any], Any] = lambda choice: choice) -> list[Any]:
    if choices is None:
        return []
    found = []
    try:
        for choice in choices:
            found.append(_plain(text_of(choice)))
            if len(found) > MOST_CHOICES:
                return []
    except TypeError:
        return []
    return found


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers stay, everything unknown becomes text; None where a package is missing."""
    if isinstance(value, enum.Enum):
        return _plain(value.value if isinstance(value.value, (str, int, float)) else value.name)
    if is_missing(value) or isinstance(value, dict):
        # Of a dictionary no text on the command line is known.
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return _plain(_item_or_text(value))


def _item_or_text(value: Any) -> Any:
    if isinstance(value, pathlib.PurePath) or not hasattr(value, "item"):
        return str(value)
    try:
        return value.item()
    except Exception:  # noqa: BLE001 - only scalars of numpy and the like have one item
        return str(value)


# Types of click whose values are checked before any launch anyway.
PLAIN_CLICK_TYPES = ("integer", "float", "boolean", "text", "choice")


def click_parser(command: Any) -> dict[str, Any]:
    """What a command of click or typer declares, and those below it."""
    described: dict[str, Any] = {"options": [], "positionals": [], "commands": {}, "exclusive": []}
    for name, each in getattr(command, "commands", {}).items():
        described["commands"][name] = click_parser(each)
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            described["positionals"].append({"name": parameter.name, "is_required": bool(parameter.required)})
        elif parameter.expose_value:
            described["options"].append(_click_option(parameter))
    return described


def _click_option(option: Any) -> dict[str, Any]:
    off = list(option.secondary_opts)
    kind = "const" if option.count else "value"
    if option.is_flag:
        value = getattr(option, "flag_value", True)
        kind = "both" if off else "on" if value is True else "off" if value is False else "const"
    # Newer versions mark "no default" by a member of an enumeration.
    is_unset = callable(option.default) or getattr(option.default, "name", None) == "UNSET"
    type_name, choices = (
        _click_type(option.type) if hasattr(option, "type") else _annotated_type(option.type_descriptor.annotation)
    )
    return {
        "name": option.name,
        "flags": list(option.opts),
        "off_flags": off,
        "kind": kind,
        "type": type_name,
        "default": None if is_unset else _plain(option.default),
        "is_unknown": is_missing(option.default),
        "choices": choices,
        "help": " ".join((option.help or "").split()),
        "is_required": bool(option.required) and not option.envvar and not option.prompt,
        "takes_many": option.nargs != 1,
        "has_own_check": getattr(option.type, "name", "") not in PLAIN_CLICK_TYPES
        if hasattr(option, "type")
        else False,
        "group": getattr(option, "rich_help_panel", None) or "",
    }


def _click_type(type_: Any) -> tuple[str, list[Any]]:
    names = {"integer": "int", "integer range": "int", "float range": "float", "boolean": "bool", "text": "str"}
    choices = getattr(type_, "choices", None) or []
    # click writes members of an enumeration by their names.
    plain = [each.name if isinstance(each, enum.Enum) else _plain(each) for each in choices]
    return names.get(type_.name, type_.name), plain


def _annotated_type(annotation: Any) -> tuple[str, list[Any]]:
    """Newer typer keeps the annotation alone; it writes members of an enumeration by their values."""
    inner = [each for each in getattr(annotation, "__args__", ()) if each is not type(None)]
    if inner and not isinstance(inner[0], type):
        return "str", _choices(inner)
    kind = inner[0] if inner else annotation
    choices = _choices(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else []
    return getattr(kind, "__name__", "str"), choices


def tyro_parser(parser: argparse.ArgumentParser, defaults: Any) -> dict[str, Any]:
    """What tyro makes of a dataclass or a function: the types stand in its metavars, the defaults in that object."""
    described = argparse_parser(parser, lacks_packages=False)
    metavars = {action.dest: str(action.metavar).lower() for action in parser._actions}
    for option in described["options"]:
        words = re.findall("[a-z]+", metavars[option["name"]])
        option["type"] = next((word for word in words if word in ("int", "float", "bool")), "str")
        option["name"] = option["name"].replace("-", "_")
        option["default"] = _plain(functools.reduce(_attribute, option["name"].split("."), defaults))
    return described


def _attribute(value: Any, name: str) -> Any:
    return getattr(value, name, None)


def absl_parser(flags: Any) -> dict[str, Any]:
    """What these flags of absl declare."""
    return {"options": [_absl_option(flag) for flag in flags], "positionals": [], "commands": {}, "exclusive": []}


def _absl_option(flag: Any) -> dict[str, Any]:
    type_name = str(flag.flag_type())
    default = flag.default
    if isinstance(default, list) and "list" in type_name:
        default = (" " if "whitespace" in type_name else ",").join(default)
    return {
        "name": flag.name,
        "flags": [f"--{flag.name}"] + ([f"-{flag.short_name}"] if flag.short_name else []),
        "off_flags": [f"--no{flag.name}"] if flag.boolean else [],
        "kind": "both" if flag.boolean else "value",
        "type": "text" if "list" in type_name else type_name.replace("string", "str"),
        # A flag that may stand several times has a list, and one value cannot say that.
        "default": None if isinstance(default, list) else _plain(default),
        "is_unknown": is_missing(default),
        "choices": _choices(getattr(flag.parser, "enum_values", None) or getattr(flag.parser, "enum_class", None)),
        "help": " ".join((flag.help or "").split()),
        "is_required": False,
        "takes_many": False,
        "group": "",
    }

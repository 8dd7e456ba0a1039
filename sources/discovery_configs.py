"""What a tree of settings declares, as plain data: configurations of Hydra, OmegaConf and ml_collections.

Loaded by discovery_child in the user's interpreter: the standard library only, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

# A line of Hydra's help: a group of configurations and their names.
GROUP = re.compile(r"^([\w./-]+): ((?:[\w.-]+, )*[\w.-]+)$")
MISSING = "???"
MOST_OPTIONS = 2_000


def tree_options(tree: Any, prefix: str) -> list[dict[str, Any]]:
    """An option for each leaf: its flag is the prefix and the keys on the way to it, with dots between."""
    return [tree_option(prefix + ".".join(keys), value) for keys, value in _leaves(tree, ())][:MOST_OPTIONS]


def tree_option(flag: str, value: Any, choices: tuple[str, ...] = ()) -> dict[str, Any]:
    """One setting; an interpolation such as `${model.width}` counts as no default."""
    is_known = not (isinstance(value, str) and (value == MISSING or "${" in value))
    return {
        "name": flag.lstrip("-"),
        "flags": [flag],
        "off_flags": [],
        "kind": "value",
        "type": None,
        "default": str(value).replace("'", "") if isinstance(value, list) else value if is_known else None,
        "is_unknown": False,
        "choices": list(choices),
        "help": "",
        "is_required": isinstance(value, str) and value == MISSING,
        "takes_many": False,
        "group": flag.lstrip("-").rpartition(".")[0],
    }


def _leaves(tree: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(tree, dict):
        yield keys, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, (*keys, str(key)))


def empty(options: list[dict[str, Any]]) -> dict[str, Any]:
    """A parser with nothing but these options."""
    return {"options": options, "positionals": [], "commands": {}, "exclusive": []}


def hydra_parser(ask: Callable[[list[str]], str], items: list[str]) -> dict[str, Any]:
    """What an application of Hydra can be given, as that prints it itself.

    ask: runs the application with these items, and gives what it printed. items: those of the command; they count
    where they choose configurations, and not where they only set a value, which is no default.
    """
    tree, defaults = _composed(ask, [])
    groups = defaults
    keys = {".".join(each) for each, _ in _leaves(tree, ())}
    chosen = [item for item in items if item.partition("=")[0] not in keys and "=[" not in item]
    if chosen:
        tree, groups = _composed(ask, chosen)
    printed = map(GROUP.match, ask([*chosen, "--help"]).splitlines())
    names = {found[1]: tuple(found[2].split(", ")) for found in printed if found}
    choices = [
        tree_option(group, defaults.get(group), names[group])
        for group, name in groups.items()
        if len(names.get(group, ())) > 1 and name in names[group]
    ]
    settings = tree_options(tree, "")
    if choices:
        # Another configuration may bring another value, so none of these is the default of all experiments.
        settings = [_with_hint(option) for option in settings]
    return empty(choices + settings)


def _with_hint(option: dict[str, Any]) -> dict[str, Any]:
    value = option["default"]
    type_name = {bool: "bool", int: "int", float: "float"}.get(type(value))
    hint = "" if value is None else f"{value}, unless another configuration is chosen"
    return {**option, "type": type_name, "default": None, "help": hint}


def _composed(ask: Callable[[list[str]], str], items: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The job's configuration, and which of each group's configurations is in it."""
    # Which the application has imported, as Hydra stands on it.
    conf = sys.modules["omegaconf"].OmegaConf
    whole: Any = conf.to_container(conf.create(ask([*items, "--cfg", "all"])), resolve=False)
    hydra = whole.pop("hydra", {})
    choices = hydra.get("runtime", {}).get("choices", {})
    return whole, {str(group): str(name) for group, name in choices.items() if not str(group).startswith("hydra/")}


def printing(run: Callable[[], Any]) -> str:
    """What a function prints; it may end the process as it likes."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        run()
    return printed.getvalue()


def config_flag_options(flag: Any) -> list[dict[str, Any]]:
    """The settings of a flag of ml_collections whose file was read; none where it has none yet."""
    value = getattr(flag, "value", None)
    to_dict = getattr(value, "to_dict", None)
    return tree_options(to_dict(), f"--{flag.name}.") if to_dict else []


def with_arguments(script: str, items: list[str], run: Callable[[], Any]) -> str:
    """What a function prints while the command line is another one."""
    before, sys.argv = sys.argv, [script, *items]
    try:
        return printing(run)
    finally:
        sys.argv = before

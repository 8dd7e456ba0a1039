"""Starts a script up to the point where it reads its options, and writes down what its parser declares.

Started by path with the user's own interpreter: nothing but the standard library, and nothing newer than Python 3.8.
    python discovery_child.py REQUEST.json
The request names script, directory, items, client and result. Whatever happens, the process ends before anything
is trained: at the first call that parses a command line, or at the first write into the project's folders.
"""

from __future__ import annotations

import argparse
import enum
import errno
import importlib.abc
import json
import os
import pathlib
import resource
import runpy
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

MOST_CHOICES = 1000
PARTIAL = ("parse_known_args", "parse_known_intermixed_args")
COMPLETE = ("parse_args", "parse_intermixed_args")
MOST_BYTES = 64_000_000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
# Audit events whose arguments are paths that would change.
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree"}
LOOPBACK = ("localhost", "127.0.0.1", "::1", "", None)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    # A script that prints without end fills no disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    # Our own folder holds modules whose names the script may use, too.
    if sys.path and os.path.abspath(sys.path[0]) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    Reading(request).run()


class Reading:
    """One start of the script. It ends the process with the result written, never by returning."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._script = os.path.abspath(os.path.join(request["directory"], request["script"]))
        self._items = list(request["items"])
        self._client = request["client"]
        self._result = request["result"]
        self._roots = {os.path.dirname(self._script), os.path.abspath(request["directory"])}
        self._roots |= {os.path.realpath(root) for root in self._roots}
        self._partial: list[argparse.ArgumentParser] = []
        self._is_guarded = False
        self._refused = ""

    def run(self) -> None:
        self._intercept_argparse()
        sys.meta_path.insert(0, _Watch({"click.core": self._intercept_click, "typer.core": self._intercept_typer}))
        sys.argv = [self._script, *self._items]
        sys.path.insert(0, os.path.dirname(self._script))
        sys.path.append(self._client)
        sys.addaudithook(self._audit)
        self._is_guarded = True
        try:
            runpy.run_path(self._script, run_name="__main__")
        except SystemExit as error:
            self._end({"ended": str(error.code) if isinstance(error.code, str) else ""})
        except BaseException as error:  # noqa: BLE001 - whatever the user's code does
            self._end({"crash": self._crash(error)})
        self._end({"ended": ""})

    def _end(self, result: dict[str, Any]) -> None:
        self._is_guarded = False
        sys.settrace(None)
        with open(self._result + ".part", "w", encoding="utf-8") as file:
            json.dump({**result, "refused": self._refused}, file, default=str, skipkeys=True)
        os.replace(self._result + ".part", self._result)
        os._exit(0)

    def _crash(self, error: BaseException) -> dict[str, Any]:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if self._is_own(frame.filename)]
        path, number = (own[-1].filename, own[-1].lineno) if own else (None, None)
        line = traceback.format_exception_only(type(error), error)[-1].strip()
        if isinstance(error, SyntaxError):
            path, number, line = error.filename, error.lineno, f"{type(error).__name__}: {error.msg}"
        return {
            "line": line,
            "file": os.path.basename(path) if path else None,
            "number": number,
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
        }

    def _is_own(self, path: str) -> bool:
        """Whether a file is the user's: below the project's folders, and not installed there."""
        whole = os.path.abspath(path)
        if "site-packages" in whole or "dist-packages" in whole or path.startswith("<"):
            return False
        return any(whole.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots)

    def _is_asked_by_script(self, frame: Any) -> bool:
        """A library that parses something while it is imported does not read the script's options."""
        while frame is not None:
            path = frame.f_code.co_filename
            if self._is_own(path):
                return True
            if path.startswith("<frozen importlib"):
                return False
            frame = frame.f_back
        return True

    # argparse

    def _intercept_argparse(self) -> None:
        for name in (*COMPLETE, *PARTIAL):
            original = getattr(argparse.ArgumentParser, name, None)
            if original is not None:
                setattr(argparse.ArgumentParser, name, self._replacement(original, is_partial=name in PARTIAL))

    def _replacement(self, original: Callable[..., Any], is_partial: bool) -> Callable[..., Any]:
        def parse(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
            frame = sys._getframe(1)
            if not self._is_asked_by_script(frame):
                return original(parser, args, namespace)
            self._partial.append(parser)
            last = self._last_parsing_line(frame) if is_partial else None
            if last is None:
                self._end_with_argparse()
            parsed = self._parse(original, parser, args, namespace)
            self._watch(frame, last)
            return parsed

        return parse

    def _parse(self, original: Callable[..., Any], parser: argparse.ArgumentParser, args: Any, namespace: Any) -> Any:
        # The command may hold brackets in place of values, so a second try goes without it.
        attempts: list[Any] = [args, []]
        for attempt in attempts:
            try:
                return original(parser, attempt, namespace)
            except (Exception, SystemExit):  # noqa: BLE001, S112 - a parser may call anything
                continue
        return self._end_with_argparse()

    def _last_parsing_line(self, frame: Any) -> int | None:
        """Where the calling function parses again, as it does after it has read a config file; None if nowhere."""
        path = frame.f_code.co_filename
        if not self._is_own(path):
            return None
        import ast
        import dis

        with open(path, "rb") as file:
            tree = ast.parse(file.read())
        lines = {line for _, line in dis.findlinestarts(frame.f_code)}
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        names = (*COMPLETE, *PARTIAL)
        found = [node.lineno for node in calls if node.func.attr in names and node.lineno in lines]  # type: ignore[attr-defined]
        return max((line for line in found if line > frame.f_lineno), default=None)

    def _watch(self, frame: Any, last: int | None) -> None:
        """Let the function go on to where it parses again, and not a line further."""

        def trace(current: Any, event: str, _value: Any) -> Any:
            if event == "return" or (event == "line" and last is not None and current.f_lineno > last):
                self._end_with_argparse()
            return trace

        frame.f_trace = trace
        sys.settrace(lambda *_arguments: None)

    def _end_with_argparse(self) -> None:
        self._is_guarded = False
        *earlier, parser = [*dict.fromkeys(self._partial)]
        described = _argparse_parser(parser)
        known = {flag for option in described["options"] for flag in option["flags"]}
        for other in earlier:
            options = _argparse_parser(other)["options"]
            described["options"] += [option for option in options if not known & set(option["flags"])]
        self._end({"source": "argparse", "parser": described})

    # click and typer

    def _intercept_click(self, module: Any) -> None:
        for name in ("BaseCommand", "Command"):
            self._intercept_main(getattr(module, name, None))

    def _intercept_typer(self, module: Any) -> None:
        for name in ("TyperCommand", "TyperGroup"):
            self._intercept_main(getattr(module, name, None))

    def _intercept_main(self, command_class: Any) -> None:
        original = vars(command_class).get("main") if command_class is not None else None
        if original is None:
            return

        def main(command: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._is_asked_by_script(sys._getframe(1)):
                return original(command, *args, **kwargs)
            self._is_guarded = False
            source = "typer" if type(command).__module__.startswith("typer") else "click"
            return self._end({"source": source, "parser": _click_parser(command)})

        command_class.main = main

    # nothing is written, and nothing is fetched

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_guarded:
            return
        if event == "open":
            path, _mode, flags = arguments
            if isinstance(flags, int) and flags & WRITING:
                self._guard_path(path)
        elif event in CHANGES:
            if event == "os.mkdir" and os.path.isdir(arguments[0]):
                # Makes nothing: it is how many scripts make sure that a folder is there.
                return
            for path in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                self._guard_path(path)
        elif event == "sqlite3.connect":
            self._guard_path(arguments[0])
        elif event == "socket.connect" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            self._guard_host(arguments[1][0])
        elif event == "socket.getaddrinfo":
            self._guard_host(arguments[0])

    def _guard_path(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        whole = os.path.abspath(os.fsdecode(path))
        for root in self._roots:
            inside = whole.startswith(root.rstrip(os.sep) + os.sep)
            # Caches of libraries are hidden folders of a home, which may be the project's folder as well.
            if inside and not os.path.relpath(whole, root).startswith("."):
                self._refused = self._refused or f"writes {os.path.relpath(whole, root)}"
                raise PermissionError(errno.EACCES, "nothing is written while options are discovered", str(whole))

    def _guard_host(self, host: Any) -> None:
        name = host.decode(errors="replace") if isinstance(host, bytes) else host
        if name not in LOOPBACK:
            self._refused = self._refused or f"asks {name}"
            raise OSError(errno.ENETUNREACH, f"the network is not used while options are discovered: {name}")


class _Watch(importlib.abc.MetaPathFinder):
    """Calls a function with a module as soon as it has been imported."""

    def __init__(self, wanted: dict[str, Callable[[Any], None]]) -> None:
        self._wanted = wanted

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in self._wanted:
            return None
        found = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute, imported = spec.loader.exec_module, self._wanted[fullname]

        def exec_module(module: Any) -> None:
            execute(module)
            imported(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


# --- what a parser declares ------------------------------------------------------------------------


def _argparse_parser(parser: argparse.ArgumentParser) -> dict[str, Any]:
    groups = {id(action): group.title or "" for group in parser._action_groups for action in group._group_actions}
    described: dict[str, Any] = {"options": [], "positionals": [], "commands": {}, "exclusive": []}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            described["commands"] = {name: _argparse_parser(each) for name, each in action.choices.items()}
        elif isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
            continue
        elif not action.option_strings:
            needed = action.nargs not in ("?", "*", argparse.REMAINDER) and action.required
            described["positionals"].append({"name": str(action.metavar or action.dest), "is_required": needed})
        else:
            described["options"].append(_argparse_option(parser, action, groups.get(id(action), "")))
    for group in parser._mutually_exclusive_groups:
        flags = [action.option_strings[-1] for action in group._group_actions if action.option_strings]
        described["exclusive"].append(flags)
    return described


def _argparse_option(parser: argparse.ArgumentParser, action: argparse.Action, group: str) -> dict[str, Any]:
    flags = list(action.option_strings)
    off = [flag for flag in flags if flag.startswith("--no-") and "--" + flag[5:] in flags]
    const = getattr(action, "const", None)
    kind = "value"
    if action.nargs == 0:
        kind = "both" if off else "on" if const is True else "off" if const is False else "const"
    default = None if action.default is argparse.SUPPRESS else action.default
    return {
        "name": action.dest,
        "flags": [flag for flag in flags if flag not in off],
        "off_flags": off,
        "kind": kind,
        "type": _converter_name(parser, action.type),
        "default": _plain(default),
        "choices": _choices(action.choices),
        "help": _argparse_help(parser, action),
        # bool("False") is true: with type=bool only the empty text is false.
        "false_text": "" if action.type is bool else "False",
        "is_required": bool(action.required),
        "takes_many": kind == "value" and action.nargs not in (None, "?"),
        "group": "" if group in ("options", "optional arguments") else group,
    }


def _converter_name(parser: argparse.ArgumentParser, converter: Any) -> str | None:
    converter = parser._registry_get("type", converter, converter)
    if converter is None or getattr(converter, "__name__", "") == "identity":
        return None
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


def _choices(choices: Any) -> list[Any]:
    if choices is None:
        return []
    found = []
    try:
        for choice in choices:
            found.append(_plain(choice))
            if len(found) > MOST_CHOICES:
                return []
    except TypeError:
        return []
    return found


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers stay, everything unknown becomes text."""
    if isinstance(value, enum.Enum):
        return _plain(value.value if isinstance(value.value, (str, int, float)) else value.name)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, pathlib.PurePath) or not hasattr(value, "item"):
        return str(value)
    try:
        return _plain(value.item())
    except Exception:  # noqa: BLE001 - only scalars of numpy and the like have one item
        return str(value)


def _click_parser(command: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"options": [], "positionals": [], "commands": {}, "exclusive": []}
    for name, each in getattr(command, "commands", {}).items():
        described["commands"][name] = _click_parser(each)
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
    type_name, choices = _click_type(option.type) if hasattr(option, "type") else _annotated_type(option)
    return {
        "name": option.name,
        "flags": list(option.opts),
        "off_flags": off,
        "kind": kind,
        "type": type_name,
        "default": None if is_unset else _plain(option.default),
        "choices": choices,
        "help": " ".join((option.help or "").split()),
        "is_required": bool(option.required) and not option.envvar and not option.prompt,
        "takes_many": option.nargs != 1,
        "group": getattr(option, "rich_help_panel", None) or "",
    }


def _click_type(type_: Any) -> tuple[str, list[Any]]:
    names = {"integer": "int", "integer range": "int", "float range": "float", "boolean": "bool", "text": "str"}
    choices = getattr(type_, "choices", None) or []
    # click writes members of an enumeration by their names.
    plain = [each.name if isinstance(each, enum.Enum) else _plain(each) for each in choices]
    return names.get(type_.name, type_.name), plain


def _annotated_type(option: Any) -> tuple[str, list[Any]]:
    """Newer typer keeps the annotation alone; it writes members of an enumeration by their values."""
    annotation = option.type_descriptor.annotation
    inner = [each for each in getattr(annotation, "__args__", ()) if each is not type(None)]
    if inner and not isinstance(inner[0], type):
        return "str", _choices(inner)
    kind = inner[0] if inner else annotation
    choices = _choices(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else []
    return getattr(kind, "__name__", "str"), choices


if __name__ == "__main__":
    main()

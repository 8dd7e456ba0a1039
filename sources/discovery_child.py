"""Starts a script up to the point where it reads its options, and writes down what its parser declares.

Started by path with the user's own interpreter: nothing but the standard library, and nothing newer than Python 3.8.
    python discovery_child.py REQUEST.json
The request names script, directory, items, client and result. Whatever happens, the process ends before anything
is trained: at the first call that parses a command line, or at the first write into the project's folders.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import dis
import importlib.abc
import inspect
import json
import os
import re
import resource
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

# These lie beside this file, which is no package to the user's interpreter.
if TYPE_CHECKING:
    from sources.discovery_configs import config_flag_options, empty, hydra_parser, tree_options, with_arguments
    from sources.discovery_guard import Guard
    from sources.discovery_parsers import absl_parser, argparse_parser, click_parser, tyro_parser
    from sources.discovery_placeholder import MissingPackages
    from sources.discovery_trial import argparse_refusals, click_refusals
else:
    from discovery_configs import config_flag_options, empty, hydra_parser, tree_options, with_arguments
    from discovery_guard import Guard
    from discovery_parsers import absl_parser, argparse_parser, click_parser, tyro_parser
    from discovery_placeholder import MissingPackages
    from discovery_trial import argparse_refusals, click_refusals

PARTIAL = ("parse_known_args", "parse_known_intermixed_args")
COMPLETE = ("parse_args", "parse_intermixed_args")
MOST_BYTES = 64_000_000


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
        self._script, self._module = request["script"], request.get("module")
        self._root = request["root"]
        self._items = list(request["items"])
        self._client = request["client"]
        self._result = request["result"]
        # Items to be tried on the parser; see discovery_trial.py.
        self._trials = request.get("trials", [])
        self._parse_known = argparse.ArgumentParser.parse_known_args
        self._guard = Guard([os.path.dirname(self._script), self._root, request["directory"]])
        self._partial: list[argparse.ArgumentParser] = []
        # Whether the last of them lets options pass that it does not know.
        self._lets_pass = False
        # While a library parses what we ask it.
        self._is_asking = False
        # How often each line of a function has parsed: several calls may stand on one.
        self._parsed_on: dict[tuple[Any, int], int] = {}
        self._packages = MissingPackages()

    def run(self) -> None:
        self._intercept_argparse()
        watched: dict[str, Callable[[Any], None]] = {
            "click.core": self._intercept_click,
            "typer.core": self._intercept_typer,
            "absl.flags._flagvalues": self._intercept_absl,
            "jsonargparse._core": self._intercept_jsonargparse,
            "tyro._cli": self._intercept_tyro,
            "hydra.main": self._intercept_hydra,
            "omegaconf.omegaconf": self._intercept_omegaconf,
        }
        sys.meta_path.insert(0, _Watch(watched))
        sys.meta_path.append(self._packages)
        sys.argv = [self._script, *map(_first_candidate, self._items)]
        sys.path.insert(0, self._root)
        sys.path.append(self._client)
        self._guard.begin()
        try:
            if self._module:
                runpy.run_module(self._module, run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(self._script, run_name="__main__")
        except SystemExit as error:
            self._end_where_partial()
            self._end({"ended": str(error.code) if isinstance(error.code, str) else "", "exited": True})
        except BaseException as error:  # noqa: BLE001 - whatever the user's code does
            self._end_where_partial()
            self._end({"crash": self._crash(error)})
        self._end({"ended": ""})

    def _end(self, result: dict[str, Any]) -> None:
        self._guard.is_on = False
        sys.settrace(None)
        with open(self._result + ".part", "w", encoding="utf-8") as file:
            said = {**result, "refused": self._guard.refused, "missing": self._packages.names}
            packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
            said["depends_on"] = [*packages, *sorted(self._guard.read)]
            json.dump(said, file, default=str, skipkeys=True)
        os.replace(self._result + ".part", self._result)
        os._exit(0)

    def _crash(self, error: BaseException) -> dict[str, Any]:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if self._guard.is_own(frame.filename)]
        path, number = (own[-1].filename, own[-1].lineno) if own else (None, None)
        if isinstance(error, ModuleNotFoundError) and error.name and error.name not in self._packages.names:
            self._packages.names.append(error.name)
        line = traceback.format_exception_only(type(error), error)[-1].strip()
        if isinstance(error, SyntaxError):
            path, number, line = error.filename, error.lineno, f"{type(error).__name__}: {error.msg}"
        return {
            "line": line,
            "file": os.path.basename(path) if path else None,
            "number": number,
        }

    def _is_asked_by_script(self, frame: Any) -> bool:
        """A library that parses something while it is imported does not read the script's options."""
        while frame is not None:
            path = frame.f_code.co_filename
            if self._guard.is_own(path):
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
            if self._is_asking or not self._is_asked_by_script(frame):
                return original(parser, args, namespace)
            self._partial.append(parser)
            self._lets_pass = is_partial
            if not is_partial and type(parser).parse_known_args is not argparse.ArgumentParser.parse_known_args:
                # As simple_parsing does, a class of its own may add options there, and come back here.
                with contextlib.suppress(Exception, SystemExit):
                    original(parser, args, namespace)
            again = self._parses_again(frame) if is_partial else None
            if again is None:
                self._end_with_argparse()
            else:
                parsed = self._parse(original, parser, args, namespace)
                self._watch(*again)
            return parsed

        return parse

    def _parse(self, original: Callable[..., Any], parser: argparse.ArgumentParser, args: Any, namespace: Any) -> Any:
        # The command may hold what only a run replaces, so a second try goes without it.
        attempts: list[Any] = [args, []]
        for attempt in attempts:
            try:
                return original(parser, attempt, namespace)
            except (Exception, SystemExit):  # noqa: BLE001, S112 - a parser may call anything
                continue
        return self._end_where_partial()

    def _parses_again(self, frame: Any) -> tuple[Any, int] | None:
        """Which of the calling functions parses again, as after reading a config file, and where it does so last."""
        while frame is not None and self._guard.is_own(frame.f_code.co_filename):
            here = (frame.f_code, frame.f_lineno)
            self._parsed_on[here] = self._parsed_on.get(here, 0) + 1
            lines = _parsing_lines(frame)
            later = [line for line in lines if line > frame.f_lineno]
            if self._parsed_on[here] < lines.count(frame.f_lineno):
                later.append(frame.f_lineno)
            last = max(later, default=None)
            if last is not None:
                return frame, last
            frame = frame.f_back
        return None

    def _watch(self, frame: Any, last: int) -> None:
        """Let the function go on to where it parses again, and not a line further."""
        is_failing = False

        def trace(current: Any, event: str, _value: Any) -> Any:
            nonlocal is_failing
            if event == "return" or (event == "line" and current.f_lineno > last):
                self._end_with_argparse(is_complete=not is_failing)
            # Behind an exception comes the handler's line, or the function's end.
            is_failing = event == "exception"
            return trace

        frame.f_trace = trace
        sys.settrace(lambda *_arguments: None)

    def _end_where_partial(self) -> None:
        """End with what was parsed first, where the script does not come to its last parser."""
        if self._partial:
            self._end_with_argparse(is_complete=False)

    def _end_with_argparse(self, *, is_complete: bool = True) -> None:
        *earlier, parser = [*dict.fromkeys(self._partial)]
        lacks_packages = bool(self._packages.names)
        described = argparse_parser(parser, lacks_packages=lacks_packages)
        known = {flag for option in described["options"] for flag in option["flags"]}
        for other in earlier:
            options = argparse_parser(other, lacks_packages=lacks_packages)["options"]
            described["options"] += [option for option in options if not known & set(option["flags"])]
        refusals = argparse_refusals(self._parse_known, parser, self._trials) if self._trials else []
        self._end(
            {
                "source": "argparse",
                "parser": described,
                "is_complete": is_complete,
                # jsonargparse has the options of a class only once that class is chosen.
                "takes_more": self._lets_pass or not is_complete or _is_of(parser, "jsonargparse"),
                "refusals": refusals,
            }
        )

    # click, typer and others

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
            source = "typer" if type(command).__module__.startswith("typer") else "click"
            refusals = click_refusals(command, self._trials)
            return self._end({"source": source, "parser": click_parser(command), "refusals": refusals})

        command_class.main = main

    def _intercept_absl(self, module: Any) -> None:
        original = module.FlagValues.__call__

        def parse(flags: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._is_asked_by_script(sys._getframe(1)):
                return original(flags, *args, **kwargs)
            defined = flags.flags_by_module_dict()
            own = [flag for name, found in defined.items() if self._is_own_module(name) for flag in found]
            described = absl_parser(own)
            configs = [flag for flag in own if type(flag).__name__ == "_ConfigFlag"]
            if configs:
                # The settings in a file are known once the flag that names it has been read.
                with contextlib.suppress(Exception, SystemExit):
                    original(flags, [self._script, *(item for item in self._items if "=[" not in item)])
                described["options"] += [option for flag in configs for option in config_flag_options(flag)]
            return self._end({"source": "absl", "parser": described})

        module.FlagValues.__call__ = parse

    def _intercept_jsonargparse(self, module: Any) -> None:
        # Its parser is one of argparse that parses in its own way.
        for name in ("parse_args", "_parse_known_args"):
            original = vars(module.ArgumentParser).get(name)
            if original is not None:
                setattr(module.ArgumentParser, name, self._replacement(original, is_partial=False))

    def _intercept_tyro(self, module: Any) -> None:
        original = module.cli

        def cli(source: Any, **options: Any) -> Any:
            if not self._is_asked_by_script(sys._getframe(1)):
                return original(source, **options)
            names = ("default", "use_underscores", "config", "registry")
            parser = module.get_parser(source, **{name: options[name] for name in names if name in options})
            defaults = options["default"] if "default" in options else _defaults(source)
            return self._end({"source": "tyro", "parser": tyro_parser(parser, defaults)})

        module.cli = cli

    def _intercept_hydra(self, module: Any) -> None:
        original = module.main

        def main(*args: Any, **kwargs: Any) -> Any:
            decorate = original(*args, **kwargs)

            def decorator(task: Any) -> Any:
                application = decorate(task)

                def start(given: Any = None) -> Any:
                    if given is not None or not self._is_asked_by_script(sys._getframe(1)):
                        return application(given)
                    self._is_asking = True
                    parser = hydra_parser(lambda items: with_arguments(self._script, items, application), self._items)
                    return self._end({"source": "hydra", "parser": parser, "takes_more": True})

                return start

            return decorator

        module.main = main

    def _intercept_omegaconf(self, module: Any) -> None:
        original, merge = module.OmegaConf.from_cli, module.OmegaConf.merge
        read: list[Any] = []

        def from_cli(args_list: Any = None) -> Any:
            if args_list is None and self._is_asked_by_script(sys._getframe(1)):
                read.append(original([item for item in sys.argv[1:] if "=" in item]))
                return read[-1]
            return original(args_list)

        def merged(*configs: Any) -> Any:
            others = [each for each in configs if not any(each is one for one in read)]
            if len(others) == len(configs):
                return merge(*configs)
            # What is typed is no default.
            tree = module.OmegaConf.to_container(merge(*others), resolve=False) if others else {}
            return self._end({"source": "omegaconf", "parser": empty(tree_options(tree, "")), "takes_more": True})

        module.OmegaConf.from_cli, module.OmegaConf.merge = staticmethod(from_cli), staticmethod(merged)

    def _is_own_module(self, name: str) -> bool:
        # absl calls the script's own module by the first item of the command line.
        return self._guard.is_own(getattr(sys.modules.get(name), "__file__", None) or name)


def _parsing_lines(frame: Any) -> list[int]:
    """The lines of a running function that parse, or call a function of its file that does."""
    with open(frame.f_code.co_filename, "rb") as file:
        tree = ast.parse(file.read())
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    parsing = {function.name for function in functions if any(_parsing_calls(function, set()))}
    own = {line for _, line in dis.findlinestarts(frame.f_code)}
    return [line for line in _parsing_calls(tree, parsing) if line in own]


def _parsing_calls(tree: ast.AST, functions: set[str]) -> Iterator[int]:
    """The lines that call a parser, or one of these functions; `model.train()` is none of them."""
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        is_parser = isinstance(called, ast.Attribute) and called.attr in (*COMPLETE, *PARTIAL)
        if is_parser or (isinstance(called, ast.Name) and called.id in functions):
            yield called.lineno  # type: ignore[union-attr]


def _is_of(value: Any, package: str) -> bool:
    """Whether an object's class, or one that it comes from, is of a package."""
    return any(each.__module__.partition(".")[0] == package for each in type(value).__mro__)


def _defaults(source: Any) -> Any:
    """An object that has the defaults of a dataclass or of a function."""
    parameters = inspect.signature(source).parameters.values()
    try:
        return source() if isinstance(source, type) else argparse.Namespace(**{p.name: p.default for p in parameters})
    except Exception:  # noqa: BLE001 - a class of the user's, which may need more than it has
        return source


def _first_candidate(item: str) -> str:
    """`[28,56]` stands for one value each time; what stands behind other characters is theirs."""
    return re.sub(r"(^|=)\[([^\[\],:;]+)[,:;][^\[\]]*\]$", r"\1\2", item)


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


if __name__ == "__main__":
    main()

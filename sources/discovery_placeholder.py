"""Stands in for packages that a script imports and its Python does not have, so that its own parser can be read.

Loaded by discovery_child in the user's interpreter: the standard library only, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator
from typing import Any

# Of these a script has its options: what stands in for them would have none.
PARSERS = {
    "absl",
    "click",
    "configargparse",
    "cyclopts",
    "docopt",
    "fire",
    "hydra",
    "jsonargparse",
    "pyrallis",
    "simple_parsing",
    "tap",
    "typer",
    "tyro",
}
# Newer than whatever a script asks for.
VERSION = "9999.0.0"
MARK = "<missing "
# Beyond its frames it is us who import: the script.
OURS = "discovery_child.py"
CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class NeedsPackage(BaseException):
    """The script reads its options with a package that is missing, so there is no parser of its own."""


class Placeholder:
    """Whatever a missing package would have held. It is false and empty, and all that comes of it is one, too."""

    _hypertuner_name = ""

    def __init__(self, name: str) -> None:
        self._hypertuner_name = name

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return VERSION
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder(f"{self._hypertuner_name}.{name}")

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        if self._hypertuner_name.rpartition(".")[2].startswith(("parse_args", "parse_known_args")):
            raise NeedsPackage
        if args and isinstance(args[0], (argparse.ArgumentParser, argparse._ArgumentGroup)):
            # As of `parser = add_arguments(parser)`.
            return args[0]
        if len(args) == 1 and isinstance(args[0], (type, types.FunctionType)):
            # As a decorator does.
            return args[0]
        return Placeholder(f"{self._hypertuner_name}()")

    def __str__(self) -> str:
        return f"{MARK}{self._hypertuner_name}>"

    __repr__ = __fspath__ = __str__

    def __format__(self, _spec: str) -> str:
        return str(self)

    def __mro_entries__(self, _bases: Any) -> tuple[type, ...]:
        # A class of its own each time: a base may not occur twice.
        return (type("Missing", (_Missing,), {"_hypertuner_name": self._hypertuner_name}),)

    def __instancecheck__(self, _instance: Any) -> bool:
        return False

    def __subclasscheck__(self, _subclass: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __dir__(self) -> list[str]:
        return []

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __contains__(self, _item: Any) -> bool:
        return False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: Any) -> None:
        return None

    def __setitem__(self, _key: Any, _value: Any) -> None:
        return None

    def _and_another(self, *_others: Any) -> Any:
        return Placeholder(self._hypertuner_name)

    __getitem__ = __neg__ = __invert__ = __lt__ = __le__ = __gt__ = __ge__ = _and_another
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __or__ = __and__ = _and_another
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __ror__ = _and_another


class _Missing:
    """What a class of the script inherits from one that is missing."""

    _hypertuner_name = ""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __init_subclass__(cls, **_kwargs: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(Placeholder(type(self)._hypertuner_name), name)


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(Placeholder(self.__name__), name)


def is_missing(value: Any) -> bool:
    """Whether a value comes of a missing package, also as a part of a text or of a list."""
    if isinstance(value, str):
        return MARK in value
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(is_missing(each) for each in value)
    return isinstance(value, (Placeholder, _Missing, _Module))


class MissingPackages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what no other finder finds, where an import statement cannot do without."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._prepared: dict[str, list[tuple[int, int]]] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        # Some packages, as six, add a finder of their own behind this one.
        later = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(fullname, path, target) for finder in later if hasattr(finder, "find_spec"))
        return next((spec for spec in found if spec is not None), None) or self._placeholder(fullname)

    def _placeholder(self, fullname: str) -> importlib.machinery.ModuleSpec | None:
        is_inside = any(fullname.startswith(f"{name}.") for name in self.names)
        if not is_inside and fullname not in self.names:
            if fullname.partition(".")[0] in PARSERS or not self._is_needed():
                return None
            self.names.append(fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""

    def _is_needed(self) -> bool:
        """Whether an import statement asks, and nobody up to the script is prepared for its failure."""
        frame: Any = sys._getframe(3)
        is_import = False
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            is_import = is_import or frame.f_code.co_name == "_find_and_load"
            frame = frame.f_back
        # importlib's own functions ask whether a package is there.
        if not is_import or frame is None or frame.f_globals.get("__package__") == "importlib":
            return False
        while frame is not None and not frame.f_code.co_filename.endswith(OURS):
            if self._is_prepared(frame.f_code.co_filename, frame.f_lineno):
                return False
            frame = frame.f_back
        return True

    def _is_prepared(self, path: str, line: int) -> bool:
        if path not in self._prepared:
            self._prepared[path] = [] if path.startswith("<") else list(prepared_lines(path))
        return any(first <= line <= last for first, last in self._prepared[path])


def prepared_lines(path: str) -> Iterator[tuple[int, int]]:
    """The first and last lines of where a failing import is caught, and what imports goes on."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Try, ast.With)) and _catches(node):
            yield node.body[0].lineno, node.body[-1].end_lineno or 0


def _catches(node: ast.Try | ast.With) -> bool:
    if isinstance(node, ast.With):
        names = {_last_name(each) for item in node.items for each in ast.walk(item.context_expr)}
        return "suppress" in names and bool(names & CAUGHT)
    return any(_catches_import(handler) and not _gives_up(handler.body[-1]) for handler in node.handlers)


def _catches_import(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool({_last_name(each) for each in ast.walk(handler.type)} & CAUGHT)


def _gives_up(last: ast.stmt) -> bool:
    """A handler that only says what to install."""
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _last_name(last.value.func) in ("exit", "_exit", "quit")
    return isinstance(last, ast.Raise)


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""

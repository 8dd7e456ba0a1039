"""What an expression comes to, as far as its source alone tells.

Loaded by discovery_source in the user's interpreter: the standard library only, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import ast
import operator
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

MOST_ITEMS = 1000
OPERATORS: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
CONVERTERS: dict[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": list,
    "set": list,
    "sorted": sorted,
    "Path": pathlib.Path,
}
# Functions of os.path and methods of Path that only compute a path.
OF_OS_PATH = {"abspath", "basename", "dirname", "expanduser", "join", "normpath", "realpath", "relpath"}
OF_PATH = {"absolute", "as_posix", "expanduser", "joinpath", "resolve", "with_name", "with_suffix"}
PARTS_OF_PATH = {"name", "parent", "parents", "stem"}


class NotLiteral(Exception):
    """An expression whose value only running would tell."""


class Expressions:
    """The values of a module's expressions, given the constants that it has named so far."""

    def __init__(self, path: str) -> None:
        self._constants: dict[str, Any] = {"__file__": os.path.abspath(path)}

    def remember(self, constant: str, node: ast.expr) -> None:
        try:
            self._constants[constant] = self._literal(node)
        except (NotLiteral, ArithmeticError, LookupError, TypeError, ValueError):
            self._constants.pop(constant, None)

    def literal(self, node: ast.AST | None) -> Any:
        """The value, or None where only running would tell."""
        try:
            value = self._literal(node) if node is not None else None
        except (NotLiteral, ArithmeticError, LookupError, TypeError, ValueError):
            return None
        return str(value) if isinstance(value, pathlib.PurePath) else value

    def choices(self, node: ast.AST | None) -> list[Any]:
        found = self.literal(node)
        return list(found) if isinstance(found, (list, tuple, set, frozenset, dict, range)) else []

    def _literal(self, node: ast.AST | None) -> Any:  # noqa: PLR0911 - one per kind of node
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and node.id in self._constants:
            return self._constants[node.id]
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [self._literal(each) for each in node.elts]
        if isinstance(node, ast.Dict):
            # Of a dictionary, only its keys matter: they serve as choices.
            return {self._literal(key): None for key in node.keys}
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._literal(node.operand)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            return self._part(node)
        raise NotLiteral

    def _arithmetic(self, node: ast.BinOp) -> Any:
        left, right = self._literal(node.left), self._literal(node.right)
        if isinstance(node.op, ast.Pow) and all(
            isinstance(each, (int, float)) and abs(each) <= 64 for each in (left, right)
        ):
            return left**right
        if type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](left, right)
        raise NotLiteral

    def _part(self, node: ast.Attribute | ast.Subscript) -> Any:
        """`path.parent`, `path.parents[1]` and an item of a list."""
        value = self._literal(node.value)
        if isinstance(node, ast.Attribute):
            if isinstance(value, pathlib.Path) and node.attr in PARTS_OF_PATH:
                return getattr(value, node.attr)
            raise NotLiteral
        # Python 3.8 wraps it.
        index = self._literal(node.slice.value if type(node.slice).__name__ == "Index" else node.slice)  # type: ignore[attr-defined]
        if isinstance(value, dict) or not isinstance(index, int):
            raise NotLiteral
        return value[index]

    def _call(self, node: ast.Call) -> Any:
        arguments = [self._literal(each) for each in node.args]
        name, owner = called(node), owner_of(node)
        if name == "range" and arguments and len(range(*arguments)) <= MOST_ITEMS:
            return list(range(*arguments))
        if name in CONVERTERS and owner in ("", "pathlib") and not node.keywords:
            return CONVERTERS[name](*arguments)
        if name == "getenv" or (name == "get" and owner == "environ"):
            return os.environ.get(*map(str, arguments[:1]), *arguments[1:2])
        if (name, owner) in (("cwd", "Path"), ("getcwd", "os")):
            return pathlib.Path.cwd() if owner == "Path" else os.getcwd()
        if name in OF_OS_PATH and owner == "path":
            return getattr(os.path, name)(*arguments)
        if isinstance(node.func, ast.Attribute):
            return self._method(self._literal(node.func.value), node.func.attr, arguments)
        raise NotLiteral

    def _method(self, value: Any, name: str, arguments: list[Any]) -> Any:
        if isinstance(value, dict) and name == "keys":
            return list(value)
        if isinstance(value, str) and name in ("split", "lower", "upper", "strip"):
            return getattr(value, name)(*arguments)
        if isinstance(value, pathlib.Path) and name in OF_PATH:
            return getattr(value, name)(*arguments)
        raise NotLiteral


def type_name(node: ast.AST | None) -> str | None:
    """The name that says most about a converter: int, str2bool, or what a lambda calls."""
    if isinstance(node, ast.Lambda):
        names = [each.id for each in ast.walk(node.body) if isinstance(each, ast.Name)]
        return next((name for name in names if re.search("int|float|bool", name)), "lambda")
    if isinstance(node, ast.Call):
        return last_name(node.args[0]) if called(node) == "partial" and node.args else called(node)
    if isinstance(node, ast.Subscript):
        return type_name(getattr(node.slice, "value", node.slice))
    if isinstance(node, ast.BinOp):
        return type_name(node.left)
    return last_name(node)


def last_name(node: ast.AST | None) -> str | None:
    """The last part of `name` or `module.name`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def called(node: ast.AST | None) -> str | None:
    return last_name(node.func) if isinstance(node, ast.Call) else None


def owner_of(node: ast.Call) -> str:
    """`parser` in `parser.add_argument(...)`."""
    return (last_name(node.func.value) or "") if isinstance(node.func, ast.Attribute) else ""

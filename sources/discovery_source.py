"""Reads the options of a script from its source, without running it.

Started by path with the user's own interpreter: nothing but the standard library, and nothing newer than Python 3.8.
    python discovery_source.py SCRIPT DIRECTORY RESULT.json
"""

from __future__ import annotations

import ast
import importlib.util
import json
import operator
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

MOST_MODULES = 200
MOST_BYTES = 2_000_000
# Words by which a script, or what it imports, shows that it reads a command line.
OWN_SIGN = re.compile(
    rb"\b(argparse|click|typer|tyro|simple_parsing|jsonargparse|configargparse|\w*ArgumentParser)\b"
    rb"|\babsl\b[^\n]*\b(flags|app)\b|\bDEFINE_(string|float|integer|bool|enum)"
)
OTHER_SIGN = re.compile(rb"\bArgumentParser\(|^\s*(import|from) (click|typer)\b", re.MULTILINE)
OPTIONS = re.compile(rb"\badd_argument\b|\boption\(|\btyper\b|\bDEFINE_")
IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([^\n#;]+))", re.MULTILINE
)
ATTRIBUTE = re.compile(rb"\.([A-Za-z_]\w*)")
# Ways to read a command line that we cannot intercept.
UNREAD = {"hydra": "Hydra", "fire": "Fire", "docopt": "docopt"}
CONVERTERS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str, "bool": bool}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class NotLiteral(Exception):
    """An expression whose value only running would tell."""


def main() -> None:
    if not hasattr(sys, "addaudithook"):
        sys.exit("it is older than 3.8")
    script, directory, result = sys.argv[1:4]
    if sys.path and os.path.abspath(sys.path[0]) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    found = read_script(script, directory)
    with open(result, "w", encoding="utf-8") as file:
        json.dump(found, file, default=str, skipkeys=True)


def read_script(script: str, directory: str) -> dict[str, Any]:
    """What the source says: `problem`, or the parser it declares, and whether it is worth running to find one."""
    try:
        text = _read_bytes(script)
        if b"\0" in text:
            return {"problem": "binary"}
        tree = ast.parse(text, filename=script)
    except (SyntaxError, ValueError, RecursionError) as error:
        return {
            "problem": "syntax",
            "line": getattr(error, "lineno", None),
            "reason": getattr(error, "msg", str(error)),
        }
    except OSError as error:
        return {"problem": "unreadable", "reason": error.strerror}
    roots = [os.path.dirname(os.path.abspath(script)), directory]
    roots += [os.path.join(directory, entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sources = _Sources(roots)
    sources.follow(script, text)
    parser = empty_parser()
    _Module(parser, text).visit(tree)
    for path, module in sources.modules_with_options(script):
        _Module(parser, sources.texts[path], used=sources.used[path]).visit(module)
    _place_single_command(parser)
    unread = sorted(UNREAD[name] for name in sources.outside_names() & set(UNREAD))
    has_sign = sources.has_own_sign() or (not unread and sources.has_outside_sign())
    return {"parser": parser, "has_sign": has_sign, "unread": unread}


def empty_parser() -> dict[str, Any]:
    """A parser that has nothing yet; the same shape as discovery_child writes."""
    return {"options": [], "positionals": [], "commands": {}, "exclusive": []}


def _place_single_command(parser: dict[str, Any]) -> None:
    """Typer runs a single command without its name."""
    for name, command in list(parser["commands"].items()):
        if command.pop("is_typer", False) and len(parser["commands"]) == 1:
            parser["options"] += command["options"]
            parser["positionals"] += command["positionals"]
            del parser["commands"][name]


def _read_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MOST_BYTES)


# --- which files belong to the script --------------------------------------------------------------


class _Sources:
    """The script and the modules beside it that it imports, and the names of all others.

    Imports are found by pattern: parsing a library of models that lies beside the script takes seconds.
    """

    def __init__(self, roots: list[str]) -> None:
        self.texts: dict[str, bytes] = {}
        # The names that others take from a module.
        self.used: dict[str, set[str]] = {}
        self._roots = roots
        self._outside: dict[str, None] = {}

    def follow(self, script: str, text: bytes) -> None:
        self.texts[script] = text
        waiting = [script]
        while waiting:
            path = waiting.pop(0)
            text = self.texts[path]
            attributes = {name.decode() for name in ATTRIBUTE.findall(text)}
            for name, taken in _imports(text, self._package_of(path)):
                found = [place for root in self._roots for place in _module_files(root, name)]
                if not found:
                    self._outside[name] = None
                for place in found:
                    self.used.setdefault(place, set()).update(taken or attributes)
                    if place not in self.texts and len(self.texts) < MOST_MODULES:
                        self.texts[place] = _read_bytes(place)
                        waiting.append(place)

    def modules_with_options(self, script: str) -> Iterator[tuple[str, ast.Module]]:
        for path, text in self.texts.items():
            if path != script and OPTIONS.search(text):
                # What does not parse cannot be imported either: running says so better.
                with suppress(SyntaxError, ValueError, RecursionError):
                    yield path, ast.parse(text)

    def _package_of(self, path: str) -> str:
        folder = os.path.dirname(os.path.abspath(path))
        roots = [root for root in self._roots if folder.startswith(root)]
        relative = os.path.relpath(folder, max(roots, key=len)) if roots else "."
        return "" if relative == "." else relative.replace(os.sep, ".")

    def outside_names(self) -> set[str]:
        return {name.partition(".")[0] for name in self._outside}

    def has_own_sign(self) -> bool:
        return any(OWN_SIGN.search(text) for text in self.texts.values())

    def has_outside_sign(self) -> bool:
        # absl's own sign stands in the script: most take only its logging.
        names = [name for name in self._outside if not name.startswith("absl")]
        return any(OTHER_SIGN.search(_outside_text(name)) for name in names)


def _imports(text: bytes, package: str) -> Iterator[tuple[str, set[str]]]:
    """The modules that a text may import, and which names it takes from each; none where it takes the module."""
    for match in IMPORT.finditer(text):
        base, taken, modules = (group.decode() if group else "" for group in match.groups())
        if modules:
            yield from ((name.split()[0], set()) for name in modules.split(",") if name.split())
            continue
        level = len(base) - len(base.lstrip("."))
        parents = package.split(".")[: len(package.split(".")) - level + 1] if level else []
        module = ".".join([*parents, base.lstrip(".")]).strip(".")
        listed = re.sub(r"#.*", "", taken).strip("()").split(",")
        names = {words.split()[0] for words in listed if words.split()}
        if module:
            yield module, names
        yield from ((f"{module}.{name}".strip("."), set()) for name in names)


def _module_files(folder: str, name: str) -> list[str]:
    """The files of a module below the folder: its packages' `__init__.py` and its own."""
    parts = name.split(".")
    files = [os.path.join(folder, *parts[:count], "__init__.py") for count in range(1, len(parts) + 1)]
    own = [path for path in [*files, os.path.join(folder, *parts) + ".py"] if os.path.isfile(path)]
    return own if "site-packages" not in folder else []


def _outside_text(name: str) -> bytes:
    """The text of a module that is installed somewhere; nothing is imported for it."""
    top, _, rest = name.partition(".")
    if top in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
        return b""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return b""
    if spec is None:
        return b""
    paths = [spec.origin] if not rest else []
    for folder in spec.submodule_search_locations or []:
        paths += [os.path.join(folder, *rest.split(".")) + ending for ending in (".py", "/__init__.py")]
    existing = [path for path in paths if path and path.endswith(".py") and os.path.isfile(path)]
    return b"".join(_read_bytes(path) for path in existing)


# --- what a module declares ------------------------------------------------------------------------


class _Module(ast.NodeVisitor):
    """Collects into the parser what one module declares with literal arguments."""

    def __init__(self, parser: dict[str, Any], text: bytes, used: set[str] | None = None) -> None:
        """Of a module other than the script, only what others use counts, and what that uses."""
        self._parser = parser
        self._used = used
        self._constants: dict[str, Any] = {}
        self._groups: dict[str, str] = {}
        self._commands: dict[str, str] = {}
        names = {name.partition(".")[0] for name, _ in _imports(text, "")}
        self._has_click, self._has_typer = "click" in names, "typer" in names
        self._functions: dict[str, ast.FunctionDef] = {}

    def visit_Module(self, node: ast.Module) -> None:
        self._functions = {each.name: each for each in ast.walk(node) if isinstance(each, ast.FunctionDef)}
        definitions = {each.name: each for each in node.body if isinstance(each, (ast.FunctionDef, ast.ClassDef))}
        skipped = set(definitions) - _reached(definitions, self._used) if self._used is not None else set()
        for each in node.body:
            # A decorator may have registered it as a command.
            if getattr(each, "name", None) not in skipped or getattr(each, "decorator_list", None):
                self.visit(each)

    def visit_If(self, node: ast.If) -> None:
        is_main_guard = "__main__" in ast.dump(node.test)
        if self._used is None or not is_main_guard:
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name):
            called = _called(value)
            if isinstance(value, ast.Call) and called in ("add_argument_group", "add_mutually_exclusive_group"):
                self._groups[target.id] = self._literal_of(_argument(value, 0, "title")) or ""
            elif isinstance(value, ast.Call) and called == "add_parser":
                name = self._literal_of(_argument(value, 0, "name"))
                if isinstance(name, str):
                    self._commands[target.id] = name
                    self._parser["commands"].setdefault(name, empty_parser())
            else:
                self._remember(target.id, value)
        self.generic_visit(node)

    def _remember(self, name: str, value: ast.expr) -> None:
        try:
            self._constants[name] = self._literal(value)
        except (NotLiteral, ArithmeticError, TypeError, ValueError):
            self._constants.pop(name, None)

    def visit_Call(self, node: ast.Call) -> None:
        called = _called(node)
        if called == "add_argument":
            self._add_argument(node)
        elif called == "set_defaults":
            self._set_defaults(node)
        elif called is not None and called.startswith("DEFINE_"):
            self._add_absl(node, called.partition("_")[2])
        elif called == "run" and self._has_typer and node.args and isinstance(node.args[0], ast.Name):
            function = self._functions.get(node.args[0].id)
            if function is not None:
                self._add_typer(function, self._parser)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        decorators = [each for each in node.decorator_list if isinstance(each, ast.Call)]
        command = next((each for each in decorators if _called(each) in ("command", "callback")), None)
        if self._has_typer and command is not None:
            target = self._command(node, command) if _called(command) == "command" else self._parser
            target["is_typer"] = True
            self._add_typer(node, target)
            self._parser.pop("is_typer", None)
        elif self._has_click:
            is_root = command is None or _owner(command) in ("click", "")
            target = self._parser if command is None or is_root else self._command(node, command)
            for each in decorators:
                if _called(each) == "option":
                    self._add_click(each, target)
                elif _called(each) == "argument":
                    self._add_positional(each, target)
        self.generic_visit(node)

    def _command(self, node: ast.FunctionDef, command: ast.Call) -> dict[str, Any]:
        name = self._literal_of(_argument(command, 0, "name")) or node.name.replace("_", "-")
        found: dict[str, Any] = self._parser["commands"].setdefault(name, empty_parser())
        return found

    # argparse

    def _add_argument(self, node: ast.Call) -> None:
        flags = [self._literal_of(each) for each in node.args]
        if not flags or not all(isinstance(flag, str) for flag in flags):
            return
        keywords = {each.arg: each.value for each in node.keywords if each.arg}
        owner = _owner(node)
        target = self._parser["commands"][self._commands[owner]] if owner in self._commands else self._parser
        if not flags[0].startswith("-"):
            needed = "default" not in keywords and self._literal_of(keywords.get("nargs")) not in ("?", "*")
            target["positionals"].append({"name": flags[0], "is_required": needed})
            return
        action = _name(keywords.get("action")) or self._literal_of(keywords.get("action")) or "store"
        if action in ("help", "version"):
            return
        kinds = {"store_true": "on", "store_false": "off", "BooleanOptionalAction": "both"}
        kind = kinds.get(action, "const" if action in ("store_const", "append_const", "count") else "value")
        longest = next((flag for flag in flags if flag.startswith("--")), flags[0])
        default = self._literal_of(keywords.get("default"))
        target["options"].append(
            {
                "name": self._literal_of(keywords.get("dest")) or longest.lstrip("-").replace("-", "_"),
                "flags": flags,
                "off_flags": ["--no-" + flag[2:] for flag in flags if flag.startswith("--")] if kind == "both" else [],
                "kind": kind,
                "type": self._type_name(keywords.get("type")),
                "default": default if default is not None or kind == "value" else kind == "off",
                "choices": self._choices(keywords.get("choices")),
                "help": _expanded(self._literal_of(keywords.get("help")), default),
                "false_text": "" if _name(keywords.get("type")) == "bool" else "False",
                "is_required": self._literal_of(keywords.get("required")) is True,
                "takes_many": self._literal_of(keywords.get("nargs")) not in (None, "?"),
                "group": self._groups.get(owner, ""),
            }
        )

    def _set_defaults(self, node: ast.Call) -> None:
        values = {each.arg: self._literal_of(each.value) for each in node.keywords if each.arg}
        for option in self._parser["options"]:
            option["default"] = values.get(option["name"], option["default"])

    # absl, and tensorflow's flags, which are absl's

    def _add_absl(self, node: ast.Call, kind: str) -> None:
        name, default = self._literal_of(_argument(node, 0, "name")), self._literal_of(_argument(node, 1, "default"))
        if not isinstance(name, str) or kind in ("alias", "flag"):
            return
        is_bool, is_enum = kind in ("bool", "boolean"), kind in ("enum", "enum_class")
        values = _argument(node, 2, "enum_values")
        self._parser["options"].append(
            {
                "name": name,
                "flags": [f"--{name}"],
                "off_flags": [f"--no{name}"] if is_bool else [],
                "kind": "both" if is_bool else "value",
                "type": {"string": "str", "integer": "int"}.get(kind, kind),
                # A flag that may stand several times has a list, and one value cannot say that.
                "default": None if kind.startswith("multi") else _joined(default, kind),
                "choices": self._choices(values) if is_enum else [],
                "help": self._literal_of(_argument(node, 3 if is_enum else 2, "help")) or "",
                "is_required": self._literal_of(_argument(node, 99, "required")) is True,
                "takes_many": False,
                "group": "",
            }
        )

    # click

    def _add_positional(self, node: ast.Call, target: dict[str, Any]) -> None:
        name = self._literal_of(node.args[0]) if node.args else None
        required = (
            self._literal_of(_argument(node, 9, "required")) is not False and _argument(node, 9, "default") is None
        )
        target["positionals"].append({"name": str(name), "is_required": required})

    def _add_click(self, node: ast.Call, target: dict[str, Any]) -> None:
        words = [word for word in map(self._literal_of, node.args) if isinstance(word, str)]
        keywords = {each.arg: each.value for each in node.keywords if each.arg}
        on = [word.partition("/")[0].strip() for word in words if word.startswith("-")]
        off = [word.partition("/")[2].strip() for word in words if word.startswith("-") and "/" in word]
        if not on:
            return
        named = [word for word in words if not word.startswith("-")]
        longest = next((flag for flag in on if flag.startswith("--")), on[0])
        type_node = keywords.get("type")
        chosen = _argument(type_node, 0, "choices") if _called(type_node) == "Choice" else None
        default = self._literal_of(keywords.get("default"))
        is_flag = bool(off) or self._literal_of(keywords.get("is_flag")) is True
        target["options"].append(
            {
                "name": named[0] if named else longest.lstrip("-").replace("-", "_").lower(),
                "flags": on,
                "off_flags": off,
                "kind": "both" if off else "on" if is_flag else "const" if "count" in keywords else "value",
                "type": self._type_name(type_node),
                "default": default if default is not None or not is_flag else False,
                "choices": self._choices(chosen),
                "help": self._literal_of(keywords.get("help")) or "",
                "is_required": self._literal_of(keywords.get("required")) is True,
                "takes_many": (self._literal_of(keywords.get("nargs")) or 1) != 1,
                "group": "",
            }
        )

    # typer

    def _add_typer(self, node: ast.FunctionDef, target: dict[str, Any]) -> None:
        arguments = [*node.args.args, *node.args.kwonlyargs]
        defaults = [None] * (len(node.args.args) - len(node.args.defaults)) + [
            *node.args.defaults,
            *node.args.kw_defaults,
        ]
        for argument, default in zip(arguments, defaults):  # noqa: B905 - Python 3.8
            self._add_typer_parameter(argument, default, target)

    def _add_typer_parameter(self, argument: ast.arg, default: ast.expr | None, target: dict[str, Any]) -> None:
        annotation, declared = argument.annotation, default
        if isinstance(annotation, ast.Subscript) and _name(annotation.value) == "Annotated":
            inside = annotation.slice
            # Python 3.8 wraps it into an Index.
            entries = getattr(getattr(inside, "value", inside), "elts", [])
            annotation = entries[0] if entries else None
            declared = next((each for each in entries[1:] if isinstance(each, ast.Call)), default)
        call = declared if isinstance(declared, ast.Call) and _called(declared) in ("Option", "Argument") else None
        if call is not None and call is default:
            default = _argument(call, 0, "default")
        is_missing = default is None or (isinstance(default, ast.Constant) and default.value is ...)
        if _called(call) == "Argument" or (call is None and is_missing):
            target["positionals"].append({"name": argument.arg, "is_required": is_missing})
            return
        flag = "--" + argument.arg.replace("_", "-")
        type_name = self._type_name(annotation)
        words = [self._literal_of(each) for each in call.args] if call is not None else []
        declared_flags = [word for word in words if isinstance(word, str) and word.startswith("-")]
        on = [word.partition("/")[0].strip() for word in declared_flags] or [flag]
        off = [word.partition("/")[2].strip() for word in declared_flags if "/" in word]
        off = off or (["--no-" + flag[2:]] if type_name == "bool" and not declared_flags else [])
        target["options"].append(
            {
                "name": argument.arg,
                "flags": on,
                "off_flags": off,
                "kind": "value" if type_name != "bool" else "both" if off else "on",
                "type": type_name,
                "default": self._literal_of(default),
                "choices": [],
                "help": (self._literal_of(_argument(call, 99, "help")) if call is not None else "") or "",
                "is_required": is_missing,
                "takes_many": False,
                "group": "",
            }
        )

    # expressions

    def _type_name(self, node: ast.AST | None) -> str | None:
        """The name that says most about a converter: int, str2bool, or what a lambda calls."""
        if isinstance(node, ast.Lambda):
            names = [each.id for each in ast.walk(node.body) if isinstance(each, ast.Name)]
            return next((name for name in names if re.search("int|float|bool", name)), "lambda")
        if isinstance(node, ast.Call):
            return _name(node.args[0]) if _called(node) == "partial" and node.args else _called(node)
        if isinstance(node, ast.Subscript):
            return self._type_name(getattr(node.slice, "value", node.slice))
        if isinstance(node, ast.BinOp):
            return self._type_name(node.left)
        return _name(node)

    def _choices(self, node: ast.AST | None) -> list[Any]:
        found = self._literal_of(node)
        return list(found) if isinstance(found, (list, tuple, set, frozenset, dict, range)) else []

    def _literal_of(self, node: ast.AST | None) -> Any:
        """The value, or None where only running would tell."""
        try:
            value = self._literal(node) if node is not None else None
        except (NotLiteral, ArithmeticError, TypeError, ValueError):
            return None
        return value

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

    def _call(self, node: ast.Call) -> Any:
        arguments = [self._literal(each) for each in node.args]
        name = _called(node)
        if name == "range" and arguments and len(range(*arguments)) <= 1000:
            return list(range(*arguments))
        if name in ("list", "tuple", "sorted", "set", "Path") and len(arguments) == 1:
            return arguments[0] if name == "Path" else sorted(arguments[0]) if name == "sorted" else list(arguments[0])
        if name in ("keys",) and isinstance(node.func, ast.Attribute):
            return list(self._literal(node.func.value))
        if name in CONVERTERS and len(arguments) == 1:
            return CONVERTERS[name](arguments[0])
        if name == "getenv" or (name == "get" and _owner(node) == "environ"):
            return os.environ.get(str(arguments[0]), arguments[1] if len(arguments) > 1 else None)
        raise NotLiteral


def _reached(definitions: dict[str, Any], used: set[str]) -> set[str]:
    """The definitions that these names lead to, one by another."""
    reached = set(definitions) if "*" in used else set(definitions) & used
    waiting = list(reached)
    while waiting:
        names = {_name(node) for node in ast.walk(definitions[waiting.pop()])}
        new = (set(definitions) & names) - reached
        reached |= new
        waiting += new
    return reached


def _name(node: ast.AST | None) -> str | None:
    """The last part of `name` or `module.name`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _called(node: ast.AST | None) -> str | None:
    return _name(node.func) if isinstance(node, ast.Call) else None


def _owner(node: ast.Call) -> str:
    """`parser` in `parser.add_argument(...)`."""
    return (_name(node.func.value) or "") if isinstance(node.func, ast.Attribute) else ""


def _argument(node: ast.AST | None, position: int, keyword: str) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    named = next((each.value for each in node.keywords if each.arg == keyword), None)
    return named if named is not None else node.args[position] if position < len(node.args) else None


def _joined(default: Any, kind: str) -> Any:
    """The default of a list flag as one text."""
    return (" " if kind == "spaceseplist" else ",").join(map(str, default)) if isinstance(default, list) else default


def _expanded(text: Any, default: Any) -> str:
    try:
        return str(text % {"default": default, "prog": ""}) if isinstance(text, str) else ""
    except (KeyError, TypeError, ValueError):
        return str(text)


if __name__ == "__main__":
    main()

"""Reads the options of a script from its source, without running it.

Started by path with the user's own interpreter: nothing but the standard library, and nothing newer than Python 3.8.
    python discovery_source.py SCRIPT ROOT DIRECTORY RESULT.json
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

# This is a script of the user's interpreter as well, to which the folder it lies in is no package.
if TYPE_CHECKING or __package__:
    from sources.discovery_expressions import Expressions, called, last_name, owner_of, type_name
else:
    from discovery_expressions import Expressions, called, last_name, owner_of, type_name

MOST_MODULES = 200
MOST_BYTES = 2_000_000
# Words by which a script, or what it imports, shows that it reads a command line.
OWN_SIGN = re.compile(
    rb"\b(argparse|click|typer|tyro|simple_parsing|jsonargparse|configargparse|\w*ArgumentParser)\b"
    rb"|\badd_argument\(|\babsl\b[^\n]*\b(flags|app)\b|\bDEFINE_(string|float|integer|bool|enum|config_file|config_dict)"
    rb"|@hydra\.main\b|\bOmegaConf\.from_cli\("
)
OTHER_SIGN = re.compile(rb"\bArgumentParser\(|^\s*(import|from) (click|typer)\b", re.MULTILINE)
OPTIONS = re.compile(rb"\badd_argument\b|\boption\(|\btyper\b|\bDEFINE_")
IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([^\n#;]+))", re.MULTILINE
)
ATTRIBUTE = re.compile(rb"\.([A-Za-z_]\w*)")
# Ways to read a command line that we cannot intercept.
UNREAD = {"fire": "Fire", "docopt": "docopt"}


def main() -> None:
    if not hasattr(sys, "addaudithook"):
        sys.exit("it is older than 3.8")
    script, root, directory, result = sys.argv[1:5]
    if sys.path and os.path.abspath(sys.path[0]) == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    found = read_script(script, root, directory)
    with open(result, "w", encoding="utf-8") as file:
        json.dump(found, file, default=str, skipkeys=True)


def read_script(script: str, root: str, directory: str) -> dict[str, Any]:
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
    roots = [root, directory]
    roots += [os.path.join(directory, entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sources = Sources(roots)
    sources.follow(script, text)
    parser = empty_parser()
    _Module(parser, script, text).visit(tree)
    for path, module in sources.modules_with_options(script):
        _Module(parser, path, sources.texts[path], used=sources.used[path]).visit(module)
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


class Sources:
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

    def __init__(self, parser: dict[str, Any], path: str, text: bytes, used: set[str] | None = None) -> None:
        """Of a module other than the script, only what others use counts, and what that uses."""
        self._parser = parser
        self._used = used
        self._values = Expressions(path)
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
            function = called(value)
            if isinstance(value, ast.Call) and function in ("add_argument_group", "add_mutually_exclusive_group"):
                self._groups[target.id] = self._values.literal(_argument(value, 0, "title")) or ""
            elif isinstance(value, ast.Call) and function == "add_parser":
                name = self._values.literal(_argument(value, 0, "name"))
                if isinstance(name, str):
                    self._commands[target.id] = name
                    self._parser["commands"].setdefault(name, empty_parser())
            else:
                self._values.remember(target.id, value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = called(node)
        if name == "add_argument":
            self._add_argument(node)
        elif name == "set_defaults":
            self._set_defaults(node)
        elif name is not None and name.startswith("DEFINE_"):
            self._add_absl(node, name.partition("_")[2])
        elif name == "run" and self._has_typer and node.args and isinstance(node.args[0], ast.Name):
            function = self._functions.get(node.args[0].id)
            if function is not None:
                self._add_typer(function, self._parser)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        decorators = [each for each in node.decorator_list if isinstance(each, ast.Call)]
        command = next((each for each in decorators if called(each) in ("command", "callback")), None)
        if self._has_typer and command is not None:
            target = self._command(node, command) if called(command) == "command" else self._parser
            target["is_typer"] = True
            self._add_typer(node, target)
            self._parser.pop("is_typer", None)
        elif self._has_click:
            is_root = command is None or owner_of(command) in ("click", "")
            target = self._parser if command is None or is_root else self._command(node, command)
            for each in decorators:
                if called(each) == "option":
                    self._add_click(each, target)
                elif called(each) == "argument":
                    self._add_positional(each, target)
        self.generic_visit(node)

    def _command(self, node: ast.FunctionDef, command: ast.Call) -> dict[str, Any]:
        name = self._values.literal(_argument(command, 0, "name")) or node.name.replace("_", "-")
        found: dict[str, Any] = self._parser["commands"].setdefault(name, empty_parser())
        return found

    # argparse

    def _add_argument(self, node: ast.Call) -> None:
        flags = [self._values.literal(each) for each in node.args]
        if not flags or not all(isinstance(flag, str) for flag in flags):
            return
        keywords = {each.arg: each.value for each in node.keywords if each.arg}
        owner = owner_of(node)
        target = self._parser["commands"][self._commands[owner]] if owner in self._commands else self._parser
        if not flags[0].startswith("-"):
            needed = "default" not in keywords and self._values.literal(keywords.get("nargs")) not in ("?", "*")
            target["positionals"].append({"name": flags[0], "is_required": needed})
            return
        action = last_name(keywords.get("action")) or self._values.literal(keywords.get("action")) or "store"
        if action in ("help", "version"):
            return
        kinds = {"store_true": "on", "store_false": "off", "BooleanOptionalAction": "both"}
        kind = kinds.get(action, "const" if action in ("store_const", "append_const", "count") else "value")
        longest = next((flag for flag in flags if flag.startswith("--")), flags[0])
        default = self._values.literal(keywords.get("default"))
        target["options"].append(
            {
                "name": self._values.literal(keywords.get("dest")) or longest.lstrip("-").replace("-", "_"),
                "flags": flags,
                "off_flags": ["--no-" + flag[2:] for flag in flags if flag.startswith("--")] if kind == "both" else [],
                "kind": kind,
                "type": type_name(keywords.get("type")),
                "default": default if default is not None or kind == "value" else kind == "off",
                "choices": self._values.choices(keywords.get("choices")),
                "help": _expanded(self._values.literal(keywords.get("help")), default),
                "false_text": "" if last_name(keywords.get("type")) == "bool" else "False",
                "is_required": self._values.literal(keywords.get("required")) is True,
                "takes_many": self._values.literal(keywords.get("nargs")) not in (None, "?"),
                "group": self._groups.get(owner, ""),
            }
        )

    def _set_defaults(self, node: ast.Call) -> None:
        values = {each.arg: self._values.literal(each.value) for each in node.keywords if each.arg}
        for option in self._parser["options"]:
            option["default"] = values.get(option["name"], option["default"])

    # absl, and tensorflow's flags, which are absl's

    def _add_absl(self, node: ast.Call, kind: str) -> None:
        name, default = (
            self._values.literal(_argument(node, 0, "name")),
            self._values.literal(_argument(node, 1, "default")),
        )
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
                "choices": self._values.choices(values) if is_enum else [],
                "help": self._values.literal(_argument(node, 3 if is_enum else 2, "help")) or "",
                "is_required": self._values.literal(_argument(node, 99, "required")) is True,
                "takes_many": False,
                "group": "",
            }
        )

    # click

    def _add_positional(self, node: ast.Call, target: dict[str, Any]) -> None:
        name = self._values.literal(node.args[0]) if node.args else None
        required = (
            self._values.literal(_argument(node, 9, "required")) is not False and _argument(node, 9, "default") is None
        )
        target["positionals"].append({"name": str(name), "is_required": required})

    def _add_click(self, node: ast.Call, target: dict[str, Any]) -> None:
        words = [word for word in map(self._values.literal, node.args) if isinstance(word, str)]
        keywords = {each.arg: each.value for each in node.keywords if each.arg}
        on = [word.partition("/")[0].strip() for word in words if word.startswith("-")]
        off = [word.partition("/")[2].strip() for word in words if word.startswith("-") and "/" in word]
        if not on:
            return
        named = [word for word in words if not word.startswith("-")]
        longest = next((flag for flag in on if flag.startswith("--")), on[0])
        type_node = keywords.get("type")
        chosen = _argument(type_node, 0, "choices") if called(type_node) == "Choice" else None
        default = self._values.literal(keywords.get("default"))
        is_flag = bool(off) or self._values.literal(keywords.get("is_flag")) is True
        target["options"].append(
            {
                "name": named[0] if named else longest.lstrip("-").replace("-", "_").lower(),
                "flags": on,
                "off_flags": off,
                "kind": "both" if off else "on" if is_flag else "const" if "count" in keywords else "value",
                "type": type_name(type_node),
                "default": default if default is not None or not is_flag else False,
                "choices": self._values.choices(chosen),
                "help": self._values.literal(keywords.get("help")) or "",
                "is_required": self._values.literal(keywords.get("required")) is True,
                "takes_many": (self._values.literal(keywords.get("nargs")) or 1) != 1,
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
        if isinstance(annotation, ast.Subscript) and last_name(annotation.value) == "Annotated":
            inside = annotation.slice
            # Python 3.8 wraps it into an Index.
            entries = getattr(getattr(inside, "value", inside), "elts", [])
            annotation = entries[0] if entries else None
            declared = next((each for each in entries[1:] if isinstance(each, ast.Call)), default)
        call = declared if isinstance(declared, ast.Call) and called(declared) in ("Option", "Argument") else None
        if call is not None and call is default:
            default = _argument(call, 0, "default")
        is_missing = default is None or (isinstance(default, ast.Constant) and default.value is ...)
        if called(call) == "Argument" or (call is None and is_missing):
            target["positionals"].append({"name": argument.arg, "is_required": is_missing})
            return
        flag = "--" + argument.arg.replace("_", "-")
        annotated = type_name(annotation)
        words = [self._values.literal(each) for each in call.args] if call is not None else []
        declared_flags = [word for word in words if isinstance(word, str) and word.startswith("-")]
        on = [word.partition("/")[0].strip() for word in declared_flags] or [flag]
        off = [word.partition("/")[2].strip() for word in declared_flags if "/" in word]
        off = off or (["--no-" + flag[2:]] if annotated == "bool" and not declared_flags else [])
        target["options"].append(
            {
                "name": argument.arg,
                "flags": on,
                "off_flags": off,
                "kind": "value" if annotated != "bool" else "both" if off else "on",
                "type": annotated,
                "default": self._values.literal(default),
                "choices": [],
                "help": (self._values.literal(_argument(call, 99, "help")) if call is not None else "") or "",
                "is_required": is_missing,
                "takes_many": False,
                "group": "",
            }
        )


def _reached(definitions: dict[str, Any], used: set[str]) -> set[str]:
    """The definitions that these names lead to, one by another."""
    reached = set(definitions) if "*" in used else set(definitions) & used
    waiting = list(reached)
    while waiting:
        names = {last_name(node) for node in ast.walk(definitions[waiting.pop()])}
        new = (set(definitions) & names) - reached
        reached |= new
        waiting += new
    return reached


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

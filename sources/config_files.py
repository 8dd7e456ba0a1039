"""Settings that stand in a configuration file: read by their keys, and replaced in a copy for each experiment.

The copy differs from the file in nothing but the value, so that comments, tags and order stay.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import tomlkit
import tomlkit.exceptions
import yaml

from analysis.hyperparameters import Hyperparameter, Value, text_of

MOST_BYTES = 1_000_000
MOST_NAMED = 5


class ConfigFileError(Exception):
    """A configuration file, or a key in it, that cannot be used; the message says why and what to do."""


def looked_up(
    hyperparameters: Sequence[Hyperparameter], words: Sequence[str], directory: Path
) -> tuple[Hyperparameter, ...]:
    """The hyperparameters, those in files with a digest of their file and what it says now.

    words: the command, in which the file has to stand as well. Raises ConfigFileError.
    """
    return tuple(_looked_up(each, words, directory) if each.file else each for each in hyperparameters)


def _looked_up(hyperparameter: Hyperparameter, words: Sequence[str], directory: Path) -> Hyperparameter:
    file = hyperparameter.file
    if not any(with_copy(word, file, "") != word for word in words):
        raise ConfigFileError(
            f"{file} stands nowhere in the command, so that no script would read its copy; write it where the script "
            f"takes it, as in --config {file}."
        )
    text = read_config(directory / file, file)
    now = value_at(text, file, hyperparameter.key)
    return replace(
        hyperparameter,
        file_digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        help=f"{now} in {file}",
    )


def with_copy(word: str, file: str, copy: str) -> str:
    """A word of the command that names a file, with its copy instead."""
    flag, equals, value = word.partition("=")
    if word == file:
        return copy
    return f"{flag}={copy}" if equals and value == file else word


def read_config(path: Path, name: str) -> str:
    """The text of a configuration file. Raises ConfigFileError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigFileError(f"{name} is larger than {MOST_BYTES // 1_000_000} MB, so it is no configuration.")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigFileError(f"{name} cannot be read: {reason}.") from None


def with_values(text: str, name: str, values: Mapping[str, Value]) -> str:
    """The text of a file with other values at these keys; None leaves what is there. Raises ConfigFileError."""
    for key, value in values.items():
        if value is not None:
            text = _FORMS[_suffix(name)].replaced(text, name, key, value)
    return text


def value_at(text: str, name: str, key: str) -> str:
    """What a file has at a key, as it is written there. Raises ConfigFileError."""
    return _FORMS[_suffix(name)].written(text, name, key)


def _suffix(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    return {".yml": ".yaml"}.get(suffix, suffix)


def _no_key(name: str, key: str, known: Sequence[str]) -> ConfigFileError:
    near = difflib.get_close_matches(key, known, n=2, cutoff=0.6)
    if near:
        return ConfigFileError(f"{name} has no {key}; did you mean {' or '.join(near)}?")
    listed = ", ".join(known[:MOST_NAMED]) + (f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else "")
    return ConfigFileError(f"{name} has no {key}; it has {listed or 'nothing'}.")


class _Yaml:
    """YAML, and JSON as a part of it: the parser's own marks say where each value stands."""

    def written(self, text: str, name: str, key: str) -> str:
        node = self._node(text, name, key)
        return " ".join(text[node.start_mark.index : node.end_mark.index].split())

    def replaced(self, text: str, name: str, key: str, value: Value) -> str:
        node = self._node(text, name, key)
        return text[: node.start_mark.index] + self._text(node, value) + text[node.end_mark.index :]

    def _node(self, text: str, name: str, key: str) -> yaml.Node:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())
            raise ConfigFileError(f"{name} cannot be read: {reason}.") from None
        found = dict(_leaves(root, ())) if root is not None else {}
        if key not in found:
            raise _no_key(name, key, list(found))
        return found[key]

    def _text(self, node: yaml.Node, value: Value) -> str:
        if not isinstance(node, yaml.ScalarNode):
            # A list is typed as it stands in the file.
            return text_of(value)
        kind = node.tag.rpartition(":")[2]
        if isinstance(value, bool):
            return "true" if value else "false"
        if kind == "str" and not isinstance(value, str) and node.style:
            return json.dumps(text_of(value))
        if isinstance(value, int | float):
            return _number(float(value) if kind == "float" else value)
        return json.dumps(text_of(value), ensure_ascii=False)


def _number(value: float) -> str:
    """YAML 1.1 takes `1e-05` for a word: a number has a point in front of its exponent."""
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _leaves(node: yaml.Node, keys: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
    """Every value with its key; lists count as values, and so do their entries."""
    if keys:
        yield ".".join(keys), node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _leaves(value, (*keys, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield from _leaves(value, (*keys, str(at)))


class _Toml:
    """TOML, by a library that keeps how it is written."""

    def written(self, text: str, name: str, key: str) -> str:
        parent, last = self._place(tomlkit.parse, text, name, key)
        return str(tomlkit.item(parent[last]).as_string())

    def replaced(self, text: str, name: str, key: str, value: Value) -> str:
        document: list[tomlkit.TOMLDocument] = []

        def parse(content: str) -> tomlkit.TOMLDocument:
            document.append(tomlkit.parse(content))
            return document[0]

        parent, last = self._place(parse, text, name, key)
        is_float = isinstance(parent[last], float) and isinstance(value, int) and not isinstance(value, bool)
        parent[last] = float(value) if is_float and value is not None else value
        return tomlkit.dumps(document[0])

    def _place(self, parse: Any, text: str, name: str, key: str) -> tuple[Any, Any]:
        try:
            tree: Any = parse(text)
        except tomlkit.exceptions.TOMLKitError as error:
            raise ConfigFileError(f"{name} cannot be read: {error}.") from None
        *outer, last = key.split(".")
        try:
            for each in outer:
                tree = tree[int(each) if isinstance(tree, list) else each]
            place = int(last) if isinstance(tree, list) else last
            tree[place]
        except (KeyError, IndexError, ValueError, TypeError):
            raise _no_key(name, key, [".".join(each) for each in _toml_keys(parse(text), ())]) from None
        return tree, place


def _toml_keys(tree: Any, keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not isinstance(tree, dict):
        yield keys
        return
    for key, value in tree.items():
        yield from _toml_keys(value, (*keys, str(key)))


_FORMS: Mapping[str, _Yaml | _Toml] = {".yaml": _Yaml(), ".json": _Yaml(), ".toml": _Toml()}

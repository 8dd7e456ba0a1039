"""What stands in the place of a secret where a command or a text is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from analysis.command_line import CommandLineError, Item, quoted, split
from analysis.numbers import BLANKS
from analysis.secrets import GIVEN_OUT, PASSWORD_IN_ADDRESS, is_secret, is_secret_option

MASK = "•••"
# What separates the items of a command.
_BETWEEN = re.compile(rf"([{BLANKS}]|\\\n)*")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_][\w.:/-]*)=(?P<value>.+)", re.DOTALL)
_FLAGGED = re.compile(r"--?(?P<name>[A-Za-z_][\w.-]*)(=(?P<value>.+))?", re.DOTALL)
# `api_key: abc` of YAML, `"api_key": "abc"` of JSON, `api_key = "abc"` of TOML and Python; what is computed is none.
_IN_TEXT = re.compile(
    r"(?P<before>(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.-]*)(?P=quote)\s*[:=]\s*)"
    r"(?P<value>\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'#,(){}\[\]]+(?=\s*(#|,|$)))",
    re.MULTILINE,
)
_NO_SECRETS = re.compile(r"(?i)none|null|true|false|~|\d{1,6}|str|int|bool|[\"']{2}")


def masked_command(text: str) -> str:
    """A command as people may see it; one that cannot be read is masked as any other text."""
    try:
        items = split(text)
    except CommandLineError:
        return masked_text(text)
    return _rewritten(text, items, masked_words([item.text for item in items]))


def masked_words(words: Sequence[str]) -> tuple[str, ...]:
    """The same of a command that was taken apart. What stands in brackets is tuned, and no secret."""
    masked = list(words)
    for at, begin, _ in _secrets(words):
        masked[at] = words[at][:begin] + MASK
    return tuple(word if word.startswith("[") else _without_known(word) for word in masked)


def unmasked_command(text: str, words: Sequence[str]) -> str:
    """A command that a person saw masked, with the secrets of the words that it was made of.

    What has a mask, and no secret at its place in the words, stays as it is.
    """
    try:
        items = split(text)
    except CommandLineError:
        return text
    typed = [item.text for item in items]
    secrets = {name: words[at][begin:] for at, begin, name in _secrets(words)}
    wholes = {masked: word for masked, word in zip(masked_words(words), words, strict=True) if masked != MASK}
    found = [wholes.get(word, word) if MASK in word else word for word in typed]
    for at, begin, name in _secrets(typed):
        if typed[at][begin:] == MASK and name in secrets:
            found[at] = typed[at][:begin] + secrets[name]
    return _rewritten(text, items, found)


def _rewritten(text: str, items: Sequence[Item], words: Sequence[str]) -> str:
    """The text with other words in the place of its items; what is the same stays as it was typed."""
    parts, at = [], 0
    for item, word in zip(items, words, strict=True):
        # In front of an item's first character a quote may stand, which belongs to it.
        between = _BETWEEN.match(text, at)
        start, end = between.end() if between else at, item.columns[-1]
        parts += [text[at:start], text[start:end] if word == item.text else quoted(word)]
        at = end
    return "".join([*parts, text[at:]])


def masked_text(text: str) -> str:
    """Lines of a configuration or a program, as people may see them."""

    def mask(found: re.Match[str]) -> str:
        value = found["value"]
        if not is_secret_option(found["name"]) or _NO_SECRETS.fullmatch(value):
            return found[0]
        is_quoted = value[0] in "\"'"
        return found["before"] + (f"{value[0]}{MASK}{value[0]}" if is_quoted else MASK)

    return _without_known(_IN_TEXT.sub(mask, text))


def _without_known(text: str) -> str:
    """Without what looks like a secret whatever its name."""
    return PASSWORD_IN_ADDRESS.sub(rf"\g<before>{MASK}", GIVEN_OUT.sub(MASK, text))


def _secrets(words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """The secrets of a command: in which word each is, where in it it begins, and its name."""
    for at, (word, following) in enumerate(pairwise([*words, ""])):
        flagged, assigned = _FLAGGED.fullmatch(word), _ASSIGNED.fullmatch(word)
        found = flagged or assigned
        if found is None:
            continue
        name = found["name"]
        # A variable of `env NAME=VALUE`, else an option or a key.
        if not (is_secret(name) if assigned and name.isupper() else is_secret_option(name)):
            continue
        value = found["value"]
        if value is not None and not value.startswith("["):
            yield at, found.start("value"), name
        elif value is None and following and not following.startswith(("-", "[")):
            yield at + 1, 0, name

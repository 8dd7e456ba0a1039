"""What stands in the place of a secret where a command or a text is shown."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from analysis.command_line import CommandLineError, Item, quoted, split
from analysis.numbers import BLANKS
from analysis.secrets import GIVEN_OUT, PASSWORD_IN_ADDRESS, is_secret, is_secret_option

MASK = "•••"
# What separates the items of a command.
_BETWEEN = re.compile(rf"([{BLANKS}]|\\\n)*")
# Hydra adds by `+` and removes by `~`.
_ASSIGNED = re.compile(r"[+~]*(?P<name>[A-Za-z_][\w.:/-]*)=(?P<value>.+)", re.DOTALL)
_FLAGGED = re.compile(r"--?(?P<name>[A-Za-z_][\w.-]*)(=(?P<value>.+))?", re.DOTALL)
# `api_key: abc` of YAML, `"api_key": "abc"` of JSON, `api_key = "abc"` of TOML, `environ["API_KEY"] = "abc"` and
# `api_key: str = "abc"` of Python, `export API_KEY=abc` of a shell.
_IN_TEXT = re.compile(
    r"(?P<before>(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.-]*)(?P=quote)\]?\s*(?::\s*[\w.\[\] |]+=|[:=])\s*[bfru]{0,2})"
    r"(?P<value>\"(?:[^\"\\\n]|\\.)+\"|'(?:[^'\\\n]|\\.)+'|[^\s\"'#,(){}\[\]][^\n]*)",
)
# A value of YAML, TOML or a shell without quotes; what is computed from others is none.
_BARE = re.compile(r"(?P<value>[^\n]*?)(?P<after>\s+#[^\n]*|\s*[,}\])]*\s*)")
_COMPUTED = re.compile(r"[\w.]+[(\[].*|.*\bNone\b.*|(self|args|os|cfg|config)\..*", re.DOTALL)
_NO_SECRETS = re.compile(r"(?i)none|null|true|false|~|\d{1,6}|str|int|bool|[\"']{2}|\$\{?\w+\}?")


def masked_command(text: str) -> str:
    """A command as people may see it; one that cannot be read is masked as any other text."""
    try:
        items = split(text)
    except CommandLineError:
        return masked_text(text)
    return _rewritten(text, items, masked_words([item.text for item in items]))


def masked_words(words: Sequence[str]) -> tuple[str, ...]:
    """The same of a command that was taken apart. What stands in brackets is tuned, and no secret."""
    masked = [word if word.startswith("[") or "=[" in word else _without_known(word) for word in words]
    for at, begin, _ in _secrets(words):
        masked[at] = words[at][:begin] + MASK
    return tuple(masked)


def unmasked_command(text: str, words: Sequence[str]) -> str:
    """A command that a person saw masked, with the secrets of the words that it was made of.

    Each mask stands for the secret at its place: behind the same word, and as often as that stands there. What has a
    mask that the words do not explain stays as it is.
    """
    try:
        items = split(text)
    except CommandLineError:
        return text
    typed = [item.text for item in items]
    hidden: dict[tuple[str, str], list[str]] = defaultdict(list)
    masked = masked_words(words)
    for before, shown, word in zip(["", *masked], masked, words, strict=False):
        if shown != word:
            hidden[before, shown].append(word)
    found = [
        hidden[key].pop(0) if hidden.get(key := (before, word)) else word for before, word in pairwise(["", *typed])
    ]
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
    return _without_known(_IN_TEXT.sub(_masked, text))


def _masked(found: re.Match[str]) -> str:
    value, name = found["value"], found["name"]
    if not (is_secret_option(name, value) or (name.isupper() and is_secret(name))):
        return found[0]
    if value[0] in "\"'":
        return found[0] if _NO_SECRETS.fullmatch(value) else f"{found['before']}{value[0]}{MASK}{value[0]}"
    bare = _BARE.fullmatch(value)
    assert bare
    if _NO_SECRETS.fullmatch(bare["value"]) or _COMPUTED.fullmatch(bare["value"]):
        return found[0]
    return f"{found['before']}{MASK}{bare['after']}"


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
        name, value = found["name"], found["value"] or following
        # A variable of `env NAME=VALUE`, else an option or a key.
        if not (is_secret(name) if assigned and name.isupper() else is_secret_option(name, value)):
            continue
        if value.startswith("["):
            continue
        if found["value"] is not None:
            yield at, found.start("value"), name
        elif following and not following.startswith("--"):
            yield at + 1, 0, name

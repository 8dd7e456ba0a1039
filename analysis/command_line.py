"""The command line with brackets: `python train.py --batch_size [28,56] --use_bn`, from text to candidates and back."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import PurePath
from typing import Literal

from analysis.candidates import (
    FALSE_WORDS,
    TRUE_WORDS,
    Candidates,
    Written,
    format_candidates,
    parse_candidates,
    parse_value,
    read_bracket,
    retyped,
)
from analysis.hyperparameters import Hyperparameter, Value, text_of
from analysis.numbers import BLANKS, CandidateError
from analysis.program import Program, ProgramError, program_of, read_program
from analysis.secrets import holds_secret, is_secret_option

# A key of a configuration file: config.yaml:model.lr=[1,2].
IN_FILE = re.compile(r"(?P<flag>(?P<file>[^=:\[\]]+\.(?:ya?ml|json|toml)):[^=\s\[\]]+)=(?=\[)", re.IGNORECASE)
# An argument with its value in brackets: key=[1,2], --key=[1,2], -k[1,2].
ATTACHED = re.compile(r"(?:(?P<flag>[^=\s\[\]]+)=|(?P<short>-[A-Za-z]))(?=\[)", re.ASCII)
PLAIN_PYTHON = re.compile(r"python[0-9.]*")
# What a shell would read, and nothing else does.
SHELL_SIGNS = re.compile(r"\|\|?|&&?|;|\d?[<>]{1,2}(&\d)?")
NEGATIVE_NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# Neither shells nor we read anything into these; brackets only in zsh and where a file has such a name.
# With what stands for a secret: see masks.py.
PLAIN_WORD = re.compile(r"[\w@%+=:,./•-]+", re.ASCII)
PLAIN_BRACKET = re.compile(r"\[[\w@%+=:,./*^-]+\]", re.ASCII)


class CommandLineError(ValueError):
    """A command line that cannot be read; `column` is the place in its text, counted from 0."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True)
class CommandLine:
    """What stands in front (program and positional items), and what is written for each hyperparameter.

    found: what stands in brackets and no parser declares; see Hyperparameter.place.
    """

    prefix: tuple[str, ...]
    written: dict[str, Written]
    found: tuple[Hyperparameter, ...] = ()

    @cached_property
    def program(self) -> Program:
        """What the words in front start."""
        return program_of(self.prefix)

    @property
    def words(self) -> list[str]:
        """Everything that may name a file: what stands in front, and every value."""
        values = chain.from_iterable(each for each in self.space.values() if isinstance(each, tuple))
        return [*self.prefix, *map(text_of, values)]

    @property
    def space(self) -> dict[str, Candidates]:
        """The candidates by hyperparameter's name, in the order in which they stand."""
        return {name: each.candidates for name, each in self.written.items()}


@dataclass(frozen=True)
class Item:
    """One item without its quotes; `columns` says for each character, and for the end, where it stands in the text."""

    text: str
    columns: tuple[int, ...]

    def after(self, count: int) -> Item:
        """The item without its first characters."""
        return Item(self.text[count:], self.columns[count:])

    @property
    def column(self) -> int:
        """Where it begins."""
        return self.columns[0]


def parse_command_line(
    text_or_items: str | Sequence[str], hyperparameters: Sequence[Hyperparameter], *, is_open: bool = False
) -> CommandLine:
    """Read what a person typed, or the items that a shell made of it; nothing is given to a shell.

    Text follows the quoting of shlex, only that an unquoted bracket keeps its blanks and quotes. A hyperparameter that
    stands twice is refused. is_open: the program may take more than its parser declares, so that any argument may have
    candidates in brackets, and what has none is passed as it stands. Raises CommandLineError; for items its column
    counts in the items joined by blanks.
    """
    if isinstance(text_or_items, str):
        items, length = split(text_or_items), len(text_or_items)
        _refuse_shell(items)
    else:
        items, length = _placed(text_or_items), len(" ".join(text_or_items))
    try:
        program = read_program([item.text for item in items])
    except ProgramError as error:
        column = items[error.word].column if error.word < len(items) else length
        raise CommandLineError(error.message, column) from None
    return _Reader(items, program, hyperparameters, length, is_open=is_open).read()


def _refuse_shell(items: Sequence[Item]) -> None:
    for item in items:
        # What stands in quotes is meant as it stands.
        if SHELL_SIGNS.fullmatch(item.text) and item.columns[-1] - item.column == len(item.text):
            raise CommandLineError(
                f"{item.text} is for a shell, and none reads this; write the line into a file train.sh, and launch: "
                "sh train.sh.",
                item.column,
            )


def _placed(words: Sequence[str]) -> list[Item]:
    items, start = [], 0
    for word in words:
        items.append(Item(word, tuple(range(start, start + len(word) + 1))))
        start += len(word) + 1
    return items


def given_in(words: Sequence[str], hyperparameters: Iterable[Hyperparameter]) -> set[str]:
    """The names of the hyperparameters to which the words of a command give a value."""
    flags = _flags(hyperparameters)
    return {flags[flag][0].name for word in words if (flag := word.partition("=")[0]) in flags}


def without(words: Sequence[str], hyperparameters: Iterable[Hyperparameter]) -> tuple[str, ...]:
    """The words of a command without these hyperparameters, each of which has one value."""
    flags, kept, left_out = _flags(hyperparameters), [], False
    for word in words:
        flag, equals, _ = word.partition("=")
        if left_out:
            left_out = False
        elif flag in flags:
            left_out = not equals
        else:
            kept.append(word)
    return tuple(kept)


def words_of(text: str) -> list[str]:
    """The words of what a person typed. Raises CommandLineError."""
    items = split(text)
    _refuse_shell(items)
    return [item.text for item in items]


# --- text to items -------------------------------------------------------------------------------------------------


def split(text: str) -> list[Item]:
    """Split a text as shlex does, keeping the place of every character; an unquoted bracket stays whole.

    Raises CommandLineError where a quote or bracket is not closed.
    """
    items: list[Item] = []
    at = 0
    while at < len(text):
        if text[at] in BLANKS:
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        else:
            item, at = _read_word(text, at)
            items.append(item)
    return items


def _read_word(text: str, at: int) -> tuple[Item, int]:
    characters: list[tuple[str, int]] = []
    while at < len(text) and text[at] not in BLANKS:
        if text[at] == "[" and (not characters or characters[-1][0] == "="):
            end = _bracket_end(text, at)
            characters += [(text[place], place) for place in range(at, end)]
        elif text[at] in "'\"":
            quoted, end = _read_quoted(text, at)
            characters += quoted
        elif text[at] == "\\":
            # A backslash at the end of a line only joins the lines, as in a shell.
            end = at + 2
            if end > len(text):
                raise CommandLineError("Nothing follows this backslash; remove it.", at)
            characters += [] if text[at + 1] == "\n" else [(text[at + 1], at + 1)]
        else:
            characters.append((text[at], at))
            end = at + 1
        at = end
    columns = (*(place for _, place in characters), at)
    return Item("".join(character for character, _ in characters), columns), at


def _bracket_end(text: str, at: int) -> int:
    try:
        return read_bracket(text, at)[1]
    except CandidateError as error:
        raise CommandLineError(error.message, error.column) from None


def _read_quoted(text: str, at: int) -> tuple[list[tuple[str, int]], int]:
    quote, end = text[at], at + 1
    characters: list[tuple[str, int]] = []
    while end < len(text) and text[end] != quote:
        if quote == '"' and text[end] == "\\" and text[end + 1 : end + 2] in ("\\", '"'):
            end += 1
        characters.append((text[end], end))
        end += 1
    if end >= len(text):
        raise CommandLineError(f"This quote is never closed; write {quote} where it ends.", at)
    return characters, end + 1


# --- items to candidates ---------------------------------------------------------------------------------------------


class _Reader:
    """Goes through the items once, from left to right."""

    def __init__(
        self,
        items: Sequence[Item],
        program: Program,
        hyperparameters: Sequence[Hyperparameter],
        length: int,
        *,
        is_open: bool,
    ) -> None:
        self._items = items
        # What was found in brackets before is found again, at its place of now.
        self._declared = [each for each in hyperparameters if each.place is None]
        self._length = length
        self._is_open = is_open
        self._found: list[Hyperparameter] = []
        self._script = program.name
        self._flags = _flags(self._declared)
        self._next = self._begin = program.begin
        self._prefix = list(program.front)
        self._written: dict[str, Written] = {}
        # Hyperparameters whose value stands in front, as it is nothing to be seen.
        self._secret: set[str] = set()

    def read(self) -> CommandLine:
        while self._next < len(self._items):
            item = self._items[self._next]
            self._next += 1
            if in_file := IN_FILE.match(item.text):
                self._read_found(item.after(in_file.end()), in_file["flag"], "=", file=in_file["file"])
            elif (self._is_open and not self._is_declared(item)) or self._is_bracketed(item):
                self._read_open(item)
            elif self._is_flag(item) or self._is_declared(item):
                self._read_flag(item)
            else:
                self._prefix.append(item.text)
        missing = [
            each.flag
            for each in self._declared
            if each.is_required and each.name not in {*self._written, *self._secret}
        ]
        if missing:
            example = f"{missing[0]} VALUE"
            raise CommandLineError(
                f"{self._script} does not run without {_listed(missing)}; add {example}.", self._length
            )
        return CommandLine(tuple(self._prefix), self._written, tuple(self._found))

    def _is_bracketed(self, item: Item) -> bool:
        """Whether a positional argument has candidates."""
        return item.text.startswith("[") and _is_bracket(self._whole_bracket(item, is_taken=False))

    def _is_declared(self, item: Item) -> bool:
        flag, equals, value = item.text.partition("=")
        if not flag.startswith("-"):
            # A key of a configuration.
            return bool(equals) and flag in self._flags
        if flag not in self._flags and not item.text.startswith("--"):
            flag = flag[:2]
        return flag in self._flags and not (value and self._flags[flag][1] is not None)

    def _read_open(self, item: Item) -> None:
        """What stands in brackets is tuned, and the rest is passed as it stands."""
        attached = ATTACHED.match(item.text)
        if item.text.startswith("["):
            self._read_found(item, "", "=")
        elif attached:
            flag = attached["flag"] or attached["short"]
            self._read_found(item.after(attached.end()), flag, "=" if attached["flag"] else "")
        elif item.text.startswith("-") and (value := self._peek()) and value.text.startswith("["):
            self._next += 1
            self._read_found(value, item.text, " ")
        else:
            self._prefix.append(item.text)

    def _read_found(self, item: Item, flag: str, joint: Literal["=", " ", ""], file: str = "") -> None:
        value = self._whole_bracket(item)
        place = len(self._prefix)
        name = flag.lstrip("-") or f"argument {place + len(self._found) + 1 - self._begin}"
        if file and (key := flag[len(file) + 1 :]) not in {*self._written, *(each.name for each in self._declared)}:
            name = key
        if name in self._written:
            raise CommandLineError(f"{flag} stands twice; keep one, with all its values in one bracket.", item.column)
        found = Hyperparameter(name, flag, "text", place=place, joint=joint, is_required=not flag, file=file)
        found = retyped(found, value.text)
        self._written[name] = self._values(value, found)
        self._found.append(found)

    def _is_flag(self, item: Item) -> bool:
        text = item.text
        if not text.startswith("-") or text == "-":
            return False
        return text in self._flags or not NEGATIVE_NUMBER.fullmatch(text)

    def _read_flag(self, item: Item) -> None:
        hyperparameter, stands_for, value = self._match(item)
        if hyperparameter.name in {*self._written, *self._secret}:
            flag = item.text.partition("=")[0]
            raise CommandLineError(f"{flag} stands twice; keep one, with all its values in one bracket.", item.column)
        if self._is_secret(hyperparameter, value):
            return
        if value is not None:
            written = self._values(self._whole_bracket(value), hyperparameter)
        elif stands_for is False:
            written = Written((False,))
        else:
            written = self._following(item, hyperparameter)
        self._written[hyperparameter.name] = written

    def _is_secret(self, hyperparameter: Hyperparameter, glued: Item | None) -> bool:
        """Take one value of a secret as it stands: what nobody may see is no setting, and makes nothing another."""
        value = glued or self._peek()
        if value is None or hyperparameter.takes_many or hyperparameter.type != "text":
            return False
        if value.text.startswith("["):
            if is_secret_option(hyperparameter.name):
                flag = hyperparameter.flag
                raise CommandLineError(
                    f"{flag} is a secret, which is passed on and shown nowhere; give it one value, as in {flag} VALUE.",
                    value.column,
                )
            return False
        if not is_secret_option(hyperparameter.name, value.text) and not holds_secret(value.text):
            return False
        self._prefix += [f"{hyperparameter.flag}={value.text}"] if glued else [hyperparameter.flag, value.text]
        self._next += glued is None
        self._secret.add(hyperparameter.name)
        return True

    def _match(self, item: Item) -> tuple[Hyperparameter, bool | None, Item | None]:
        """The hyperparameter that this flag names, what its bare flag means, and the value that is glued to it."""
        if item.text == "--":
            raise CommandLineError("Behind -- the options would not be read; remove it.", item.column)
        flag, equals, _ = item.text.partition("=")
        if item.text in self._flags:
            return *self._flags[item.text], None
        if equals and flag in self._flags and self._flags[flag][1] is None:
            return *self._flags[flag], item.after(len(flag) + 1)
        short = flag[:2]
        if not flag.startswith("--") and short in self._flags and not self._flags[short][0].is_switch:
            return *self._flags[short], item.after(2)
        raise CommandLineError(self._unknown(flag), item.column)

    def _unknown(self, flag: str) -> str:
        said = f"{flag} is not an option of {self._script}"
        near = nearest_flags(flag, self._flags)
        if near:
            return f"{said}; did you mean {' or '.join(near)}?"
        known = [hyperparameter.flag for hyperparameter in self._declared]
        if not known:
            return f"{said}, which has none; remove it."
        return f"{said}; it has {', '.join(known[:5])}{f' and {len(known) - 5} more' if len(known) > 5 else ''}."

    def _following(self, flag: Item, hyperparameter: Hyperparameter) -> Written:
        """The values that stand in the items behind the flag."""
        value = self._peek()
        if hyperparameter.type == "bool" and not (value and _is_bool(value.text, hyperparameter)):
            return Written((True,))
        if value is None:
            raise CommandLineError(
                f"{flag.text} needs a value; write one behind it, as in {flag.text} {_example(hyperparameter)}.",
                flag.columns[-1],
            )
        self._next += 1
        if hyperparameter.takes_many and not value.text.startswith("["):
            return Written((self._many(value),))
        return self._values(self._whole_bracket(value), hyperparameter)

    def _peek(self) -> Item | None:
        if self._next == len(self._items) or self._is_flag(self._items[self._next]):
            return None
        return self._items[self._next]

    def _many(self, first: Item) -> str:
        words = [first.text]
        while item := self._peek():
            words.append(item.text)
            self._next += 1
        return shlex.join(words)

    def _whole_bracket(self, item: Item, *, is_taken: bool = True) -> Item:
        """Put a bracket together again that the shell split at its blanks; is_taken: its items are done with."""
        parts, taken = [item], self._next
        while item.text.startswith("["):
            # Only a part that closes something is worth reading all of it again.
            if "]" in parts[-1].text and _is_bracket(whole := _joined(parts)):
                if is_taken:
                    self._next = taken
                return whole
            if taken == len(self._items):
                break
            parts.append(self._items[taken])
            taken += 1
        return item

    def _values(self, item: Item, hyperparameter: Hyperparameter) -> Written:
        try:
            if item.text.startswith("["):
                return parse_candidates(item.text, hyperparameter)
            return Written((parse_value(item.text, hyperparameter),))
        except CandidateError as error:
            # The sentence may be read where no column can be shown.
            flag = "" if hyperparameter.flag in error.message else f"{hyperparameter.flag}: "
            raise CommandLineError(flag + error.message, item.columns[min(error.column, len(item.text))]) from None


def _joined(items: Sequence[Item]) -> Item:
    """All with a blank between, as they were before a shell split them."""
    return Item(" ".join(item.text for item in items), tuple(chain.from_iterable(item.columns for item in items)))


def _is_bracket(item: Item) -> bool:
    try:
        read_bracket(item.text)
    except CandidateError:
        return False
    return True


def _flags(hyperparameters: Iterable[Hyperparameter]) -> dict[str, tuple[Hyperparameter, bool | None]]:
    """Every spelling, with what it means when it stands alone."""
    flags: dict[str, tuple[Hyperparameter, bool | None]] = {}
    negations: dict[str, tuple[Hyperparameter, bool | None]] = {}
    for hyperparameter in hyperparameters:
        for spelling in (hyperparameter.flag, *hyperparameter.spellings):
            flags[spelling] = (hyperparameter, None)
        if hyperparameter.off_flag:
            flags[hyperparameter.off_flag] = (hyperparameter, False)
        if hyperparameter.is_switch and hyperparameter.flag.startswith("--"):
            for negation in ("--no-", "--no_"):
                negations[negation + hyperparameter.flag[2:]] = (hyperparameter, False)
    return {**negations, **flags}


def nearest_flags(flag: str, known: Iterable[str]) -> list[str]:
    """At most two known flags that look most like this one; hyphens and underscores count as the same."""
    plain = {spelling.strip("-").replace("_", "-").lower(): spelling for spelling in known if len(spelling) > 2}
    wanted = flag.strip("-").replace("_", "-").lower()
    begun = [spelling for word, spelling in plain.items() if len(wanted) > 2 and word.startswith(wanted)]
    alike = [plain[word] for word in difflib.get_close_matches(wanted, plain, n=2, cutoff=0.6)]
    return list(dict.fromkeys([*begun, *alike]))[:2]


def _is_bool(text: str, hyperparameter: Hyperparameter) -> bool:
    if text.startswith("["):
        return True
    # Behind a switch, other words are positional items.
    return text.lower() in ({"true", "false"} if hyperparameter.is_switch else TRUE_WORDS | FALSE_WORDS)


def _example(hyperparameter: Hyperparameter) -> str:
    if hyperparameter.type == "bool":
        return "true,false"
    if hyperparameter.default is not None:
        return text_of(hyperparameter.default) or "VALUE"
    if hyperparameter.choices:
        return text_of(hyperparameter.choices[0])
    return {"int": "28", "float": "0.3"}.get(hyperparameter.type, "VALUE")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# --- and back --------------------------------------------------------------------------------------------------------


def as_typed(prefix: Sequence[str], directory: str) -> tuple[str, ...]:
    """A launched prefix as a person would type it in `directory`: `python`, and the script by its relative path."""
    program = program_of(prefix)
    return tuple(_as_typed(word, at, program, directory) for at, word in enumerate(prefix))


def _as_typed(word: str, at: int, program: Program, directory: str) -> str:
    path = PurePath(word)
    if at == program.script_at and path.is_relative_to(directory):
        return str(path.relative_to(directory))
    return "python" if at == program.python_at and PLAIN_PYTHON.fullmatch(path.name) else word


def format_command_line(
    prefix: Sequence[str],
    written: Mapping[str, Written],
    hyperparameters: Iterable[Hyperparameter],
) -> str:
    """The text that reads back as this prefix and these candidates, as one would type it; ranges stay ranges.

    Raises KeyError where a candidate has no hyperparameter.
    """
    known = {hyperparameter.name: hyperparameter for hyperparameter in hyperparameters}
    words: list[list[str]] = [[] for _ in range(len(prefix) + 1)]
    behind: list[str] = []
    for name, each in written.items():
        hyperparameter = known[name]
        is_single = not each.span and isinstance(each.candidates, tuple) and len(each.candidates) == 1
        if hyperparameter.place is not None:
            words[min(hyperparameter.place, len(prefix))] += _bracketed(hyperparameter, each)
        elif is_single and isinstance(each.candidates, tuple):
            behind += _single(hyperparameter, each.candidates[0])
        else:
            behind += _bracketed(hyperparameter, each)
    front = [word for before, item in zip(words, prefix, strict=False) for word in (*before, quoted(item))]
    return " ".join([*front, *words[-1], *behind])


def _bracketed(hyperparameter: Hyperparameter, written: Written) -> list[str]:
    flag, text = hyperparameter.flag, f"[{written.span}]" if written.span else format_candidates(written.candidates)
    if not flag or hyperparameter.joint == " " or (hyperparameter.place is None and flag.startswith("-")):
        return [*([quoted(flag)] if flag else []), _quoted_bracket(text)]
    whole = f"{flag}{hyperparameter.joint}{text}"
    return [whole if PLAIN_WORD.fullmatch(flag) and PLAIN_BRACKET.fullmatch(text) else shlex.quote(whole)]


def _single(hyperparameter: Hyperparameter, value: Value) -> list[str]:
    flag, text = hyperparameter.flag, text_of(value)
    if not flag.startswith("-"):
        is_plain = text and value is not None and not text.startswith("[")
        return [quoted(f"{flag}={text}")] if is_plain else _bracketed(hyperparameter, Written((value,)))
    if hyperparameter.is_switch and value is True:
        return [flag]
    if hyperparameter.is_switch and value is False and hyperparameter.off_flag:
        return [hyperparameter.off_flag]
    words = shlex.split(text) if hyperparameter.takes_many else [text]
    if _stand_alone(words, hyperparameter):
        return [flag, *map(quoted, words)]
    if text.startswith("-") and not hyperparameter.takes_many:
        return [quoted(f"{flag}={text}")]
    return [flag, _quoted_bracket(format_candidates((value,)))]


def _stand_alone(words: Sequence[str], hyperparameter: Hyperparameter) -> bool:
    """Whether these words, behind their flag, are taken for nothing but values."""
    if hyperparameter.type in ("int", "float"):
        return not words[0].startswith("-") or bool(NEGATIVE_NUMBER.fullmatch(words[0]))
    return bool(words) and not any(word.startswith(("[", "-")) for word in words)


def quoted(word: str) -> str:
    """A word as it is typed so that it is read as one."""
    return word if PLAIN_WORD.fullmatch(word) else shlex.quote(word)


def _quoted_bracket(word: str) -> str:
    return word if PLAIN_BRACKET.fullmatch(word) else shlex.quote(word)

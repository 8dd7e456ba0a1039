"""Numbers as people type them: exact decimals first, then what a script is given."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from analysis.hyperparameters import HyperparameterType

# What shells and shlex split at; other white space belongs to a value.
BLANKS = " \t\r\n"
# Seeds go that far; other numbers end up in double precision.
INT_LIMIT = 2**64
FLOAT_LIMIT = Decimal("1e300")


class CandidateError(ValueError):
    """A value, list or range that cannot be read; `column` is the place in the text, counted from 0."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


def read_number(text: str | float, type: HyperparameterType, flag: str) -> Decimal:
    """A number as exact decimals, whole where the type says so.

    Raises CandidateError.
    """
    word = str(text).strip(BLANKS)
    kind, example = ("a whole number", "28") if type == "int" else ("a number", "0.3")
    try:
        number = Decimal(word)
    except InvalidOperation:
        remedy = (
            f"several values stand in brackets, as in [{word.strip('[]')}]"
            if "," in word
            else f"write one like {example}"
        )
        raise CandidateError(f"{flag} takes {kind}, which {word!r} is not; {remedy}.") from None
    if not number.is_finite():
        raise CandidateError(f"{flag} takes a finite number, which {word!r} is not; write one like {example}.")
    # Not `abs`, which overflows where a number has more digits than a decimal may.
    size = number.copy_abs()
    if size >= FLOAT_LIMIT or (type == "int" and size >= INT_LIMIT):
        raise CandidateError(f"{word} is too large for {flag}; write a number like {example}.")
    if type == "int" and number != number.to_integral_value():
        raise CandidateError(f"{flag} takes {kind}, which {word} is not; write one like {example}.")
    return number


def rounded(number: Decimal, type: HyperparameterType) -> int | float:
    """As the type wants it; a float keeps every digit that it can."""
    return int(number) if type == "int" else float(number)

"""Lets a script's own parser read items that a launch would give it, to hear what it refuses.

Part of discovery_child.py: nothing but the standard library, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

MOST_CHARACTERS = 300


class _Refused(Exception):
    pass


def argparse_refusals(
    parse_known: Callable[..., Any], parser: argparse.ArgumentParser, trials: Sequence[Sequence[str]]
) -> list[str | None]:
    """For each list of items: the parser's own words against it, or None where it has none.

    parse_known: argparse's own `parse_known_args`; options of other parsers of the script are unknown to this one.
    """

    def refuse(_parser: argparse.ArgumentParser, message: str) -> None:
        raise _Refused(message)

    # Of all parsers, as a subcommand has its own; the process ends behind this.
    argparse.ArgumentParser.error = refuse  # type: ignore[assignment, method-assign]
    return [_refusal(lambda items=items: parse_known(parser, list(items))) for items in trials]  # type: ignore[misc]


def click_refusals(command: Any, trials: Sequence[Sequence[str]]) -> list[str | None]:
    """The same of click's and typer's commands."""
    name = command.name or "script"
    return [_refusal(lambda items=items: command.make_context(name, list(items))) for items in trials]  # type: ignore[misc]


def _refusal(parse: Callable[[], Any]) -> str | None:
    try:
        parse()
    except _Refused as error:
        return str(error)[:MOST_CHARACTERS]
    except BaseException as error:  # noqa: BLE001 - a converter may do anything; only a parser's own word counts
        words = getattr(error, "format_message", None)
        return str(words())[:MOST_CHARACTERS] if callable(words) else None
    return None

"""What every command says in a terminal: sentences on stdout, asides and errors on stderr."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def printable(text: str) -> str:
    """Text from outside without what a terminal would obey, and without markup."""
    return escape("".join(character if character.isprintable() else "?" for character in text))


def say(sentence: str) -> None:
    """A sentence by the way, on stdout."""
    console.print(f"[dim]{printable(sentence)}[/]", soft_wrap=True)


def say_aside(sentence: str) -> None:
    """A sentence by the way, on stderr: for whoever reads stdout as data."""
    errors.print(f"[dim]{printable(sentence)}[/]", soft_wrap=True)


def say_error(sentence: str) -> None:
    """A sentence about what went wrong, on stderr."""
    errors.print(f"[bold red]Error:[/] {printable(sentence)}", soft_wrap=True)

"""Which names are those of secrets: of variables, options and keys."""

from __future__ import annotations

import re

_VARIABLE = re.compile(
    r"(?i)(^|_)(api_?key|access_?key|secret|token|password|passwd|pwd|credentials?|private_?key|auth)(_|$)|_key$|dsn$"
)
# Of options: many a script has a `--label-key`, and a `--pad-token`.
_OPTION = re.compile(
    r"(?i)(^|[-_.:])(api[-_]?key|access[-_]?key|private[-_]?key|secret([-_]key)?|password|passwd|pwd|credentials?|dsn"
    r"|(?<!pad.)(?<!eos.)(?<!bos.)(?<!unk.)(?<!sep.)(?<!cls.)(?<!mask.)(?<!stop.)(?<!special.)(?<!start.)(?<!end.)"
    r"(?<!image.)token)$"
)
PASSWORD_IN_ADDRESS = re.compile(r"(?P<before>\w+://[^/\s:@]*:)(?P<secret>[^/\s@]+)(?=@)")
# What services give out has a form of its own.
GIVEN_OUT = re.compile(
    r"(?<![\w-])(sk-[\w-]{16,}|hf_\w{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16})"
)


def is_secret(name: str, value: str = "") -> bool:
    """Whether a variable looks like one whose value nobody should see."""
    return bool(_VARIABLE.search(name) or PASSWORD_IN_ADDRESS.search(value))


def is_secret_option(name: str) -> bool:
    """Whether the value of an option or key of this name is nothing to be seen, or compared."""
    return bool(_OPTION.search(name))


def holds_secret(value: str) -> bool:
    """Whether a text has in it what is a secret whatever it is called."""
    return bool(GIVEN_OUT.search(value) or PASSWORD_IN_ADDRESS.search(value))

"""What looks like a secret: by the names of variables, options and keys, and by the form of what services give out."""

from __future__ import annotations

import re

_VARIABLE = re.compile(
    r"(?i)(^|_)(api_?key|access_?key|secret|token|password|passwd|pwd|credentials?|private_?key|auth)(_|$)|_key$|dsn$"
)
# Of options: many a script has a `--label-key`, and a `--pad-token`.
_WHOSE = "hf|hub|auth|access|api|bearer|wandb|neptune|comet|github|gitlab|hugging[-_]?face|refresh|id|session|bot|slack"
_OPTION = re.compile(
    r"(?i)(^|[-_.:/])((api|access|private|wandb|neptune|comet|ssh|service)[-_]?key|(client[-_]?)?secret([-_]?key)?"
    rf"|password|passwd|passphrase|pwd|credentials?|auth|dsn|({_WHOSE})[-_]?token)$|(?i:(^|[.:/])token)$"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
# `user:password@` and `token@` in front of a host.
PASSWORD_IN_ADDRESS = re.compile(r"(?P<before>\w+://(?:[^/\s:@]*:)?)(?P<secret>[^/\s@:]+)(?=@)")
_LONG = r"(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]"
GIVEN_OUT = re.compile(
    rf"(?<![\w-])(sk-{_LONG}{{20,}}|hf_(?=\w*\d|\w*[A-Z])[A-Za-z0-9]{{30,}}|gh[pousr]_\w{{30,}}|github_pat_\w{{30,}}"
    rf"|glpat-{_LONG}{{16,}}|xox[abprs]-[\w-]{{10,}}|AKIA[0-9A-Z]{{16}})"
)


def is_secret(name: str, value: str = "") -> bool:
    """Whether a variable looks like one whose value nobody should see."""
    return bool(_VARIABLE.search(name) or PASSWORD_IN_ADDRESS.search(value))


def is_secret_option(name: str, value: str = "") -> bool:
    """Whether the value of an option or key of this name is nothing to be seen, or compared. No number is a secret."""
    return bool(_OPTION.search(_HUMP.sub("_", name))) and not _NUMBER.fullmatch(value)


def holds_secret(value: str) -> bool:
    """Whether a text has in it what is a secret whatever it is called."""
    return bool(GIVEN_OUT.search(value) or PASSWORD_IN_ADDRESS.search(value))

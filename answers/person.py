"""Who works here, as colleagues read it."""

from __future__ import annotations

import getpass
from functools import cache


@cache
def person() -> str:
    """The page knows no accounts, so it is the user whose server this is."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return "somebody"

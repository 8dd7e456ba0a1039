"""Lists of experiments as addresses write them: `1-40,57`."""

from __future__ import annotations

import re

# More curves than this are no comparison any more; 500 of them can still be told apart by their colours.
MOST_NUMBERS = 500
_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


def read_numbers(written: str, most: int = MOST_NUMBERS) -> list[int]:
    """The first `most` numbers of a list in its order, each once; what is no number is left out."""
    found: dict[int, None] = {}
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            continue
        if len(found) >= most:
            break
        low, high = int(match[1]), int(match[2] or match[1])
        # Numbers may be there already, but never more than all of them.
        for number in range(low, min(high, low + len(found) + most) + 1):
            found[number] = None
    return list(found)[:most]

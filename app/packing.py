"""Answers with numbers in them as one piece of bytes, which assets/base/packing.js reads without copying the numbers.

Four bytes say how long the JSON is; the JSON follows, and after it the arrays, each at a multiple of eight. Where an
array stood, the JSON has `{"": [type, place, count]}`: places count from the first array on. All little-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Typed arrays of JavaScript begin only at multiples of their element's size.
STEP = 8
# The arrays that both sides know, by the code that numpy has for them.
KINDS = frozenset({"u1", "i4", "f8"})


def pack(answer: Mapping[str, Any]) -> bytes:
    """Turn plain data with arrays anywhere in it into bytes. Raises TypeError for an array of another kind."""
    arrays: list[bytes] = []
    place = 0

    def refer(value: Any) -> Any:
        nonlocal place
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} cannot be packed.")
        kind = value.dtype.str[1:]
        if kind not in KINDS:
            raise TypeError(f"An array of {value.dtype} cannot be packed.")
        arrays.append(_padded(_little(value).tobytes()))
        here, place = place, place + len(arrays[-1])
        return {"": [kind, here, len(value)]}

    head = json.dumps(answer, default=refer, allow_nan=False, separators=(",", ":")).encode()
    # Spaces after JSON change nothing, and the arrays begin at a multiple of STEP.
    head += b" " * (-(len(head) + 4) % STEP)
    return b"".join([struct.pack("<I", len(head)), head, *arrays])


def _little(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(values.dtype.newbyteorder("<"), copy=False)


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % STEP)

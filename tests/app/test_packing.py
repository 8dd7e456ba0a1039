"""The bytes of an answer, as assets/base/packing.js reads them."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from app.packing import STEP, pack


def unpack(content: bytes) -> Any:
    """What assets/base/packing.js does, in Python."""
    (length,) = struct.unpack_from("<I", content)

    def read(found: dict[str, Any]) -> Any:
        if set(found) != {""}:
            return found
        kind, place, count = found[""]
        assert (4 + length + place) % STEP == 0
        return np.frombuffer(content, f"<{kind}", count, 4 + length + place)

    return json.loads(content[4 : 4 + length], object_hook=read)


def test_arrays_come_back_as_they_were() -> None:
    answer = {
        "name": "é",
        "columns": [np.array([1, 2, 3], np.uint8), {"values": np.array([-7], np.int32)}],
        "numbers": np.array([0.1, np.nan, -np.inf]),
        "nothing": np.array([], np.float64),
    }
    found = unpack(pack(answer))
    assert found["name"] == "é"
    assert found["columns"][0].tolist() == [1, 2, 3]
    assert found["columns"][1]["values"].tolist() == [-7]
    np.testing.assert_array_equal(found["numbers"], answer["numbers"])
    assert found["nothing"].tolist() == []


def test_a_strided_array_and_another_byte_order_are_packed_alike() -> None:
    content = pack({"a": np.arange(6.0)[::2], "b": np.array([1.0, 2.0], ">f8")})
    assert [part.tolist() for part in unpack(content).values()] == [[0, 2, 4], [1, 2]]


@pytest.mark.parametrize("value", [np.array([1], np.int64), np.array(["a"]), object(), float("nan")])
def test_what_the_page_could_not_read_is_not_sent(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        pack({"value": value})

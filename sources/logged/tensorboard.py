"""TensorBoard's event files: records of TFRecord (length, checksum, data, checksum), each a protocol buffer of `Event`.

Only scalars are read, as `add_scalar` of PyTorch and tensorboardX and `tf.summary.scalar` write them. Source:
event.proto, summary.proto and tensor.proto of TensorFlow.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import PurePosixPath

from sources.logged.points import Point
from sources.output.words import SPLIT_WORDS, is_never

MARK = "events.out.tfevents."
HEADER, FOOTER = 12, 4
# A picture may be large; it is passed over.
MOST_RECORD_BYTES = 100_000_000
# Numbers of the fields, and of wire types.
WALL_TIME, STEP, SUMMARY = 1, 2, 5
VALUE = 1
TAG, SIMPLE, TENSOR = 1, 2, 8
DTYPE, CONTENT, FLOATS, DOUBLES = 1, 4, 5, 6
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FLOAT_TYPES = {1: "<f", 2: "<d"}


class TensorBoard:
    """The event files of a folder belong together: a writer that is opened again begins a new one."""

    def parser(self, name: str) -> EventParser | None:
        path = PurePosixPath(name)
        if not path.name.startswith(MARK):
            return None
        # Keras and others write train and validation into two folders, by the same names.
        part = path.parent.name.lower()
        return EventParser(f"{part}/" if part in SPLIT_WORDS else "")

    def title(self, name: str) -> str:
        folder = str(PurePosixPath(name).parent)
        return "TensorBoard" if folder == "." else f"TensorBoard, {folder}"

    def key(self, name: str) -> str:
        return name


class EventParser:
    """Reads whole records; half a one waits for its rest."""

    def __init__(self, before: str) -> None:
        """before: what stands in front of all names."""
        self._before = before

    def read(self, data: bytes, _is_last: bool, /) -> tuple[list[Point], int]:
        points: list[Point] = []
        at = 0
        while at + HEADER <= len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            end = at + HEADER + length + FOOTER
            if length > MOST_RECORD_BYTES:
                # No event file after all, or a broken one: nothing behind this can be found.
                return points, len(data)
            if end > len(data):
                break
            point = self._event(data[at + HEADER : end - FOOTER])
            if point is not None:
                points.append(point)
            at = end
        return points, at

    def _event(self, record: bytes) -> Point | None:
        when: float | None = None
        # What is zero is not written.
        step = 0.0
        metrics: dict[str, float] = {}
        try:
            for field, value in fields(record):
                if field == WALL_TIME and isinstance(value, float):
                    when = value
                elif field == STEP and isinstance(value, int):
                    step = float(value)
                elif field == SUMMARY and isinstance(value, bytes):
                    metrics |= dict(self._scalars(value))
        except (ValueError, struct.error, IndexError):
            return None
        return Point(metrics, None, step, when) if metrics else None

    def _scalars(self, summary: bytes) -> Iterator[tuple[str, float]]:
        for field, value in fields(summary):
            if field == VALUE and isinstance(value, bytes) and (scalar := _scalar(value)):
                name, number = scalar
                if not is_never(name, number if math.isfinite(number) else 0.5):
                    yield f"{self._before}{name}", number


def _scalar(value: bytes) -> tuple[str, float] | None:
    name, number = "", None
    for field, part in fields(value):
        if field == TAG and isinstance(part, bytes):
            name = part.decode("utf-8", "replace")
        elif field == SIMPLE and isinstance(part, float):
            number = part
        elif field == TENSOR and isinstance(part, bytes):
            number = _tensor(part)
    return (name, number) if name and number is not None else None


def _tensor(tensor: bytes) -> float | None:
    """The number of a tensor that holds just one, as `tf.summary.scalar` writes it."""
    kind, numbers = 0, []
    for field, part in fields(tensor):
        if field == DTYPE and isinstance(part, int):
            kind = part
        elif field == CONTENT and isinstance(part, bytes) and kind in FLOAT_TYPES:
            size = struct.calcsize(FLOAT_TYPES[kind])
            numbers += [part] if len(part) == size else []
        elif field in (FLOATS, DOUBLES) and isinstance(part, bytes):
            numbers.append(part)
    whole = [each for each in numbers if kind in FLOAT_TYPES and len(each) == struct.calcsize(FLOAT_TYPES[kind])]
    return float(struct.unpack(FLOAT_TYPES[kind], whole[0])[0]) if len(whole) == 1 else None


def fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The fields of a protocol buffer: number and value. Raises ValueError, struct.error or IndexError for others."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: int | float | bytes
        if kind == VARINT:
            value, at = _varint(message, at)
        elif kind == FIXED64:
            value, at = float(struct.unpack_from("<d", message, at)[0]), at + 8
        elif kind == FIXED32:
            value, at = float(struct.unpack_from("<f", message, at)[0]), at + 4
        elif kind == BYTES:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise ValueError("a field that is longer than its message")
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"a field of wire type {kind}")
        yield key >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            # Steps are signed.
            return value - (1 << 64) if value >= 1 << 63 else value, at
        if shift > 63:
            raise ValueError("a number without end")

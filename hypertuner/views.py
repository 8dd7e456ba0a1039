"""Pictures that a script attaches to its experiment; each kind of view is one function that builds its payload."""

from __future__ import annotations

import base64
import json
import math
import os
import struct
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hypertuner import spool

MOST_BYTES = 50_000_000
# Longer sides are thinned out: examples are shown as thumbnails.
LONGEST_SIDE = 128
LONGEST_TEXT = 2_000
NOT_FINITE = "an image must hold finite numbers"
# PNG's colour types by number of channels: grey, colour, colour with alpha.
COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


class ViewError(ValueError):
    """Something that cannot be shown; the message says what and how it should look."""


def confusion_matrix(
    true: Any,
    predicted: Any,
    *,
    labels: Any = None,
    examples: Any = None,
    epoch: float | None = None,
    name: str = "confusion matrix",
    examples_per_cell: int = 6,
) -> None:
    """Attach how often each true class was predicted as which, with examples of each case.

    true, predicted: one class per example, as indexes or names (lists, arrays, tensors).
    labels: the names of all classes, so that the matrix keeps its shape when one is missing; else those that occur.
    examples: one per entry, each a text or an image: height x width, or that x channels (1, 3 or 4, first or last),
    with integers 0..255 or floats 0..1; other ranges are stretched. The first `examples_per_cell` of each case stay.
    Whatever cannot be shown is left out with one warning on stderr; the training goes on.
    """
    with _harmless(name):
        names, rows, columns = _classes(_entries("true", true), _entries("predicted", predicted), labels)
        counts = [[0] * len(names) for _ in names]
        chosen = []
        for at, (row, column) in enumerate(zip(rows, columns)):  # noqa: B905  `strict` is newer than Python 3.8.
            if counts[row][column] < examples_per_cell:
                chosen.append((at, row, column))
            counts[row][column] += 1
        shown: list[dict[str, Any]] = []
        if examples is not None:
            with _harmless(f"{name}: examples"):
                shown = _examples(examples, chosen, len(rows))
        _attach(name, "confusion_matrix", {"labels": names, "counts": counts, "examples": shown}, epoch)


# --- how a view travels -------------------------------------------------------------------------------------------


@contextmanager
def _harmless(name: str) -> Iterator[None]:
    try:
        yield
    except ViewError as error:
        spool.warn_once(f"{name} is not shown: {error}")
    except Exception as error:  # noqa: BLE001  Arrays of any library raise anything, and a training must go on.
        spool.warn_once(f"{name} is not shown: {type(error).__name__}: {error}")


_attached = 0


def _attach(name: str, kind: str, payload: Mapping[str, Any], epoch: float | None) -> None:
    """Write a payload beside the metrics, then the line that names it: whoever reads the line finds the file."""
    global _attached  # noqa: PLW0603  Makes file names that sort as they were written.
    file = spool.current()
    if file is None:
        return
    content = json.dumps(payload, separators=(",", ":")).encode("ascii")
    if len(content) > MOST_BYTES:
        raise ViewError(
            f"it takes {len(content):,} bytes, and {MOST_BYTES:,} is the most; attach fewer or smaller examples"
        )
    _attached += 1
    file_name = f"view-{_attached}-{os.urandom(6).hex()}.json"
    record: dict[str, object] = {"t": time.time(), "view": str(name), "kind": kind, "file": file_name}
    if epoch is not None:
        record["epoch"] = float(epoch)
    _write_whole(os.path.join(file.folder, file_name), content)
    file.append(record)


def _write_whole(path: str, content: bytes) -> None:
    temporary = f"{path}.part"
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.remove(temporary)
        raise


# --- classes ------------------------------------------------------------------------------------------------------


def _plain(values: Any) -> Any:
    """Lists instead of whatever array it is."""
    return values.tolist() if hasattr(values, "tolist") else values


def _entries(role: str, values: Any) -> list[Any]:
    plain = _plain(values)
    if isinstance(plain, (str, bytes)) or not hasattr(plain, "__iter__"):
        raise ViewError(f"{role} must be a sequence with one class per example, not {type(plain).__name__}")
    return [_entry(role, value) for value in plain]


def _entry(role: str, value: Any) -> str | int:
    value = _plain(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (str, int)):
        return value
    raise ViewError(f"{role} must hold class indexes or names; it holds {type(value).__name__} ({_short(value)})")


def _classes(true: list[Any], predicted: list[Any], labels: Any) -> tuple[list[str], list[int], list[int]]:
    """Names of the classes, and the index of each entry's class."""
    if len(true) != len(predicted):
        raise ViewError(f"true has {len(true)} entries, predicted has {len(predicted)}; they must be equally many")
    seen = set(true) | set(predicted)
    if labels is None:
        known: list[Any] = sorted(seen, key=lambda value: (isinstance(value, str), value))
    else:
        known = list(_plain(labels))
    # Two bytes are the least that a cell takes.
    if len(known) ** 2 * 2 > MOST_BYTES:
        raise ViewError(f"{len(known):,} classes make a matrix of more than {MOST_BYTES:,} bytes")
    index = {value: position for position, value in enumerate(known)}
    if not seen <= set(index):
        index = {position: position for position in range(len(known))}
        strangers = sorted(map(str, seen - set(index)))
        if strangers:
            raise ViewError(f"labels has {len(known)} names and none for class {_short(strangers[0])}")
    return [str(value) for value in known], [index[value] for value in true], [index[value] for value in predicted]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- examples -----------------------------------------------------------------------------------------------------


def _examples(examples: Any, chosen: Sequence[tuple[int, int, int]], expected: int) -> list[dict[str, Any]]:
    if len(examples) != expected:
        raise ViewError(f"there are {len(examples)} for {expected} entries; there must be one for each")
    # A column of a data frame answers [3] by its row's name, which is not its place.
    by_place = getattr(examples, "iloc", examples)
    return [{"true": row, "predicted": column, **_example(by_place[at])} for at, row, column in chosen]


def _example(example: Any) -> dict[str, str]:
    if isinstance(example, str):
        return {"text": example[:LONGEST_TEXT]}
    return {"image": "data:image/png;base64," + base64.b64encode(_png(example)).decode("ascii")}


def _png(image: Any) -> bytes:
    width, height, channels, samples = _pixels(image)
    line = width * channels
    # Each row starts with its filter's number; 0 leaves it as it is.
    rows = b"".join(b"\0" + samples[start : start + line] for start in range(0, line * height, line))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _pixels(image: Any) -> tuple[int, int, int, bytes]:
    """Width, height and channels of an image, and its samples of 8 bits, row by row."""
    if hasattr(image, "detach"):
        image = image.detach().cpu()
        # numpy has no bfloat16.
        image = image.float() if image.is_floating_point() else image
    if hasattr(image, "numpy"):
        image = image.numpy()
    is_array = hasattr(image, "astype") and hasattr(image, "tobytes")
    shape = tuple(image.shape) if is_array else _shape(image)
    wrong = ViewError(f"an image is height x width, or that x 1, 3 or 4 channels; this has the shape {shape}")
    if len(shape) not in (2, 3) or 0 in shape:
        raise wrong
    is_first = len(shape) == 3 and shape[0] in COLOUR_TYPES and shape[2] not in COLOUR_TYPES
    height, width, channels = (*shape[1:], shape[0]) if is_first else (*shape, 1)[:3]
    if channels not in COLOUR_TYPES:
        raise wrong
    step = -(-max(height, width) // LONGEST_SIDE)
    thin = (range(0, height, step), range(0, width, step), range(channels))
    samples = _array_samples(image, is_first, step) if is_array else _list_samples(image, shape, is_first, thin)
    return len(thin[1]), len(thin[0]), channels, samples


def _array_samples(array: Any, is_first: bool, step: int) -> bytes:
    array = (array.transpose(1, 2, 0) if is_first else array)[::step, ::step]
    if str(array.dtype) != "uint8":
        low, high = _range(float(array.min()), float(array.max()), array.dtype.kind in "iu")
        array = ((array.astype("float64") - low) * (255 / (high - low))).round().astype("uint8")
    return bytes(array.tobytes())


def _shape(nested: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(nested, (list, tuple)):
        shape.append(len(nested))
        nested = nested[0] if nested else None
    return tuple(shape)


def _list_samples(image: Any, shape: tuple[int, ...], is_first: bool, thin: Sequence[range]) -> bytes:
    try:
        values = [
            image[channel][row][column]
            if is_first
            else image[row][column]
            if len(shape) == 2
            else image[row][column][channel]
            for row in thin[0]
            for column in thin[1]
            for channel in thin[2]
        ]
    except IndexError:
        raise ViewError("an image's rows must be equally long") from None
    if not all(map(math.isfinite, values)):
        raise ViewError(NOT_FINITE)
    low, high = _range(min(values), max(values), all(type(value) is int for value in values))
    return bytes(round((value - low) * 255 / (high - low)) for value in values)


def _range(low: float, high: float, is_whole: bool) -> tuple[float, float]:
    """Which values become black and white."""
    usual = 255 if is_whole else 1
    if low >= 0 and high <= usual:
        return 0, usual
    if not math.isfinite(high - low):
        raise ViewError(NOT_FINITE)
    return low, high if high > low else low + 1

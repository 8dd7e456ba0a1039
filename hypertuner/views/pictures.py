"""Images of any library as small PNG files, written in plain Python."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any

from hypertuner.views.attaching import ViewError

# Longer sides are thinned out: examples are shown as thumbnails.
LONGEST_SIDE = 128
NOT_FINITE = "an image must hold finite numbers"
# PNG's colour types by number of channels: grey, colour, colour with alpha.
COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


def data_uri(image: Any, *, longest_side: int = LONGEST_SIDE) -> str:
    """An image as a PNG in a data URI.

    image: height x width, or that x channels (1, 3 or 4, first or last), as nested lists, an array or a tensor, with
    integers 0..255 or floats 0..1; other ranges are stretched. Raises ViewError.
    """
    return "data:image/png;base64," + base64.b64encode(_png(image, longest_side)).decode("ascii")


def _png(image: Any, longest_side: int) -> bytes:
    width, height, channels, samples = _pixels(image, longest_side)
    line = width * channels
    # Each row starts with its filter's number; 0 leaves it as it is.
    rows = b"".join(b"\0" + samples[start : start + line] for start in range(0, line * height, line))
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _pixels(image: Any, longest_side: int) -> tuple[int, int, int, bytes]:
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
    step = -(-max(height, width) // longest_side)
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

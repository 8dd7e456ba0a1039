"""Samples to look at: a gallery of images, and texts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from hypertuner.views import values as reading
from hypertuner.views.attaching import ViewError, attach, harmless
from hypertuner.views.pictures import data_uri
from hypertuner.views.values import plain, sequence

LONGEST_TEXT = 20_000
# Sides of a gallery's images: what is shown at most.
LONGEST_SIDE = 256


def images(
    images: Any,
    *,
    captions: Any = None,
    labels: Any = None,
    epoch: float | None = None,
    name: str = "images",
    most: int = 64,
) -> None:
    """Attach a gallery.

    images: a sequence, or an array of them along its first axis; each as for `confusion_matrix`. captions: one text per
    image. labels: one per image, shown on it, such as its class or cluster. The first `most` are kept, and the page
    says of how many; one that is no image is left out with a warning.
    """
    with harmless(name):
        count = len(images)
        said = _texts("captions", captions, count)
        marked = _texts("labels", labels, count)
        by_place = getattr(images, "iloc", images)
        shown = []
        for at in range(min(count, most)):
            with harmless(f"{name}: image {at + 1}"):
                source = data_uri(by_place[at], longest_side=LONGEST_SIDE)
                shown.append({"image": source, "caption": said[at], "label": marked[at]})
        if not shown:
            raise ViewError("none of them is an image" if count else "there are no images")
        attach(name, "images", {"images": shown, "count": count}, epoch)


def _texts(role: str, values: Any, expected: int) -> list[str]:
    return [""] * expected if values is None else reading.texts(role, values, expected)


def texts(
    values: Any, *, captions: Any = None, epoch: float | None = None, name: str = "texts", most: int = 100
) -> None:
    """Attach texts, such as what a language model wrote.

    values: a sequence of texts, or `{caption: text}`. captions: one per text. The first `most` are kept, each up to
    20,000 characters, and the page says of how many.
    """
    with harmless(name):
        if isinstance(values, Mapping):
            captions, values = list(values), list(values.values())
        listed = sequence("texts", values)
        said = _texts("captions", captions, len(listed))
        if not listed:
            raise ViewError("there are no texts")
        shown = [
            {"text": (whole := str(plain(value)))[:LONGEST_TEXT], "caption": caption, "length": len(whole)}
            for value, caption in islice(zip(listed, said), most)  # noqa: B905  `strict` is newer than Python 3.8.
        ]
        attach(name, "texts", {"texts": shown, "count": len(listed)}, epoch)

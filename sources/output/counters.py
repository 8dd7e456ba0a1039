"""Where the training stands: epochs, steps, rounds, episodes, and progress bars."""

from __future__ import annotations

import re

from sources.output.report import Progress

_COUNT = (
    r"(?<![\w/.-])(?P<word>{words})\b['\"]?\s{{0,40}}[:=#]?\s{{0,12}}['\"]?[\[(]?\s{{0,4}}"
    r"(?P<at>\d{{1,12}}(?:\.\d+)?)(?:\s?(?:/|of)\s?(?P<of>\d{{1,12}})\b)?['\"]?[\])]?(?![\w.-]|:\d|,\d)"
)
_EPOCH = re.compile(_COUNT.format(words="(?:end of )?epoch"), re.IGNORECASE | re.ASCII)
_STEP = re.compile(
    _COUNT.format(
        words="global[_ ]step|step|iteration|iter|batch|round|episode|update|(?:total_|num_)?timesteps?|batch_idx"
    ),
    re.IGNORECASE | re.ASCII,
)
# tqdm: what it is about, the bar, how many of how many, the times, and what the script adds.
_BAR = re.compile(
    r"(?P<about>.*?)[|:\s]*\b\d{1,3}%\|[^|]*\|\s*(?P<at>[\d.]+)[kKMGTB]*/(?P<of>[\d.]+)[kKMGTB]*\s*"
    r"\[[^\],]*(?:,[^,\]]*)?(?:,\s*(?P<more>.*))?\]"
)
_PAIR = re.compile(
    r"^\W*(?:epoch\W*(?:\(\w+\)\W*)?)?\[\s*(?P<epoch>\d+)(?:\s*/\s*(?P<epochs>\d+))?\s*\]\s*\[\s*(?P<step>\d+)(?:\s*/\s*\d+)?\s*\]",
    re.IGNORECASE,
)
# `[2,  4000]` in front, and `Train: 3 [ 100/1251` behind the part of the data.
_COMMA_PAIR = re.compile(r"^\s*\[\s*(?P<epoch>\d+)\s*,\s*(?P<step>\d+)\s*\]")
_SPLIT_PAIR = re.compile(
    r"^\s*(?P<split>train|valid|val|validation|test|eval):\s*(?P<epoch>\d+)\s*\[\s*(?P<step>\d+)\s*/\s*\d+[^\]]{0,20}\]",
    re.IGNORECASE,
)
# `100 / 1320` behind an epoch.
_STEPS = re.compile(r"[\s:,|]{0,8}(?P<at>\d+)\s?/\s?\d+\b(?!\s?[(\d%])")
# `[9]` and `0:` open a line; `200/ 2983 batches` stands anywhere.
_OPENING = re.compile(r"^\s*(?:\[(?P<a>\d+)\](?=\s)|(?P<b>\d+):(?=\s))")
_BATCHES = re.compile(r"(?P<at>\d+)\s?/\s?\d+ (?:batches|steps|iterations|iters)\b", re.IGNORECASE)
# Of how many that is says nothing more.
_FRACTION = re.compile(r"\[\s*\d+\s*/\s*\d+[^\]]{0,40}\]")
# What a counter leaves in the text, so that no name reaches over it.
CUT = " | "


def take_counters(text: str) -> tuple[str, Progress]:
    """The text without its counters, and what they say."""
    place = Progress()
    if "%|" in text and (bar := _BAR.search(text)):
        place.batch = float(bar["at"]) if bar["at"].isdigit() else None
        text = f"{bar['about']}{CUT}{bar['more'] or ''}"
    if pair := _PAIR.search(text):
        place.epoch, place.batch = float(pair["epoch"]), float(pair["step"])
        place.epochs = float(pair["epochs"]) if pair["epochs"] else None
        text = CUT + text[pair.end() :]
    elif pair := _COMMA_PAIR.search(text):
        place.epoch, place.batch = float(pair["epoch"]), float(pair["step"])
        text = CUT + text[pair.end() :]
    elif pair := _SPLIT_PAIR.search(text):
        place.epoch, place.batch = float(pair["epoch"]), float(pair["step"])
        text = f"{pair['split']}: {CUT}{text[pair.end() :]}"
    elif opening := _OPENING.search(text):
        place.batch = float(opening["a"] or opening["b"])
        text = CUT + text[opening.end() :]
    if batches := _BATCHES.search(text):
        place.batch = float(batches["at"])
        text = text[: batches.start()] + CUT + text[batches.end() :]
    if match := _EPOCH.search(text):
        place.epoch = float(match["at"])
        place.epochs = float(match["of"]) if match["of"] else place.epochs
        end = match.end()
        if steps := _STEPS.match(text, end):
            place.batch, end = float(steps["at"]), steps.end()
        text = text[: match.start()] + CUT + text[end:]
    if match := _STEP.search(text):
        place.batch = float(match["at"])
        text = text[: match.start()] + CUT + text[match.end() :]
    return _FRACTION.sub(CUT, text), place

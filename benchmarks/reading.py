"""Reading numbers from output: lines per second against a bare `readline` loop, and precision and recall on real lines.

The lines are those of the test data: what 53 kinds of programs print, and what 151 more do for which the rules were not
made at first, those that are known to be missed among them. Precision: how many of the metrics that were read
are metrics; recall: how many of the metrics were read, each with its value, its epoch and its step.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Budget, arguments, present
from sources.output.reader import OutputReader

LINES = Path(__file__).parents[1] / "tests" / "sources" / "output"
WORDS = "Saving the checkpoint and going on with the training\n"
METRICS = "Epoch 3/12, step 100: loss: 0.2512 - accuracy: 0.9312\n"
# A script that prints a thousand lines a second is a noisy one.
FEWEST_LINES_PER_S = 5_000


def per_second(text: str, lines: int, read: Callable[[str], object]) -> float:
    """Lines per second of CPU time, the best of three."""
    best = float("inf")
    for _ in range(3):
        file = io.BytesIO(text.encode())
        began = time.process_time()
        while line := file.readline():
            read(line.decode())
        best = min(best, time.process_time() - began)
    return lines / best


def judge(cases: list[dict[str, Any]]) -> tuple[int, int, int]:
    """How many metrics were read rightly, read although they are none, and missed."""
    right = wrong = missed = 0
    for case in cases:
        reader = OutputReader(case.get("options", ()))
        found: dict[str, tuple[float, float | None, float | None]] = {}
        for line in case["lines"]:
            for name, value in reader.read(line).items():
                found[name] = (value, reader.progress.epoch, reader.progress.batch)
        if "epoch" not in case and "step" not in case:
            # Not all cases say where the training stands.
            found = {name: (value, None, None) for name, (value, _, _) in found.items()}
        wanted = {name: (value, case.get("epoch"), case.get("step")) for name, value in case["metrics"].items()}
        hits = sum(found.get(name) == value for name, value in wanted.items())
        right += hits
        missed += len(wanted) - hits
        wrong += len(found.keys() - wanted.keys() - set(case.get("may_also", ())))
    return right, wrong, missed


def main() -> None:
    """Three kinds of lines, and all cases."""
    options = arguments(__doc__ or "")
    count = 5_000 if options.quick else 50_000
    cases, more = (
        [json.loads(line) for line in (LINES / f"{name}-lines.jsonl").read_text("utf-8").splitlines()]
        for name in ("metric", "more")
    )
    mixed = [line.strip("\n") + "\n" for case in cases for line in case["lines"]]
    texts = {
        "words": (WORDS * count, count),
        "metrics": (METRICS * count, count),
        "all kinds": ("".join(mixed) * (count // len(mixed)), count // len(mixed) * len(mixed)),
    }
    rows, figures = [], {}
    for name, (text, lines) in texts.items():
        bare = per_second(text, lines, len)
        ours = per_second(text, lines, OutputReader().read)
        rows.append((name, round(ours), round(bare), bare / ours))
        figures |= {f"per_s_{name.replace(' ', '_')}": ours, f"times_readline_{name.replace(' ', '_')}": bare / ours}
    for name, those in (("", cases), ("more_", more)):
        right, wrong, missed = judge(those)
        figures |= {f"{name}precision": right / (right + wrong), f"{name}recall": right / (right + missed)}
    budgets = {
        "precision": Budget(1.0, is_floor=True),
        "recall": Budget(1.0, is_floor=True),
        "per_s_all_kinds": Budget(FEWEST_LINES_PER_S, is_floor=True),
    }
    present("reading", ("lines", "ours, per s", "readline, per s", "readline / ours"), rows, figures, budgets)


if __name__ == "__main__":
    main()

"""Every test but the slow faults and those of other packages, side by side: those that drive a browser, and all others.

One after the other they would take a quarter of an hour. `--quick`: only those that need neither Ray nor a browser. With
other arguments it is pytest as usual.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack

PYTEST = [sys.executable, "-m", "pytest"]
USUAL = [*PYTEST, "-m", "not faults and not packages"]
QUICK = [*PYTEST, "-m", "not faults and not packages and not ray and not browser"]
# The quick ones side by side: many of them wait for processes more than they compute.
PAGES = ["tests/answers", "tests/callbacks", "tests/layouts"]
WEB = ["tests/app", "tests/cli"]
TRAINING = ["tests/training", "tests/examples"]
# Of these the ones that wait longest.
WAITING = [
    f"tests/training/test_{name}.py" for name in ("database_faults", "experiment", "lifeline_deaths", "own_files")
]
REST = [f"--ignore={folder}" for folder in ("tests/browser", "tests/faults", *PAGES, *WEB, *TRAINING)]


def main() -> int:
    """Run them; returns 0 where all of them passed."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--quick"]:
        others = [*TRAINING, *(f"--ignore={file}" for file in WAITING)]
        return side_by_side(*([*QUICK, *part, *arguments[1:]] for part in (PAGES, WEB, WAITING, others, REST)))
    if arguments:
        return subprocess.call([*PYTEST, *arguments])
    return side_by_side([*USUAL, "tests/browser"], [*USUAL, "--ignore=tests/browser"])


def side_by_side(*commands: list[str]) -> int:
    """Commands at once; what all but the last one say comes after the last has ended."""
    *others, last = commands
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in others]
        beside = [
            subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
            for command, file in zip(others, said, strict=True)
        ]
        try:
            status = subprocess.call(last)
            print("\nThe tests that ran beside them:", flush=True)
        except KeyboardInterrupt:
            # All have heard it, too, and clean up.
            status = 130
        for each, file in zip(beside, said, strict=True):
            each.wait()
            file.seek(0)
            sys.stdout.buffer.write(file.read())
            sys.stdout.flush()
    return status or next((each.returncode for each in beside if each.returncode), 0)


if __name__ == "__main__":
    sys.exit(main())

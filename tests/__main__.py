"""Every test but the slow faults, in two processes at once: those that drive a browser and all others.

One after the other they would take a quarter of an hour. `--quick`: only those that need neither Ray nor a browser. With
other arguments it is pytest as usual.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest"]
USUAL = [*PYTEST, "-m", "not faults"]
QUICK = [*PYTEST, "-m", "not faults and not ray and not browser"]
# About half of the quick ones each, side by side.
WEB = [f"tests/{name}" for name in ("app", "callbacks", "cli", "examples", "launch", "layouts")]
REST = [f"--ignore={folder}" for folder in ("tests/browser", "tests/faults", *WEB)]


def main() -> int:
    """Run them; returns 0 where all of them passed."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--quick"]:
        return side_by_side([*QUICK, *WEB, *arguments[1:]], [*QUICK, *REST, *arguments[1:]])
    if arguments:
        return subprocess.call([*PYTEST, *arguments])
    return side_by_side([*USUAL, "tests/browser"], [*USUAL, "--ignore=tests/browser"])


def side_by_side(first: list[str], second: list[str]) -> int:
    """Two commands at once; what the first one says comes after the second has ended."""
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(first, stdout=said, stderr=subprocess.STDOUT)
        try:
            status = subprocess.call(second)
            print("\nThe tests that ran beside them:", flush=True)
            beside.wait()
        except KeyboardInterrupt:
            # Both have heard it, too, and clean up.
            beside.wait()
            return 130
        finally:
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    return status or beside.returncode


if __name__ == "__main__":
    sys.exit(main())

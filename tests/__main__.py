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
QUICK = [*PYTEST, "-m", "not faults and not ray and not browser", "--ignore=tests/browser"]


def main() -> int:
    """Run them; returns 0 where all of them passed."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--quick"]:
        return subprocess.call([*QUICK, *arguments[1:]])
    return subprocess.call([*PYTEST, *arguments]) if arguments else everything()


def everything() -> int:
    """The browser's tests beside the others."""
    with tempfile.TemporaryFile() as said:
        browser = subprocess.Popen([*USUAL, "tests/browser"], stdout=said, stderr=subprocess.STDOUT)
        try:
            others = subprocess.call([*USUAL, "--ignore=tests/browser"])
            print("\nThe tests that drive a browser:", flush=True)
            browser.wait()
        except KeyboardInterrupt:
            # Both have heard it, too, and clean up.
            browser.wait()
            return 130
        finally:
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    return others or browser.returncode


if __name__ == "__main__":
    sys.exit(main())

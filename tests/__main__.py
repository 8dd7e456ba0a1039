"""Every test, in two processes at once: those that drive a browser, which mostly wait for it, and all others.

One after the other they would take a quarter of an hour. With arguments it is pytest as usual.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest"]


def main() -> int:
    """Run them; returns 0 where all of them passed."""
    if len(sys.argv) > 1:
        return subprocess.call([*PYTEST, *sys.argv[1:]])
    with tempfile.TemporaryFile() as said:
        browser = subprocess.Popen([*PYTEST, "tests/browser"], stdout=said, stderr=subprocess.STDOUT)
        try:
            others = subprocess.call([*PYTEST, "--ignore=tests/browser"])
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

"""Runs every benchmark, one after the other, and fails where a budget is missed."""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import unhindered_environment

NOT_BENCHMARKS = {"__init__", "__main__", "figures", "installation"}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="at most a minute each")
parser.add_argument("names", nargs="*", help="only these")
options = parser.parse_args()
programs = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_BENCHMARKS)
missed = [
    name
    for name in (options.names or programs)
    if subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if options.quick else [])],
        check=False,
        env=unhindered_environment(),
    ).returncode
]
if missed:
    sys.exit(f"budgets missed in: {', '.join(missed)}")

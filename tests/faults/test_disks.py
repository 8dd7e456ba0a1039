"""A product whose /tmp, where Ray keeps its files, is nearly full, or full."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage.records import Run
from storage.runs import fetch_run
from storage.schema import ENDED_STATES
from storage.store import Store
from tests.faults.rain import Rain
from tests.product import command, environment, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a process a /tmp of its own"),
]

ROOT = Path(__file__).parents[2]
# A checkout below /tmp stays where it is, though not on the small disk.
OWN_TMP = """
keep=$1 root=$2 && shift 2
mount --bind /tmp "$keep" && mount -t tmpfs -o size=200m tmpfs /tmp && chmod 1777 /tmp || exit 1
case $root in /tmp/*) mkdir -p "$root" && mount --bind "$keep/${root#/tmp/}" "$root" || exit 1;; esac
exec "$@"
"""


class SmallTmp:
    """`hypertuner up` with a /tmp of its own, of 200 MB."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.log = folder / "data", folder / "up.log"
        (keep := folder / "tmp").mkdir()
        up = command("up", "--data-dir", str(self.data_dir))
        argv = ["unshare", "--mount", "sh", "-c", OWN_TMP, "sh", str(keep), str(ROOT), *up]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment(TMPDIR="/tmp")
            )
        try:
            wait_until(lambda: "Ctrl-C stops everything" in self.log.read_text(), "a start", 120)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.tmp = Path(f"/proc/{self.process.pid}/root/tmp")
        url = Store((self.data_dir / "secrets" / "database_url").read_text().strip(), pool_size=0).url
        sockets = self.tmp / Path(str(url.query["host"])).relative_to("/tmp")
        self.store = Store(url.update_query_dict({"host": str(sockets)}).render_as_string(hide_password=False))

    def fill(self, left: int) -> None:
        """Leave so many bytes of /tmp."""
        with suppress(OSError), (self.tmp / "filler").open("ab", buffering=0) as filler:
            while self._free() > left:
                filler.write(bytes(min(1 << 20, self._free() - left)))

    def _free(self) -> int:
        found = os.statvfs(self.tmp)
        return found.f_bavail * found.f_frsize

    def end(self) -> None:
        self.store.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="ht-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def up(place: Path) -> Iterator[SmallTmp]:
    made = SmallTmp(place)
    yield made
    made.end()


def has_ended(up: SmallTmp, run: Run) -> bool:
    return fetch_run(up.store, run.id).state in ENDED_STATES


@pytest.mark.parametrize("left", [6_000_000, 0], ids=["at 97 percent", "full"])
def test_a_full_tmp_hangs_nothing(up: SmallTmp, place: Path, left: int) -> None:
    rain = Rain(place / "rain", pause_s=0.05)
    up.fill(left)
    run = rain.launch(up.store, 4)
    wait_until(lambda: has_ended(up, run), f"the end of the run\n{up.log.read_text()}", 120)
    print(up.log.read_text()[-1500:])
    verdict = rain.judge(up.store, [run])
    assert verdict.is_clean, verdict

"""Reading what a script wrote during one attempt: its metrics file, its views, and its two streams.

The files belong to the script, so nothing in them is trusted: a bad line is counted and costs nothing but itself.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.log_text import clean_text, text_of
from analysis.own_files import OwnFile
from sources.logged.growing import LoggedFiles
from sources.output.patterns import Pattern
from sources.output.reader import OutputReader
from storage.ingestion import Batch, NewView, Values
from training import spool_folders

METRICS, STDOUT, STDERR = spool_folders.METRICS, spool_folders.STDOUT, spool_folders.STDERR
HOOKED = spool_folders.HOOKED
# What one reading takes from each file, so that a long backlog costs time but no memory.
CHUNK_BYTES = 2_000_000
LONGEST_LINE = 65_536
LONGEST_NAME = 512
OTHER_PROCESSES = "of several processes only the first counts, so that this and the like were left out"
LONGEST_SAMPLE = 300
MOST_METRICS = 10_000
MOST_VIEW_BYTES = 50_000_000
# Their payloads are held in memory at once; the next reading takes the rest.
MOST_VIEWS_PER_READING = 4
TAIL_BYTES = 32_768
TAIL_LINES = 200
PUNCH_BYTES = 64_000_000
PUNCH_KEEP_BYTES = 1_000_000
# So much that says nothing is passed over before even that is committed; then the disk can have it back.
# Where values are from, besides the names of files.
LOGGED, PRINTED = "hypertuner.log", "output"
LONGEST_SOURCE = 100
_SIGNS = re.compile(r"[^\w]|_")
QUIET_BYTES = 16_000_000
# Who reads on looks back so far for the batch that was named last.
LOOK_BACK_BYTES = 2_000_000

_VIEW_FILE = re.compile(r"view-[0-9A-Za-z-]{1,80}\.json", re.ASCII)


# --- bytes to lines -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lines:
    """Whole lines cut from a chunk: how many bytes they took, how many were too long, and whether the next still is."""

    lines: list[bytes]
    consumed: int
    too_long: int
    in_long_line: bool


def cut_lines(chunk: bytes, *, in_long_line: bool = False, take_tail: bool = False) -> Lines:
    r"""Cut at `\n` and `\r`; an unfinished last line stays for later unless take_tail.

    Of a line longer than LONGEST_LINE nothing is kept; in_long_line says that the chunk begins within one.
    """
    *lines, tail = chunk.replace(b"\r", b"\n").split(b"\n")
    if in_long_line:
        if not lines:
            return Lines([], len(chunk), 0, in_long_line=True)
        # The rest of a line that was counted when it became too long.
        lines.pop(0)
    is_too_long = len(tail) > LONGEST_LINE
    if take_tail or is_too_long:
        lines.append(tail)
        tail = b""
    kept = [line for line in lines if 0 < len(line) <= LONGEST_LINE]
    too_long = sum(len(line) > LONGEST_LINE for line in lines)
    return Lines(kept, len(chunk) - len(tail), too_long, in_long_line=is_too_long)


def cut_after(chunk: bytes, marker: bytes, most: int) -> bytes:
    """The chunk up to the end of the line with the `most`-th marker; the whole chunk where there are fewer."""
    at = -1
    for _ in range(most):
        at = chunk.find(marker, at + 1)
        if at < 0:
            return chunk
    end = chunk.find(b"\n", at)
    return chunk if end < 0 else chunk[: end + 1]


def tail_of(data: bytes, *, is_cut: bool) -> str:
    """The last lines of a stream for people; is_cut says that the first line is only the end of one."""
    lines = text_of(data).replace("\r\n", "\n").split("\n")
    if is_cut and len(lines) > 1:
        del lines[0]
    # A progress bar rewrites its line: what a terminal would show is its last state.
    shown = [clean_text(line.rstrip("\r").rpartition("\r")[2]) for line in lines]
    return "\n".join(shown[-TAIL_LINES - 1 :] if shown and not shown[-1] else shown[-TAIL_LINES:])


# --- lines of the metrics file ------------------------------------------------------------------------------------


@dataclass
class Point:
    """What one line says: values with their place, or a view; `rejected` says why something was left out."""

    time: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    epoch: float | None = None
    batch: float | None = None
    epochs: float | None = None
    view: tuple[str, str, str] | None = None
    rejected: str | None = None


def parse_metric_line(line: bytes) -> Point:
    """Read one line of the metrics file. Each value is judged alone; never raises."""
    try:
        data = _JSON.decode(line.decode("utf-8", "backslashreplace"))
    except (ValueError, RecursionError):
        return Point(rejected="not a line of JSON")
    if not isinstance(data, dict):
        return Point(rejected="not an object")
    point = Point()
    for name in ("t", "epoch", "batch", "epochs"):
        if name in data:
            number = number_of(data[name])
            if number is None or not math.isfinite(number):
                point.rejected = f"{name} is {_kind(data[name])}"
            else:
                setattr(point, "time" if name == "t" else name, number)
    if "view" in data:
        _read_view(data, point)
    metrics = data.get("m", {})
    if not isinstance(metrics, dict):
        point.rejected = f"m is {_kind(metrics)}"
        return point
    for name, value in metrics.items():
        number = number_of(value)
        clean = clean_text(text_of(name.encode("utf-8", "backslashreplace")))
        if not clean or len(clean.encode()) > LONGEST_NAME:
            point.rejected = f"a metric's name is empty or longer than {LONGEST_NAME} bytes"
        elif number is None:
            point.rejected = f"{clean} is {_kind(value)}"
        else:
            point.metrics[clean] = number
    return point


def _read_view(data: Mapping[str, Any], point: Point) -> None:
    parts = [data.get(name) for name in ("view", "kind", "file")]
    texts = [clean_text(text_of(part.encode("utf-8", "backslashreplace"))) for part in parts if isinstance(part, str)]
    if len(texts) < len(parts) or not all(0 < len(part.encode()) <= LONGEST_NAME for part in texts):
        point.rejected = "a view without a name, kind or file"
    elif not _VIEW_FILE.fullmatch(texts[2]):
        point.rejected = "a view's file must be named view-....json"
    else:
        point.view = (texts[0], texts[1], texts[2])


def number_of(value: object) -> float | None:
    """A JSON value as a number, or None where it is none or fits no double; NaN and infinities are numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _int_or_text(digits: str) -> int | str:
    # Python refuses to read very long integers, and that would cost the whole line.
    return int(digits) if len(digits) < 400 else "a huge integer"


_JSON = json.JSONDecoder(parse_int=_int_or_text)


def _kind(value: object) -> str:
    return {bool: "true or false", str: "text", list: "a list", dict: "an object", type(None): "null"}.get(
        type(value), "no finite number"
    )


# --- an attempt's folder ------------------------------------------------------------------------------------------


@dataclass
class Series:
    """New values of one metric; `first_seq` counts its values in the attempt before them.

    source: where they are from, in words.
    """

    first_seq: int
    source: str = ""
    values: list[float] = field(default_factory=list)
    epochs: list[float | None] = field(default_factory=list)
    batches: list[float | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


@dataclass
class Reading:
    """What is new since the last commit. Where it is news, it must be committed before the next reading."""

    since: Mapping[str, int]
    upto: Mapping[str, int] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    views: list[NewView] = field(default_factory=list)
    view_files: list[str] = field(default_factory=list)
    epoch: float | None = None
    epochs: float | None = None
    rejected_lines: int = 0
    rejected_sample: str | None = None
    stdout_tail: str | None = None
    stderr_tail: str | None = None
    # True where more waits on disk than one reading takes.
    is_partial: bool = False

    @property
    def is_news(self) -> bool:
        """Whether there is anything to tell; lines that say nothing only move the offsets, which can wait a while."""
        moved = max((offset - self.since.get(name, 0) for name, offset in self.upto.items()), default=0)
        tails = self.stdout_tail is not None or self.stderr_tail is not None
        places = self.epoch is not None or self.epochs is not None
        return bool(self.series or self.views or self.rejected_lines or tails or places or moved > QUIET_BYTES)

    def reject(self, why: str, line: bytes) -> None:
        """Count a line of which something was left out, and keep the first as a sample."""
        self.rejected_lines += 1
        if self.rejected_sample is None:
            self.rejected_sample = clean_text(f"{why}: {text_of(line[:LONGEST_SAMPLE])}")[:LONGEST_SAMPLE]

    def batch(self, ids: Mapping[str, int]) -> Batch:
        """As storage takes it; `ids` knows every metric's name."""
        return Batch(
            self.since,
            self.upto,
            [
                Values(ids[name], s.first_seq, s.values, s.epochs, s.batches, s.times, s.source)
                for name, s in self.series.items()
            ],
            self.views,
            self.epoch,
            self.epochs,
            self.rejected_lines,
            self.rejected_sample,
            self.stdout_tail,
            self.stderr_tail,
        )


@dataclass(frozen=True)
class Place:
    """How far an attempt's folder was read, as the database knows it: all that another reader needs to go on.

    offsets: bytes of each file, by its name. counts: how many values of each metric came so far. epoch and epochs: what
    was reported last.
    """

    offsets: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    epoch: float | None = None
    epochs: float | None = None


class SpoolReader:
    """Reads an attempt's folder from where it stands, again and again.

    Guarantees that every complete line is read exactly once, in order, also where another reader goes on, and that
    memory stays bounded whatever the script writes. As soon as the script has written to its metrics file, metrics are
    no longer looked for in what it prints; while that file is empty, which means that the script may yet write to it,
    its streams wait for the script's end. A metric belongs to the stream that named it first: what a script prints on
    both counts once.
    """

    def __init__(
        self,
        folder: Path,
        *,
        not_metrics: Collection[str] = (),
        patterns: Collection[Pattern] = (),
        files: Path | None = None,
        place: Place | None = None,
    ) -> None:
        """not_metrics: names that are no metrics in what is printed, such as the hyperparameters that a script echoes.

        patterns: how else the project prints metrics. files: the folder of the experiment's own files, among which it
        may log, too. place: where an earlier reader stopped.
        """
        self.folder = folder
        self._metrics = _File(folder / METRICS, most=(b'"view"', MOST_VIEWS_PER_READING))
        self._hooked = _File(folder / HOOKED)
        self._streams = [_Stream(folder / name, not_metrics, patterns) for name in (STDOUT, STDERR)]
        self._stdout, self._stderr = self._streams
        # Which stream or file has named a metric first, by its name in short.
        self._owners: dict[str, object] = {}
        self._not_metrics = frozenset(not_metrics)
        self._files = LoggedFiles(files, place.offsets if place else {}) if files else None
        self.committed_offsets: Mapping[str, int] = {}
        self._counts: dict[str, int] = {}
        self._has_log = False
        if place is not None:
            self._go_on(place)

    def read(self, *, is_last: bool = False, take_tail: bool = False, with_tails: bool = False) -> Reading:
        """What is new. is_last: an unfinished last line of the metrics file counts if it is complete JSON.

        take_tail: so does one of a stream. with_tails: the last lines of both streams as well, if they changed.
        """
        reading = Reading(self.committed_offsets)
        now = time.time()
        # What is not committed yet may have to be read again, by somebody else.
        for stream in self._streams:
            stream.file.punch(self.committed_offsets.get(stream.name, 0))
        self._read_metrics(reading, now, is_last)
        if is_last or self._has_log or not self._metrics.exists():
            self._read_hooked(reading, now, is_last)
            for stream in self._streams:
                self._read_stream(stream, reading, now, take_tail)
            self._read_files(reading, now, is_last)
        streams = {each.name: each.file.offset for each in self._streams}
        files = {METRICS: self._metrics.offset, HOOKED: self._hooked.offset}
        reading.upto = {**files, **streams, **(self._files.offsets if self._files else {})}
        if with_tails:
            reading.stdout_tail, reading.stderr_tail = self._stdout.file.tail(), self._stderr.file.tail()
        return reading

    def see(self, files: Sequence[OwnFile]) -> None:
        """The experiment's own files that there are by now: what it logs into some of them is read from now on."""
        if self._files:
            self._files.see(files)

    def pass_over(self, files: Sequence[OwnFile]) -> None:
        """What stands in these is of an earlier attempt."""
        if self._files:
            self._files.pass_over(files)

    def committed(self, reading: Reading) -> None:
        """The reading is in the database: the next one begins where it ended, and its payload files can go."""
        self.committed_offsets = reading.upto
        for name in reading.view_files:
            with suppress(OSError):
                (self.folder / name).unlink()

    def last_words(self) -> str:
        """The last line on stderr, which mostly says why a script failed."""
        lines = [line.strip() for line in self.end_of_stderr().splitlines()]
        return next((line for line in reversed(lines) if line), "")

    def end_of_stderr(self) -> str:
        """The last lines on stderr, as people should see them."""
        return tail_of(self._stderr.file.end(), is_cut=False)

    def _go_on(self, place: Place) -> None:
        self.committed_offsets = place.offsets
        self._counts = dict(place.counts)
        metrics_offset = place.offsets.get(METRICS, 0)
        self._has_log = metrics_offset > 0
        self._metrics.go_on(metrics_offset)
        self._hooked.go_on(place.offsets.get(HOOKED, 0))
        for stream in self._streams:
            offset = place.offsets.get(stream.name, 0)
            if not self._has_log:
                for name in stream.look_back(offset):
                    self._owners.setdefault(_short(name), stream)
            stream.file.go_on(offset)
            if offset > LOOK_BACK_BYTES:
                stream.reader.progress.epoch, stream.reader.progress.epochs = place.epoch, place.epochs

    def _read_metrics(self, reading: Reading, now: float, is_last: bool) -> None:
        lines, too_long, is_full = self._metrics.lines(is_complete=_is_json if is_last else None)
        self._has_log = self._has_log or self._metrics.offset > 0
        for line in lines:
            point = parse_metric_line(line)
            self._add(reading, point, point.time if point.time is not None else now, LOGGED)
            if point.view:
                self._add_view(reading, point, line)
            if point.rejected:
                reading.reject(point.rejected, line)
        _count_long(reading, too_long)
        reading.is_partial |= is_full

    def _read_stream(self, stream: _Stream, reading: Reading, now: float, take_tail: bool) -> None:
        others = stream.reader.others
        lines, too_long, is_full = stream.file.lines(is_complete=(lambda _: True) if take_tail else None)
        place = stream.reader.progress
        for line in lines if not self._has_log else ():
            before = (place.epoch, place.epochs)
            found = stream.reader.read(text_of(line))
            ours = self._owned(stream, found)
            if ours or before != (place.epoch, place.epochs):
                self._add(reading, Point(now, ours, place.epoch, place.batch, place.epochs), now, PRINTED)
            if stream.reader.others and not others:
                others = stream.reader.others
                reading.reject(OTHER_PROCESSES, line)
        _count_long(reading, too_long)
        reading.is_partial |= is_full

    def _read_hooked(self, reading: Reading, now: float, is_last: bool) -> None:
        lines, too_long, is_full = self._hooked.lines(is_complete=_is_json if is_last else None)
        for line in lines if not self._has_log else ():
            point, source = parse_metric_line(line), _source_of(line)
            if ours := self._owned(source, point.metrics):
                when = now if point.time is None else point.time
                self._add(reading, Point(when, ours, point.epoch, point.batch), when, source)
        _count_long(reading, too_long)
        reading.is_partial |= is_full

    def _read_files(self, reading: Reading, now: float, is_last: bool) -> None:
        for row in self._files.rows(is_last=is_last) if self._files and not self._has_log else ():
            point = row.point
            if ours := self._owned(row.title, point.metrics):
                when = now if point.time is None else point.time
                self._add(reading, Point(when, ours, point.epoch, point.step), when, row.title)

    def _owned(self, owner: object, found: Mapping[str, float]) -> dict[str, float]:
        """Those metrics that nobody else named before: what a script prints, logs and writes is mostly the same."""
        return {
            name: value
            for name, value in found.items()
            if name not in self._not_metrics and self._owners.setdefault(_short(name), owner) == owner
        }

    def _add(self, reading: Reading, point: Point, at: float, source: str) -> None:
        for name, value in point.metrics.items():
            if name not in self._counts and len(self._counts) >= MOST_METRICS:
                point.rejected = f"more than {MOST_METRICS:,} metrics"
                continue
            count = self._counts.get(name, 0)
            series = reading.series.setdefault(name, Series(count, source))
            series.values.append(value)
            series.epochs.append(point.epoch)
            series.batches.append(point.batch)
            series.times.append(at)
            self._counts[name] = count + 1
        reading.epoch = reading.epoch if point.epoch is None else point.epoch
        reading.epochs = reading.epochs if point.epochs is None else point.epochs

    def _add_view(self, reading: Reading, point: Point, line: bytes) -> None:
        assert point.view
        name, kind, file = point.view
        try:
            payload = read_view(self.folder, file)
        except ViewError as error:
            reading.reject(f"view {name}: {error}", line)
            return
        reading.views.append(NewView(name, kind, point.epoch, payload))
        reading.view_files.append(file)


def _source_of(line: bytes) -> str:
    """By what package a line was logged."""
    with suppress(ValueError, RecursionError):
        data = _JSON.decode(text_of(line))
        if isinstance(data, dict):
            return clean_text(str(data.get("from", "")))[:LONGEST_SOURCE] or "another logger"
    return "another logger"


def _short(name: str) -> str:
    """A metric's name in short, so that `train_loss`, `Loss/train` and `Train Loss` are one."""
    return " ".join(sorted(_SIGNS.sub(" ", name.lower()).split()))


def _is_json(line: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(_JSON.decode(text_of(line)), dict)
    return False


def _count_long(reading: Reading, too_long: int) -> None:
    for _ in range(too_long):
        reading.reject(f"a line of more than {LONGEST_LINE:,} bytes", b"")


class ViewError(Exception):
    """A view's payload that cannot be taken; the message says why."""


def read_view(folder: Path, name: str) -> bytes:
    """A view's payload: an ordinary file of that name in the folder, UTF-8 JSON of bounded size.

    Raises ViewError.
    """
    try:
        # No link leads out of the folder, and a pipe does not make us wait.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ViewError(f"its file cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > MOST_VIEW_BYTES:
            raise ViewError(f"it takes {size:,} bytes, and {MOST_VIEW_BYTES:,} is the most")
        try:
            payload = file.read(MOST_VIEW_BYTES)
            json.loads(payload.decode("utf-8"))
        except (OSError, ValueError, RecursionError):
            raise ViewError("its file is not UTF-8 JSON") from None
    return payload


# --- files --------------------------------------------------------------------------------------------------------


class _Stream:
    """What a script prints on stdout or stderr, and what is read from it."""

    def __init__(self, path: Path, not_metrics: Collection[str], patterns: Collection[Pattern]) -> None:
        self.name = path.name
        self.file = _File(path)
        self.reader = OutputReader(not_metrics, patterns)

    def look_back(self, offset: int) -> set[str]:
        """Learn from what another reader has read what the next lines need; returns the metrics that were there.

        No table holds the batch that was named last, or the header of a table.
        """
        earlier = _File(self.file.path)
        earlier.go_on(max(0, offset - LOOK_BACK_BYTES))
        names: set[str] = set()
        before = -1
        # Where the script cut its file short, the offset of the database is never reached.
        while before < earlier.offset < offset:
            before = earlier.offset
            lines, _, _ = earlier.lines(is_complete=lambda _: True, end=offset)
            for line in lines:
                names.update(self.reader.read(text_of(line)))
        return names


class _File:
    """One file of the spool, read forwards from `offset`; it may not be there yet."""

    def __init__(self, path: Path, *, most: tuple[bytes, int] | None = None) -> None:
        """most: (marker, number): no more than so many lines with the marker are read at once."""
        self.path = path
        self._most = most
        self.offset = 0
        self._in_long_line = False
        self._tail_at = 0
        self._punched = 0

    def exists(self) -> bool:
        try:
            return stat.S_ISREG(self.path.stat(follow_symlinks=False).st_mode)
        except OSError:
            return False

    def size(self) -> int:
        try:
            return self.path.stat(follow_symlinks=False).st_size
        except OSError:
            return 0

    def _bytes(self, start: int, count: int) -> bytes:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.pread(descriptor, count, start)
        except OSError:
            return b""
        finally:
            os.close(descriptor)

    def go_on(self, offset: int) -> None:
        """Begin where another reader stopped."""
        self.offset = offset
        before = self._bytes(max(0, offset - LONGEST_LINE - 1), min(offset, LONGEST_LINE + 1))
        self._in_long_line = len(before) > LONGEST_LINE and not re.search(rb"[\r\n]", before)

    def lines(
        self, *, is_complete: Callable[[bytes], bool] | None = None, end: int | None = None
    ) -> tuple[list[bytes], int, bool]:
        """New whole lines, how many were too long, and whether the chunk was full.

        is_complete: judges an unfinished line at the end of the file; the line is taken if it says so.
        end: where the file counts as ended.
        """
        if self.size() <= self.offset:
            return [], 0, False
        most = CHUNK_BYTES if end is None else min(CHUNK_BYTES, end - self.offset)
        chunk = self._bytes(self.offset, most)
        is_full = len(chunk) == CHUNK_BYTES
        if self._most and len(shorter := cut_after(chunk, *self._most)) < len(chunk):
            chunk, is_full = shorter, True
        tail = re.split(rb"[\r\n]", chunk[-LONGEST_LINE - 1 :])[-1]
        take_tail = bool(tail) and not is_full and is_complete is not None and is_complete(tail)
        cut = cut_lines(chunk, in_long_line=self._in_long_line, take_tail=take_tail)
        self.offset += cut.consumed
        self._in_long_line = cut.in_long_line
        return cut.lines, cut.too_long, is_full

    def tail(self) -> str | None:
        """The last lines, or None where nothing came since they were asked for."""
        size = self.size()
        if size == self._tail_at:
            return None
        self._tail_at = size
        return tail_of(self.end(), is_cut=size > TAIL_BYTES)

    def end(self) -> bytes:
        """The last bytes of the file."""
        return self._bytes(max(0, self.size() - TAIL_BYTES), TAIL_BYTES)

    def punch(self, consumed: int) -> None:
        """Give the disk back what was read, once it is much; offsets stay valid."""
        end = (consumed - PUNCH_KEEP_BYTES) // 4096 * 4096
        if end - self._punched >= PUNCH_BYTES:
            _punch_hole(self.path, self._punched, end - self._punched)
            self._punched = end


def _punch_hole(path: Path, start: int, length: int) -> None:
    if sys.platform != "linux":
        return
    keep_size_and_punch_hole = 0x01 | 0x02
    # A file system that cannot do it keeps the bytes.
    with suppress(OSError, AttributeError):
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fallocate = ctypes.CDLL(None).fallocate
            fallocate(descriptor, keep_size_and_punch_hole, ctypes.c_int64(start), ctypes.c_int64(length))
        finally:
            os.close(descriptor)

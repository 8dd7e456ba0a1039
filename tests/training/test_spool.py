"""Reading the spool: bytes to lines to values, whatever a script writes."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import spool
from training.spool import (
    CHUNK_BYTES,
    LONGEST_LINE,
    MOST_METRICS,
    Place,
    Reading,
    SpoolReader,
    clean_text,
    cut_after,
    cut_lines,
    parse_metric_line,
    tail_of,
    text_of,
)

BYTES = st.binary(max_size=400) | st.lists(st.sampled_from([b"\n", b"\r", b"abc", b"{}", b"\xff", b"\0"])).map(b"".join)


# --- bytes to lines -----------------------------------------------------------------------------------------------


@given(BYTES, st.lists(st.integers(0, 400)))
def test_lines_do_not_depend_on_where_a_file_was_cut(data: bytes, cuts: list[int]) -> None:
    expected = [line for line in data.replace(b"\r", b"\n").split(b"\n") if line]
    found: list[bytes] = []
    offset = 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        cut = cut_lines(data[offset : max(end, offset)])
        found += cut.lines
        offset += cut.consumed
    last = cut_lines(data[offset:], take_tail=True)
    assert found + last.lines == expected
    assert offset + last.consumed == len(data)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(1, 7))
def test_long_lines_are_skipped_and_counted_once(lengths: list[int], step: int) -> None:
    longest = spool.LONGEST_LINE
    spool.LONGEST_LINE = 10
    try:
        data = b"".join(b"%c" % (65 + number % 26) * length + b"\n" for number, length in enumerate(lengths))
        found: list[bytes] = []
        too_long, offset, seen, in_long_line = 0, 0, 0, False
        while offset < len(data):
            # The file grows while it is read.
            seen = min(len(data), max(seen, offset) + step)
            cut = cut_lines(data[offset:seen], in_long_line=in_long_line)
            found += cut.lines
            too_long += cut.too_long
            offset += cut.consumed
            in_long_line = cut.in_long_line
        assert found == [line for line in data.split(b"\n") if 0 < len(line) <= 10]
        assert too_long == sum(length > 10 for length in lengths)
    finally:
        spool.LONGEST_LINE = longest


def test_a_chunk_is_cut_behind_the_line_of_the_last_marker() -> None:
    chunk = b"1 view\n2\n3 view\n4 view\n"
    assert cut_after(chunk, b"view", 2) == b"1 view\n2\n3 view\n"
    assert cut_after(chunk, b"view", 4) == chunk


@given(st.binary())
def test_any_bytes_become_text_that_a_database_takes(data: bytes) -> None:
    text = text_of(data)
    assert "\0" not in text
    text.encode()


def test_text_for_people_has_no_commands_in_it() -> None:
    assert clean_text("\x1b[31mred\x1b[0m\x07 \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \u202eabc\tend") == (
        "red\u2407 link \ufffdabc\tend"
    )


def test_a_tail_shows_what_a_terminal_would() -> None:
    assert tail_of(b"half\n10%\r50%\r100%\ndone\r\n", is_cut=True) == "100%\ndone\n"
    many = b"".join(b"%d\n" % number for number in range(1000))
    assert tail_of(many, is_cut=False).splitlines() == [str(number) for number in range(800, 1000)]


# --- lines of the metrics file ------------------------------------------------------------------------------------

NUMBERS = st.floats() | st.integers(-(10**300), 10**300)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), min_size=1, max_size=40)


@given(st.dictionaries(NAMES, NUMBERS, max_size=5), st.floats(0, 1e6), st.integers(0, 10**9))
def test_what_is_logged_is_read(metrics: dict[str, float], epoch: float, batch: int) -> None:
    line = json.dumps({"t": 5.0, "m": metrics, "epoch": epoch, "batch": batch}).encode()
    point = parse_metric_line(line)
    assert point.rejected is None
    assert (point.time, point.epoch, point.batch) == (5.0, epoch, batch)
    assert {name: repr(value) for name, value in point.metrics.items()} == {
        name: repr(float(value)) for name, value in metrics.items()
    }


@given(st.binary(max_size=300))
def test_no_line_raises(line: bytes) -> None:
    parse_metric_line(line)


@pytest.mark.parametrize(
    "bad",
    ["true", '"0.5"', "null", "[1]", '{"a": 1}', "1" + "0" * 399, "9" * 5000],
    ids=["bool", "text", "null", "list", "object", "huge", "5000 digits"],
)
def test_a_bad_value_costs_only_itself(bad: str) -> None:
    point = parse_metric_line(f'{{"m": {{"bad": {bad}, "loss": 0.5}}}}'.encode())
    assert point.metrics == {"loss": 0.5}
    assert (point.rejected or "").startswith("bad is ")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not a line of JSON"),
        (b"[1, 2]", "not an object"),
        (b'{"m": [1]}', "m is a list"),
        (b"[" * 60_000, "not a line of JSON"),
        (b'{"m": {"a": ' * 5_000, "not a line of JSON"),
        (b'{"m": {"": 1}}', "a metric's name is empty or longer than 512 bytes"),
        (b'{"m": {"' + b"x" * 513 + b'": 1}}', "a metric's name is empty or longer than 512 bytes"),
        (b'{"epoch": "three", "m": {}}', "epoch is text"),
        (b'{"epoch": NaN, "m": {}}', "epoch is no finite number"),
        (b'{"view": "x", "kind": "k", "file": "../../etc/passwd"}', "a view's file must be named view-....json"),
        (b'{"view": "x", "kind": "k"}', "a view without a name, kind or file"),
    ],
)
def test_what_cannot_be_read_is_said(line: bytes, why: str) -> None:
    assert parse_metric_line(line).rejected == why


def test_special_numbers_survive() -> None:
    point = parse_metric_line(b'{"m": {"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e400, "e": 5e-324, "f": -0.0}}')
    assert math.isnan(point.metrics.pop("a"))
    assert point.metrics == {"b": math.inf, "c": -math.inf, "d": math.inf, "e": 5e-324, "f": 0.0}


def test_names_that_no_database_takes_become_some_that_it_does() -> None:
    point = parse_metric_line(b'{"m": {"a\\u0000b": 1, "\\ud800": 2}}')
    assert point.metrics == {"a\u2400b": 1, "\\ud800": 2}


# --- an attempt's folder ------------------------------------------------------------------------------------------


class Script:
    """Writes as a script would, and reads as a worker does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reader = SpoolReader(folder)

    def log(self, text: str | bytes) -> None:
        self._append(spool.METRICS, text)

    def say(self, text: str | bytes) -> None:
        self._append(spool.STDOUT, text)

    def warn(self, text: str | bytes) -> None:
        self._append(spool.STDERR, text)

    def _append(self, name: str, text: str | bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def read(self, **options: bool) -> Reading:
        reading = self.reader.read(**options)
        self.reader.committed(reading)
        return reading


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


def values(reading: Reading) -> dict[str, list[float]]:
    return {name: series.values for name, series in reading.series.items()}


def test_a_folder_in_which_nothing_stands_yet_is_no_news(script: Script) -> None:
    assert not script.read(with_tails=True).is_news


def test_values_are_numbered_in_order_of_arrival(script: Script) -> None:
    script.log('{"m": {"a": 1}}\n{"m": {"a": 2, "b": 5}}\n')
    first = script.read()
    script.log('{"t": 7, "m": {"a": 3}, "epoch": 1, "batch": 2, "epochs": 4}\n')
    second = script.read()
    assert (first.series["a"].first_seq, values(first)) == (0, {"a": [1, 2], "b": [5]})
    assert (second.series["a"].first_seq, values(second)) == (2, {"a": [3]})
    series = second.series["a"]
    assert (series.epochs, series.batches, series.times) == ([1], [2], [7])
    assert (second.epoch, second.epochs) == (1, 4)
    assert second.since == first.upto


def test_offsets_move_from_what_was_committed(script: Script) -> None:
    script.say("nothing to see\n")
    assert not script.reader.read().is_news
    script.say("loss: 1\n")
    reading = script.read()
    assert (reading.since, reading.upto["stdout"]) == ({}, 23)


def test_half_a_line_waits_for_the_rest(script: Script) -> None:
    script.log('{"m": {"a": 1}}\n{"m": {"a"')
    assert values(script.read()) == {"a": [1]}
    script.log(": 2}}\n")
    assert values(script.read()) == {"a": [2]}


def test_a_last_line_without_newline_counts_only_if_it_is_whole(script: Script) -> None:
    script.log('{"m": {"a": 1}}')
    assert values(script.read()) == {}
    assert values(script.read(is_last=True)) == {"a": [1]}
    script.log('\n{"m": {"a": 2')
    reading = script.read(is_last=True)
    assert (values(reading), reading.rejected_lines) == ({}, 0)


def test_bad_lines_are_counted_with_a_sample_and_cost_no_good_one(script: Script) -> None:
    script.log(b'{"m": {"a": 1}}\n\xff\x00junk\n{"m": {"a": "x", "b": 2}}\n' + b"x" * (LONGEST_LINE + 1) + b"\n")
    script.log('{"m": {"a": 3}}\n')
    reading = script.read()
    assert values(reading) == {"a": [1, 3], "b": [2]}
    assert reading.rejected_lines == 3
    assert reading.rejected_sample == "not a line of JSON: \\xff\u2400junk"


def test_a_line_without_end_costs_no_memory(script: Script) -> None:
    for _ in range(3):
        script.log(b"x" * CHUNK_BYTES)
        while script.read().is_partial:
            pass
    script.log('\n{"m": {"a": 1}}\n')
    reading = script.read()
    assert (values(reading), reading.rejected_lines) == ({"a": [1]}, 0)


def test_a_long_backlog_is_read_in_parts(script: Script) -> None:
    line = '{"m": {"a": 1}}\n'
    script.log(line * (CHUNK_BYTES // len(line) + 10))
    first, second = script.read(), script.read()
    assert first.is_partial
    assert not second.is_partial
    assert len(first.series["a"].values) + len(second.series["a"].values) == CHUNK_BYTES // len(line) + 10


def test_printed_metrics_carry_the_epoch_of_the_lines_before(script: Script) -> None:
    script.say("Epoch 1/2\nloss: 1\nEpoch 2/2\rloss: 0.5 acc: 50%")
    reading = script.read(take_tail=True)
    assert values(reading) == {"loss": [1, 0.5], "acc": [50]}
    assert reading.series["loss"].epochs == [1, 2]
    assert (reading.epoch, reading.epochs) == (2, 2)


def test_that_other_processes_report_too_is_said_once(script: Script) -> None:
    for epoch in (1, 2):
        script.say("".join(f"[default{rank}]:Epoch {epoch} loss: {rank / 2}\n" for rank in (0, 1)))
        reading = script.read()
        assert values(reading) == {"loss": [0]}
        assert reading.rejected_lines == (epoch == 1)
        if epoch == 1:
            assert "of several processes only the first counts" in str(reading.rejected_sample)


def test_whoever_logs_is_not_read_on_stdout(script: Script) -> None:
    script.log('{"m": {"loss": 1}}\n')
    script.say("loss: 1 acc: 2\n")
    reading = script.read()
    assert values(reading) == {"loss": [1]}
    assert reading.upto["stdout"] == 15


def test_both_streams_are_read_each_by_itself(script: Script) -> None:
    script.say("Epoch 1/2\nloss: 1\n")
    script.warn("INFO:root:Epoch 2 val_loss: 0.5\n 40%|####      | 4/10 [00:01<00:02,  2.9it/s, grad=3.5]\r")
    reading = script.read()
    assert values(reading) == {"loss": [1], "val_loss": [0.5], "grad": [3.5]}
    assert (reading.series["loss"].epochs, reading.series["val_loss"].epochs) == ([1], [2])
    assert reading.series["grad"].batches == [4]
    assert reading.upto == {spool.METRICS: 0, spool.HOOKED: 0, spool.STDOUT: 18, spool.STDERR: 88}
    script.warn("val_loss: 0.25")
    assert values(script.read()) == {}
    assert values(script.read(is_last=True, take_tail=True)) == {"val_loss": [0.25]}


def test_what_is_printed_on_both_streams_counts_once(script: Script) -> None:
    for value in (1, 2):
        script.say(f"loss: {value}\n")
        script.warn(f"INFO:root:loss: {value}\nINFO:root:acc: {value}\n")
        assert values(script.read()) == {"loss": [value], "acc": [value]}
    place = Place(script.reader.committed_offsets, {"loss": 2, "acc": 2})
    script.say("loss: 3\n")
    script.warn("loss: 3\nacc: 3\n")
    assert values(SpoolReader(script.folder, place=place).read()) == {"loss": [3], "acc": [3]}


def test_too_many_metrics_are_refused_and_counted(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_METRICS", 3)
    script.log('{"m": {"a": 1, "b": 1, "c": 1, "d": 1}}\n{"m": {"a": 2}}\n')
    reading = script.read()
    assert values(reading) == {"a": [1, 2], "b": [1], "c": [1]}
    assert reading.rejected_lines == 1
    assert MOST_METRICS == 10_000


def view_line(name: str, file: str) -> str:
    return json.dumps({"t": 1, "view": name, "kind": "table", "epoch": 3, "file": file}) + "\n"


def test_a_view_brings_its_file_which_goes_when_it_is_committed(script: Script) -> None:
    (script.folder / "view-1-ab.json").write_text('{"rows": [NaN]}')
    script.log(view_line("my table", "view-1-ab.json"))
    reading = script.reader.read()
    (view,) = reading.views
    assert (view.name, view.kind, view.epoch, view.payload) == ("my table", "table", 3, b'{"rows": [NaN]}')
    assert (script.folder / "view-1-ab.json").exists()
    script.reader.committed(reading)
    assert not (script.folder / "view-1-ab.json").exists()


def test_a_view_s_file_must_be_an_ordinary_file_of_json(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_VIEW_BYTES", 10)
    (script.folder / "view-1.json").symlink_to("/etc/passwd")
    os.mkfifo(script.folder / "view-2.json")
    (script.folder / "view-3.json").write_bytes(b"\xff")
    (script.folder / "view-4.json").write_text('"' + "x" * 20 + '"')
    (script.folder / "view-5.json").write_text("{}")
    for number in range(7):
        script.log(view_line("v", f"view-{number}.json"))
    readings = [script.read() for _ in range(3)]
    assert [view.payload for reading in readings for view in reading.views] == [b"{}"]
    assert sum(reading.rejected_lines for reading in readings) == 6


def test_tails_come_when_something_new_was_written(script: Script) -> None:
    script.say("\x1b[1mhello\x1b[0m\n")
    (script.folder / spool.STDERR).write_bytes(b"oh\xff no\n\n")
    reading = script.read(with_tails=True)
    assert (reading.stdout_tail, reading.stderr_tail) == ("hello\n", "oh\\xff no\n\n")
    assert script.reader.last_words() == "oh\\xff no"
    again = script.read(with_tails=True)
    assert (again.stdout_tail, again.stderr_tail) == (None, None)


def test_what_was_read_of_stdout_takes_no_disk(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PUNCH_BYTES", 1_000_000)
    monkeypatch.setattr(spool, "PUNCH_KEEP_BYTES", 100_000)
    script.say(b"noise\n" * 500_000)
    script.say("loss: 1\n")
    found: dict[str, list[float]] = {}
    while (reading := script.read()).is_partial:
        found |= values(reading)
    assert found | values(reading) == {"loss": [1]}
    status = (script.folder / spool.STDOUT).stat()
    assert status.st_size == 3_000_008
    if os.uname().sysname == "Linux":
        assert status.st_blocks * 512 < 1_500_000


def test_noise_is_committed_once_it_is_much(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "QUIET_BYTES", 1_000)
    script.say(b"noise\n" * 100)
    assert not script.reader.read().is_news
    script.say(b"noise\n" * 100)
    assert script.reader.read().is_news


def test_no_more_than_was_committed_is_given_back_to_the_disk(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PUNCH_BYTES", 10_000)
    monkeypatch.setattr(spool, "PUNCH_KEEP_BYTES", 0)
    script.say(b"loss: 1\n" * 100_000)
    for _ in range(2):
        # Its commit fails, and so the next worker reads it again.
        script.reader.read()
    assert values(SpoolReader(script.folder).read(is_last=True)) == {"loss": [1] * 100_000}


# --- reading on ---------------------------------------------------------------------------------------------------


@dataclass
class Known:
    """What a database keeps of readings: all values in order, and the place of the last one committed."""

    rows: dict[str, list[tuple[float, float | None, float | None]]] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)
    rejected_lines: int = 0
    place: Place = field(default_factory=Place)

    def take(self, reading: Reading) -> None:
        assert reading.since == self.place.offsets
        for name, series in reading.series.items():
            rows = self.rows.setdefault(name, [])
            assert series.first_seq == len(rows)
            rows += zip(series.values, series.epochs, series.batches, strict=True)
        self.views += [view.name for view in reading.views]
        self.rejected_lines += reading.rejected_lines
        self.place = Place(
            reading.upto,
            {name: len(rows) for name, rows in self.rows.items()},
            self.place.epoch if reading.epoch is None else reading.epoch,
            self.place.epochs if reading.epochs is None else reading.epochs,
        )

    def follow(self, reader: SpoolReader, *, is_last: bool) -> None:
        """Read all that is there; what is no news is not committed, as workers do it."""
        while True:
            reading = reader.read(is_last=is_last, take_tail=is_last)
            if reading.is_news:
                self.take(reading)
                reader.committed(reading)
            if not reading.is_partial:
                return


PRINTED = [
    b"Epoch 1/3\n",
    b"Epoch 2/3: ",
    b"Epoch: 3\r",
    b"batch 4: ",
    b"step=7\n",
    b"loss: 0.5\n",
    b"loss=2 acc: 3\n",
    b"acc=",
    b"0.25\r\n",
    b"nothing\n",
    b"x" * 70,
    b": " * 50 + b"\n",
]
LOGGED = [
    b'{"m": {"loss": 1}}\n',
    b'{"m": {"loss": 2, "acc": 3}, "epoch": 1, "epochs": 5}\n',
    b'{"epoch": 2, "batch": 3, "m": {"loss": NaN}}\n',
    b'{"m": {"lo',
    b'ss": 4}}\n',
    b"{}\n",
    b"junk\n",
    b'{"view": "v", "kind": "k", "file": "view-1.json"}\n',
    b"y" * 70,
]
PARTS = st.lists(st.lists(st.sampled_from(PRINTED), max_size=6).map(b"".join), min_size=1, max_size=6)
LOGGED_PARTS = st.lists(st.lists(st.sampled_from(LOGGED), max_size=6).map(b"".join), min_size=1, max_size=6)


def read_in_turns(name: str, parts: list[bytes], heir_after: int, *, loses_last: bool) -> Known:
    """Read a file that grows; another reader goes on behind that many parts, and the first one's last may be lost."""
    with tempfile.TemporaryDirectory() as folder:
        known = Known()
        reader = SpoolReader(Path(folder))
        if name == spool.METRICS:
            (Path(folder) / spool.STDOUT).write_bytes(b"loss: 99\n")
        for number, part in enumerate(parts):
            with (Path(folder) / name).open("ab") as file:
                file.write(part)
            if number == heir_after:
                if loses_last:
                    reader.read()
                reader = SpoolReader(Path(folder), place=known.place)
            known.follow(reader, is_last=number == len(parts) - 1)
        return known


def comparable(known: Known) -> str:
    # As text, because NaN differs from itself.
    return repr((sorted(known.rows.items()), known.views, known.rejected_lines, known.place.epoch, known.place.epochs))


@given(PARTS, st.integers(0, 6), st.booleans(), st.integers(1, 60))
def test_another_reader_goes_on_on_stdout(parts: list[bytes], heir_after: int, loses_last: bool, extra: int) -> None:
    assert_readers_agree(spool.STDOUT, parts, heir_after, loses_last, extra)


@given(LOGGED_PARTS, st.integers(0, 6), st.booleans(), st.integers(1, 60))
def test_another_reader_goes_on_in_the_metrics_file(
    parts: list[bytes], heir_after: int, loses_last: bool, extra: int
) -> None:
    assert_readers_agree(spool.METRICS, parts, heir_after, loses_last, extra)


def assert_readers_agree(name: str, parts: list[bytes], heir_after: int, loses_last: bool, extra: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Small, so that long lines and chunks that end anywhere come up.
        patch.setattr(spool, "LONGEST_LINE", 60)
        patch.setattr(spool, "CHUNK_BYTES", 61 + extra)
        in_turns = read_in_turns(name, parts, heir_after, loses_last=loses_last)
        alone = read_in_turns(name, [b"".join(parts)], len(parts), loses_last=False)
        assert comparable(in_turns) == comparable(alone)


def test_the_batch_named_before_the_other_reader_came_still_counts(script: Script) -> None:
    script.say("Epoch 1\nloss: 1\nbatch: 7\n")
    place = Place({"stdout": 8 + 8 + 9}, {"loss": 1}, 1.0, None)
    script.say("loss: 2\n")
    series = SpoolReader(script.folder, place=place).read().series["loss"]
    assert (series.first_seq, series.values, series.epochs, series.batches) == (1, [2], [1], [7])


def test_a_file_that_was_cut_short_ends_no_reader(script: Script) -> None:
    script.say("loss: 1\n")
    assert not SpoolReader(script.folder, place=Place({"stdout": 10_000_000})).read().is_news

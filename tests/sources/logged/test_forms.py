"""Each form of a logged file, piece by piece, as its real writers write it and as no writer does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.record_writer import RecordWriter

from sources.logged.points import Parser, Point
from sources.logged.tables import Tables
from sources.logged.tensorboard import TensorBoard
from sources.logged.trainer_state import TrainerState

EVENTS = "runs/a/events.out.tfevents.1.host"


def read(parser: Parser | None, data: bytes, *, piece: int = 10**9) -> list[Point]:
    """All points, the data coming in pieces."""
    assert parser
    points: list[Point] = []
    at = 0
    for end in [*range(piece, len(data), piece), len(data)]:
        found, taken = parser.read(data[at:end], end == len(data))
        points += found
        at += taken
    return points


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("tb")
    with SummaryWriter(str(folder)) as writer:
        for step in range(20):
            writer.add_scalar("Loss/train", 1 / (step + 1), step, walltime=100.0 + step)
            writer.add_histogram("weights", [0.1, 0.2, 0.3], step)
            writer.add_text("note", "x" * 50, step)
        writer.add_scalar("acc", float("nan"), -1)
    (path,) = folder.iterdir()
    return path.read_bytes()


@pytest.mark.parametrize("piece", [1, 7, 100, 10**9])
def test_scalars_of_an_event_file_are_read_in_any_pieces(events: bytes, piece: int) -> None:
    points = read(TensorBoard().parser(EVENTS), events, piece=piece)
    losses = [point for point in points if "Loss/train" in point.metrics]
    assert [point.step for point in losses] == list(range(20))
    assert [point.metrics["Loss/train"] for point in losses] == pytest.approx([1 / (step + 1) for step in range(20)])
    assert losses[3].time == 103
    (last,) = [point for point in points if "acc" in point.metrics]
    assert (str(last.metrics["acc"]), last.step) == ("nan", -1)
    assert len(points) == 21


@pytest.mark.parametrize(
    "tensor",
    [
        TensorProto(dtype=1, float_val=[0.25]),
        TensorProto(dtype=1, tensor_content=b"\x00\x00\x80>"),
        TensorProto(dtype=2, double_val=[0.25]),
    ],
)
def test_scalars_of_tensorflow_are_tensors(tensor: TensorProto, tmp_path: Path) -> None:
    value = Summary.Value(tag="epoch_loss", tensor=tensor)
    writer = RecordWriter(str(tmp_path / "events"))
    writer.write(Event(wall_time=1.0, step=3, summary=Summary(value=[value])).SerializeToString())
    writer.close()
    parser = TensorBoard().parser("logs/validation/events.out.tfevents.1")
    assert read(parser, (tmp_path / "events").read_bytes()) == [Point({"validation/epoch_loss": 0.25}, None, 3, 1.0)]


def test_folders_of_event_files_are_told_apart() -> None:
    assert TensorBoard().title("runs/a/events.out.tfevents.1") == "TensorBoard, runs/a"
    assert TensorBoard().title("events.out.tfevents.1") == "TensorBoard"
    assert TensorBoard().parser("runs/a/events.txt") is None


def test_a_table_with_an_axis_is_a_log_and_others_are_none() -> None:
    forms = Tables()
    keras = b"epoch,accuracy,loss,val_loss\n0,0.5,1.5,1.25\n1,0.75,1,NA\n"
    assert read(forms.parser("out/training.log.csv"), keras) == [
        Point({"accuracy": 0.5, "loss": 1.5, "val_loss": 1.25}, 0), Point({"accuracy": 0.75, "loss": 1}, 1)
    ]  # fmt: skip
    lightning = b"epoch,step,train_loss,val_loss\n0,9,0.5,\n0,9,,0.25\n"
    assert read(forms.parser("lightning_logs/version_0/metrics.csv"), lightning, piece=3) == [
        Point({"train_loss": 0.5}, 0, 9), Point({"val_loss": 0.25}, 0, 9)
    ]  # fmt: skip
    assert read(forms.parser("predictions.csv"), b"id,score\n1,0.5\n2,0.7\n") == []
    assert read(forms.parser("results.csv"), b"id,score\n1,0.5\n") == [Point({"id": 1, "score": 0.5})]
    assert read(forms.parser("a.jsonl"), b'{"step": 3, "loss": 0.5}\n{"st') == [Point({"loss": 0.5}, None, 3)]
    assert forms.parser("model.pt") is None


def test_a_trainer_s_state_is_read_once_it_is_whole() -> None:
    state = {
        "log_history": [{"epoch": 0.5, "step": 10, "loss": 2.5, "grad_norm": 1}, {"step": 20, "eval_f1": 0.5}, "x"]
    }
    data = json.dumps(state).encode()
    parser = TrainerState().parser("out/checkpoint-20/trainer_state.json")
    assert parser
    assert parser.read(data[:-1], True) == ([], 0)
    assert parser.read(data, False)[0] == [
        Point({"loss": 2.5, "grad_norm": 1}, 0.5, 10), Point({"eval_f1": 0.5}, None, 20)
    ]  # fmt: skip
    assert TrainerState().key("a/trainer_state.json") == TrainerState().key("b/trainer_state.json")
    assert TrainerState().parser("state.json") is None


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_read_or_passed_over(data: bytes, piece: int) -> None:
    for parser in (
        TensorBoard().parser(EVENTS),
        TrainerState().parser("trainer_state.json"),
        Tables().parser("log.csv"),
    ):
        read(parser, data, piece=piece)


@given(st.binary(max_size=200))
def test_a_record_with_any_content_costs_only_itself(content: bytes) -> None:
    framed = len(content).to_bytes(8, "little") + b"\0\0\0\0" + content + b"\0\0\0\0"
    good = Event(step=1, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])).SerializeToString()
    last = len(good).to_bytes(8, "little") + b"\0\0\0\0" + good + b"\0\0\0\0"
    points = read(TensorBoard().parser(EVENTS), framed + last)
    assert points[-1].metrics == {"loss": 0.5}


def test_random_bytes_are_no_endless_record() -> None:
    assert read(TensorBoard().parser(EVENTS), b"\xff" * 8 + os.urandom(1000)) == []

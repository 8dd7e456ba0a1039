"""Scripts that log into files of their own: each value once, with where it came from."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import text

from storage.experiments import fetch_curves
from storage.projects import register_project
from storage.records import Experiment
from tests.training.conftest import Workshop, X
from tests.training.test_experiment import perform
from training.experiment import ExperimentWorker


def sources(workshop: Workshop, experiment: Experiment) -> dict[str, str]:
    with workshop.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT name, source FROM metric_summary JOIN metric ON metric.id = metric_id WHERE experiment_id = :id"
            ),
            {"id": experiment.id},
        )
        return {row.name: row.source for row in rows}


def curve(workshop: Workshop, experiment: Experiment, name: str) -> list[tuple[float | None, float]]:
    (found,) = [each for each in fetch_curves(workshop.store, experiment.id) if each.metric == name]
    return list(zip(found.epochs, found.values, strict=True))


def run_one(workshop: Workshop, worker: ExperimentWorker, action: str, **options: object) -> Experiment:
    (experiment,) = perform(workshop, worker, workshop.launch(action, **options))
    return experiment


def test_tensorboard_s_scalars_are_read_as_they_come(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "from tensorboardX import SummaryWriter\n"
        "writer = SummaryWriter('runs/a')\n"
        "for step in range(3): writer.add_scalar('Loss/train', x / (step + 1), step); writer.add_histogram('h', [1, 2], step)\n"
        "writer.close()"
    )
    experiment = run_one(workshop, worker, action, has_hooks=False)
    assert experiment.state == "finished", experiment.reason
    (found,) = fetch_curves(workshop.store, experiment.id)
    assert (found.metric, list(found.batches)) == ("Loss/train", [0, 1, 2])
    assert list(found.values) == pytest.approx([1, 1 / 2, 1 / 3])
    assert sources(workshop, experiment) == {"Loss/train": "TensorBoard, runs/a"}


def test_a_csv_that_is_written_anew_counts_each_row_once(workshop: Workshop, worker: ExperimentWorker) -> None:
    """As Lightning's logger does when a column comes later."""
    action = (
        "rows = []\n"
        "for epoch in range(4):\n"
        "    rows.append((epoch, 1 / (epoch + 1), 0.5 + epoch / 10 if epoch > 1 else ''))\n"
        "    with open('metrics.csv', 'w') as file:\n"
        "        print('epoch,train_loss' + (',val_acc' if epoch > 1 else ''), file=file)\n"
        "        for row in rows: print(*(row if epoch > 1 else row[:2]), sep=',', file=file)\n"
        "    time.sleep(1.2)\n"
    )
    experiment = run_one(workshop, worker, action)
    assert curve(workshop, experiment, "train_loss") == [(0, 1), (1, 0.5), (2, pytest.approx(1 / 3)), (3, 0.25)]
    assert curve(workshop, experiment, "val_acc") == [(2, 0.7), (3, 0.8)]
    assert sources(workshop, experiment) == {"train_loss": "metrics.csv", "val_acc": "metrics.csv"}


def test_json_lines_and_a_trainer_s_state_are_read(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "import json\n"
        "with open('log.jsonl', 'a') as file:\n"
        "    for step in range(3): print(json.dumps({'step': step, 'reward': step * x}), file=file)\n"
        "history = []\n"
        "for step in (1, 2):\n"
        "    history.append({'epoch': step / 2, 'step': step, 'eval_loss': 1 / step, 'learning_rate': 0.1})\n"
        "    os.makedirs(f'out/checkpoint-{step}')\n"
        "    json.dump({'log_history': history}, open(f'out/checkpoint-{step}/trainer_state.json', 'w'))\n"
        "    time.sleep(0.01)"
    )
    experiment = run_one(workshop, worker, action)
    assert experiment.metrics["reward"].count == 3
    assert curve(workshop, experiment, "eval_loss") == [(0.5, 1), (1, 0.5)]
    assert sources(workshop, experiment)["eval_loss"] == "trainer_state.json"


def test_what_is_printed_and_written_counts_once(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "file = open('log.csv', 'w'); print('epoch,Train Loss,acc', file=file, flush=True)\n"
        "for epoch in range(3):\n"
        "    print(f'epoch {epoch} train_loss: {x / (epoch + 1):.2f}')\n"
        "    print(epoch, x / (epoch + 1), epoch / 10, sep=',', file=file, flush=True)"
    )
    experiment = run_one(workshop, worker, action)
    assert {name: each.count for name, each in experiment.metrics.items()} == {"train_loss": 3, "acc": 3}
    assert sources(workshop, experiment) == {"train_loss": "output", "acc": "log.csv"}


def test_a_table_of_predictions_is_no_log(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "with open('predictions.csv', 'w') as file:\n"
        "    print('id,score', file=file)\n"
        "    for i in range(100): print(i, i / 100, sep=',', file=file)\n"
        "open('weights.csv', 'wb').write(os.urandom(1000)); open('events.out.tfevents.x', 'wb').write(os.urandom(1000))\n"
        "open('trainer_state.json', 'w').write('[{')"
    )
    experiment = run_one(workshop, worker, action)
    assert (experiment.state, dict(experiment.metrics)) == ("finished", {})


def test_a_script_that_logs_by_itself_is_believed_alone(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = "hypertuner.log(loss=0.5, epoch=1); open('log.csv', 'w').write('epoch,loss\\n1,0.7\\n')"
    experiment = run_one(workshop, worker, action)
    assert (experiment.metrics["loss"].count, experiment.metrics["loss"].last) == (1, 0.5)
    assert sources(workshop, experiment) == {"loss": "hypertuner.log"}


def test_a_further_attempt_counts_what_it_wrote_itself(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = (
        "is_second = os.path.exists('log.csv'); file = open('log.csv', 'a')\n"
        "if not is_second: print('epoch,loss', file=file); print('0,1', file=file); file.close(); sys.exit(1)\n"
        "print('1,0.5', file=file)"
    )
    experiment = run_one(workshop, worker, action, retries=1)
    assert (experiment.state, experiment.attempt) == ("finished", 2)
    assert curve(workshop, experiment, "loss") == [(1, 0.5)]


def test_values_in_a_file_are_seen_while_the_script_runs(workshop: Workshop, worker: ExperimentWorker) -> None:
    # A script that does not import hypertuner has no such file, and nothing waits for it.
    action = "os.remove(os.environ['HYPERTUNER_METRICS'])\nfile = open('log.csv', 'w'); print('epoch,loss\\n0,1', file=file, flush=True); time.sleep(4); print('1,2', file=file)"
    seen: list[int] = []
    keep = worker.keep_environment
    run = workshop.launch(action)

    def look(*arguments: object) -> None:
        keep()
        seen.append(workshop.experiments(run)[0].value_count)

    worker.keep_environment = look  # type: ignore[method-assign,assignment]
    perform(workshop, worker, run)
    assert 1 in seen
    assert workshop.experiments(run)[0].value_count == 2


HOOKED = (
    "from tensorboardX import SummaryWriter\n"
    "import tempfile; writer = SummaryWriter(tempfile.mkdtemp(dir='/tmp'))\n"
    "for step in range(3): print(f'step {step} loss: {x / (step + 1):.1f} acc: 0.5'); writer.add_scalar('loss', x / (step + 1), step)\n"
    "writer.close(); import shutil; shutil.rmtree(writer.logdir)"
)


def test_what_is_logged_by_another_package_goes_before_what_is_printed(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    experiment = run_one(workshop, worker, HOOKED)
    assert experiment.state == "finished", experiment.reason
    assert sources(workshop, experiment) == {"loss": "SummaryWriter", "acc": "output"}
    (found,) = [each for each in fetch_curves(workshop.store, experiment.id) if each.metric == "loss"]
    assert list(found.values) == pytest.approx([1, 1 / 2, 1 / 3])
    assert list(found.batches) == [0, 1, 2]


def test_without_hooks_nothing_is_followed(workshop: Workshop, worker: ExperimentWorker) -> None:
    experiment = run_one(workshop, worker, HOOKED, has_hooks=False)
    assert sources(workshop, experiment) == {"loss": "output", "acc": "output"}


def test_the_script_s_own_numbers_are_no_metrics_wherever_they_stand(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    known = [
        X,
        {"name": "n_embd", "flag": "--n-embd", "type": "int"},
        {"name": "loss", "flag": "--loss", "type": "float"},
    ]
    action = (
        "print('x: 3'); print('n_embd: 4'); print('loss: 0.5')\n"
        "open('log.csv', 'w').write('epoch,x,n_embd,acc\\n0,1,2,0.25\\n')"
    )
    command = [sys.executable, str(workshop.folder / "train.py"), action]
    run = workshop.launch(action)
    register_project(workshop.store, "Workshop", directory=str(workshop.folder), command=command, hyperparameters=known)
    (experiment,) = perform(workshop, worker, run)
    assert sources(workshop, experiment) == {"loss": "output", "acc": "log.csv"}

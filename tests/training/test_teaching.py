"""A project learns how its script prints metrics: past output is read again, and further experiments at once."""

from __future__ import annotations

from typing import Any

import pytest

from answers.teaching import NothingToReadError, answer, newest_with_output, teach, try_pattern
from launch.rereading import read_again
from sources.output.patterns import PatternError
from storage.experiments import fetch_curves
from storage.projects import find_project
from storage.records import Project
from tests.training.conftest import Workshop
from tests.training.test_experiment import perform
from training import experiment as worker_module
from training.experiment import ExperimentWorker

ODD = (
    "for e in range(1, 4): print(f'Pass {e} of 3 >>> quality now at {x + e / 10:.2f} <<<'); print(f'loss: {1 / e:.2f}')\n"
    "print('cost ~~ 5', file=sys.stderr)"
)
PATTERN = "Pass {epoch} of {} quality now at {quality}"


def now(workshop: Workshop) -> Project:
    found = find_project(workshop.store, workshop.project.slug)
    assert found
    return found


def ask(workshop: Workshop, **request: Any) -> dict[str, Any]:
    found = answer(workshop.store, workshop.data_dir, workshop.project.slug, request)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _fresh_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "PATTERNS_EVERY_S", 0)


def test_past_output_is_read_again_and_further_experiments_at_once(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    run = workshop.launch(ODD, [1.0, 2.0])
    perform(workshop, worker, run)
    teach(workshop.store, now(workshop), [PATTERN, "cost ~~ {cost}"])
    done = read_again(workshop.store, workshop.data_dir, now(workshop))
    assert (done.left, done.done, done.changed) == (0, 2, 2)
    for experiment, x in zip(workshop.experiments(run), (1.0, 2.0), strict=True):
        assert {name: (each.count, each.last) for name, each in experiment.metrics.items()} == {
            "loss": (3, 0.33), "quality": (3, x + 0.3), "cost": (1, 5)
        }  # fmt: skip
        assert experiment.value_count == 7
        (curve,) = [each for each in fetch_curves(workshop.store, experiment.id) if each.metric == "quality"]
        assert (list(curve.values), list(curve.epochs)) == ([x + 0.1, x + 0.2, x + 0.3], [1, 2, 3])
    later = workshop.launch(ODD, [3.0])
    (experiment,) = perform(workshop, worker, later)
    assert (experiment.metrics["quality"].count, experiment.metrics["quality"].last) == (3, 3.3)
    assert experiment.epoch == 3


def test_a_pattern_that_is_taught_while_a_script_runs_counts_at_its_end(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    run = workshop.launch(ODD)
    keep = worker.keep_environment

    def teach_now(*arguments: object) -> None:
        teach(workshop.store, now(workshop), [PATTERN])
        keep()

    worker.keep_environment = teach_now  # type: ignore[method-assign,assignment]
    perform(workshop, worker, run)
    (experiment,) = workshop.experiments(run)
    assert (experiment.metrics["quality"].count, experiment.metrics["quality"].last) == (3, 1.3)


def test_reading_again_replaces_what_a_pattern_named_before(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch(ODD)
    perform(workshop, worker, run)
    for pattern, last, count in (("Pass {quality} of", 3, 3), (PATTERN, 1.3, 3), (PATTERN, 1.3, 3)):
        teach(workshop.store, now(workshop), [pattern])
        read_again(workshop.store, workshop.data_dir, now(workshop))
        (experiment,) = workshop.experiments(run)
        assert (experiment.metrics["quality"].last, experiment.metrics["quality"].count) == (last, count)
        assert experiment.value_count == 6


def test_a_script_that_logs_by_itself_is_left_alone(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("hypertuner.log(quality=0.5); print('quality now at 9')")
    perform(workshop, worker, run)
    teach(workshop.store, now(workshop), ["quality now at {quality}"])
    assert read_again(workshop.store, workshop.data_dir, now(workshop)).changed == 0
    (experiment,) = workshop.experiments(run)
    assert (experiment.metrics["quality"].last, experiment.value_count) == (0.5, 1)


def test_reading_again_comes_in_turns(workshop: Workshop, worker: ExperimentWorker) -> None:
    perform(workshop, worker, workshop.launch(ODD, [1.0, 2.0, 3.0]))
    teach(workshop.store, now(workshop), [PATTERN])
    last, turns = 0, []
    while not turns or turns[-1].left:
        turns.append(read_again(workshop.store, workshop.data_dir, now(workshop), after=last, turn_s=0))
        last = turns[-1].last
    assert [(each.last, each.left, each.changed) for each in turns] == [(1, 2, 1), (2, 1, 1), (3, 0, 1)]


def test_a_pattern_is_tried_on_the_newest_output(workshop: Workshop, worker: ExperimentWorker) -> None:
    project = now(workshop)
    with pytest.raises(NothingToReadError):
        newest_with_output(workshop.store, workshop.data_dir, project)
    perform(workshop, worker, workshop.launch(ODD, [1.0, 2.0]))
    number = newest_with_output(workshop.store, workshop.data_dir, project)
    tried = try_pattern(workshop.store, workshop.data_dir, project, number, PATTERN)
    assert (number, tried.fitting, tried.of, tried.counts) == (2, 3, 7, {"quality": 3})
    assert tried.lines[0][0] == "Pass 1 of 3 >>> quality now at 2.10 <<<"
    with pytest.raises(PatternError):
        try_pattern(workshop.store, workshop.data_dir, project, number, "{x}")


def test_the_dialog_gets_lines_patterns_and_what_is_wrong(workshop: Workshop, worker: ExperimentWorker) -> None:
    assert "No experiment has ended yet" in ask(workshop, do="look")["note"]
    perform(workshop, worker, workshop.launch(ODD))
    found = ask(workshop, do="look", run=1)
    assert (found["experiment"], found["patterns"]) == (1, [])
    line = next(each for each in found["lines"] if each["text"].startswith("Pass"))
    assert [each["can_take"] for each in line["numbers"]] == [True, True, True]
    asked = {"do": "compose", "experiment": 1, "line": line["text"]}
    pattern = {"pattern": "Pass {epoch} of {} >>> quality now at {score}"}
    assert ask(workshop, **asked, names={"0": "epoch", "2": "score"}) == pattern
    assert "no hole" in ask(workshop, **asked, names={"7": "epoch"})["error"]
    assert "does not print this line" in ask(workshop, **{**asked, "line": "?"}, names={"0": "epoch"})["error"]
    assert [each["moves"] for each in line["numbers"]] == [True, False, True]
    tried = ask(workshop, do="try", experiment=1, pattern="quality now at {score}")
    assert (tried["fitting"], tried["counts"]) == (3, {"score": 3})
    assert tried["lines"][0]["marks"][0]["name"] == "score"
    assert "no hole" in ask(workshop, do="try", experiment=1, pattern="x")["error"]
    assert "no hole" in ask(workshop, do="teach", patterns=["x"])["error"]
    assert ask(workshop, do="teach", patterns=[" loss {loss} ", "loss {loss}"]) == {"patterns": ["loss {loss}"]}
    assert ask(workshop, do="again", after=0) == {"last": 1, "left": 0, "done": 1, "changed": 1}
    assert "at most 50" in ask(workshop, do="teach", patterns=[f"a{at} {{x}}" for at in range(51)])["error"]
    assert answer(workshop.store, workshop.data_dir, "none", {"do": "look"}) is None
    assert answer(workshop.store, workshop.data_dir, workshop.project.slug, {"do": "dance"}) is None

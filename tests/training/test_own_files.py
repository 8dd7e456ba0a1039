"""Each experiment keeps its own files: in an overlay where the machine allows it, else in a copy of files and links."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from analysis.hyperparameters import Hyperparameter
from analysis.limits import DiskLimits
from sources.snapshot import take_snapshot
from storage.files import KeptFiles, fetch_files, written_twice
from storage.folders import prepare_data_dir
from storage.projects import keep_snapshot, register_project
from storage.records import Experiment
from storage.runs import NewExperiment, NewRun, create_run
from tests.training.conftest import Workshop
from tests.training.test_experiment import perform
from training.experiment import ExperimentWorker
from training.lifeline_owner import MountError
from training.own_files import mount_problem

KINDS = ("overlay", "copy")


class Always(dict[tuple[Path, ...], str]):
    """The same problem everywhere."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self._problem = problem

    def __contains__(self, _: object) -> bool:
        return True

    def get(self, _key: object, _default: object = None) -> str:  # type: ignore[override]
        return self._problem


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, worker: ExperimentWorker, tmp_path: Path) -> str:
    """Both ways, the first one where the machine lets it."""
    if request.param == "copy":
        worker.mount_problems = Always("This test wants links.")
    elif mount_problem(tmp_path):
        pytest.skip("this machine lets nobody mount")
    return str(request.param)


def files_of(workshop: Workshop, experiment: Experiment) -> KeptFiles:
    found = fetch_files(workshop.store, experiment.id)
    assert found
    return found


def names(kept: KeptFiles) -> list[str]:
    return [file.name for file in kept.found.files]


def content(kept: KeptFiles, name: str) -> str:
    path = next(file.path for file in kept.found.files if file.name == name)
    return Path(kept.folder, path).read_text()


def snapshot_of(workshop: Workshop) -> str:
    snapshot = take_snapshot(workshop.folder / "train.py")
    keep_snapshot(workshop.store, snapshot.digest, snapshot.archive, snapshot.script)
    return snapshot.digest


def test_two_experiments_write_one_name_and_each_has_its_own(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    (workshop.folder / "log.txt").write_text("from before\n")
    action = (
        "open('model.pt', 'w').write(str(x)); open('log.txt', 'a').write(f'{x}\\n'); os.makedirs('out/deep')\n"
        "open('out/deep/a b', 'w').write('1'); open(os.environ['HYPERTUNER_OUTPUT_DIR'] + '/best', 'w').write('2')\n"
        "print(open(os.path.dirname(os.path.abspath(__file__)) + '/model.pt').read())"
    )
    run = workshop.launch(action, [1.0, 2.0], snapshot_digest=snapshot_of(workshop))
    for experiment, x in zip(perform(workshop, worker, run), ("1.0", "2.0"), strict=True):
        assert experiment.state == "finished", experiment.reason
        kept = files_of(workshop, experiment)
        assert (kept.kind, kept.note is None) == (kind, kind == "overlay")
        assert names(kept) == ["$HYPERTUNER_OUTPUT_DIR/best", "log.txt", "model.pt", "out/deep/a b"]
        assert content(kept, "model.pt") == x
        assert content(kept, "log.txt") == f"from before\n{x}\n"
        assert kept.found.count == 4
        assert kept.found.bytes == sum(file.bytes for file in kept.found.files) == 21
    assert sorted(path.name for path in workshop.folder.iterdir() if path.is_file()) == ["log.txt", "train.py"]
    assert (workshop.folder / "log.txt").read_text() == "from before\n"


def test_the_folder_has_the_rights_that_it_has_for_everybody(workshop: Workshop, worker: ExperimentWorker) -> None:
    workshop.folder.chmod(0o751)
    (experiment,) = perform(workshop, worker, workshop.launch("assert os.stat('.').st_mode & 0o777 == 0o751"))
    assert experiment.state == "finished", experiment.reason


def test_what_is_there_is_read_where_it_is(workshop: Workshop, worker: ExperimentWorker, kind: str) -> None:
    (workshop.folder / "big.bin").write_bytes(b"x" * 3_000_000)
    (workshop.folder / "nested").mkdir()
    (workshop.folder / "nested" / "table.csv").write_text("a,b")
    action = (
        "assert len(open('big.bin').read()) == 3_000_000 and open('nested/table.csv').read() == 'a,b'\n"
        "assert os.path.exists('../' + os.path.basename(os.getcwd()) + '/train.py')\n"
        "assert os.listdir('nested') == ['table.csv']"
    )
    (experiment,) = perform(workshop, worker, workshop.launch(action))
    assert experiment.state == "finished", experiment.reason
    assert fetch_files(workshop.store, experiment.id) is None
    # Nothing is left where nothing was written.
    assert list((workshop.data_dir / "files").glob("[0-9]*")) == []


def test_the_code_that_was_launched_runs_and_not_what_it_was_edited_to(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    (workshop.folder / "helper.py").write_text("WORD = 'as launched'")
    digest = snapshot_of(workshop)
    (workshop.folder / "helper.py").write_text("WORD = 'as edited'")
    (workshop.folder / "later.txt").write_text("is seen")
    action = "import helper; assert helper.WORD == 'as launched', helper.WORD; open('later.txt')"
    (experiment,) = perform(workshop, worker, workshop.launch(action, snapshot_digest=digest))
    assert experiment.state == "finished", experiment.reason


def test_data_and_what_a_person_names_is_shared(workshop: Workshop, worker: ExperimentWorker, kind: str) -> None:
    for name in ("data", "downloads", "out"):
        (workshop.folder / name).mkdir()
    action = "for name in ('data', 'downloads', 'out'): open(f'{name}/{x}', 'w').write(str(sorted(os.listdir(name))))"
    run = workshop.launch(action, [1.0, 2.0], shared_paths=["downloads"])
    first, second = perform(workshop, worker, run)
    assert names(files_of(workshop, first)) == ["out/1.0"]
    assert names(files_of(workshop, second)) == ["out/2.0"]
    assert (workshop.folder / "data" / "2.0").read_text() == "['1.0', '2.0']"
    assert (workshop.folder / "downloads" / "2.0").read_text() == "['1.0', '2.0']"


def test_a_download_that_looks_like_data_is_made_once(workshop: Workshop, worker: ExperimentWorker, kind: str) -> None:
    action = (
        "for folder in ('data', 'downloads'):\n"
        "    if not os.path.exists(folder):\n"
        "        os.makedirs(folder); open(folder + '/set', 'w').write('x' * 2_000_000); print('fetched', folder)\n"
        "assert os.path.getsize('data/set') == 2_000_000"
    )
    run = workshop.launch(action, [1.0, 2.0])
    first, second = perform(workshop, worker, run)
    assert (first.state, second.state) == ("finished", "finished")
    assert (workshop.folder / "data" / "set").stat().st_size == 2_000_000
    assert names(files_of(workshop, first)) == names(files_of(workshop, second)) == ["downloads/set"]
    # What cannot be known by its name is noticed.
    (found,) = written_twice(workshop.store, run.id)
    assert (found.folder, found.experiments, found.count, found.bytes) == ("downloads", [1, 2], 1, 2_000_000)


def test_a_failed_download_is_not_given_to_the_others(workshop: Workshop, worker: ExperimentWorker) -> None:
    (experiment,) = perform(workshop, worker, workshop.launch("os.mkdir('data'); open('data/half', 'w'); sys.exit(1)"))
    assert not (workshop.folder / "data").exists()
    assert names(files_of(workshop, experiment)) == ["data/half"]


def test_in_place_everything_is_as_if_it_were_started_by_hand(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = "open('model.pt', 'a').write(str(x)); open(os.environ['HYPERTUNER_OUTPUT_DIR'] + '/best', 'w')"
    run = workshop.launch(action, [1.0, 2.0], in_place=True, snapshot_digest=snapshot_of(workshop))
    for experiment in perform(workshop, worker, run):
        assert names(files_of(workshop, experiment)) == ["$HYPERTUNER_OUTPUT_DIR/best"]
    assert (workshop.folder / "model.pt").read_text() == "1.02.0"


def test_an_argument_may_hold_the_number_of_the_experiment(workshop: Workshop, worker: ExperimentWorker) -> None:
    run = workshop.launch("print(sys.argv[1][-16:]) # {experiment}", [1.0, 2.0])
    first, second = perform(workshop, worker, run)
    for experiment in (first, second):
        folder = workshop.data_dir / "spool" / f"{experiment.id}-1"
        assert (folder / "stdout").read_text().strip().endswith(f"# {experiment.number}")


def test_a_removed_file_is_removed_for_the_experiment_alone(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    (workshop.folder / "old.txt").write_text("old")
    action = "os.remove('old.txt'); assert not os.path.exists('old.txt'); os.rename('train.py', 'moved.py')"
    (experiment,) = perform(workshop, worker, workshop.launch(action))
    assert experiment.state == "finished", experiment.reason
    assert (workshop.folder / "old.txt").read_text() == "old"
    assert (workshop.folder / "train.py").is_file()
    assert names(files_of(workshop, experiment)) == ["moved.py"]


def test_a_further_attempt_finds_what_the_one_before_left(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    action = "if not os.path.exists('checkpoint'): open('checkpoint', 'w').write('1'); sys.exit(1)"
    (experiment,) = perform(workshop, worker, workshop.launch(action, retries=1))
    assert (experiment.state, experiment.attempt) == ("finished", 2)
    assert names(files_of(workshop, experiment)) == ["checkpoint"]


def test_a_script_that_fills_its_folder_is_stopped_and_says_why(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    worker.limits = DiskLimits(files_gb=0.003)
    action = "open('big', 'wb').write(bytes(5_000_000)); time.sleep(60)"
    (experiment,) = perform(workshop, worker, workshop.launch(action))
    assert experiment.state == "failed"
    assert experiment.reason
    assert experiment.reason.startswith("its files take 5.0 MB, and those of an experiment may take 3.0 MB")
    assert names(files_of(workshop, experiment)) == ["big"]


def test_a_project_whose_files_fill_its_limit_is_paused_and_loses_nothing(
    workshop: Workshop, worker: ExperimentWorker
) -> None:
    worker.limits = DiskLimits(project_files_gb=0.003)
    run = workshop.launch("open('big', 'wb').write(os.urandom(2_000_000))", [1.0, 2.0, 3.0, 4.0])
    experiments = perform(workshop, worker, run)
    assert [(each.state, each.attempt) for each in experiments][:2] == [("finished", 1)] * 2
    assert {each.state for each in experiments[2:]} == {"queued"}
    paused = workshop.run(run)
    assert paused.state == "paused"
    assert paused.reason
    assert "may take 3.0 MB" in paused.reason


def test_files_of_a_running_experiment_are_known(workshop: Workshop, worker: ExperimentWorker) -> None:
    action = "open('first', 'w').write('1'); time.sleep(3.5); open('second', 'w').write('2')"
    seen: list[KeptFiles] = []
    keep = worker.keep_environment

    def look(*arguments: object) -> None:
        keep()
        if (found := fetch_files(workshop.store, run_experiment)) and not seen:
            seen.append(found)

    run = workshop.launch(action)
    run_experiment = workshop.experiments(run)[0].id
    worker.keep_environment = look  # type: ignore[method-assign,assignment]
    perform(workshop, worker, run)
    assert names(seen[0]) == ["first"]


def test_the_home_folder_is_no_project(
    workshop: Workshop, worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workshop.folder))
    (experiment,) = perform(workshop, worker, workshop.launch("open('b', 'w')"))
    assert experiment.state == "finished", experiment.reason
    assert (workshop.folder / "b").exists()


def test_a_data_folder_inside_of_a_project_gives_copies_to_that_project_alone(
    workshop: Workshop, worker: ExperimentWorker, database_url: str
) -> None:
    inside = workshop.folder / "ht"
    prepare_data_dir(inside)
    nested = ExperimentWorker(str(inside), "nested", database_url=database_url)
    try:
        (experiment,) = perform(workshop, nested, workshop.launch("assert os.path.exists('ht/spool'); open('b', 'w')"))
        assert experiment.state == "finished", experiment.reason
        kept = files_of(workshop, experiment)
        assert (kept.kind, names(kept)) == ("copy", ["b"])
        assert "lies in the project's folder" in str(kept.note)
        assert list(nested.mount_problems) == [(workshop.folder.resolve(),)]
    finally:
        nested.close()


def test_a_machine_that_mounts_nothing_gives_copies_and_says_so(
    workshop: Workshop, worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = worker.supervisor.start

    def refuse(*arguments: object, **options: object) -> int:
        if options.get("mounts"):
            raise MountError("Its own view of the project's folder cannot be mounted: Operation not permitted.")
        return start(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(worker.supervisor, "start", refuse)
    (experiment,) = perform(workshop, worker, workshop.launch("open('b', 'w')"))
    kept = files_of(workshop, experiment)
    assert (kept.kind, kept.note) == (
        "copy",
        "Its own view of the project's folder cannot be mounted: Operation not permitted.",
    )


def test_on_another_machine_the_snapshot_is_all_that_is_there(
    workshop: Workshop, worker: ExperimentWorker, tmp_path: Path
) -> None:
    digest = snapshot_of(workshop)
    run = workshop.launch("open('model.pt', 'w').write(str(x)); print(os.getcwd())", [1.0, 2.0], snapshot_digest=digest)
    away = tmp_path.with_name("away")
    os.rename(workshop.folder, away)
    try:
        for experiment in perform(workshop, worker, run):
            assert experiment.state == "finished", experiment.reason
            assert content(files_of(workshop, experiment), "model.pt") == str(experiment.settings["x"])
    finally:
        os.rename(away, workshop.folder)


def test_what_python_compiled_is_kept_with_the_code_and_is_no_file_of_an_experiment(
    workshop: Workshop, worker: ExperimentWorker, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    (workshop.folder / "helper.py").write_text("WORD = 1")
    run = workshop.launch("import helper", snapshot_digest=snapshot_of(workshop))
    (experiment,) = perform(workshop, worker, run)
    assert experiment.state == "finished", experiment.reason
    assert fetch_files(workshop.store, experiment.id) is None
    assert list((workshop.data_dir / "snapshots").glob("*/__pycache__/helper.*.pyc"))


def test_a_configuration_file_with_the_experiment_s_values_lies_in_its_place(
    workshop: Workshop, worker: ExperimentWorker, kind: str
) -> None:
    """So that it finds what it includes by relative paths, and a script that knows its name reads it, too."""
    folder = workshop.folder
    (folder / "conf").mkdir()
    (folder / "conf" / "base.json").write_text('{"momentum": 0.5}')
    (folder / "conf" / "c.json").write_text('{"lr": 1, "base": "base.json"}')
    (folder / "train.py").write_text(
        "import json, os, sys\n"
        "own = json.load(open('conf/c.json'))\n"
        "base = json.load(open(os.path.join(os.path.dirname(sys.argv[1]), own['base'])))\n"
        "print('loss:', own['lr'], 'accuracy:', base['momentum'])\n"
    )
    known = Hyperparameter("lr", "conf/c.json:lr", "float", place=3, file="conf/c.json").to_json()
    command = [sys.executable, "train.py", "conf/c.json"]
    workshop.project = register_project(
        workshop.store, "Files", directory=str(folder), command=command, hyperparameters=[known]
    )
    settings = [NewExperiment({"lr": lr}) for lr in (0.25, 7)]
    new = NewRun("python train.py", {}, [known], settings, snapshot_digest=snapshot_of(workshop))
    run = create_run(workshop.store, workshop.project, new)
    for experiment, lr in zip(perform(workshop, worker, run), (0.25, 7), strict=True):
        assert experiment.state == "finished", experiment.reason
        assert {name: each.last for name, each in experiment.metrics.items()} == {"loss": lr, "accuracy": 0.5}
        assert names(files_of(workshop, experiment)) == ["conf/c.json"]
    assert json.loads((folder / "conf" / "c.json").read_text())["lr"] == 1

"""The watcher on a real database: what it keeps of curves, when it dies, when it is late, and when others write."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.changes import columns_since, has_news
from storage.flags import fetch_flags
from storage.ingestion import Batch, Ending, Values, finish_experiment, record
from storage.leases import Place, claim_experiment
from storage.projects import metric_ids, register_project
from storage.records import Claim, Project, Run
from storage.requests import queue_again
from storage.run_leases import claim_runs
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store
from storage.watching import Watched, read_watermark
from training.watch.watcher import Watcher, parts_of

Curves = Mapping[str, Sequence[float]]

OVERFITTING: Curves = {
    "train_loss": [1 / (1 + 0.3 * epoch) for epoch in range(40)],
    "val_loss": [1 / (1 + 0.3 * min(epoch, 12)) + 0.02 * max(0, epoch - 12) for epoch in range(40)],
}
HEALTHY: Curves = {"loss": [1.0, 0.9, 0.8]}
X = {"name": "x", "flag": "--x", "type": "int"}
BROKEN: Curves = {"loss": [1.0, math.nan, math.nan]}


class Reporter:
    """A run whose experiments report what a test says."""

    def __init__(self, store: Store, name: str = "Digits") -> None:
        self.store = store
        self.project: Project = register_project(
            store,
            name,
            directory="/tmp",
            command=["python", "x.py"],
            hyperparameters=[],
            objective="val_loss",
            goal="minimize",
        )
        self.run: Run | None = None

    def launch(self, count: int = 1) -> None:
        settings = [NewExperiment({"x": place}) for place in range(count)]
        made = create_run(self.store, self.project, NewRun("python x.py", {}, [X], settings))
        self.run = next(run for run in claim_runs(self.store, "scheduler") if run.id == made.id)

    def start(self) -> Claim:
        assert self.run
        claim = claim_experiment(self.store, Place("worker", "here"))
        assert claim
        return claim

    def batch(self, curves: Curves, sent: int = 0) -> Batch:
        ids = metric_ids(self.store, self.project.id, list(curves))
        values = [
            Values(
                ids[name],
                sent,
                those,
                [float(sent + place + 1) for place in range(len(those))],
                [None] * len(those),
                [float(sent + place) for place in range(len(those))],
            )
            for name, those in curves.items()
        ]
        return Batch({"metrics": sent}, {"metrics": sent + 1}, values)

    def report(self, claim: Claim, curves: Curves, sent: int = 0) -> None:
        record(self.store, claim, self.batch(curves, sent))

    def finish(self, claim: Claim, curves: Curves, state: str = "finished") -> Claim | None:
        assert self.run
        return finish_experiment(
            self.store, claim, self.batch(curves), Ending(state, 1.0, 0), then=Place("worker", "here")
        )


@pytest.fixture
def reporter(store: Store) -> Reporter:
    return Reporter(store)


@pytest.fixture
def watcher(database_url: str) -> Iterator[Watcher]:
    made = Watcher(Store(database_url, pool_size=1))
    made.look()
    yield made
    made.end()


def flags(store: Store, claim: Claim) -> list[tuple[str, str, float]]:
    return [
        (flag.rule, flag.metric, flag.began)
        for flag in fetch_flags(store, [claim.experiment_id]).get(claim.experiment_id, [])
    ]


def test_a_flag_appears_while_training_runs_and_says_since_when(
    store: Store, reporter: Reporter, watcher: Watcher
) -> None:
    reporter.launch()
    claim = reporter.start()
    half = {name: those[:12] for name, those in OVERFITTING.items()}
    reporter.report(claim, half)
    watcher.look()
    assert flags(store, claim) == []
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET offsets = '{\"metrics\": 12}'"))
    reporter.report(claim, {name: those[12:] for name, those in OVERFITTING.items()}, 12)
    watcher.look()
    [(rule, metric, began)] = [flag for flag in flags(store, claim) if flag[0] == "overfitting"]
    assert (rule, metric) == ("overfitting", "val_loss")
    assert 12 <= began <= 15


def test_flags_are_news_for_pages_once_and_not_again(store: Store, reporter: Reporter, watcher: Watcher) -> None:
    reporter.launch()
    reporter.finish(reporter.start(), BROKEN)
    before, _ = has_news(store, "", slug="digits")
    watcher.look()
    after, is_news = has_news(store, before, slug="digits")
    assert is_news
    watcher.look()
    watcher.look()
    assert not has_news(store, after, slug="digits")[1]


def test_a_flag_is_withdrawn_when_its_reason_is_gone(store: Store, reporter: Reporter, watcher: Watcher) -> None:
    reporter.launch()
    claim = reporter.start()
    reporter.report(claim, {"loss": [1.0, 0.9, 50.0, 60.0]})
    watcher.look()
    assert [flag[0] for flag in flags(store, claim)] == ["divergence"]
    with store.begin() as connection:
        connection.execute(text("UPDATE experiment SET offsets = '{\"metrics\": 4}'"))
    reporter.report(claim, {"loss": [0.8, 0.7, 0.6]}, 4)
    watcher.look()
    assert flags(store, claim) == []


def test_a_new_attempt_begins_without_flags_and_a_late_watcher_adds_none(
    store: Store, reporter: Reporter, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporter.launch()
    first = reporter.start()
    reporter.finish(first, BROKEN, "failed")
    watcher.look()
    assert flags(store, first)
    assert reporter.run
    queue_again(store, reporter.run.id, [first.number])
    reporter.run = claim_runs(store, "scheduler")[0] if reporter.run is None else reporter.run
    with store.begin() as connection:
        connection.execute(text("UPDATE run SET state = 'running', owner = 'scheduler'"))
    second = reporter.start()
    assert (second.attempt, flags(store, second)) == (2, [])
    watcher.look()
    assert flags(store, second) == []


def test_another_watcher_goes_on_where_one_died(database_url: str, store: Store, reporter: Reporter) -> None:
    reporter.launch(4)
    first = Watcher(Store(database_url, pool_size=1))
    first.look()
    claims = [reporter.start() for _ in range(3)]
    for claim in claims:
        reporter.report(claim, BROKEN)
    # It dies having looked at one of three, and with it all that it remembers.
    looked = []
    remark = first._remark
    first._remark = lambda *args: looked.append(args) or (remark(*args) if len(looked) == 1 else _die())  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(KeyboardInterrupt):
        first.look()
    first._store.close()
    assert [bool(flags(store, claim)) for claim in claims] == [True, False, False]
    second = Watcher(Store(database_url, pool_size=1))
    second.look()
    assert [bool(flags(store, claim)) for claim in claims] == [True, True, True]
    second._store.close()


def _die() -> None:
    raise KeyboardInterrupt


def test_what_a_slow_writer_commits_late_is_looked_at(store: Store, reporter: Reporter, watcher: Watcher) -> None:
    reporter.launch(2)
    slow, quick = reporter.start(), reporter.start()
    writes = store.engine.connect()
    transaction = writes.begin()
    writes.execute(
        text("UPDATE experiment SET value_count = value_count + 1 WHERE id = :id"), {"id": slow.experiment_id}
    )
    metric = next(iter(metric_ids(store, reporter.project.id, ["loss"]).values()))
    writes.execute(
        text("""INSERT INTO metric_chunk VALUES (:id, 1, :metric, 0, '{1,NaN}', '{1,2}', NULL, '{0,1}')"""),
        {"id": slow.experiment_id, "metric": metric},
    )
    reporter.report(quick, BROKEN)
    watcher.look()
    assert (bool(flags(store, slow)), bool(flags(store, quick))) == (False, True)
    transaction.commit()
    writes.close()
    watcher.look()
    assert bool(flags(store, slow))


def test_two_watchers_and_many_writers_agree_with_one_look_at_the_end(
    database_url: str, store: Store, reporter: Reporter
) -> None:
    reporter.launch(12)
    claims = [reporter.start() for _ in range(12)]
    watchers = [Watcher(Store(database_url, pool_size=1)) for _ in range(2)]
    for each in watchers:
        each.look()
    stop = threading.Event()

    def watch(one: Watcher) -> None:
        while not stop.is_set():
            one.look()

    def write(claim: Claim) -> None:
        reporter.report(claim, BROKEN if claim.number % 2 else HEALTHY)

    threads = [threading.Thread(target=watch, args=(each,)) for each in watchers]
    threads += [threading.Thread(target=write, args=(claim,)) for claim in claims]
    for thread in threads:
        thread.start()
    for thread in threads[2:]:
        thread.join()
    stop.set()
    for thread in threads[:2]:
        thread.join()
    for each in watchers:
        each.look()
        each._store.close()
    assert [bool(flags(store, claim)) for claim in claims] == [claim.number % 2 == 1 for claim in claims]


def test_what_was_there_before_the_first_watcher_is_looked_at_when_nothing_else_is_to_do(
    database_url: str, store: Store, reporter: Reporter
) -> None:
    reporter.launch(3)
    claim: Claim | None = reporter.start()
    claims = []
    while claim:
        claims.append(claim)
        claim = reporter.finish(claim, BROKEN)
    first = Watcher(Store(database_url, pool_size=1))
    assert first.look()
    assert not first.look()
    assert all(flags(store, each) for each in claims)
    assert read_watermark(store).before == 0
    first._store.close()


def test_a_reused_experiment_shows_the_flags_of_its_source(store: Store, reporter: Reporter, watcher: Watcher) -> None:
    reporter.launch()
    claim = reporter.start()
    reporter.finish(claim, BROKEN)
    create_run(
        store, reporter.project,
        NewRun("python x.py", {}, [], [NewExperiment({"x": 0}, reuse=claim.experiment_id)]),
    )  # fmt: skip
    watcher.look()
    found = columns_since(store, reporter.project.id, "").experiments
    assert found
    [combination] = found.flags.combinations
    assert [found.numbers[row] for row in combination.rows] == [1, 2]
    assert found.flags.sentences is not None
    assert found.flags.sentences[0][0][1] == found.flags.sentences[1][0][1]


def test_the_thread_survives_an_outage(database_url: str, store: Store, reporter: Reporter) -> None:
    kept = Store(database_url, pool_size=1)
    watcher = Watcher(kept)
    watcher.start()
    try:
        reporter.launch()
        claim = reporter.start()
        with store.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                reporter.report(claim, BROKEN)
                break
            except DBAPIError:
                assert time.monotonic() < deadline
        while not flags(store, claim):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        watcher.end()


def test_noise_is_told_from_the_other_experiments_of_the_project(
    store: Store, reporter: Reporter, watcher: Watcher
) -> None:
    reporter.launch(8)
    claim: Claim | None = reporter.start()
    place = 0
    last = claim
    while claim:
        height = 0.3 if place == 7 else 0.001 * (1 + 0.1 * place)
        curve = [2 / (1 + 0.1 * epoch) + height * (-1) ** epoch * (1 + 0.3 * math.sin(epoch)) for epoch in range(40)]
        last, claim = claim, reporter.finish(claim, {"loss": curve})
        watcher.look()
        watcher._noise.clear()
        place += 1
    assert last
    assert "noise" in [flag[0] for flag in flags(store, last)]


def test_a_look_reads_neither_too_many_experiments_nor_too_many_values_at_once() -> None:
    def of(count: int) -> Watched:
        return Watched(1, 1, 1, 1, 1, "running", count, None, "maximize")

    assert [len(part) for part in parts_of([of(1)] * 120)] == [50, 50, 20]
    assert [len(part) for part in parts_of([of(300_000), of(10), of(300_000), of(900_000), of(1)])] == [2, 1, 1, 1]
    assert list(parts_of([])) == []

"""What people ask of runs and of their experiments, and what comes of it at once and later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from storage.changes import changes_since
from storage.experiments import (
    fetch_curves,
    fetch_experiments,
    fetch_log,
    fetch_view_payload,
    fetch_views,
    find_experiment,
)
from storage.ingestion import Batch, Ending, NewView, Values, finish_experiment, record
from storage.leases import LeaseLost, Place, claim_experiment, release_everything, release_lost, renew_experiment
from storage.overview import fetch_best
from storage.projects import metric_ids
from storage.records import Claim, Experiment, Project, Run
from storage.requests import (
    drop_queued,
    extend_run,
    interrupt,
    move_first,
    move_last,
    queue_again,
    request_pause,
    request_resume,
    request_stop,
    set_share,
    stop_open,
)
from storage.run_leases import Standing, claim_runs, count_open_runs, end_run, give_up_run, renew_runs, settle_paused
from storage.runs import NewExperiment, NewRun, RunError, create_run, find_run
from storage.store import Store

MakeRun = Callable[..., Run]
NOTHING = Batch({}, {})
FINISHED, FAILED = Ending("finished", 1.0, 0), Ending("failed", 1.0, 7, "exit code 7")


def state_of(store: Store, run: Run) -> Run:
    found = find_run(store, run.project_id, run.number)
    assert found is not None
    return found


def states(store: Store, run: Run) -> list[str]:
    return [one.state for one in fetch_experiments(store, run.project_id, run_id=run.id)]


def one(store: Store, run: Run, number: int) -> Experiment:
    found = find_experiment(store, run.project_id, number)
    assert found is not None
    return found


def take(store: Store) -> Claim:
    claim = claim_experiment(store, Place("worker", "here"))
    assert claim is not None
    return claim


def finish(store: Store, claim: Claim, ending: Ending = FINISHED) -> Claim | None:
    return finish_experiment(store, claim, NOTHING, ending, then=Place("worker", "here"))


def expire(store: Store, run: Run) -> None:
    with store.begin() as connection:
        for table, column in (("run", "id"), ("experiment", "run_id")):
            connection.execute(
                text(f"UPDATE {table} SET lease_until = now() - interval '1 second' WHERE {column} = :id"),
                {"id": run.id},
            )


def renew(store: Store, run: Run) -> Standing:
    found = renew_runs(store, {run.id: run.fence})
    if run.id not in found:
        raise LeaseLost
    return found[run.id]


def settle(store: Store) -> int:
    return settle_paused(store, adaptive=["tpe"])


# --- priority and share -------------------------------------------------------------------------------------------------


def test_a_run_s_share_is_changed_for_its_owner_and_for_the_next_claim(store: Store, make_run: MakeRun) -> None:
    first, second = make_run(1), make_run(1)
    claim_runs(store, "dispatcher")
    cursor = changes_since(store, second.project_id, "").cursor
    assert set_share(store, second.id, priority=3) == (0, 1)
    assert set_share(store, second.id, weight=0.5) == (3, 1)
    now = state_of(store, second)
    assert (now.priority, now.weight) == (3, 0.5)
    standing = renew(store, now)
    assert (standing.priority, standing.weight) == (3, 0.5)
    assert take(store).run_id == second.id
    assert take(store).run_id == first.id
    assert changes_since(store, second.project_id, cursor).cursor != cursor


def test_a_share_that_no_run_can_have_changes_nothing(store: Store, make_run: MakeRun) -> None:
    run = make_run(1)
    for wrong in ({"priority": 1001}, {"weight": 0}, {"weight": float("nan")}, {"priority": 1, "weight": -1}):
        with pytest.raises(RunError, match="write a"):
            set_share(store, run.id, **wrong)
    assert (state_of(store, run).priority, state_of(store, run).weight) == (0, 1)


def test_a_run_that_is_over_or_stopping_takes_no_other_share(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    set_share(store, run.id, priority=1)
    request_stop(store, run.id)
    with pytest.raises(RunError, match="another priority or share: it is being stopped"):
        set_share(store, run.id, priority=2)
    finish(store, claim, Ending("stopped", 1.0))
    end_run(store, run.id, run.fence, state="stopped")
    with pytest.raises(RunError, match="another priority or share: it is stopped"):
        set_share(store, run.id, priority=2)
    assert state_of(store, run).priority == 1


# --- pause and resume -------------------------------------------------------------------------------------------------


def test_a_paused_run_starts_nothing_and_lets_what_runs_end(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    standing = renew(store, run)
    assert (standing.state, standing.may_start, standing.is_stopping) == ("paused", False, False)
    assert renew_experiment(store, claim) is None
    assert finish(store, claim) is None
    assert claim_experiment(store, Place("worker", "here")) is None
    assert states(store, run) == ["finished", "queued", "queued"]


def test_a_resumed_run_stays_with_its_living_owner(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, _ = claimed
    request_pause(store, run.id)
    request_resume(store, run.id)
    assert renew(store, run).may_start
    assert claim_runs(store, "another") == []
    assert take(store).number == 2


def test_a_run_that_was_handed_back_is_queued_again_by_its_resumption(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    assert not give_up_run(store, run.id, run.fence), "one experiment still runs"
    finish(store, claim)
    assert count_open_runs(store) == 1
    assert give_up_run(store, run.id, run.fence)
    assert count_open_runs(store) == 0, "a paused run that holds nothing keeps nobody waiting"
    with pytest.raises(LeaseLost):
        renew(store, run)
    assert claim_runs(store, "dispatcher") == []
    request_resume(store, run.id)
    assert state_of(store, run).state == "queued"
    (again,) = claim_runs(store, "dispatcher")
    assert (again.fence, again.started_at) == (run.fence + 1, run.started_at)
    assert take(store).number == 2


def test_a_resumption_just_before_the_run_is_handed_back_wins(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    finish(store, claim)
    request_resume(store, run.id)
    assert not give_up_run(store, run.id, run.fence)
    assert renew(store, run).may_start


def test_a_run_whose_owner_died_while_it_was_paused_goes_on_after_its_resumption(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, _ = claimed
    request_pause(store, run.id)
    expire(store, run)
    assert settle_paused(store, adaptive=[], take_expired=False) == 0
    assert count_open_runs(store) == 1, "right after an outage an expired lease says nothing"
    assert (release_lost(store), settle(store), count_open_runs(store)) == (1, 0, 0)
    assert (state_of(store, run).state, states(store, run)) == ("paused", ["queued"] * 3)
    request_resume(store, run.id)
    (_again,) = claim_runs(store, "another")
    assert take(store).attempt == 2


def test_a_resumption_before_anybody_noticed_the_death_of_the_owner_loses_nothing(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, _ = claimed
    request_pause(store, run.id)
    expire(store, run)
    request_resume(store, run.id)
    # Its owner may only have been cut off from the database.
    assert renew(store, run).may_start
    expire(store, run)
    assert [each.fence for each in claim_runs(store, "another")] == [run.fence + 1]


def test_a_paused_run_with_nothing_left_ends(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    assert drop_queued(store, run.id, [2, 3]) == 2
    finish(store, claim)
    assert settle(store) == 0, "its owner sees to it"
    assert end_run(store, run.id, run.fence, state="finished")
    assert state_of(store, run).state == "finished"


def test_a_paused_run_that_nobody_owns_ends_when_its_last_experiment_is_dropped(
    store: Store, make_run: MakeRun
) -> None:
    run, adaptive = make_run(2), make_run(0, strategy={"name": "tpe", "count": 3})
    for each in (run, adaptive):
        request_pause(store, each.id)
    assert settle(store) == 0
    drop_queued(store, run.id, [1, 2])
    assert settle(store) == 1
    assert (state_of(store, run).state, state_of(store, adaptive).state) == ("finished", "paused")


def test_a_restarted_launcher_leaves_a_paused_run_paused(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    assert release_everything(store) == 1
    assert (state_of(store, run).state, states(store, run)) == ("paused", ["queued"] * 3)
    for held in (lambda: renew(store, run), lambda: renew_experiment(store, claim)):
        with pytest.raises(LeaseLost):
            held()
    request_resume(store, run.id)
    assert [each.fence for each in claim_runs(store, "new")] == [run.fence + 1]


@pytest.mark.parametrize(
    ("request_", "states_", "sentence"),
    [
        (request_pause, ["paused"], "This run cannot be paused: it is paused."),
        (request_pause, ["finished"], "This run cannot be paused: it is finished."),
        (request_resume, ["running"], "This run cannot be resumed: it is running."),
        (request_resume, ["draft"], "This run cannot be resumed: it is a draft."),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_sentence(
    store: Store, make_run: MakeRun, request_: Callable[..., None], states_: list[str], sentence: str
) -> None:
    run = make_run()
    with store.begin() as connection:
        connection.execute(text("UPDATE run SET state = :state"), {"state": states_[0]})
    with pytest.raises(RunError, match=sentence):
        request_(store, run.id)
    assert state_of(store, run).state == states_[0]


# --- stop -------------------------------------------------------------------------------------------------------------


def test_a_run_that_nobody_owns_is_stopped_at_once(store: Store, make_run: MakeRun) -> None:
    queued, paused = make_run(), make_run()
    request_pause(store, paused.id)
    for run in (queued, paused):
        request_stop(store, run.id)
        stopped = state_of(store, run)
        assert (stopped.state, stopped.reason, states(store, run)) == ("stopped", "stopped by request", ["stopped"] * 3)
        assert stopped.ended_at is not None


def test_a_paused_run_whose_experiments_still_run_is_stopped_by_its_owner(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    request_pause(store, run.id)
    request_stop(store, run.id, "the deadline")
    assert renew(store, run).is_stopping
    assert renew_experiment(store, claim) == "stop"
    finish(store, claim, Ending("stopped", 1.0, None, "stopped by request"))
    assert end_run(store, run.id, run.fence, state="finished")
    assert (state_of(store, run).state, state_of(store, run).reason) == ("stopped", "the deadline")
    assert [each.reason for each in fetch_experiments(store, run.project_id)] == ["the deadline"] * 3


def test_a_stopped_run_whose_owner_is_dead_is_taken_up_and_ended(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, _ = claimed
    request_pause(store, run.id)
    request_stop(store, run.id)
    expire(store, run)
    (taken,) = claim_runs(store, "another")
    assert claim_experiment(store, Place("worker", "here")) is None
    release_lost(store)
    assert end_run(store, taken.id, taken.fence, state="finished")
    assert (state_of(store, run).state, states(store, run)) == ("stopped", ["stopped"] * 3)


def test_while_a_run_is_being_stopped_nothing_else_can_be_asked_of_it(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, _ = claimed
    request_stop(store, run.id)
    for other in (
        lambda: request_pause(store, run.id),
        lambda: request_resume(store, run.id),
        lambda: extend_run(store, project.id, run.id, [NewExperiment({"lr": 9})], {}),
        lambda: queue_again(store, run.id, [2]),
    ):
        with pytest.raises(RunError, match="it is being stopped"):
            other()
    assert states(store, run) == ["running", "stopped", "stopped"]


def test_one_that_fails_while_its_run_is_being_stopped_is_not_tried_again(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    request_stop(store, run.id, "enough")
    finish(store, claim, Ending("failed", 1.0, 7, "exit code 7", retry=True))
    ended = one(store, run, claim.number)
    assert (ended.state, ended.reason, ended.exit_code, ended.ended_at is not None) == ("stopped", "enough", 7, True)


def test_stopping_again_keeps_the_first_reason_and_is_no_news(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, _ = claimed
    request_stop(store, run.id, "first")
    with store.begin() as connection:
        before = connection.scalar(text("SELECT change FROM experiment WHERE number = 1"))
    request_stop(store, run.id, "second")
    stop_open(store, run.id)
    assert state_of(store, run).reason == "first"
    with store.begin() as connection:
        assert connection.scalar(text("SELECT change FROM experiment WHERE number = 1")) == before


# --- extend and queue again -------------------------------------------------------------------------------------------


def test_a_run_under_way_is_extended(store: Store, project: Project, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    before = renew(store, run).search
    changes = {"candidates": {"lr": [0.1, 9.0]}, "left_out": [{"reason": "done", "count": 1}]}
    assert extend_run(store, project.id, run.id, [NewExperiment({"lr": 9.0})], changes) == [4]
    assert renew(store, run).search != before
    assert (state_of(store, run).candidates, state_of(store, run).left_out) == (
        changes["candidates"],
        changes["left_out"],
    )
    following: Claim | None = claim
    for _ in range(4):
        assert following
        following = finish(store, following)
    assert end_run(store, run.id, run.fence, state="finished")


def test_an_ended_run_is_opened_by_its_extension_and_its_old_owner_does_no_harm(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    drop_queued(store, run.id, [2, 3])
    finish(store, claim)
    assert end_run(store, run.id, run.fence, state="finished")
    extend_run(store, project.id, run.id, [NewExperiment({"lr": 9.0})], {})
    again = state_of(store, run)
    assert (again.state, again.ended_at, again.reason, again.request) == ("queued", None, None, None)
    # The answer to the end got lost, so its old owner tries once more.
    assert not end_run(store, run.id, run.fence, state="finished")
    request_pause(store, run.id)
    with pytest.raises(LeaseLost):
        renew(store, run)
    assert not give_up_run(store, run.id, run.fence)
    request_resume(store, run.id)
    assert claim_experiment(store, Place("worker", "here")) is None, "nobody has taken it up yet"
    (taken,) = claim_runs(store, "new")
    assert take(store).number == 4
    assert (taken.started_at, taken.fence) == (run.started_at, run.fence + 1)


def test_a_stopped_run_that_is_opened_again_forgets_the_request(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    request_stop(store, run.id)
    finish(store, claim, Ending("stopped", 1.0, None, "stopped by request"))
    assert end_run(store, run.id, run.fence, state="finished")
    assert queue_again(store, run.id, [1, 3]) == 2
    (taken,) = claim_runs(store, "new")
    assert renew(store, taken).may_start
    assert [take(store).number for _ in range(2)] == [1, 3]
    assert states(store, run) == ["running", "stopped", "running"]


def test_an_ended_run_stays_ended_where_its_extension_leaves_nothing_to_do(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    request_stop(store, run.id)
    finish(store, claim)
    done = one(store, run, claim.number)
    assert done.state == "finished"
    end_run(store, run.id, run.fence, state="finished")
    (number,) = extend_run(store, project.id, run.id, [NewExperiment({"lr": 0.1}, reuse=done.id)], {})
    assert (state_of(store, run).state, one(store, run, number).state) == ("stopped", "finished")
    extend_run(store, project.id, run.id, [], {"strategy": {"name": "tpe", "count": 9}})
    assert state_of(store, run).state == "queued", "there is more to ask"


def test_a_run_does_not_end_while_its_search_is_being_widened(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    drop_queued(store, run.id, [2, 3])
    finish(store, claim)
    search = renew(store, run).search
    extend_run(store, project.id, run.id, [], {"strategy": {"name": "tpe", "count": 30}})
    assert not end_run(store, run.id, run.fence, state="finished", search=search)
    assert state_of(store, run).state == "running"


def test_an_experiment_that_is_queued_again_has_all_its_chances_anew(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    drop_queued(store, run.id, [2, 3])
    loss = metric_ids(store, project.id, ["loss"])["loss"]
    record(store, claim, Batch({}, {"metrics": 9}, [Values(loss, 0, [1.0], [None], [None], [0.0])]))
    failed = Ending("failed", 1.0, 7, "exit code 7", retry=True)
    again = finish_experiment(store, claim, Batch({"metrics": 9}, {"metrics": 9}), failed, then=Place("worker", "here"))
    assert again is not None
    assert (again.attempt, again.failures) == (2, 1)
    finish(store, again, FAILED)
    assert queue_again(store, run.id, [1]) == 1
    waiting = one(store, run, 1)
    assert (waiting.state, waiting.reason, waiting.ended_at) == ("queued", None, None)
    third = take(store)
    assert (third.attempt, third.failures) == (3, 0)
    assert one(store, run, 1).metrics == {}


def test_what_finished_is_never_queued_again(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    finish(store, claim)
    assert queue_again(store, run.id, [1, 2, 3]) == 0


# --- single experiments -----------------------------------------------------------------------------------------------


def test_priority_comes_before_number(store: Store, make_run: MakeRun) -> None:
    run = make_run(5)
    claim_runs(store, "s")
    run = state_of(store, run)
    assert move_first(store, run.id, [4, 5]) == 2
    assert move_last(store, run.id, [1]) == 1
    assert move_first(store, run.id, [3]) == 1
    assert [take(store).number for _ in range(5)] == [3, 4, 5, 2, 1]


def test_only_what_waits_can_be_moved_or_dropped(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, _ = claimed
    assert (move_first(store, run.id, [1]), move_last(store, run.id, [1]), drop_queued(store, run.id, [1])) == (0, 0, 0)
    assert drop_queued(store, run.id, [1, 2, 99]) == 1
    dropped = one(store, run, 2)
    assert (dropped.state, dropped.reason, dropped.attempt) == ("stopped", "dropped from the queue", 0)


def test_an_interrupted_experiment_says_so_at_once_and_in_the_end(store: Store, claimed: tuple[Run, Claim]) -> None:
    run, claim = claimed
    assert interrupt(store, run.id, [1, 3], "rule 2: overfitting") == 2
    assert interrupt(store, run.id, [1, 3]) == 0
    asked = one(store, run, 1)
    assert (asked.state, asked.request, states(store, run)) == ("running", "stop", ["running", "queued", "stopped"])
    assert renew_experiment(store, claim) == "stop"
    following = finish(store, claim, Ending("stopped", 1.0, None, "stopped by request"))
    ended = one(store, run, 1)
    assert (ended.state, ended.request, ended.reason) == ("stopped", None, "rule 2: overfitting")
    assert following is not None
    assert following.number == 2


def test_an_interrupted_experiment_whose_owner_dies_is_not_tried_again(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, _ = claimed
    interrupt(store, run.id, [1], "the wrong one")
    assert release_lost(store, owner="worker") == 1
    assert (one(store, run, 1).state, one(store, run, 1).reason) == ("stopped", "the wrong one")


def test_an_experiment_that_ends_by_itself_before_its_interruption_keeps_its_result(
    store: Store, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    interrupt(store, run.id, [1])
    finish(store, claim)
    assert (one(store, run, 1).state, one(store, run, 1).reason) == ("finished", None)


# --- reuse ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reused(store: Store, project: Project, claimed: tuple[Run, Claim]) -> tuple[Run, Experiment]:
    """A run of two, the first of which takes over what experiment 1 reached."""
    run, claim = claimed
    loss = metric_ids(store, project.id, ["loss"])["loss"]
    record(store, claim, Batch({}, {"metrics": 9}, [Values(loss, 0, [2.0, 1.0], [1.0, 2.0], [None] * 2, [0.0] * 2)]))
    last = Batch(
        {"metrics": 9}, {"metrics": 9}, views=[NewView("cm", "confusion_matrix", 2.0, b"{}")], stdout_tail="bye"
    )
    finish_experiment(store, claim, last, FINISHED, then=Place("worker", "here"))
    source = one(store, run, 1)
    settings = [NewExperiment({"lr": 0.1}, reuse=source.id), NewExperiment({"lr": 0.7})]
    new = create_run(store, project, NewRun("x", {}, [], settings, objective="loss", goal="minimize"))
    return new, source


def test_what_is_reused_never_runs(store: Store, reused: tuple[Run, Experiment]) -> None:
    run, source = reused
    (run,) = claim_runs(store, "s")
    assert states(store, run) == ["finished", "queued"]
    assert take(store).number == 5
    release_lost(store, owner="worker")
    assert queue_again(store, run.id, [4, 5]) == 0
    assert (interrupt(store, run.id, [4]), drop_queued(store, run.id, [4])) == (0, 0)
    request_stop(store, run.id)
    assert end_run(store, run.id, run.fence, state="failed", reason="x")
    mine = one(store, run, 4)
    assert (mine.state, mine.reused_from, mine.attempt) == ("finished", source.id, source.attempt)


def test_what_is_reused_is_read_from_the_experiment_that_ran(
    store: Store, project: Project, reused: tuple[Run, Experiment]
) -> None:
    run, source = reused
    mine = one(store, run, 4)
    assert (mine.metrics, mine.duration_s, mine.host) == (source.metrics, source.duration_s, source.host)
    assert [curve.values for curve in fetch_curves(store, mine.id)] == [[2.0, 1.0]]
    (view,) = fetch_views(store, mine.id)
    assert fetch_view_payload(store, mine.id, view.id) == b"{}"
    assert fetch_log(store, mine.id) == ("bye", "")
    assert [(best.run_number, best.experiment, best.value) for best in fetch_best(store, project.id)] == [(2, 4, 1.0)]
    assert {each.number for each in changes_since(store, project.id, "", run_id=run.id).experiments} == {4, 5}


def test_reusing_what_was_reused_leads_to_the_one_that_ran(
    store: Store, project: Project, reused: tuple[Run, Experiment]
) -> None:
    run, source = reused
    (number,) = extend_run(store, project.id, run.id, [NewExperiment({"lr": 0.1}, reuse=one(store, run, 4).id)], {})
    assert one(store, run, number).reused_from == source.id
    assert one(store, run, number).metrics == source.metrics


def test_what_has_not_finished_cannot_be_reused_and_runs(
    store: Store, project: Project, claimed: tuple[Run, Claim]
) -> None:
    run, claim = claimed
    (number,) = extend_run(store, project.id, run.id, [NewExperiment({"lr": 0.1}, reuse=claim.experiment_id)], {})
    assert (one(store, run, number).state, one(store, run, number).reused_from) == ("queued", None)

"""Flags: what is remarked on the curves of an experiment's newest attempt, kept so that a page needs no curves."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage.store import Store
from storage.watching import Watched, keep_noise


@dataclass(frozen=True)
class KeptFlag:
    """One remark on one metric; `began` is an epoch or a step, as `unit` says. evidence: numbers by name."""

    rule: str
    metric: str
    began: float
    unit: str
    sentence: str
    evidence: Mapping[str, float]


Key = tuple[str, str]


def fetch_flags(store: Store, ids: Sequence[int]) -> dict[int, list[KeptFlag]]:
    """The flags of some experiments, by where they began; one that reuses another has that one's."""
    statement = text(
        """SELECT experiment.id, rule, metric, began, unit, sentence, evidence FROM experiment
            JOIN flag ON flag.experiment_id = coalesce(reused_from, experiment.id)
        WHERE experiment.id = ANY(:ids) ORDER BY experiment.id, began, rule, metric"""
    )
    found: dict[int, list[KeptFlag]] = {}
    with store.read() as connection:
        for row in connection.execute(statement, {"ids": list(ids)}):
            numbers = {name: float(value) for name, value in row.evidence.items()}
            flag = KeptFlag(row.rule, row.metric, row.began, row.unit, row.sentence, numbers)
            found.setdefault(row.id, []).append(flag)
    return found


def keep_flags(
    store: Store,
    watched: Watched,
    before: Sequence[KeptFlag],
    flags: Sequence[KeptFlag],
    noise: Mapping[str, float] | None = None,
) -> bool:
    """Make `flags` the experiment's flags where `before` is what was there; writes only what differs.

    noise: how much its curves jump, once it has ended. Nothing is written for an attempt that is no longer the newest.
    Returns whether pages have something new to show.
    """
    old, new = ({(flag.rule, flag.metric): flag for flag in each} for each in (before, flags))
    gone = [key for key in old if key not in new]
    changed = [flag for key, flag in new.items() if not _is_same(old.get(key), flag)]
    if not (gone or changed or noise):
        return False
    with store.begin() as connection:
        # What a crash of the server forgets is computed again.
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        if not _hold(connection, watched):
            return False
        _delete(connection, watched, gone)
        _insert(connection, watched, changed)
        if noise:
            keep_noise(connection, watched, noise)
        if gone or changed:
            stamp(connection, watched.id)
    return bool(gone or changed)


def _is_same(one: KeptFlag | None, other: KeptFlag) -> bool:
    # The numbers behind the words move with every epoch; a person sees the words.
    return one is not None and (one.began, one.unit, one.sentence) == (other.began, other.unit, other.sentence)


def _hold(connection: Connection, watched: Watched) -> bool:
    """Lock the experiment if this is its newest attempt still: the next one begins without flags."""
    statement = text("SELECT FROM experiment WHERE id = :id AND attempt = :attempt AND state <> 'queued' FOR UPDATE")
    return connection.execute(statement, {"id": watched.id, "attempt": watched.attempt}).first() is not None


def stamp(connection: Connection, experiment_id: int) -> None:
    """Make an experiment, and those that reuse it, news for the pages."""
    connection.execute(
        text("UPDATE experiment SET change = pg_current_xact_id() WHERE id = :id OR reused_from = :id"),
        {"id": experiment_id},
    )


def _delete(connection: Connection, watched: Watched, gone: Sequence[Key]) -> None:
    if gone:
        connection.execute(
            text("DELETE FROM flag WHERE experiment_id = :id AND rule = :rule AND metric = :metric"),
            [{"id": watched.id, "rule": rule, "metric": metric} for rule, metric in gone],
        )


def _insert(connection: Connection, watched: Watched, flags: Sequence[KeptFlag]) -> None:
    if not flags:
        return
    statement = text(
        """INSERT INTO flag (experiment_id, attempt, rule, metric, began, unit, sentence, evidence)
        VALUES (:id, :attempt, :rule, :metric, :began, :unit, :sentence, CAST(:evidence AS jsonb))
        ON CONFLICT (experiment_id, rule, metric) DO UPDATE SET attempt = excluded.attempt, began = excluded.began,
            unit = excluded.unit, sentence = excluded.sentence, evidence = excluded.evidence"""
    )
    connection.execute(
        statement,
        [
            {
                "id": watched.id, "attempt": watched.attempt, "rule": flag.rule, "metric": flag.metric,
                "began": flag.began, "unit": flag.unit, "sentence": flag.sentence, "evidence": _json(flag.evidence),
            }
            for flag in flags
        ],
    )  # fmt: skip


def _json(evidence: Mapping[str, float]) -> str:
    # JSON has no words for what is not finite; Python reads these back.
    return json.dumps({name: value if math.isfinite(value) else str(value) for name, value in evidence.items()})

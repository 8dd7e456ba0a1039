"""Rules: what a person wants to be done when a curve shows something, and what they did.

A rule is a condition and an action, both as JSON (see analysis/rule_forms.py). What it did to an experiment is kept as
its firing, at most one for each experiment, so that whoever watches may die and come back and repeats nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage.flags import stamp
from storage.requests import ask_to_end, lock_run
from storage.store import Store
from storage.watching import Watched

MOST_RULES = 200
GONE = "This rule is not there any more."


class RuleMissing(ValueError):
    """A rule that cannot be kept or found; the message says why."""


@dataclass(frozen=True)
class Rule:
    """A rule of a project. fired: on how many experiments."""

    id: int
    project_id: int
    condition: Mapping[str, Any]
    action: Mapping[str, Any]
    is_on: bool
    created_by: str
    created_at: datetime
    fired: int


@dataclass(frozen=True)
class RuleSaid:
    """What a rule did with an experiment, or a tag that it has. kind: `highlight`, `stop` or `tag`."""

    kind: str
    word: str
    sentence: str


# --- as people keep them ----------------------------------------------------------------------------------------------

_RULES = """SELECT id, project_id, condition, action, is_on, created_by, created_at,
        (SELECT count(*) FROM rule_firing WHERE rule_id = rule.id) AS fired
    FROM rule WHERE deleted_at IS NULL"""


def rules_of(store: Store, project_id: int) -> list[Rule]:
    """The rules of a project, newest first."""
    with store.read() as connection:
        found = connection.execute(
            text(f"{_RULES} AND project_id = :project ORDER BY created_at DESC, id DESC"), {"project": project_id}
        )
        return [Rule(**row._mapping) for row in found]


def add_rule(store: Store, project_id: int, condition: Mapping[str, Any], action: Mapping[str, Any], by: str) -> int:
    """Keep a rule, switched off; returns its id. Raises RuleMissing where there are too many."""
    statement = text(
        """INSERT INTO rule (project_id, condition, action, created_by)
        SELECT :project, CAST(:condition AS jsonb), CAST(:action AS jsonb), :by
        WHERE (SELECT count(*) FROM rule WHERE project_id = :project AND deleted_at IS NULL) < :most RETURNING id"""
    )
    values = {
        "project": project_id, "condition": json.dumps(dict(condition)), "action": json.dumps(dict(action)), "by": by,
        "most": MOST_RULES,
    }  # fmt: skip
    with store.begin() as connection:
        found = connection.scalar(statement, values)
    if found is None:
        raise RuleMissing(f"A project keeps up to {MOST_RULES} rules; delete one first.")
    return int(found)


def switch_rule(store: Store, project_id: int, rule_id: int, *, is_on: bool) -> None:
    """Let a rule watch from now on, or no more. What it did stays. Raises RuleMissing."""
    _change(store, project_id, rule_id, "is_on = :is_on", "deleted_at IS NULL", is_on=is_on)


def delete_rule(store: Store, project_id: int, rule_id: int) -> None:
    """Take a rule away, and with it its highlights; tags and reasons stay. Raises RuleMissing."""
    _change(store, project_id, rule_id, "deleted_at = now(), is_on = false", "deleted_at IS NULL")


def restore_rule(store: Store, project_id: int, rule_id: int) -> None:
    """Take back a deletion; the rule is switched off, as a new one is. Raises RuleMissing."""
    _change(store, project_id, rule_id, "deleted_at = NULL", "deleted_at IS NOT NULL")


def _change(store: Store, project_id: int, rule_id: int, change: str, condition: str, **values: Any) -> None:
    which = {"project": project_id, "rule": rule_id, **values}
    with store.begin() as connection:
        done = connection.execute(
            text(f"UPDATE rule SET {change} WHERE id = :rule AND project_id = :project AND {condition}"), which
        )
        if not done.rowcount:
            raise RuleMissing(GONE)
        # Pages show highlights only of rules that are there.
        connection.execute(
            text(
                """UPDATE experiment SET change = pg_current_xact_id()
                WHERE id IN (SELECT experiment_id FROM rule_firing WHERE rule_id = :rule)"""
            ),
            which,
        )


def fetch_said(store: Store, experiment_id: int) -> list[RuleSaid]:
    """What rules did with an experiment, and its tags, in this order; highlights only of rules that are still there."""
    statement = text(
        """SELECT rule.action->>'do' AS kind, '' AS word, firing.sentence, firing.created_at
            FROM rule_firing AS firing JOIN rule ON rule.id = firing.rule_id
            WHERE experiment_id = :id
                AND (rule.action->>'do' = 'stop' OR rule.action->>'do' = 'highlight' AND deleted_at IS NULL)
        UNION ALL SELECT 'tag', word, created_by, created_at FROM tag WHERE experiment_id = :id
        ORDER BY created_at"""
    )
    with store.read() as connection:
        found = connection.execute(statement, {"id": experiment_id})
        return [RuleSaid(row.kind, row.word, row.sentence) for row in found]


# --- as a watcher obeys them ------------------------------------------------------------------------------------------


def watching_rules(store: Store) -> list[Rule]:
    """The rules of all projects that are switched on."""
    with store.read() as connection:
        found = connection.execute(text(f"{_RULES} AND is_on ORDER BY id"))
        return [Rule(**row._mapping) for row in found]


def fired_among(store: Store, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Which rules have fired on which of these experiments: (experiment, rule)."""
    statement = text("SELECT experiment_id, rule_id FROM rule_firing WHERE experiment_id = ANY(:ids)")
    with store.read() as connection:
        return {(row.experiment_id, row.rule_id) for row in connection.execute(statement, {"ids": list(ids)})}


def fire(store: Store, rule: Rule, watched: Watched, *, began: float, unit: str, sentence: str) -> bool:
    """Do once what a rule says to an experiment, and keep that it was done; all of it or nothing.

    Returns whether it was done: not where the rule fired on it before or is off by now, where another attempt has
    begun, or where an experiment that it would stop has ended.
    """
    with store.begin() as connection:
        # Every request takes the run first.
        if rule.action["do"] == "stop":
            lock_run(connection, watched.run_id)
        if not _may_fire(connection, rule, watched) or not _act(connection, rule, watched, sentence):
            return False
        connection.execute(
            text(
                """INSERT INTO rule_firing (experiment_id, rule_id, attempt, began, unit, sentence)
                VALUES (:id, :rule, :attempt, :began, :unit, :sentence)"""
            ),
            {
                "id": watched.id, "rule": rule.id, "attempt": watched.attempt, "began": began, "unit": unit,
                "sentence": sentence,
            },
        )  # fmt: skip
        stamp(connection, watched.id)
    return True


def _may_fire(connection: Connection, rule: Rule, watched: Watched) -> bool:
    which = {"id": watched.id, "attempt": watched.attempt, "rule": rule.id}
    # Of two watchers one waits here, and then sees what the other did.
    held: Iterable[Any] = connection.execute(
        text("SELECT id FROM experiment WHERE id = :id AND attempt = :attempt FOR UPDATE"), which
    ).all()
    return bool(held) and bool(
        connection.scalar(
            text(
                """SELECT EXISTS (SELECT FROM rule WHERE id = :rule AND is_on AND deleted_at IS NULL)
                AND NOT EXISTS (SELECT FROM rule_firing WHERE experiment_id = :id AND rule_id = :rule)"""
            ),
            which,
        )
    )


def _act(connection: Connection, rule: Rule, watched: Watched, sentence: str) -> bool:
    if rule.action["do"] == "stop":
        return ask_to_end(connection, watched.run_id, [watched.number], sentence) == 1
    if rule.action["do"] == "tag":
        connection.execute(
            text("INSERT INTO tag (experiment_id, word, created_by) VALUES (:id, :word, :by) ON CONFLICT DO NOTHING"),
            {"id": watched.id, "word": rule.action["tag"], "by": sentence},
        )
    return True

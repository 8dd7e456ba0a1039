"""Rules: what a person wants to be done when a curve shows something, and what they did.

A rule is a condition and an action, both as JSON (see analysis/rules.py). What it did to an experiment is kept as its
firing, at most one for each experiment, so that whoever dies and comes back repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from storage.store import Store


@dataclass(frozen=True)
class RuleSaid:
    """What a rule did with an experiment, or a tag that it has. kind: `highlight`, `stop` or `tag`."""

    kind: str
    word: str
    sentence: str


def fetch_said(store: Store, experiment_id: int) -> list[RuleSaid]:
    """What rules that are still there did with an experiment, in this order, then its tags."""
    statement = text(
        """SELECT rule.action->>'do', '', firing.sentence, firing.created_at
            FROM rule_firing AS firing JOIN rule ON rule.id = firing.rule_id
            WHERE experiment_id = :id
                AND (rule.action->>'do' = 'stop' OR rule.action->>'do' = 'highlight' AND deleted_at IS NULL)
        UNION ALL SELECT 'tag', word, created_by, created_at FROM tag WHERE experiment_id = :id
        ORDER BY 4"""
    )
    with store.read() as connection:
        return [RuleSaid(*row[:3]) for row in connection.execute(statement, {"id": experiment_id})]

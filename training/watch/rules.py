"""The rules that are switched on, as the watcher applies them to the curves that it looks at."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.curves import Reported
from analysis.rule_forms import RuleError, read_action, read_condition
from analysis.rules import Condition, Others, Subject, firing, looked_until, others_of
from storage.rules import Rule, fire, fired_among, watching_rules
from storage.store import Store
from storage.watching import Watched, ids_in_run, read_reported

log = logging.getLogger("hypertuner.watcher")

Place = tuple[int, int, int]


class RuleWatch:
    """Applies rules to experiments.

    Guarantees that a rule does its action at most once to an experiment, and only while it is switched on.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: dict[int, list[Rule]] = {}
        self._known: set[int] = set()
        # Up to where a flag is known not to have been there, by experiment, attempt and rule.
        self._silent: dict[Place, float] = {}
        self._others: dict[tuple[int, str], Others] = {}

    def refresh(self) -> list[int]:
        """Read which rules are on; returns the projects that have one that was not on before."""
        rules = watching_rules(self._store)
        fresh = {rule.project_id for rule in rules if rule.id not in self._known}
        self._known = {rule.id for rule in rules}
        self._rules = {}
        for rule in rules:
            self._rules.setdefault(rule.project_id, []).append(rule)
        self._others.clear()
        return sorted(fresh)

    def apply(self, watched: Sequence[Watched], subjects: Mapping[int, Subject]) -> None:
        """Do what the rules say to those of these experiments on which they fire for the first time."""
        concerned = [each for each in watched if each.project_id in self._rules and each.id in subjects]
        if not concerned:
            return
        fired = fired_among(self._store, [each.id for each in concerned])
        for each in concerned:
            for rule in self._rules[each.project_id]:
                if (each.id, rule.id) not in fired:
                    self._try(rule, each, subjects[each.id])

    def _try(self, rule: Rule, watched: Watched, subject: Subject) -> None:
        try:
            condition, action = read_condition(rule.condition), read_action(rule.action)
        except RuleError:
            # Another version of ours may know more conditions.
            return
        # What has ended cannot be stopped.
        if action.do == "stop" and watched.has_ended:
            return
        place = (watched.id, watched.attempt, rule.id)
        found = firing(
            condition, self._seen_by(condition, watched, subject), since=self._silent.get(place, float("-inf"))
        )
        if found is None:
            self._remember(place, condition, subject)
            return
        sentence = action.done(condition, found.words())
        if fire(self._store, rule, watched, began=found.began, unit=found.unit, sentence=sentence):
            log.info("experiment %s of project %s: %s", watched.number, watched.project_id, sentence)

    def _remember(self, place: Place, condition: Condition, subject: Subject) -> None:
        if subject.has_ended:
            self._silent.pop(place, None)
        elif condition.comparison == "present":
            self._silent[place] = looked_until(condition, subject)

    def _seen_by(self, condition: Condition, watched: Watched, subject: Subject) -> Subject:
        """The experiment with those of its run that the condition compares it with."""
        if condition.comparison != "worse" or condition.metric is None:
            return subject
        key = (watched.run_id, condition.metric)
        if key not in self._others:
            found = read_reported(self._store, ids_in_run(self._store, watched.run_id), [condition.metric])
            told: dict[int, Reported] = {owner: metrics[0] for owner, metrics in found.items()}
            self._others[key] = others_of(told)
        return replace(subject, others={condition.metric: self._others[key].without(watched.id)})

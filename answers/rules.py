"""The rules of a project as their dialog asks for them: what there is, what is wrong, what a rule would have done."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.curves.words import short
from analysis.dry_run import Past, dry_run, words
from analysis.rule_forms import ACTIONS, Action, RuleError, kept, read_action, read_condition
from analysis.rules import COMPARISONS, FLAGS, Condition, Subject, others_of
from answers.person import person
from storage.past_curves import PastCurves, metric_names, past_curves
from storage.projects import find_project
from storage.records import Project
from storage.rules import (
    Rule,
    RuleMissing,
    add_rule,
    delete_rule,
    restore_rule,
    rules_of,
    switch_rule,
)
from storage.store import Store
from storage.watching import usual_noise

Request = Mapping[str, Any]

# So many newest experiments a rule is tried on, and one about flags, which looks at every epoch as it was then.
MOST_PAST = 500
MOST_PAST_FOR_FLAGS = 100


def answer(store: Store, slug: str, request: Request) -> dict[str, Any] | None:
    """Do what `request` names in `do`, and say what there is now; None where there is no such project or request.

    What is wrong comes as {"error", "field"}, and then nothing was changed.
    """
    project, act = find_project(store, slug), _ACTIONS.get(str(request.get("do")))
    if project is None or act is None:
        return None
    try:
        return act(store, project, request)
    except RuleError as error:
        return {"error": str(error), "field": error.field}
    except RuleMissing as error:
        return {"error": str(error), "field": None} | _list(store, project, request)


def _list(store: Store, project: Project, _request: Request) -> dict[str, Any]:
    names = metric_names(store, project.id)
    return {
        "rules": [_shown(rule, names) for rule in rules_of(store, project.id)],
        "metrics": names,
        "flags": [{"name": name, "word": short(name)} for name in FLAGS],
        "objective": project.objective,
        "comparisons": list(COMPARISONS.items()),
        "actions": list(ACTIONS.items()),
    }


def _shown(rule: Rule, names: Sequence[str]) -> dict[str, Any]:
    said = {
        "id": rule.id,
        "isOn": rule.is_on,
        "fired": rule.fired,
        "by": rule.created_by,
        "at": rule.created_at.isoformat(),
    }
    try:
        condition, action = read_condition(rule.condition), read_action(rule.action)
    except RuleError:
        return {
            **said,
            "condition": "a condition that this version does not know",
            "action": "",
            "does": "",
            "note": None,
        }
    return {
        **said,
        "condition": condition.words(),
        "action": action.words(),
        "does": action.do,
        "note": _unknown(condition, names),
    }


def _unknown(condition: Condition, names: Sequence[str]) -> str | None:
    """What to say of a metric that nobody has reported: it may still come."""
    if condition.metric is None or condition.metric in names:
        return None
    return f"No experiment has reported “{condition.metric}” yet: until one does, the rule does nothing."


def _read(request: Request) -> tuple[Condition, Action]:
    form = request.get("rule")
    if not isinstance(form, Mapping):
        raise RuleError("comparison", "This is no rule.")
    return read_condition(form), read_action(form)


def _add(store: Store, project: Project, request: Request) -> dict[str, Any]:
    condition, action = _read(request)
    add_rule(store, project.id, kept(condition), kept(action), person())
    return _list(store, project, request)


def _switch(store: Store, project: Project, request: Request) -> dict[str, Any]:
    switch_rule(store, project.id, _id(request), is_on=bool(request.get("isOn")))
    return _list(store, project, request)


def _delete(store: Store, project: Project, request: Request) -> dict[str, Any]:
    delete_rule(store, project.id, _id(request))
    return _list(store, project, request)


def _restore(store: Store, project: Project, request: Request) -> dict[str, Any]:
    restore_rule(store, project.id, _id(request))
    return _list(store, project, request)


def _id(request: Request) -> int:
    number = request.get("id")
    if not isinstance(number, int) or not 0 < number < 2**63:
        raise RuleMissing("There is no such rule.")
    return number


# --- a dry run --------------------------------------------------------------------------------------------------------


def _try(store: Store, project: Project, request: Request) -> dict[str, Any]:
    """What a form's rule, or one that is kept, would have done to past experiments."""
    if "id" in request:
        rule = next((each for each in rules_of(store, project.id) if each.id == _id(request)), None)
        if rule is None:
            raise RuleMissing("This rule is not there any more.")
        condition, action = read_condition(rule.condition), read_action(rule.action)
    else:
        condition, action = _read(request)
    note = _unknown(condition, metric_names(store, project.id))
    most = MOST_PAST_FOR_FLAGS if condition.comparison == "present" else MOST_PAST
    # A flag may need the partner of its metric, and what an experiment took is told by all that it reported.
    names = None if condition.comparison == "present" else [condition.metric or ""]
    found, is_all = past_curves(store, project.id, names, most)
    noise = usual_noise(store, project.id) if condition.flag == "noise" else {}
    said = words(dry_run(condition, _past(condition, found, noise)), condition, action, is_all=is_all)
    return {"dryRun": said, "note": note}


def _past(condition: Condition, found: Sequence[PastCurves], noise: Mapping[str, Mapping[int, float]]) -> list[Past]:
    runs: dict[int, list[PastCurves]] = {}
    for each in found if condition.comparison == "worse" else ():
        runs.setdefault(each.run_id, []).append(each)
    told = {
        run: others_of({each.id: each.reported[0] for each in members if each.reported})
        for run, members in runs.items()
    }
    past = []
    for each in found:
        others = {condition.metric or "": told[each.run_id].without(each.id)} if each.run_id in told else {}
        usual = {name: [level for owner, level in own.items() if owner != each.id] for name, own in noise.items()}
        subject = Subject(each.reported, True, each.objective, each.goal, others, usual)
        past.append(Past(subject, each.duration_s, math.nan if each.last is None else each.last))
    return past


_ACTIONS: Mapping[str, Callable[[Store, Project, Request], dict[str, Any]]] = {
    "list": _list,
    "add": _add,
    "switch": _switch,
    "delete": _delete,
    "restore": _restore,
    "try": _try,
}

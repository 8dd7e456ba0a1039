"""The addresses at which pages ask, in one table: what they are, what answers them, and how the answer travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from plotly.io.json import to_json_plotly
from werkzeug.wrappers import Response as AnyResponse

from answers import custom_views, logs, new_project, notes, rules, teaching
from answers.attempts import attempt_answer
from answers.curve_changes import curve_changes, read_curves_question
from answers.experiment_changes import experiment_changes, read_experiment_question
from answers.run_changes import changes, read_changes_question
from answers.run_replay import read_replay_question, run_replay
from app.limits import LARGEST_NUMBER, few_at_once
from app.packing import pack
from launch.allowed import AllowedFolders
from storage.store import Store

# What an address names, by its name, and the `question`; None where there is nothing to say.
Answering = Callable[..., Mapping[str, Any] | None]
Viewing = Callable[..., AnyResponse]


@dataclass(frozen=True)
class Address:
    """A rule as Flask writes it, and what answers there."""

    rule: str
    view: Viewing
    method: str = "POST"


def attach(server: Flask, store: Store, data_dir: Path, allowed: AllowedFolders) -> None:
    """Add the addresses to a server.

    data_dir: where experiments of this machine leave their files. allowed: from which folders projects may begin.
    """
    for each in _addresses(store, data_dir, new_project.Desk(store, data_dir, allowed)):
        server.add_url_rule(each.rule, each.rule, each.view, methods=[each.method])


def _addresses(store: Store, data_dir: Path, desk: new_project.Desk) -> tuple[Address, ...]:
    """Where a page asks for numbers it gets them packed; where it acts, JSON is asked and answered."""
    experiment = "<slug>/experiments/<int:number>"
    return (
        Address(
            "/changes/<slug>/runs/<int:number>",
            _packed(lambda slug, number, question: changes(store, slug, number, *read_changes_question(question))),
        ),
        Address(
            f"/changes/{experiment}",
            _shown(
                lambda slug, number, question: experiment_changes(
                    store, slug, number, *read_experiment_question(question)
                )
            ),
        ),
        Address(
            "/curves/<slug>",
            _packed(lambda slug, question: curve_changes(store, slug, read_curves_question(question))),
        ),
        Address(
            "/replay/<slug>/<int:number>",
            _packed(lambda slug, number, question: run_replay(store, slug, number, read_replay_question(question))),
        ),
        Address(
            "/custom-views/<slug>/<int:number>",
            _told(lambda slug, number, question: custom_views.custom_view(store, slug, number, question)),
        ),
        Address("/rules/<slug>", _told(lambda slug, question: rules.answer(store, slug, question))),
        Address(
            "/notes/<slug>/<int:number>",
            _told(lambda slug, number, question: notes.answer(store, slug, number, question)),
        ),
        Address(
            "/teaching/<slug>",
            _told(lambda slug, question: teaching.answer(store, data_dir, slug, question)),
        ),
        Address("/new-project", _told(lambda question: new_project.answer(desk, question))),
        Address(
            f"/logs/{experiment}",
            _looked_up(lambda slug, number: logs.search_log(store, data_dir, slug, number, request.args)),
            "GET",
        ),
        Address(
            f"/logs/{experiment}/problems",
            _looked_up(lambda slug, number: logs.log_problems(store, data_dir, slug, number)),
            "GET",
        ),
        Address(
            f"/attempts/{experiment}/<int:attempt>",
            few_at_once(_looked_up(lambda slug, number, attempt: attempt_answer(store, slug, number, attempt))),
            "GET",
        ),
    )


def _packed(answer: Answering) -> Viewing:
    """For very many numbers; a page that holds nothing yet asks without a body."""

    @few_at_once
    def view(**place: Any) -> AnyResponse:
        question = request.get_json(silent=True)
        asked = question if isinstance(question, Mapping) else {}
        found = answer(**place, question=asked) if _can_be(place) else None
        # Nothing new is said in no bytes; so is that there is nothing of this name, because its page says that.
        return Response(status=204) if found is None else Response(pack(found), mimetype="application/octet-stream")

    return view


def _shown(answer: Answering) -> Viewing:
    """For components of the page; nothing new is said in no bytes."""

    def view(**place: Any) -> AnyResponse:
        question = request.get_json(silent=True)
        found = answer(**place, question=question) if isinstance(question, Mapping) and _can_be(place) else None
        if found is None:
            return Response(status=204)
        return Response(to_json_plotly(found), mimetype="application/json")

    return view


def _told(answer: Answering) -> Viewing:
    """For a dialog that asks and acts."""

    def view(**place: Any) -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        is_asked = isinstance(question, Mapping) and _can_be(place)
        return _as_json(answer(**place, question=question) if is_asked else None)

    return view


def _looked_up(answer: Answering) -> Viewing:
    """For what is only read."""

    def view(**place: Any) -> AnyResponse:
        return _as_json(answer(**place) if _can_be(place) else None)

    return view


def _as_json(found: Mapping[str, Any] | None) -> AnyResponse:
    return Response(status=404) if found is None else jsonify(found)


def _can_be(place: Mapping[str, Any]) -> bool:
    """Whether something can have these numbers."""
    return all(value <= LARGEST_NUMBER for value in place.values() if isinstance(value, int))

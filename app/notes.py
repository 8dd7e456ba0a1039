"""The address at which an experiment's page writes its note."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import LARGEST_NUMBER
from callbacks.notes import answer
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    def notes(slug: str, number: int) -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        found = None
        if isinstance(question, Mapping) and number <= LARGEST_NUMBER:
            found = answer(store, slug, number, question)
        return Response(status=404) if found is None else jsonify(found)

    server.add_url_rule("/notes/<slug>/<int:number>", "notes", notes, methods=["POST"])

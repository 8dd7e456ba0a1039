"""The address that an experiment's page asks for a view of the project's own."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import LARGEST_NUMBER
from callbacks.custom_views import custom_view
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    def answer(slug: str, number: int) -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        if not isinstance(question, Mapping) or number > LARGEST_NUMBER:
            return Response(status=404)
        found = custom_view(store, slug, number, question)
        return Response(status=404) if found is None else jsonify(found)

    server.add_url_rule("/custom-views/<slug>/<int:number>", "custom_views", answer, methods=["POST"])

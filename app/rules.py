"""The address at which the dialog of a project's rules asks; the same on every page that has it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from callbacks.rules import answer
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    def rules(slug: str) -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        found = answer(store, slug, question) if isinstance(question, Mapping) else None
        return Response(status=404) if found is None else jsonify(found)

    server.add_url_rule("/rules/<slug>", "rules", rules, methods=["POST"])

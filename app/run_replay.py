"""The address that a run's page asks for its metrics epoch by epoch."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import LARGEST_NUMBER, few_at_once
from app.packing import pack
from callbacks.run_replay import read_question, run_replay
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    @few_at_once
    def replay(slug: str, number: int) -> AnyResponse:
        question = read_question(request.get_json(silent=True))
        found = run_replay(store, slug, number, question) if number <= LARGEST_NUMBER else None
        # The page of a run that is not there says so itself.
        if found is None:
            return Response(status=204)
        return Response(pack(found), mimetype="application/octet-stream")

    server.add_url_rule("/replay/<slug>/<int:number>", "replay", replay, methods=["POST"])

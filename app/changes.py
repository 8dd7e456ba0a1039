"""The address that a run's page asks for its experiments: all of them at first, then what changed."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import LARGEST_NUMBER, few_at_once
from app.packing import pack
from callbacks.run_changes import changes
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    @few_at_once
    def run_changes(slug: str, number: int) -> AnyResponse:
        # A cursor may be long, so it comes in a body; a page that holds nothing yet has none.
        question = request.get_json(silent=True)
        cursor, reduced = (
            question.get(part) if isinstance(question, Mapping) else None for part in ("cursor", "reduce")
        )
        found = None
        if number <= LARGEST_NUMBER:
            cursor = cursor if isinstance(cursor, Mapping) else {}
            found = changes(store, slug, number, cursor, reduced if isinstance(reduced, str) else "")
        # Nothing new is said in no bytes; so is that there is no such run, because its page says that.
        if found is None:
            return Response(status=204)
        return Response(pack(found), mimetype="application/octet-stream")

    server.add_url_rule("/changes/<slug>/runs/<int:number>", "run_changes", run_changes, methods=["POST"])

"""The address that a page asks for the curves of its experiments: all of them at first, then what came to them."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import few_at_once
from app.packing import pack
from callbacks.curve_changes import curve_changes, read_question
from storage.store import Store


def attach(server: Flask, store: Store) -> None:
    """Add the address to a server."""

    @few_at_once
    def curves(slug: str) -> AnyResponse:
        found = curve_changes(store, slug, read_question(request.get_json(silent=True)))
        # Nothing new is said in no bytes; so is that there is no such project, because its page says that.
        if found is None:
            return Response(status=204)
        return Response(pack(found), mimetype="application/octet-stream")

    server.add_url_rule("/curves/<slug>", "curves", curves, methods=["POST"])

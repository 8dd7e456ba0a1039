"""The address at which the dialog asks that teaches a project how its script prints metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from callbacks.teaching import answer
from storage.store import Store


def attach(server: Flask, store: Store, data_dir: Path) -> None:
    """Add the address to a server. data_dir: where experiments of this machine leave their output."""

    def teaching(slug: str) -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        found = answer(store, data_dir, slug, question) if isinstance(question, Mapping) else None
        return Response(status=404) if found is None else jsonify(found)

    server.add_url_rule("/teaching/<slug>", "teaching", teaching, methods=["POST"])

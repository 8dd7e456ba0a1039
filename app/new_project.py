"""The address at which the dialog asks that begins a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from callbacks.new_project import Desk, answer
from launch.allowed import AllowedFolders
from storage.store import Store


def attach(server: Flask, store: Store, data_dir: Path, allowed: AllowedFolders) -> None:
    """Add the address to a server. allowed: the folders of this machine from which projects may begin."""
    desk = Desk(store, data_dir, allowed)

    def new_project() -> AnyResponse:
        # Only JSON is read: a form of another site could not send that.
        question = request.get_json(silent=True)
        found = answer(desk, question) if isinstance(question, Mapping) else None
        return Response(status=404) if found is None else jsonify(found)

    server.add_url_rule("/new-project", "new_project", new_project, methods=["POST"])

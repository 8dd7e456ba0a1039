"""The addresses at which an experiment's page asks about its whole log."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from app.limits import LARGEST_NUMBER
from callbacks.logs import log_problems, search_log
from storage.store import Store


def attach(server: Flask, store: Store, data_dir: Path) -> None:
    """Add the addresses to a server. data_dir: where experiments of this machine leave their logs."""

    def found(slug: str, number: int) -> AnyResponse:
        known = number <= LARGEST_NUMBER
        answer = search_log(store, data_dir, slug, number, request.args) if known else None
        return Response(status=404) if answer is None else jsonify(answer)

    def problems(slug: str, number: int) -> AnyResponse:
        answer = log_problems(store, data_dir, slug, number) if number <= LARGEST_NUMBER else None
        return Response(status=404) if answer is None else jsonify(answer)

    server.add_url_rule("/logs/<slug>/experiments/<int:number>", "log_search", found, methods=["GET"])
    server.add_url_rule("/logs/<slug>/experiments/<int:number>/problems", "log_problems", problems, methods=["GET"])

"""The whole application on a fresh database, and browsers that speak to it without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from werkzeug.test import TestResponse

from app.server import create_app
from app.settings import Settings
from storage.store import Store
from storage.tokens import create_link_token

HOST = "127.0.0.1:8050"


class Browser:
    """One browser: keeps its cookies, and sends what browsers send."""

    def __init__(self, app: Dash) -> None:
        self.client = app.server.test_client()

    def ask(self, method: str, path: str, *, host: str = HOST, **options: Any) -> TestResponse:
        headers = {"Origin": f"http://{host}"} if method not in {"GET", "HEAD"} else {}
        headers |= options.pop("headers", {})
        return self.client.open(
            path, method=method, base_url=f"http://{host}", headers=headers, buffered=True, **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def call(self, body: Any, **options: Any) -> TestResponse:
        """Send a callback, as Dash's renderer does."""
        options.setdefault("content_type", "application/json")
        return self.ask("POST", "/_dash-update-component", data=json.dumps(body), **options)

    def log_in(self, store: Store) -> Browser:
        assert self.get(f"/login?token={create_link_token(store)}").status_code == 303
        return self


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir)


@pytest.fixture
def app(settings: Settings, store: Store) -> Dash:
    return create_app(settings, store)


@pytest.fixture
def stranger(app: Dash) -> Browser:
    return Browser(app)


@pytest.fixture
def browser(app: Dash, store: Store) -> Browser:
    return Browser(app).log_in(store)

"""The application as a whole: what its pages consist of, and that two of them share nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dash import Dash

from app.server import ASSETS, create_app
from app.settings import Settings
from storage.projects import register_project
from storage.store import Store
from tests.app.conftest import Browser


def ids_in(part: Any) -> Iterator[str]:
    """Every id in a layout as JSON."""
    if isinstance(part, dict):
        if isinstance(part.get("props"), dict) and "id" in part["props"]:
            yield json.dumps(part["props"]["id"], sort_keys=True)
        for value in part.values():
            yield from ids_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from ids_in(value)


def page_at(browser: Browser, pathname: str) -> dict[str, Any]:
    """What the router answers to an address."""
    body = {
        "output": "..page.children...breadcrumb.children...page-title.data..",
        "outputs": [
            {"id": "page", "property": "children"},
            {"id": "breadcrumb", "property": "children"},
            {"id": "page-title", "property": "data"},
        ],
        "inputs": [
            {"id": "location", "property": "pathname", "value": pathname},
            {"id": "retry-poll", "property": "n_intervals"},
        ],
        "state": [{"id": "location", "property": "search", "value": ""}],
        "changedPropIds": ["location.pathname"],
    }
    answer = browser.call(body)
    assert answer.status_code == 200
    content: dict[str, Any] = json.loads(answer.get_data())
    return content["response"]


def test_the_frame_has_each_id_once_and_nothing_from_outside(browser: Browser) -> None:
    found = list(ids_in(json.loads(browser.get("/_dash-layout").get_data())))
    assert len(found) == len(set(found)) > 20
    page = browser.get("/").get_data(as_text=True)
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert "/assets/theme.js" in addresses
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)


def test_bootstrap_comes_before_our_own_styles(browser: Browser) -> None:
    page = browser.get("/").get_data(as_text=True)
    assert 0 < page.index("bootstrap.min.css") < page.index("assets/style.css")
    assert page.count("bootstrap.min.css") == 1
    assert page.count("/assets/theme.js") == 1
    assert browser.get("/assets/vendor/bootstrap.min.css").status_code == 200


def test_every_asset_of_the_page_is_there(browser: Browser) -> None:
    page = browser.get("/").get_data(as_text=True)
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        assert browser.get(address.replace("&amp;", "&")).status_code == 200, address


def test_the_first_page_is_shown_and_names_its_project(browser: Browser, store: Store) -> None:
    register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    response = page_at(browser, "/projects/digits")
    assert "runs" in "".join(ids_in(response["page"]["children"]))
    assert response["page-title"]["data"] == ["Digits"]


def test_one_store_does_not_answer_for_another(settings: Settings, store: Store, tmp_path: Any) -> None:
    """The second application in a process has callbacks, and asks its own database."""
    register_project(store, "Digits", directory="/tmp", command=["python", "train.py"], hyperparameters=[])
    first = create_app(settings, store)
    away = Store("postgresql://nobody@127.0.0.1:1/nothing")
    second = create_app(Settings(data_dir=tmp_path), away)
    shown = page_at(Browser(first).log_in(store), "/")
    visitor = Browser(second)
    with visitor.client.session_transaction(base_url="http://127.0.0.1:8050") as session:
        session["id"] = "me"
    assert "Digits" in json.dumps(shown)
    assert "The database is away" in json.dumps(page_at(visitor, "/"))
    away.close()


def test_every_clientside_function_is_in_the_assets(app: Dash) -> None:
    app.server.test_client().get("/healthz", base_url="http://127.0.0.1:8050")
    functions = [each["clientside_function"] for each in app._callback_list if each["clientside_function"]]
    assert functions
    for function in functions:
        source = (ASSETS / f"{function['namespace']}.js").read_text()
        assert re.search(rf"\b{function['function_name']}\b", source), function


def test_nothing_is_loaded_from_outside_by_the_assets() -> None:
    for path in ASSETS.glob("*.css"):
        assert "http" not in path.read_text()
        assert "@import" not in path.read_text()

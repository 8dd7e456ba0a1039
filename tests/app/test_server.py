"""The application as a whole: what its pages consist of, and that two of them share nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dash import Dash

from analysis.hyperparameters import Hyperparameter
from analysis.identity import fingerprint
from app.scripts import ASSETS, modules
from app.server import create_app
from app.settings import Settings
from layouts import launch_ids as ids
from sources.identity import code_of
from storage.projects import register_project
from storage.runs import NewExperiment, NewRun, create_run
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
    assert sum(address.endswith("/main.js") for address in addresses) == 2
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)


def test_bootstrap_comes_before_our_own_styles(browser: Browser) -> None:
    page = browser.get("/").get_data(as_text=True)
    assert 0 < page.index("bootstrap.min.css") < page.index("assets/style.css")
    assert page.count("bootstrap.min.css") == 1
    assert page.count("/first.js") == 1
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


def test_every_function_that_python_names_is_given_to_dash(app: Dash) -> None:
    app.server.test_client().get("/healthz", base_url="http://127.0.0.1:8050")
    functions = [each["clientside_function"] for each in app._callback_list if each["clientside_function"]]
    assert functions
    main = (ASSETS / "main.js").read_text()
    named = re.search(r"const NAMED = \{(.*?)\};", main, re.DOTALL)
    assert named
    for namespace, name in {(each["namespace"], each["function_name"]) for each in functions}:
        assert namespace in re.findall(r"\w+", named[1])
        path = re.search(rf'import \* as {namespace} from "\./(.*?)";', main)
        assert path
        assert re.search(rf"^export (const|let|function) {name}\b", (ASSETS / path[1]).read_text(), re.MULTILINE), name


def test_every_module_is_there_under_its_version(browser: Browser) -> None:
    page = browser.get("/").get_data(as_text=True)
    preloaded = re.findall(r'rel="modulepreload" href="(/scripts/[0-9a-f]{16}/([^"]+))"', page)
    assert [name for _, name in preloaded] == modules()
    for address, name in preloaded:
        answer = browser.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert "immutable" in answer.headers["Cache-Control"]
        older = browser.get(address.replace(address.split("/")[2], "0" * 16))
        assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-store")
        # A browser fetches a module that is named in two ways twice.
        for imported in re.findall(r'from "(.*?)";', answer.get_data(as_text=True)):
            assert (ASSETS / name).parent.joinpath(imported).resolve().relative_to(ASSETS).as_posix() in modules()


def test_nothing_is_loaded_from_outside_by_the_assets() -> None:
    for path in ASSETS.glob("*.css"):
        assert "http" not in path.read_text()
        assert "@import" not in path.read_text()


# --- the launch dialog on the wire --------------------------------------------------------------------------------------


def dependencies_of(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(browser.get("/_dash-dependencies").get_data())
    return found


def ends_of(dependency: dict[str, Any]) -> set[str]:
    """Every id that a callback reads or writes; of patterns only their type."""
    written = re.findall(r"(?:\.\.)?(\{.*?\}|[\w-]+)\.\w+(?:@\w+)?", dependency["output"])
    read = [each["id"] for each in (*dependency["inputs"], *dependency["state"])]
    return {str(json.loads(id_)["type"]) if id_.startswith("{") else id_ for id_ in (*written, *read)}


def ask(browser: Browser, output: str, values: dict[str, Any]) -> dict[str, Any]:
    """Send the callback that first writes `output`, with values by `id.property`; a pattern's is a list of (id, value)."""
    dependency = next(each for each in dependencies_of(browser) if each["output"].lstrip(".").startswith(output))

    def given(end: dict[str, Any]) -> Any:
        id_, property_ = end["id"], end["property"]
        if not id_.startswith("{"):
            return {"id": id_, "property": property_, "value": values.get(f"{id_}.{property_}")}
        pattern = json.loads(id_)
        return [
            {"id": {**pattern, "name": name}, "property": property_, "value": {**pattern, "name": name} if property_ == "id" else value}
            for name, value in values.get(f"{pattern['type']}.{property_}", [])
        ]  # fmt: skip

    outputs = [
        {"id": id_, "property": property_}
        for id_, property_ in re.findall(r"([\w-]+)\.(\w+(?:@\w+)?)", dependency["output"])
    ]
    body = {
        "output": dependency["output"],
        "outputs": outputs if dependency["output"].startswith("..") else outputs[0],
        "inputs": [given(each) for each in dependency["inputs"]],
        "state": [given(each) for each in dependency["state"]],
        "changedPropIds": [f"{dependency['inputs'][0]['id']}.{dependency['inputs'][0]['property']}"],
    }
    answer = browser.call(body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    response: dict[str, Any] = json.loads(answer.get_data())["response"]
    return response


def test_every_id_of_the_launch_callbacks_stands_in_the_opened_dialog(
    browser: Browser, store: Store, tmp_path: Path
) -> None:
    """Over the wire: open the dialog, choose a strategy with options, and let it be reviewed."""
    (tmp_path / "train.py").write_text("# takes whatever it is given\n")
    digest = code_of(tmp_path / "train.py").digest
    rate = Hyperparameter("lr", "--lr", "float", 0.1)
    known = [rate.to_json()]
    project = register_project(
        store, "Digits", directory=str(tmp_path), command=["python", "train.py"], hyperparameters=known,
        objective="accuracy", code_digest=digest,
    )  # fmt: skip
    line = "python train.py --lr [0.1,0.2]"
    queued = NewExperiment({"lr": 0.1}, fingerprint({"lr": 0.1}, [rate]))
    first = NewRun(line, {"lr": [0.1, 0.2]}, known, [queued], code_digest=digest)
    create_run(store, project, first)
    opened = ask(
        browser,
        f"{ids.TITLE}.children@",
        {f"{ids.OPENED}.data": {"mode": "new", "origin": {"run": 1}}, "location.pathname": "/projects/digits"},
    )
    context = opened[ids.CONTEXT]["data"]
    assert context["slug"] == "digits"
    strategy = ask(browser, f"{ids.STRATEGY_FORM}.children", {f"{ids.STRATEGY}.value": "tpe"})
    review = {
        f"{ids.COMMAND}.value": line, f"{ids.STRATEGY}.value": "grid", f"{ids.OBJECTIVE}.value": "accuracy",
        f"{ids.GOAL}.value": "maximize", f"{ids.CONTEXT}.data": context, f"{ids.DECISIONS}.data": {},
    }  # fmt: skip
    reviewed = ask(browser, f"{ids.COMMAND_ERROR}.children", review)
    assert reviewed[ids.START]["children"] == "Launch 1 experiment"
    pages = [page_at(browser, path) for path in ("/projects/digits", "/projects/digits/runs/1")]
    create_run(store, project, NewRun(line, {"lr": [0.1, 0.2]}, known, []), is_draft=True)
    pages.append(page_at(browser, "/projects/digits/runs/2"))
    frame = json.loads(browser.get("/_dash-layout").get_data())
    there = list(ids_in([frame, *pages, opened, strategy, reviewed]))
    standing = {each["type"] if isinstance(each := json.loads(id_), dict) else each for id_ in there}
    launch_ids = {value for name, value in vars(ids).items() if name.isupper()}
    patterns = {f"candidates-{field}" for field in ("mode", "list", "chips")} | {"strategy-option", "status-action"}
    mine = [ends for each in dependencies_of(browser) if (ends := ends_of(each)) & (launch_ids | patterns)]
    assert len(mine) > 12
    assert set().union(*mine) - standing == set()


def test_the_rows_of_a_plan_come_over_the_wire(browser: Browser, store: Store) -> None:
    known = [Hyperparameter("lr", "--lr", "float", 0.1).to_json()]
    register_project(store, "Digits", directory="/tmp", command=["python", "gone.py"], hyperparameters=known)
    plan = {
        "form": {"command": "python gone.py --lr [1:1000:1]", "strategy": {"name": "grid"}, "goal": "maximize", "objective": None},
        "decisions": {}, "shown": 1000,
    }  # fmt: skip
    answer = ask(
        browser,
        f"{ids.TABLE}.getRowsResponse",
        {
            f"{ids.TABLE}.getRowsRequest": {"startRow": 900, "endRow": 1000},
            f"{ids.PLAN}.data": plan,
            f"{ids.CONTEXT}.data": {"slug": "digits", "code": None, "data": None, "is_here": False},
        },
    )[ids.TABLE]["getRowsResponse"]
    assert (answer["rowCount"], len(answer["rowData"])) == (1000, 100)
    assert answer["rowData"][-1]["h0"] == "1000"

"""Nothing answers without the cookie, from another site, or under another name; and every answer is guarded."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from dash import Dash
from werkzeug.routing import Rule

from app.security import OPEN_PATHS, allowed_hosts, is_own_origin, session_key
from app.server import create_app
from app.sessions import safe_next
from app.settings import Settings
from storage.store import Store
from storage.tokens import create_link_token
from tests.app.conftest import HOST, Browser

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def address_of(rule: Rule) -> str:
    """An address that the rule answers."""
    return re.sub(
        r"<(?:[a-z]+(?:\([^)]*\))?:)?([a-z_]+)>", lambda name: "1" if name[1] == "number" else "dash", rule.rule
    )


def callback_bodies(app: Dash) -> list[dict[str, object]]:
    """A well-formed request for each callback."""
    app.server.test_client().get("/healthz", base_url=f"http://{HOST}")
    return [
        {"output": output, "outputs": [], "inputs": [], "state": [], "changedPropIds": []}
        for output in app.callback_map
    ]


def test_no_route_answers_a_stranger(app: Dash, stranger: Browser) -> None:
    rules = list(app.server.url_map.iter_rules())
    assert len(rules) > 10
    for rule in rules:
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            path = address_of(rule)
            answer = stranger.ask(method, path, content_type="application/json", data="{}" if method != "GET" else None)
            if path == "/healthz":
                assert answer.get_json()["database"] == "ok"
            else:
                assert answer.status_code == 401, f"{method} {path}"
                assert "HyperTuner" in answer.get_data(as_text=True)


def test_no_callback_answers_a_stranger(app: Dash, stranger: Browser) -> None:
    bodies = callback_bodies(app)
    assert len(bodies) > 10
    for body in bodies:
        assert stranger.call(body).status_code == 401, body["output"]


def test_open_paths_are_only_login_and_health() -> None:
    assert {"/login", "/healthz"} == OPEN_PATHS


def test_a_page_without_cookie_leads_to_an_explanation_and_back(stranger: Browser) -> None:
    answer = stranger.get("/projects/x?with=3", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.location) == (303, "/login?next=%2Fprojects%2Fx%3Fwith%3D3")
    explanation = stranger.get(answer.location)
    assert explanation.status_code == 401
    assert "hypertuner link" in explanation.get_data(as_text=True)


def test_a_link_opens_one_browser_once(app: Dash, store: Store) -> None:
    link = f"/login?token={create_link_token(store)}"
    first, second = Browser(app), Browser(app)
    opened = first.get(link)
    assert (opened.status_code, opened.location) == (303, "/")
    cookie = opened.headers["Set-Cookie"]
    assert cookie.startswith("hypertuner-8050=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert first.get("/").status_code == 200
    refused = second.get(link)
    assert refused.status_code == 401
    assert "hypertuner link" in refused.get_data(as_text=True)
    assert "Set-Cookie" not in refused.headers
    assert second.get("/").status_code == 401


def test_who_is_logged_in_spends_no_link(browser: Browser, app: Dash, store: Store) -> None:
    link = f"/login?token={create_link_token(store)}"
    assert browser.get(link).status_code == 303
    assert Browser(app).get(link).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "%00", "a" * 5000, "%ff%fe", "' OR 1=1 --"])
def test_a_wrong_token_opens_nothing(stranger: Browser, token: str) -> None:
    assert stranger.get(f"/login?token={token}").status_code == 401
    assert stranger.get("/").status_code == 401


def test_a_cookie_of_somebody_elses_making_is_worth_nothing(app: Dash, stranger: Browser) -> None:
    stranger.client.set_cookie("hypertuner-8050", "eyJpZCI6ImFkbWluIn0.aaaa.bbbb", domain="127.0.0.1")
    assert stranger.get("/").status_code == 401


def test_the_session_survives_a_restart_of_the_web(browser: Browser, settings: Settings, store: Store) -> None:
    restarted = create_app(settings, store)
    browser.client.application = restarted.server
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/projects/digits?with=3", "/projects/digits?with=3"),
        (None, "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("evil", "/"),
    ],
)
def test_login_leads_only_to_this_site(target: str | None, leads_to: str) -> None:
    assert safe_next(target) == leads_to


@pytest.mark.parametrize("path", ["/", "/healthz", "/login", "/assets/style.css", "/_dash-layout", "/nothing"])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:8051", "127.0.0.1", "localhost.evil:8050", "127.0.0.1.evil:8050"]
)
def test_foreign_hosts_are_refused_everywhere(browser: Browser, path: str, host: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert browser.ask(method, path, host=host).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "LOCALHOST:8050", "[::1]:8050"])
def test_own_hosts_are_let_in(stranger: Browser, host: str) -> None:
    assert stranger.get("/healthz", host=host).status_code == 200


def test_configured_hosts_are_let_in(data_dir: Path) -> None:
    hosts = allowed_hosts(Settings(data_dir=data_dir, port=9000, hosts=("tuner.example", "other.example:1")))
    assert {"tuner.example", "tuner.example:9000", "other.example:1", "127.0.0.1:9000"} <= hosts
    assert "other.example" not in hosts


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://127.0.0.1:8051",
        "http://localhost.evil:8050",
        "http://127.0.0.1",
        "http://[",
        "",
    ],
)
def test_calls_from_other_origins_are_refused(app: Dash, browser: Browser, origin: str) -> None:
    for body in callback_bodies(app)[:3]:
        assert browser.call(body, headers={"Origin": origin}).status_code == 403


def test_an_origin_is_ours_only_with_our_host() -> None:
    assert is_own_origin("http://127.0.0.1:8050", "127.0.0.1:8050")
    assert not is_own_origin("file://127.0.0.1:8050", "127.0.0.1:8050")
    assert not is_own_origin(None, "127.0.0.1:8050")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_read(browser: Browser, kind: str) -> None:
    assert browser.call({}, content_type=kind).status_code == 415


def test_a_body_has_a_largest_size(browser: Browser) -> None:
    assert browser.call("x" * 10_000_001).status_code == 413


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/login", "/assets/style.css", "/assets/nothing", "/download/x/experiments.csv"]
)
def test_every_answer_is_guarded(browser: Browser, path: str) -> None:
    for answer in (browser.get(path), browser.get(path, host="evil.example"), browser.ask("POST", path)):
        assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_are_not_kept_by_browsers(browser: Browser) -> None:
    for path in ("/", "/_dash-layout", "/nothing"):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]


def test_only_what_is_named_by_its_version_is_kept_for_good(browser: Browser) -> None:
    assert "immutable" in browser.get("/assets/run/page.js?m=1.5").headers["Cache-Control"]
    assert "immutable" not in browser.get("/assets/run/page.js").headers["Cache-Control"]
    for path in ("/assets/nothing.js?m=1.5", "/?m=1.5", "/_dash-layout?m=1.5"):
        assert browser.get(path).headers["Cache-Control"] == "no-store"


def test_a_copy_that_is_still_good_stays_with_the_browser(browser: Browser) -> None:
    path = "/_dash-component-suites/dash_ag_grid/async-community.js"
    first = browser.get(path)
    again = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert [answer.headers["Cache-Control"] for answer in (first, again)] == ["no-cache", "no-cache"]


def test_inline_scripts_are_let_in_by_their_hash_only(browser: Browser) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'sha256-" in scripts
    assert "unsafe-inline" not in scripts


def test_an_unknown_component_file_is_not_found(browser: Browser) -> None:
    for path in ("dash/nothing.js", "nothing/x.js", "dash/../../etc/passwd", "dash/..%2f..%2fsetup.py"):
        assert browser.get(f"/_dash-component-suites/{path}").status_code in {200, 404}
    assert browser.get("/_dash-component-suites/dash/nothing.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["../app/server.py", "..%2fapp%2fserver.py", "%2e%2e/app/server.py", "..%252fapp", "/etc/passwd", "....//app/server.py",
     "vendor/../../app/server.py", "..\\app\\server.py", "style.css%00.js", "file:///etc/passwd"],
)  # fmt: skip
def test_no_file_outside_of_assets_can_be_had(browser: Browser, path: str) -> None:
    shown = browser.get(f"/assets/{path}").get_data(as_text=True)
    assert "def create_app" not in shown
    assert "root:" not in shown


@pytest.mark.parametrize(
    "body",
    [None, [], "x", 1, {}, {"output": "nothing.children"}, {"output": "page.children", "inputs": "x"},
     {"output": 3, "inputs": []}, {"output": "page.children", "inputs": [{"id": {}}], "changedPropIds": [[]]},
     {"inputs": [None], "outputs": None, "output": None}],
)  # fmt: skip
def test_a_malformed_callback_is_refused_without_a_traceback(browser: Browser, body: object) -> None:
    answer = browser.call(body)
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.get_data(as_text=True)


def test_callbacks_with_nonsense_values_never_break_the_server(app: Dash, browser: Browser) -> None:
    for output, callback in app.callback_map.items():
        for value in (None, -1, "x" * 100, {"slug": "../..", "number": "1"}, ["__proto__"]):
            inputs = [{**each, "value": value} for each in callback["inputs"]]
            state = [{**each, "value": value} for each in callback["state"]]
            body = {"output": output, "inputs": inputs, "state": state, "changedPropIds": []}
            answer = browser.call(body)
            assert answer.status_code < 500, (output, value)
            assert "Traceback" not in answer.get_data(as_text=True)


def test_an_unforeseen_error_shows_a_number_and_no_traceback(
    app: Dash, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("secret detail")

    app.server.view_functions["experiments_csv"] = lambda slug: broken()
    answer = browser.get("/download/x/experiments.csv")
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "secret detail" not in shown
    number = re.search(r"under ([0-9a-f]{8})", shown)
    assert number
    assert number[1] in caplog.text
    assert "secret detail" in caplog.text


def test_the_session_key_is_private_and_stays(data_dir: Path) -> None:
    path = data_dir / "secrets" / "session_key"
    key = session_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert session_key(path) == key
    assert [each.name for each in path.parent.iterdir()] == ["session_key"]


def test_two_applications_in_one_process_keep_their_sessions_apart(
    browser: Browser, store: Store, tmp_path: Path
) -> None:
    other = create_app(Settings(data_dir=tmp_path, port=8051), store)
    cookie = browser.client.get_cookie("hypertuner-8050", domain="127.0.0.1")
    assert cookie is not None
    visitor = Browser(other)
    visitor.client.set_cookie("hypertuner-8051", cookie.value, domain="127.0.0.1")
    assert visitor.get("/", host="127.0.0.1:8051").status_code == 401

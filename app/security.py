"""Who may ask for what: hosts, origins, sizes, the session cookie, the headers of every answer, and error pages.

Mode `local`: one person, one browser cookie, opened by a one-time link. Every path needs the cookie except the two in
OPEN_PATHS, whichever code put the path there.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, redirect, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.settings import Settings
from storage.store import Store, is_outage
from storage.tokens import use_link_token

OPEN_PATHS = frozenset({"/login", "/healthz"})
MOST_BODY_BYTES = 10_000_000
SESSION_LIFETIME = timedelta(days=30)
KEY_BYTES = 32
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CALLBACK_PATH = "/_dash-update-component"
# What is the same for everybody and named by its version may stay in the browser.
CACHED_PATHS = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")

log = logging.getLogger("hypertuner.web")


def protect(server: Flask, settings: Settings, store: Store, *, script_hashes: Sequence[str] = ()) -> None:
    """Put every request to the server, now and later, under the rules of this module."""
    server.secret_key = session_key(settings.data_dir / "secrets" / "session_key")
    server.config.update(
        SESSION_COOKIE_NAME=cookie_name(settings.port),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES,
    )
    # First of all functions, in front of what Dash itself does before a request.
    server.before_request_funcs.setdefault(None, []).insert(0, _gate(allowed_hosts(settings)))
    server.after_request(_add_headers(content_security_policy(script_hashes)))
    server.add_url_rule("/login", "login", _login(store), methods=["GET"])
    server.add_url_rule("/healthz", "healthz", lambda: Response("ok\n", mimetype="text/plain"), methods=["GET"])
    for kind in (DependencyException, InvalidResourceError):
        server.register_error_handler(kind, lambda _error: error_page(404, "There is nothing at this address."))
    server.register_error_handler(HTTPException, _on_refusal)
    server.register_error_handler(Exception, _on_error)


def session_key(path: Path) -> bytes:
    """The key that signs cookies, made at the first start; workers that start at once agree on one."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(half, path)
        except FileExistsError:
            pass
        finally:
            half.unlink()
    return path.read_bytes()


def cookie_name(port: int) -> str:
    """Cookies do not know ports, so the name does: two installations on one machine stay apart."""
    return f"hypertuner-{port}"


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The values of the Host header that are ours; a configured host without a port may stand behind a proxy's."""
    local = {f"{host}:{settings.port}" for host in LOCAL_HOSTS}
    if settings.port == 80:
        local |= set(LOCAL_HOSTS)
    configured = {host.lower() for host in settings.hosts}
    with_port = {f"{host}:{settings.port}" for host in configured if ":" not in host}
    return frozenset(local | configured | with_port)


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """What a page may load and run. Plotly, AG Grid and Dash write style attributes, so inline styles are let in."""
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *script_hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def safe_next(target: str | None) -> str:
    """Where to go after login: a path of this site, else the first page."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return "/"
    # Browsers read a backslash as a slash, and drop tabs and line ends.
    if "\\" in target or any(ord(character) < 0x20 for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


def error_page(status: int, title: str, text: str = "") -> Response:
    """A small page of our own that needs nothing else: title and text are shown as they are."""
    body = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>HyperTuner</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_ERROR_STYLE}</style></head>"
        f"<body><main><p>HyperTuner</p><h1>{escape(title)}</h1>"
        + "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
        + "</main></body></html>"
    )
    return Response(body, status=status, mimetype="text/html")


# --- how ------------------------------------------------------------------------------------------------------------

_ERROR_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.6 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;"
    "place-items:center;background:Canvas;color:CanvasText}main{max-width:34rem;padding:2rem}h1{font-size:1.35rem;"
    "margin:.2rem 0 1rem}p{margin:.4rem 0;opacity:.8}"
)


def _gate(hosts: frozenset[str]) -> Callable[[], AnyResponse | None]:
    def gate() -> AnyResponse | None:
        if request.host.lower() not in hosts:
            return error_page(403, "This name does not lead here.", "Use the address that HyperTuner printed.")
        if request.method not in SAFE_METHODS:
            if not is_own_origin(request.headers.get("Origin"), request.host):
                return error_page(403, "Refused: the request comes from another site.")
            if not request.is_json:
                return error_page(415, "Only JSON is understood here.")
        if (request.content_length or 0) > MOST_BODY_BYTES:
            return error_page(413, "The request is too large.", f"The most is {MOST_BODY_BYTES:,} bytes.")
        if request.path not in OPEN_PATHS and not is_logged_in():
            return _closed()
        return None

    return gate


def is_own_origin(origin: str | None, host: str) -> bool:
    """Whether a page of ours sent the request; browsers name the origin with everything that is no GET."""
    return (origin or "").lower() in {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}


def is_logged_in() -> bool:
    """Whether the request carries a session that we signed."""
    return isinstance(session.get("id"), str)


def _closed() -> AnyResponse:
    wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if wants_page:
        return redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='')}", code=303)
    return error_page(401, "Please open HyperTuner with its link first.")


def _login(store: Store) -> Callable[[], AnyResponse]:
    def login() -> AnyResponse:
        target = redirect(safe_next(request.args.get("next")), code=303)
        if is_logged_in():
            return target
        token = request.args.get("token", "")
        if not token:
            return error_page(401, "HyperTuner is closed to others.", _HOW_TO_GET_IN)
        if not use_link_token(store, token):
            return error_page(401, "This link was used before, or is too old.", _HOW_TO_GET_IN)
        session.clear()
        session["id"] = secrets.token_urlsafe(16)
        session.permanent = True
        return target

    return login


_HOW_TO_GET_IN = (
    "Each link opens one browser once.\n"
    "For a new link, type `hypertuner link` in the terminal of the machine on which HyperTuner runs."
)


def _add_headers(policy: str) -> Callable[[Response], Response]:
    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        # A 304 says that the browser's copy is good; it must not say that it shall be thrown away.
        is_kept = response.status_code < 300 or response.status_code == 304
        if not is_kept or not request.path.startswith(CACHED_PATHS):
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("Cookie")
        elif "m" in request.args:
            # Dash adds the time of an asset's last change as `m`: another version has another address.
            response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        else:
            # Plotly and AG Grid come without a version in their address: kept, compiled, and asked for again each time.
            response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return add_headers


def _on_refusal(error: HTTPException) -> AnyResponse:
    if error.code is not None and error.code < 400:
        return error.get_response()
    sentences = {404: "There is nothing at this address.", 405: "That is not how this address is used."}
    return error_page(error.code or 500, sentences.get(error.code or 500, error.name))


def _on_error(error: Exception) -> AnyResponse:
    if is_outage(error):
        log.warning("The database is away: %s", type(error).__name__)
        return error_page(503, "The database is away for now.", "Try again in a moment; nothing is lost.")
    number = secrets.token_hex(4)
    log.error("Error %s at %s %s", number, request.method, request.path, exc_info=error)
    if request.path == CALLBACK_PATH:
        # What a handler raises is answered by the page; what is left is a body that no page of ours sent.
        return error_page(400, "This request cannot be understood.")
    return error_page(500, "Something went wrong.", f"The server's log has the details under {number}.")

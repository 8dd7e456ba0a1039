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
from pathlib import Path
from urllib.parse import quote

from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, g, redirect, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import sessions
from app.bodies import MOST_BYTES, refuse_costly_json
from app.pages import error_page
from app.sessions import KnownSessions, session_id
from app.settings import Settings
from storage.sessions import LIFETIME_DAYS
from storage.store import Store, is_outage

OPEN_PATHS = frozenset({"/login", "/healthz"})
TLS_PREFIX = "https://"
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
KEY_BYTES = 32
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CALLBACK_PATH = "/_dash-update-component"
# What is the same for everybody and named by its version may stay in the browser.
CACHED_PATHS = ("/assets/", "/scripts/", "/_dash-component-suites/", "/_favicon.ico")

# What Python and PostgreSQL say of numbers without end, depths without bottom, and characters that are no text.
REFUSED = (RecursionError, OverflowError, UnicodeError, DataError)

log = logging.getLogger("hypertuner.web")


def protect(server: Flask, settings: Settings, store: Store, *, script_hashes: Sequence[str] = ()) -> None:
    """Put every request to the server, now and later, under the rules of this module."""
    server.secret_key = session_key(settings.data_dir / "secrets" / "session_key")
    server.config.update(
        SESSION_COOKIE_NAME=cookie_name(settings.port),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=LIFETIME_DAYS),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MOST_BYTES,
    )
    tls = tls_hosts(settings)
    known = sessions.attach(server, store, lambda: is_tls(tls))
    # First of all functions, in front of what Dash itself does before a request.
    server.before_request_funcs.setdefault(None, []).insert(0, _gate(allowed_hosts(settings), tls, known))
    server.after_request(_add_headers(content_security_policy(script_hashes), tls))
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
    configured = {_without_scheme(host) for host in settings.hosts}
    with_port = {f"{host}:{settings.port}" for host in configured if ":" not in host}
    return frozenset(local | configured | with_port)


def tls_hosts(settings: Settings) -> frozenset[str]:
    """Those configured hosts that are written with `https://`: browsers reach them through a proxy with TLS.

    The setting says so, and no header of a request, which anybody could write.
    """
    return frozenset(_without_scheme(host) for host in settings.hosts if host.lower().startswith(TLS_PREFIX))


def is_tls(tls: frozenset[str]) -> bool:
    """Whether the browser of this request speaks TLS."""
    # The scheme that gunicorn takes from a proxy on this machine can only make a cookie stricter.
    return request.is_secure or request.host.lower() in tls


def _without_scheme(host: str) -> str:
    return host.lower().removeprefix(TLS_PREFIX).rstrip("/")


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


# --- how ------------------------------------------------------------------------------------------------------------


def _gate(hosts: frozenset[str], tls: frozenset[str], known: KnownSessions) -> Callable[[], AnyResponse | None]:
    def gate() -> AnyResponse | None:
        return _refuse_stranger() or _refuse_size() or _refuse_closed()

    def _refuse_stranger() -> AnyResponse | None:
        host = request.host.lower()
        if host not in hosts:
            return error_page(403, "This name does not lead here.", "Use the address that HyperTuner printed.")
        if request.method not in SAFE_METHODS:
            schemes = ("https",) if host in tls else ("http", "https")
            if not is_own_origin(request.headers.get("Origin"), host, schemes):
                return error_page(403, "Refused: the request comes from another site.")
            if not request.is_json:
                return error_page(415, "Only JSON is understood here.")
        return None

    def _refuse_closed() -> AnyResponse | None:
        if request.path in OPEN_PATHS:
            return None
        found = session_id(known)
        if found is None:
            return _closed()
        g.session_id = found
        return refuse_costly_json()

    return gate


def _refuse_size() -> AnyResponse | None:
    if (request.content_length or 0) > MOST_BYTES:
        return error_page(413, "The request is too large.", f"The most is {MOST_BYTES:,} bytes.")
    return None


def is_own_origin(origin: str | None, host: str, schemes: Sequence[str] = ("http", "https")) -> bool:
    """Whether a page of ours sent the request; browsers name the origin with everything that is no GET."""
    return (origin or "").lower() in {f"{scheme}://{host.lower()}" for scheme in schemes}


def _closed() -> AnyResponse:
    wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if wants_page:
        return redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='')}", code=303)
    return error_page(401, "Please open HyperTuner with its link first.")


def _add_headers(policy: str, tls: frozenset[str]) -> Callable[[Response], Response]:
    def add_headers(response: Response) -> Response:
        # What is kept as a file holds texts of users: even where a browser shows it, it is no page of ours.
        is_file = response.headers.get("Content-Disposition", "").startswith("attachment")
        response.headers["Content-Security-Policy"] = FILE_POLICY if is_file else policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if request.host.lower() in tls:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
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
    if isinstance(error, REFUSED):
        log.warning("A request cannot be understood: %s", type(error).__name__)
        return error_page(400, "This request cannot be understood.")
    number = secrets.token_hex(4)
    log.error("Error %s at %s %s", number, request.method, request.path, exc_info=error)
    if request.path == CALLBACK_PATH:
        # What a handler raises is answered by the page; what is left is a body that no page of ours sent.
        return error_page(400, "This request cannot be understood.")
    return error_page(500, "Something went wrong.", f"The server's log has the details under {number}.")

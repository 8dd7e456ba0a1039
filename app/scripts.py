"""The page's own scripts: modules under an address with their version, which a browser keeps until they change."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, send_from_directory

ASSETS = Path(__file__).resolve().parent.parent / "assets"
# Plain, and before anything is drawn.
FIRST = "first.js"
# Asks for numbers before everything else is there.
EARLY = "early.js"
# Imports all others, and starts Dash.
MAIN = "main.js"
PREFIX = "/scripts/"


def modules() -> list[str]:
    """All modules by their paths below assets/."""
    found = (path.relative_to(ASSETS) for path in ASSETS.rglob("*.js"))
    return sorted(path.as_posix() for path in found if path.parts[0] != "vendor" and path.as_posix() != FIRST)


def address() -> str:
    """Where the modules are, as long as none of them changes."""
    content = hashlib.sha256()
    for name in (FIRST, *modules()):
        content.update(f"{name}\0".encode() + (ASSETS / name).read_bytes())
    return f"{PREFIX}{content.hexdigest()[:16]}"


def head(base: str) -> str:
    """What the page's head has of them: a browser fetches all at once, and does not find them one by one."""
    preloads = "\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in modules())
    return (
        f'<script src="{base}/{FIRST}"></script>\n'
        f'<script type="module" async src="{base}/{EARLY}"></script>\n{preloads}'
    )


def main(base: str) -> str:
    """The script that starts Dash, which knows it by its id."""
    return f'<script id="_dash-renderer" type="module" src="{base}/{MAIN}"></script>'


def attach(server: Flask, base: str) -> None:
    """Add the address to a server. base: where the modules are now."""

    def script(version: str, name: str) -> Response:
        answer = send_from_directory(ASSETS, name, mimetype="text/javascript")
        # A page that is older than the server gets what is there, and does not keep it.
        is_current = base == f"{PREFIX}{version}"
        answer.headers["Cache-Control"] = "private, max-age=31536000, immutable" if is_current else "no-store"
        return answer

    server.add_url_rule(f"{PREFIX}<version>/<path:name>", "scripts", script, methods=["GET"])

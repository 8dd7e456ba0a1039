"""The Dash factory: everything that one web process is made of, composed by arguments."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from dash import Dash, set_props
from flask import Flask

from app import addresses, downloads, exports, health, own_files, scripts, security
from app.settings import Settings
from callbacks import comparison, experiment, insights, launch, pages, projects, run, views
from launch.allowed import AllowedFolders
from layouts import ids, shell
from storage.store import Store, is_outage

GROUPS = (
    pages.callbacks,
    projects.callbacks,
    *launch.GROUPS,
    run.callbacks,
    insights.callbacks,
    experiment.callbacks,
    comparison.callbacks,
    views.callbacks,
)
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
        {%css%}
        @head
    </head>
    <body>
        {%app_entry%}
        <footer>{%config%}{%scripts%}@main</footer>
    </body>
</html>"""

log = logging.getLogger("hypertuner.web")


def create_app(settings: Settings, store: Store) -> Dash:
    """Make a Dash application that answers for one store. Nothing is global: two can live in one process."""
    # Dash's annotation leaves out what it documents: an existing Flask application.
    server: Any = Flask("hypertuner", static_folder=None)
    base = scripts.address()
    app = Dash(
        "hypertuner",
        server=server,
        assets_folder=str(scripts.ASSETS),
        assets_ignore=r"\.(js|py)$",
        assets_path_ignore=["^vendor"],
        external_stylesheets=["/assets/vendor/bootstrap.min.css"],
        index_string=INDEX.replace("@head", scripts.head(base)).replace("@main", scripts.main(base)),
        title="HyperTuner",
        # The title stays while a poll is on its way.
        update_title="",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        serve_locally=True,
        suppress_callback_exceptions=True,
        use_pages=False,
        use_async=False,
        enable_mcp=False,
        add_log_handler=False,
        on_error=_on_callback_error,
    )
    app.layout = shell.layout()
    for group in GROUPS:
        group.attach(app, store)
    # Dash serves a component's files only once this process has made a page; with two web processes the other one asks.
    with server.test_request_context("/"):
        app.index()
    scripts.attach(app.server, base)
    downloads.attach(app.server, store)
    exports.attach(app.server, store, settings.data_dir)
    own_files.attach(app.server, store, settings.data_dir)
    addresses.attach(app.server, store, settings.data_dir, AllowedFolders(settings.project_folders or ()))
    health.attach(app.server, store)
    security.protect(app.server, settings, store, script_hashes=app.csp_hashes())
    return app


def _on_callback_error(error: Exception) -> None:
    """Keep the page as it is and say in one sentence what is wrong; the details go to the log."""
    if is_outage(error):
        log.warning("The database is away: %s", type(error).__name__)
        set_props(ids.OUTAGE, {"is_open": True})
        return
    number = secrets.token_hex(4)
    log.error("Error %s in a callback", number, exc_info=error)
    sentence = f"Something went wrong. The server's log has the details under {number}."
    set_props(ids.NOTICE, {"children": sentence, "is_open": True})

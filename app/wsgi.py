"""The entry for gunicorn: `gunicorn 'app.wsgi:application()'`, with threaded workers.

Each worker calls it after its fork, so no connection is ever shared between processes; do not preload the application.
"""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import DBAPIError

from app.exports import keep_swept
from app.server import create_app
from app.settings import Settings, read_settings
from storage.store import PATIENCE_S, Store, StoreError, check_schema, is_outage

# At most this many connections per worker; the pool may grow to twice that under load.
POOL_SIZE = 5

log = logging.getLogger("hypertuner.web")


def application() -> Flask:
    """Read the settings from the environment, check the database, and make the application of one worker.

    Raises StoreError where the database cannot be used.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = read_settings()
    store = Store(database_url(settings), pool_size=POOL_SIZE, patience_s=PATIENCE_S)
    _check_schema(store)
    server: Flask = create_app(settings, store).server
    keep_swept(settings.data_dir)
    # What lives as long as the worker need not be searched for garbage again with every large table that is read.
    gc.freeze()
    return server


def _check_schema(store: Store) -> None:
    """A database that is away for now may come back while we live; pages say until then that it is away."""
    try:
        check_schema(store)
    except DBAPIError as error:
        if not is_outage(error):
            raise
        log.warning("The database is away: %s", type(error).__name__)


def database_url(settings: Settings) -> str:
    """The setting, or what the launcher left in a private file; a secret has no place among arguments.

    Raises StoreError where there is neither.
    """
    if settings.database_url:
        return settings.database_url
    path: Path = settings.data_dir / "secrets" / "database_url"
    try:
        return path.read_text().strip()
    except OSError:
        raise StoreError(
            f"There is no database address: HYPERTUNER_DATABASE_URL is not set, and {path} cannot be read. "
            "Start with `hypertuner up`, which provides both."
        ) from None

"""`hypertuner migrate`: the schema of a shared database."""

from __future__ import annotations

from app.settings import read_settings
from cli.options import DataDir
from cli.services import open_store
from cli.terminal import console
from storage.store import check_schema
from storage.store import migrate as migrate_schema


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema to this version (`up` does it by itself)."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        migrate_schema(store)
        check_schema(store)
    console.print("The schema is up to date.")

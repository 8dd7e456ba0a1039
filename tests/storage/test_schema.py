"""The tables as queries name them are the tables that migrations make; indexes stand in the migrations alone."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects.postgresql.base import ischema_names

from storage.schema import TransactionId, metadata
from storage.store import Store


def test_the_schema_is_what_the_migrations_make(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLAlchemy does not know it.
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)
    with store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": lambda _object, _name, kind, *_: kind != "index"}
        )
        assert compare_metadata(context, metadata) == []

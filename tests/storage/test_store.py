"""Opening and migrating a database."""

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.embedded import OWNER_ROLE, EmbeddedServer
from storage.folders import prepare_runtime_dir
from storage.schema import metadata
from storage.store import Store, StoreError, check_schema, migrate


def test_migrations_make_the_tables_that_the_schema_names(store: Store) -> None:
    columns = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
    found: dict[str, set[str]] = {}
    with store.begin() as connection:
        for table, column in connection.execute(columns):
            if table in metadata.tables:
                found.setdefault(table, set()).add(column)
    assert found == {name: {column.name for column in table.columns} for name, table in metadata.tables.items()}


def test_a_schema_from_the_future_is_refused_with_both_versions(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    with EmbeddedServer(data_dir, prepare_runtime_dir(data_dir)) as server:
        owner = Store(server.url_of(OWNER_ROLE), pool_size=0)
        with owner.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StoreError, match=r"9999.*knows up to"):
            migrate(owner)
        with pytest.raises(StoreError, match="9999"):
            check_schema(owner)


@pytest.mark.parametrize(("url", "sentence"), [("nonsense", "cannot be read"), ("mysql://u@h/d", "needs postgresql")])
def test_a_url_that_is_none_of_ours_is_explained_without_showing_it(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        Store(url)


@pytest.mark.parametrize("is_told", [True, False], ids=["while it is used", "between its use and its return"])
def test_connections_that_die_in_use_leave_their_place_to_others(
    store: Store, database_url: str, is_told: bool
) -> None:
    small = Store(database_url, pool_size=1)
    for _ in range(4):
        with suppress(DBAPIError), small.read() as connection:
            connection.execute(text("SELECT 1"))
        with suppress(DBAPIError), small.read() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
            with store.begin() as another:
                another.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            if is_told:
                connection.execute(text("SELECT 1"))
    with small.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    with small.begin() as connection:
        # Whoever comes next has a transaction.
        assert not connection.connection.dbapi_connection.autocommit  # type: ignore[union-attr]
    small.close()

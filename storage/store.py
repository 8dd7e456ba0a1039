"""The connection to PostgreSQL that every query goes through, and its migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from storage.deadline import Deadline

DRIVER = "postgresql+psycopg2"
CONNECT_TIMEOUT_S = 10
# Longer than a statement may take where the server is well; and well below a lease, which somebody must renew in time.
PATIENCE_S, OWNER_PATIENCE_S = 40.0, 8.0


class StoreError(Exception):
    """A database that cannot be used; the message says why and what to do."""


class Store:
    """One PostgreSQL database, for as many threads as there are.

    Guarantees that a transaction is either committed whole or not at all, and that a connection that
    died while idle is replaced before it is used.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        statement_timeout_s: float = 30,
        checks_idle: bool = True,
        patience_s: float | None = None,
    ) -> None:
        """url: `postgresql://` or `postgresql+psycopg2://`. pool_size 0 opens a connection per transaction.

        checks_idle: a connection is tried before it is used; without that, a transaction after a restart fails once.
        patience_s: a server that is silent for longer counts as away; see deadline.py. None: it is waited for.

        Raises StoreError where the URL cannot be read.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StoreError("The database URL cannot be read; write postgresql://user:password@host/name.") from None
        if parsed.get_backend_name() != "postgresql":
            raise StoreError(f"The database URL names {parsed.get_backend_name()}; HyperTuner needs postgresql.")
        self.url: URL = parsed.set(drivername=DRIVER)
        pool: dict[str, object] = (
            {"poolclass": NullPool} if pool_size == 0 else {"pool_size": pool_size, "max_overflow": pool_size}
        )
        self.engine = create_engine(
            self.url,
            pool_pre_ping=checks_idle and pool_size != 0 and patience_s is None,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "application_name": "hypertuner",
                "options": f"-c statement_timeout={int(statement_timeout_s * 1000)} -c timezone=UTC "
                "-c idle_in_transaction_session_timeout=60000",
            },
            **pool,
        )
        self._deadline = None if patience_s is None else Deadline(self.engine, patience_s, checks_idle=checks_idle)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for a single statement that only reads: no round trips to begin and to end a transaction."""
        with self.engine.connect() as connection:
            # SQLAlchemy's own AUTOCOMMIT loses a place of its pool where a connection dies before it is handed back.
            driver: Any = connection.connection.dbapi_connection
            try:
                driver.autocommit = True
            except psycopg2.Error as error:
                connection.invalidate(error)
                raise OperationalError("a dead connection", None, error) from error
            try:
                yield connection
            finally:
                try:
                    driver.autocommit = False
                except psycopg2.Error as error:
                    connection.invalidate(error)

    def close(self) -> None:
        """Give every pooled connection back to the server."""
        if self._deadline is not None:
            self._deadline.close()
        self.engine.dispose()


def is_outage(error: BaseException) -> bool:
    """Tell whether an error means that the database is away for now, so that trying again later is right."""
    if isinstance(error, OperationalError):
        return True
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or getattr(error.orig, "pgcode", None) in {"40001", "40P01", "57P01", "53100"}
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(store: Store) -> None:
    """Bring the schema to this version.

    Raises StoreError where the database is newer than this program.
    """
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with store.begin() as connection:
        # Two starts at once must not migrate at once.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(748265)")
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in known:
            raise StoreError(
                f"The database has schema {current}, which this HyperTuner does not know "
                f"(it knows up to {max(known)}). Install the newer version that wrote it."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(store: Store) -> None:
    """Raise StoreError unless the schema is exactly the one that this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with store.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != head:
        raise StoreError(
            f"The database has schema {current or 'none'} and this program needs {head}. "
            "Start `hypertuner up` with one version everywhere; it migrates the schema."
        )

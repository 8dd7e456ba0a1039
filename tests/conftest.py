"""What every test may use: a real embedded PostgreSQL, a fresh database each, and private folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from storage.embedded import EmbeddedServer
from storage.folders import prepare_data_dir
from storage.schema import metadata
from storage.store import Store

# How long an example takes to make says more about the machine than about the code.
hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ours")


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder for this session with a name short enough for sockets, which other users may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="ht-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A prepared, private, empty data folder."""
    folder = Path(tempfile.mkdtemp(prefix="ht-data-", dir="/tmp"))
    yield prepare_data_dir(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(short_folder: Path) -> Iterator[EmbeddedServer]:
    """One embedded server for the whole session."""
    data = prepare_data_dir(short_folder / "data")
    with EmbeddedServer(data, short_folder) as server:
        yield server


@pytest.fixture
def database_url(postgres: EmbeddedServer) -> str:
    """The address of a migrated, empty database, as the application sees it.

    Emptying takes milliseconds; a database per test costs half a second of disk.
    """
    with Store(postgres.url, pool_size=0).begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return postgres.url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh, migrated database."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("HYPERTUNER_") and name != "HYPERTUNER_MNIST":
            monkeypatch.delenv(name)

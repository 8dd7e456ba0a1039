"""What a gunicorn worker does at its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, read_settings
from app.wsgi import application, database_url
from storage.store import StoreError


def test_a_worker_answers_with_settings_from_the_environment(
    data_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTUNER_DATA_DIR", str(data_dir))
    monkeypatch.setenv("HYPERTUNER_PORT", "9123")
    (data_dir / "secrets" / "database_url").write_text(database_url + "\n")
    server = application()
    assert server.test_client().get("/healthz", base_url="http://localhost:9123").status_code == 200


def test_the_setting_wins_over_the_file(data_dir: Path) -> None:
    (data_dir / "secrets" / "database_url").write_text("postgresql://file/x")
    assert database_url(Settings(data_dir=data_dir, database_url="postgresql://setting/x")) == "postgresql://setting/x"
    assert database_url(Settings(data_dir=data_dir)) == "postgresql://file/x"


def test_without_any_database_it_says_what_to_do(data_dir: Path) -> None:
    with pytest.raises(StoreError, match="hypertuner up"):
        database_url(Settings(data_dir=data_dir))


@pytest.mark.parametrize(("variable", "written"), [("HYPERTUNER_SPOOL_GB", "much"), ("HYPERTUNER_MOST_PLACES", "0")])
def test_a_number_that_cannot_be_is_named_with_its_variable(variable: str, written: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is '{written}'; write a number of at least"):
        read_settings({variable: written})

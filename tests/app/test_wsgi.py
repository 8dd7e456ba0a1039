"""What a gunicorn worker does at its start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, read_settings
from app.wsgi import application, database_url
from cli.parts import project_folders
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


def test_folders_of_projects_are_whole_paths_or_none() -> None:
    name = "HYPERTUNER_PROJECT_FOLDERS"
    assert read_settings({}).project_folders is None
    assert read_settings({name: "none"}).project_folders == ()
    assert read_settings({name: "/a:/b"}).project_folders == (Path("/a"), Path("/b"))
    with pytest.raises(SettingsError, match="HYPERTUNER_PROJECT_FOLDERS names 'b'"):
        read_settings({name: "/a:b"})


def test_unless_it_is_said_projects_begin_where_a_person_started_us_for_themselves() -> None:
    settings, here = Settings(data_dir=Path("/data")), Path("/home/me/vision")
    assert project_folders(settings, here) == (here,)
    assert project_folders(settings, Path("/")) == ()
    assert project_folders(replace(settings, hosts=("tuner.example",)), here) == ()
    assert project_folders(replace(settings, project_folders=()), here) == ()

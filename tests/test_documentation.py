"""What the guide and the container files must not forget."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from analysis.strategies import STRATEGIES
from app.settings import VARIABLES, read_settings
from cli.main import app

ROOT = Path(__file__).parents[1]
RUNNING = (ROOT / "docs" / "guide" / "running.md").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
COMMANDS = [command.name or (command.callback and command.callback.__name__) for command in app.registered_commands]


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_the_guide_names_every_setting(variable: str) -> None:
    assert f"`{variable}`" in RUNNING


@pytest.mark.parametrize("command", COMMANDS)
def test_the_guide_names_every_command(command: str) -> None:
    assert f"`hypertuner {command}`" in RUNNING


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_guide_names_every_strategy(strategy: str) -> None:
    name = strategy.replace("_", "-")
    assert f"`{name}`" in (ROOT / "docs" / "guide" / "launching.md").read_text()


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_only_the_web_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8050:8050"]}


def test_every_container_runs_a_command_that_is_there() -> None:
    for name, service in COMPOSE["services"].items():
        if name != "postgres":
            program = service["command"][0]
            assert shutil.which(program, path=f"{ROOT / '.venv/bin'}:/usr/bin") or shutil.which(program), name


def test_what_dies_is_started_again() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
    # It watches the dispatcher's job as long as it stays.
    assert COMPOSE["services"]["dispatcher"]["command"] == ["hypertuner", "dispatch"]


def test_ray_asks_for_a_token_in_every_container_that_runs_it() -> None:
    for name in ("head", "worker"):
        assert COMPOSE["services"][name]["environment"]["RAY_AUTH_MODE"] == "token"


def test_no_secret_stands_in_the_compose_file() -> None:
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text()


def test_the_secrets_program_makes_private_files(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docker" / "make-secrets.sh", tmp_path)
    for _ in range(2):
        subprocess.run(["sh", str(tmp_path / "make-secrets.sh")], check=True, capture_output=True)
    files = sorted((tmp_path / "secrets").iterdir())
    assert [file.name for file in files] == ["database_password", "database_url", "ray_token"]
    assert all(file.stat().st_mode & 0o077 == 0 and file.read_text() for file in files)
    url = read_settings({"HYPERTUNER_DATABASE_URL": f"file:{tmp_path}/secrets/database_url"}).database_url
    assert url is not None
    assert (tmp_path / "secrets" / "database_password").read_text() in url


def test_the_image_copies_every_package_that_is_installed() -> None:
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    packages = re.search(r"packages = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL)
    assert packages is not None
    for name in {name.split(".")[0] for name in re.findall(r'"([a-z._]+)"', packages[1])}:
        assert f"COPY {name} {name}" in dockerfile


FOLDERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


def imported_by(folder: str) -> set[str]:
    """What of ours a folder imports, itself apart."""
    found: set[str] = set()
    # `python -m hypertuner` is the command line.
    for path in set((ROOT / folder).rglob("*.py")) - {ROOT / "hypertuner" / "__main__.py"}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
    return {name.split(".")[0] for name in found} & {*FOLDERS} - {folder}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_what_it_imports(folder: str) -> None:
    said = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text())) or ""
    allowed = re.search(r"^May import: (.*?)[.;]", said, re.MULTILINE | re.DOTALL)
    assert allowed, "say what it may import"
    assert "Start reading at" in said
    # The contracts in pyproject.toml forbid what is not named; who reads the folder should know of what is.
    if allowed[1] != "everything of ours":
        assert imported_by(folder) == {*re.findall(r"`(\w+)`", allowed[1])}


def test_every_file_that_the_architecture_names_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:\w+/)+(?:\w+\.(?:py|js|md))?)`", page)
    assert len(named) > 50
    # What somebody would add is called x; paths of the page's scripts are told from assets/ on.
    for name in named:
        assert "/x." in name or "_x." in name or (ROOT / name).exists() or (ROOT / "assets" / name).exists(), name


def test_every_fault_has_a_row_and_every_test_that_it_names_is_there() -> None:
    page = (ROOT / "docs" / "faults.md").read_text()
    numbers = [found for found in re.findall(r"^\| (\w+) \|", page, re.MULTILINE) if found != "case"]
    assert numbers == [*map(str, range(1, 78)), "S6", "S11", "S23"]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 80
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), f"{file}::{test}"
    for row in re.findall(r"^\| \w+ \| .* \|$", page, re.MULTILINE):
        assert len(row.rsplit("|", 2)[1].strip()) > 5, row

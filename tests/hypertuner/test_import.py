"""What `import hypertuner` costs a training script and what it needs."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hypertuner

PACKAGE = Path(hypertuner.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))


def run_with_only_the_package(code: str, tmp_path: Path) -> str:
    """Run code where nothing but the package and the standard library can be imported, as in a launched script."""
    shutil.copytree(PACKAGE, tmp_path / "client" / "hypertuner", ignore=shutil.ignore_patterns("cli", "__pycache__"))
    bare = f"import sys; sys.path.insert(0, {str(tmp_path / 'client')!r}); {code}"
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", bare], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_importing_loads_only_the_standard_library_and_little_of_it(tmp_path: Path) -> None:
    code = "import os; before = set(sys.modules); import hypertuner; print(*sorted(set(sys.modules) - before))"
    loaded = set(run_with_only_the_package(code, tmp_path).split())
    assert {"hypertuner", "hypertuner.log", "hypertuner.spool"} <= loaded
    assert loaded <= {"__future__", "hypertuner", "hypertuner.log", "hypertuner.spool", "math", "time"}


def test_views_are_there_without_being_imported_by_name(tmp_path: Path) -> None:
    code = "import hypertuner; hypertuner.views.confusion_matrix([0, 1], [0, 1]); print(hypertuner.views.__name__)"
    assert run_with_only_the_package(code, tmp_path) == "hypertuner.views"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plots'"):
        hypertuner.plots  # noqa: B018


def test_the_version_is_the_project_s() -> None:
    pyproject = (PACKAGE.parent / "pyproject.toml").read_text("utf-8")
    assert re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE).group(1) == hypertuner.__version__  # type: ignore[union-attr]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_grammar_is_python_3_8_s(module: Path) -> None:
    ast.parse(module.read_text("utf-8"), feature_version=(3, 8))

"""When code and data count as the same, and when not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sources import identity
from sources.identity import DataError, code_of, data_digest, differences


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder / "train.py"


FILES = {
    "train.py": "import model\nfrom parts.layers import Layer\nimport numpy\n",
    "model.py": "import loss\n",
    "loss.py": "x = 1\n",
    "parts/__init__.py": "",
    "parts/layers.py": "from . import norm\nclass Layer: ...\n",
    "parts/norm.py": "y = 1\n",
    "unused.py": "z = 1\n",
    "notes.txt": "hello",
}


def test_code_is_the_script_and_what_it_imports_beside_it(tmp_path: Path) -> None:
    code = code_of(write(tmp_path, FILES))
    assert set(code.files) == {
        "train.py", "model.py", "loss.py", "parts/__init__.py", "parts/layers.py", "parts/norm.py",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_edit_counts_where_it_is_imported(tmp_path: Path, name: str) -> None:
    script = write(tmp_path, FILES)
    before = code_of(script).digest
    write(tmp_path, {name: FILES[name] + "# edited\n"})
    assert (code_of(script).digest != before) == (name not in ("unused.py", "notes.txt"))


def test_equal_code_is_equal_wherever_it_lies(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", FILES), write(tmp_path / "b" / "c", FILES)
    assert code_of(one).digest == code_of(other).digest
    renamed = one.rename(one.with_name("other.py"))
    assert code_of(renamed).digest != code_of(other).digest


def test_a_linked_script_has_the_modules_beside_the_real_one(tmp_path: Path) -> None:
    script = write(tmp_path / "real", FILES)
    link = write(tmp_path / "links", {"model.py": "other = 1\n"}).with_name("link.py")
    link.symlink_to(script)
    assert code_of(link).digest == code_of(script).digest


def test_content_does_not_move_from_file_to_file(tmp_path: Path) -> None:
    one = write(tmp_path / "a", {"train.py": "import a, b\n", "a.py": "x", "b.py": ""})
    other = write(tmp_path / "b", {"train.py": "import a, b\n", "a.py": "", "b.py": "x"})
    assert code_of(one).digest != code_of(other).digest


def test_another_process_comes_to_the_same_digests(tmp_path: Path) -> None:
    script = write(tmp_path, FILES)
    program = (
        "import sys; from pathlib import Path; from sources.identity import code_of, data_digest; "
        "print(code_of(Path(sys.argv[1])).digest, data_digest(['parts', 'notes.txt'], Path(sys.argv[1]).parent))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.getcwd()}
    answer = subprocess.run(
        [sys.executable, "-c", program, str(script)], capture_output=True, text=True, check=True, env=environment
    )
    assert answer.stdout.split() == [code_of(script).digest, data_digest(["parts", "notes.txt"], tmp_path)]


def test_a_difference_names_files_that_came_and_went() -> None:
    lines = differences(
        {"a.py": b"x\n", "b.py": b"y\n", "c.py": b"z\n"}, {"a.py": b"x\n", "b.py": b"Y\n", "d.py": b"w\n"}
    )
    assert lines == [
        *("--- b.py", "+++ b.py", "@@ -1 +1 @@", "-y", "+Y"),
        *("--- c.py", "+++ /dev/null", "@@ -1 +0,0 @@", "-z"),
        *("--- /dev/null", "+++ d.py", "@@ -0,0 +1 @@", "+w"),
    ]


def test_a_very_long_difference_is_cut_and_says_so() -> None:
    lines = differences({}, {"a.py": b"x\n" * 5_000})
    assert len(lines) == 2_001
    assert lines[-1] == "... 3,003 more lines"


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path, {"data/a.csv": "1", "data/sub/b.csv": "2", "one.csv": "3", "other.csv": "4"})
    return tmp_path


def test_without_a_declaration_there_is_no_digest(data: Path) -> None:
    assert data_digest([], data) is None


def edit(data: Path) -> None:
    (data / "data/sub/b.csv").write_text("9")


def add(data: Path) -> None:
    (data / "data/c.csv").write_text("")


def rename(data: Path) -> None:
    (data / "data/a.csv").rename(data / "data/z.csv")


def remove(data: Path) -> None:
    (data / "data/a.csv").unlink()


def edit_single(data: Path) -> None:
    (data / "one.csv").write_text("9")


@pytest.mark.parametrize("change", [edit, add, rename, remove, edit_single])
def test_every_change_of_declared_data_counts(data: Path, change: Callable[[Path], None]) -> None:
    before = data_digest(["data", "one.csv"], data)
    change(data)
    assert data_digest(["data", "one.csv"], data) != before


def test_what_is_not_declared_does_not_count_nor_how_it_is_declared(data: Path) -> None:
    before = data_digest(["data", "one.csv"], data)
    (data / "other.csv").write_text("9")
    os.utime(data / "one.csv", ns=(1, 1))
    for same in (["one.csv", "data"], ["./data/", "one.csv", "data"], ["data/../one.csv", "data"]):
        assert data_digest(same, data) == before
    assert data_digest(["data"], data) != before


def test_a_large_file_counts_by_size_and_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MOST_HASHED_FILE_BYTES", 3)
    (data / "one.csv").write_text("12345")
    os.utime(data / "one.csv", ns=(1, 1))
    before = data_digest(["one.csv"], data)
    (data / "one.csv").write_text("54321")
    os.utime(data / "one.csv", ns=(1, 1))
    assert data_digest(["one.csv"], data) == before
    os.utime(data / "one.csv", ns=(2, 2))
    assert data_digest(["one.csv"], data) != before


def test_linked_folders_are_data_and_a_circle_ends(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    disk = tmp_path_factory.mktemp("disk")
    (disk / "big.csv").write_text("5")
    (data / "data/linked").symlink_to(disk)
    (data / "data/circle").symlink_to(data / "data")
    before = data_digest(["data"], data)
    (disk / "big.csv").write_text("6")
    assert data_digest(["data"], data) != before


@pytest.mark.timeout(20)
def test_pipes_and_broken_links_are_not_read(data: Path) -> None:
    os.mkfifo(data / "data/pipe")
    (data / "data/.#lock").symlink_to("nobody@nowhere")
    assert data_digest(["data", "/dev/zero"], data)


def test_data_that_is_not_there_is_named(data: Path) -> None:
    with pytest.raises(DataError, match=r"The declared data nothing is not there \(looked for "):
        data_digest(["one.csv", "nothing"], data)


def test_too_many_files_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "MOST_ENTRIES", 1)
    with pytest.raises(DataError, match="more than 1 files"):
        data_digest(["data"], data)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_data_that_may_not_be_read_is_named(data: Path) -> None:
    (data / "one.csv").chmod(0)
    with pytest.raises(DataError, match=r"one\.csv cannot be read: Permission denied"):
        data_digest(["one.csv"], data)

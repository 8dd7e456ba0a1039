"""Secrets lie in private files, for as long as somebody needs them."""

from __future__ import annotations

import os
from pathlib import Path

from storage.script_secrets import FOLDER, forget_secrets, keep_secrets, read_secrets


def test_secrets_are_private_until_they_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    kept = {"HF_TOKEN": "hunter2", "ODD": "ä\udcff"}
    first, second, new = keep_secrets(tmp_path, kept), keep_secrets(tmp_path, {"A": "1"}), keep_secrets(tmp_path, kept)
    for key in (first, second):
        os.utime(tmp_path / FOLDER / key, (1, 1))
    assert (tmp_path / FOLDER / first).stat().st_mode & 0o777 == 0o600
    assert read_secrets(tmp_path, first) == kept
    forget_secrets(tmp_path, {first})
    assert [read_secrets(tmp_path, key) for key in (first, second, new)] == [kept, {}, kept]


def test_what_is_no_key_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("{}")
    assert [read_secrets(tmp_path, key) for key in (None, "", "../../word", "0" * 32)] == [{}] * 4
    forget_secrets(tmp_path, set())

"""What git says of a folder, on real repositories, friendly and hostile."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from sources import git
from sources.git import read_revision, without_credentials


def run_git(folder: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **{f"GIT_{who}_{what}": "someone@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    run_git(folder, "init", "--initial-branch=work")
    (folder / "train.py").write_text("lr = 1\n")
    (folder / ".gitignore").write_text("*.bin\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-m", "First steps")
    return folder


def test_a_clean_repository_has_a_commit_and_no_diff(repository: Path) -> None:
    found = read_revision(repository)
    assert found.commit == run_git(repository, "rev-parse", "HEAD")
    assert (found.branch, found.subject, found.diff, found.untracked, found.problem) == (
        "work",
        "First steps",
        "",
        (),
        "",
    )
    assert not found.is_dirty
    assert found.committed_at.startswith("20")


def test_the_diff_is_of_tracked_files_and_others_are_only_named(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 2\n")
    (repository / "staged.py").write_text("new = 1\n")
    run_git(repository, "add", "staged.py")
    (repository / "secret.txt").write_text("password")
    (repository / "data.bin").write_text("ignored")
    (repository / "inside").mkdir()
    (repository / "inside" / "deep.txt").write_text("")
    found = read_revision(repository / "inside")
    assert found.is_dirty
    assert "-lr = 1\n+lr = 2\n" in found.diff
    assert "+new = 1" in found.diff
    assert "password" not in found.diff
    assert (found.untracked, found.untracked_count) == (("inside/", "secret.txt"), 2)


def test_a_change_of_the_same_size_right_after_the_commit_is_seen(repository: Path) -> None:
    index = (repository / ".git" / "index").stat()
    (repository / "train.py").write_text("lr = 9\n")
    os.utime(repository / "train.py", ns=(index.st_mtime_ns, index.st_mtime_ns))
    assert "+lr = 9" in read_revision(repository).diff


def test_a_long_diff_is_cut_and_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MOST_DIFF_BYTES", 500)
    (repository / "train.py").write_text("x = 1\n" * 1_000)
    found = read_revision(repository)
    assert (len(found.diff), found.is_cut) == (500, True)


def test_a_folder_without_repository_and_one_without_commit_say_so(tmp_path: Path) -> None:
    assert read_revision(tmp_path).problem == "The script's folder is in no git repository."
    run_git(tmp_path, "init", "--initial-branch=work")
    assert read_revision(tmp_path).problem == "The git repository has no commit yet."


def test_a_missing_and_a_hanging_git_cost_only_the_commit(repository: Path, tmp_path: Path) -> None:
    hanging = tmp_path / "git"
    hanging.write_text("#!/bin/sh\nsleep 60\n")
    hanging.chmod(0o755)
    before = time.monotonic()
    found = read_revision(repository, time_limit_s=0.3, program=str(hanging))
    assert found.problem == "git took too long, so the commit is not known."
    assert time.monotonic() - before < 10
    assert "not installed" in read_revision(repository, program="git").problem


def test_nothing_that_a_repository_configures_is_started(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\necho $0 $@ >> {ran}\ncat\n")
    evil.chmod(0o755)
    hooks = repository / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"):
        (hooks / hook).write_text(evil.read_text())
        (hooks / hook).chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=bad diff=bad\n")
    settings = {
        "core.fsmonitor": evil, "core.hooksPath": hooks, "core.pager": evil, "core.sshCommand": evil, "core.editor": evil,
        "diff.external": evil, "diff.bad.textconv": evil, "diff.bad.command": evil, "filter.bad.clean": evil,
        "filter.bad.smudge": evil, "filter.bad.process": evil, "gpg.program": evil, "log.showSignature": "true",
        "core.alternateRefsCommand": evil, "pager.log": evil, "pager.diff": evil, "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{evil}", "remote.origin.promisor": "true", "credential.helper": evil,
        "core.worktree": "/",
    }  # fmt: skip
    with (repository / ".git" / "config").open("a") as file:
        for name, value in settings.items():
            section, _, key = name.rpartition(".")
            head, _, sub = section.partition(".")
            file.write(f'[{head} "{sub}"]\n\t{key} = "{value}"\n' if sub else f'[{head}]\n\t{key} = "{value}"\n')
    (repository / "train.py").write_text("lr = 3\n")
    found = read_revision(repository)
    assert "+lr = 3" in found.diff
    assert not ran.exists()
    # It would have been: git itself obeys.
    run_git(repository, "-c", f"core.worktree={repository}", "diff")
    assert ran.exists()


def test_a_broken_repository_is_a_sentence(repository: Path) -> None:
    (repository / ".git" / "config").write_text("[broken")
    assert "git could not read the repository" in read_revision(repository).problem


def test_variables_of_the_user_that_point_elsewhere_are_ignored(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert read_revision(repository).subject == "First steps"


def test_a_worktree_has_its_own_commit_and_changes(repository: Path, tmp_path: Path) -> None:
    run_git(repository, "worktree", "add", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "train.py").write_text("lr = 5\n")
    found = read_revision(tmp_path / "side")
    assert (found.branch, found.problem) == ("side", "")
    assert "+lr = 5" in found.diff
    assert not read_revision(repository).is_dirty


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://me:secret@example.org/a/b.git?token=x#y", "https://example.org/a/b.git"),
        ("https://secret@example.org:8443/a", "https://example.org:8443/a"),
        ("git@example.org:a/b.git", "example.org:a/b.git"),
        ("ssh://git@example.org/a", "ssh://example.org/a"),
        ("/home/me/repository", "/home/me/repository"),
        ("https://[broken", ""),
    ],
)
def test_addresses_lose_their_credentials(written: str, shown: str) -> None:
    assert without_credentials(written) == shown


def test_a_remote_is_kept_without_its_credentials(repository: Path) -> None:
    run_git(repository, "remote", "add", "origin", "https://me:hunter2@example.org/a.git")
    found = read_revision(repository)
    assert found.remote == "https://example.org/a.git"
    assert "hunter2" not in repr(found)


def test_what_the_file_system_cannot_tell_is_no_change(repository: Path) -> None:
    (repository / "train.py").chmod(0o755)
    assert read_revision(repository).is_dirty
    run_git(repository, "config", "core.fileMode", "false")
    assert not read_revision(repository).is_dirty


@pytest.mark.parametrize("written", ["gitdir: a\0b", "gitdir: ."])
def test_a_pointer_that_leads_nowhere_is_a_sentence(tmp_path: Path, written: str) -> None:
    (tmp_path / ".git").write_text(written)
    assert read_revision(tmp_path).problem

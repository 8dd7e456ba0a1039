"""What `.gitignore` and `.hypertunerignore` files say of a folder and what is below it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

# The later one wins; both have git's syntax, so that `!config.yaml` takes something in again.
FILES = (".gitignore", ".hypertunerignore")
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class _Rules:
    base: Path
    spec: GitIgnoreSpec


class Ignored:
    """The rules that hold in one folder: its own, and those of the folders above it in its repository."""

    def __init__(self, rules: tuple[_Rules, ...]) -> None:
        self._rules = rules

    @classmethod
    def above(cls, folder: Path) -> Ignored:
        """The rules of the folders above; only within a git repository, as others are none of the folder's business."""
        chain = [folder, *folder.parents]
        root = next((at for at, each in enumerate(chain) if (each / ".git").exists()), 0)
        found = cls(())
        for each in reversed(chain[1 : root + 1]):
            found = found.within(each)
        return found

    def within(self, folder: Path) -> Ignored:
        """The rules that hold in a folder below, with its own."""
        added = [_Rules(folder, spec) for name in FILES if (spec := _read(folder / name)) is not None]
        return Ignored((*self._rules, *added)) if added else self

    def holds(self, path: Path, *, is_folder: bool) -> bool:
        """Whether a path in the folder is to be left out: the last rule that says anything of it decides."""
        for rules in reversed(self._rules):
            name = path.relative_to(rules.base).as_posix()
            said = rules.spec.check_file(f"{name}/" if is_folder else name).include
            if said is not None:
                return said
        return False


def _read(path: Path) -> GitIgnoreSpec | None:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return GitIgnoreSpec.from_lines(path.read_text("utf-8", "replace").splitlines())
    except (OSError, ValueError):
        # What git cannot read either ignores nothing.
        return None

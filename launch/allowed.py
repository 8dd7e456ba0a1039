"""From which folders of this machine the page may begin projects: to begin one is to start what lies there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.program import Program
from sources.program_files import program_file


class NotAllowedError(ValueError):
    """A folder or program that the page may not start from; the message says which it may."""


@dataclass(frozen=True)
class AllowedFolders:
    """Folders, with all that lies in them."""

    folders: Sequence[Path]

    def read(self, written: str) -> Path:
        """The folder that a person names, without links in it. Raises NotAllowedError."""
        if not self.folders:
            raise NotAllowedError(
                "Projects begin in the terminal here, by `hypertuner run`. Whoever hosts HyperTuner can allow folders "
                "for the page: HYPERTUNER_PROJECT_FOLDERS."
            )
        try:
            place = Path(self.folders[0], Path(written.strip()).expanduser()).resolve()
            is_folder = place.is_dir()
        except (OSError, ValueError, RuntimeError):
            raise NotAllowedError(f"{written} is no name of a folder.") from None
        if not self.holds(place):
            raise NotAllowedError(f"{place} is not in {self.words}, where projects may begin.")
        if not is_folder:
            raise NotAllowedError(f"There is no folder {place} on the machine of this page.")
        return place

    def check(self, program: Program, directory: Path) -> None:
        """Raise NotAllowedError for a program whose file lies elsewhere, or that has none."""
        file = program_file(program, directory)
        if file is None:
            raise NotAllowedError(
                f"{program.name} is no file of this folder. Begin with a script or module that lies in it, as in: "
                "python train.py, or python -m package.train."
            )
        if not self.holds(file.path.resolve()):
            raise NotAllowedError(f"{file.path} is not in {self.words}, where projects may begin.")
        if not file.path.is_file():
            raise NotAllowedError(f"There is no file {file.path} on the machine of this page.")

    def holds(self, place: Path) -> bool:
        """Whether something without links in its path lies in one of them."""
        return any(place.is_relative_to(folder.resolve()) for folder in self.folders)

    @property
    def words(self) -> str:
        """Their names."""
        return " or ".join(map(str, self.folders))

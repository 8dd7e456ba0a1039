"""How every script of a run is started on this machine: from its snapshot, with values and copies of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.hyperparameters import Hyperparameter, argv_of
from analysis.program import program_of
from sources.config_files import ConfigFileError, read_config, with_copy, with_values
from sources.python_command import PythonError, python_command
from sources.snapshot import SnapshotError, link_rest, unpack_snapshot
from storage.projects import fetch_snapshot
from storage.records import Claim, Run, Value
from storage.store import Store
from training.backoff import Backoff
from training.lifeline_owner import StartError

# What runs a module from its snapshot.
MODULE = Path(__file__).with_name("module.py")


@dataclass(frozen=True)
class Launch:
    """How every script of a run is started on this machine; `problem` says why it cannot be."""

    run: Run
    command: list[str]
    directory: str
    hyperparameters: list[Hyperparameter]
    problem: str | None = None
    snapshot: Path | None = None

    @classmethod
    def plain(cls, run: Run) -> Launch:
        """The run's own command, in its own folder."""
        known = [Hyperparameter.from_json(entry) for entry in run.hyperparameters]
        return cls(run, list(run.command), run.directory, known)

    @classmethod
    def of(cls, run: Run, store: Store, backoff: Backoff, data_dir: Path) -> Launch:
        """Unpack the run's snapshot if it has one, so that exactly the code that was launched runs."""
        plain = cls.plain(run)
        digest = run.snapshot_digest
        if digest is None:
            return plain
        found = backoff.insist(lambda: fetch_snapshot(store, digest))
        if found is None:
            return replace(plain, problem="The snapshot of its code is missing.")
        archive, script = found
        try:
            folder = unpack_snapshot(archive, digest, data_dir / "snapshots")
        except (SnapshotError, OSError) as error:
            return replace(plain, problem=f"The snapshot of its code cannot be unpacked: {error}")
        program = program_of(plain.command)
        # Where the script's folder is on this machine, data may lie beside the script.
        original = plain.root
        if original.is_dir():
            link_rest(folder, original)
        moved = program.module_at is not None
        command = program.with_module(str(MODULE), str(folder)) if moved else program.with_script(str(folder / script))
        # The user's own folder is where its data lies; on another machine only the snapshot is there.
        directory = run.directory if Path(run.directory).is_dir() else str(folder)
        return replace(plain, command=list(command), directory=directory, snapshot=folder)

    @property
    def root(self) -> Path:
        """The folder that its snapshot was taken of: that of the script, or the project's for a module."""
        script = program_of(self.run.command).script
        # From beside the file that a link leads to.
        return Path(self.run.directory, script).resolve().parent if script else Path(self.run.directory)

    @property
    def python(self) -> list[str]:
        """What starts the Python of its scripts; nothing where nobody can tell."""
        try:
            return list(python_command(program_of(self.command), Path(self.directory)))
        except PythonError:
            return []

    def knows(self, claim: Claim) -> bool:
        """Whether it is known how every hyperparameter of the settings is passed."""
        return claim.settings.keys() <= {each.name for each in self.hyperparameters}

    def argv(self, claim: Claim, folder: Path) -> list[str]:
        """The items that are executed, never through a shell.

        folder: of the experiment's own, for copies of configuration files. Raises StartError.
        """
        if self.problem:
            raise StartError(self.problem)
        try:
            argv = argv_of(self.command, claim.settings, self.hyperparameters)
            return self._with_copies(argv, claim.settings, folder)
        except KeyError as error:
            raise StartError(f"The run does not say how {error.args[0]} is passed to the script.") from None
        except ConfigFileError as error:
            raise StartError(str(error)) from None

    def _with_copies(self, argv: list[str], settings: Mapping[str, Value], folder: Path) -> list[str]:
        """The items with the names of this experiment's own copies of configuration files."""
        values: dict[str, dict[str, Value]] = {}
        for each in self.hyperparameters:
            if each.file and each.name in settings:
                values.setdefault(each.file, {})[each.key] = settings[each.name]
        for at, (file, changed) in enumerate(values.items()):
            text = with_values(read_config(self._place_of(file), file), file, changed)
            copy = folder / "configs" / str(at) / Path(file).name
            copy.parent.mkdir(parents=True)
            copy.write_text(text, encoding="utf-8")
            argv = [with_copy(word, file, str(copy)) for word in argv]
        return argv

    def _place_of(self, file: str) -> Path:
        """A file of the project as it was when the run was launched, if that travelled with it."""
        whole = Path(self.run.directory, file)
        if self.snapshot:
            inside = os.path.relpath(whole, self.root)
            if not inside.startswith("..") and (self.snapshot / inside).is_file():
                return self.snapshot / inside
        return whole

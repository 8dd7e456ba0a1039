"""How every script of a run is started on this machine: from its snapshot, with values and copies of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.hyperparameters import Hyperparameter, argv_of
from analysis.program import program_of
from sources.config_files import ConfigFileError, read_config, with_copy, with_values
from sources.python_command import PythonError, python_command
from sources.shared_folders import shared_folders
from sources.snapshot import SnapshotError, link_rest, unpack_snapshot
from storage.projects import fetch_snapshot
from storage.records import Claim, Run, Value
from storage.store import Store
from training.backoff import Backoff
from training.lifeline_owner import StartError
from training.own_files import Root, Start, in_place, linked, overlaid, roots_of

# What runs a module from its snapshot.
MODULE = Path(__file__).with_name("module.py")
# What runs a notebook.
NOTEBOOK = Path(__file__).with_name("notebook.py")
# What stands for the experiment's number in an argument.
EXPERIMENT = "{experiment}"


@dataclass(frozen=True)
class Launch:
    """How every script of a run is started on this machine; `problem` says why it cannot be."""

    run: Run
    command: list[str]
    directory: str
    hyperparameters: list[Hyperparameter]
    problem: str | None = None
    # Where the files of its snapshot lie.
    snapshot: Path | None = None
    # The folders whose files are each experiment's own.
    roots: Sequence[Root] = ()

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
        found = backoff.insist(lambda: fetch_snapshot(store, digest)) if digest else None
        if digest and found is None:
            return replace(plain, problem="The snapshot of its code is missing.")
        places = plain.places(is_elsewhere=found is not None)
        outer = next((place for place in places if plain.root.is_relative_to(place)), None)
        try:
            if digest and found and outer:
                code, snapshot = _unpack_below(outer, plain.root, found[0], digest, data_dir / "snapshots")
                plain = replace(plain, snapshot=snapshot)
            elif digest and found:
                plain = plain._moved(*found, digest, data_dir / "snapshots")
        except (SnapshotError, OSError) as error:
            return replace(plain, problem=f"The snapshot of its code cannot be unpacked: {error}")
        named = [Path(run.directory, path) for path in run.shared_paths]
        ours = data_dir.resolve()
        roots = [
            Root(
                place,
                code if found and place == outer else None,
                tuple(shared_folders(place, named)),
                ours if ours.is_relative_to(place) else None,
            )
            for place in places
        ]
        return replace(plain, roots=roots)

    def places(self, *, is_elsewhere: bool) -> list[Path]:
        """The folders whose files are each experiment's own; is_elsewhere: its code may be had without them."""
        if self.run.in_place:
            return []
        # On another machine only the snapshot is there.
        missing = [self.root] if is_elsewhere and not self.root.is_dir() else []
        return [*roots_of(Path(self.run.directory), self.root), *missing]

    def _moved(self, archive: bytes, script: str, digest: str, folder: Path) -> Launch:
        """The script runs from the unpacked snapshot, and what did not travel is linked into that."""
        snapshot = unpack_snapshot(archive, digest, folder / "linked")
        if self.root.is_dir():
            link_rest(snapshot, self.root)
        program = program_of(self.command)
        is_module = program.module_at is not None
        file = str(snapshot / script)
        command = program.with_module(str(MODULE), str(snapshot)) if is_module else program.with_script(file)
        # The user's own folder is where its data lies; on another machine only the snapshot is there.
        directory = self.run.directory if Path(self.run.directory).is_dir() else str(snapshot)
        return replace(self, command=list(command), directory=directory, snapshot=snapshot)

    def start(self, folder: Path, *, is_mounted: bool) -> Start:
        """How a script is started with files of its own in a folder, by mounts or by links. Raises OSError."""
        if not self.roots:
            return in_place(folder, self.directory, self.command)
        if is_mounted and all(root.place.is_dir() for root in self.roots):
            return overlaid(folder, self.roots, self.directory, self.command)
        return linked(folder, self.roots, self.directory, program_of(self.command))

    @property
    def own_places(self) -> tuple[Path, ...]:
        """The folders whose files are each experiment's own."""
        return tuple(root.place for root in self.roots)

    @property
    def mount_problem(self) -> str | None:
        """Why no overlay can be mounted, where that is clear before it is tried."""
        if any(root.data_dir for root in self.roots):
            return "The data folder of HyperTuner lies in the project's folder, over which no overlay can lie then."
        return None

    @property
    def root(self) -> Path:
        """The folder that its snapshot was taken of: that of the script, or the project's for a module."""
        script = program_of(self.run.command).script
        # From beside the file that a link leads to.
        return Path(self.run.directory, script).resolve().parent if script else Path(self.run.directory).resolve()

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

    def argv(self, start: Start, claim: Claim, folder: Path) -> list[str]:
        """The items that are executed, never through a shell. Raises StartError.

        Configuration files are written with the experiment's values, where it sees them in the place of the project's;
        `folder` is for copies of those that it cannot have there.
        """
        try:
            argv = argv_of(start.command, claim.settings, self.hyperparameters)
            argv = [word.replace(EXPERIMENT, str(claim.number)) for word in argv]
            if (program := program_of(start.command)).is_notebook and program.script_at is not None:
                argv.insert(program.script_at, str(NOTEBOOK))
            return self._with_copies(argv, claim.settings, start, folder)
        except KeyError as error:
            raise StartError(f"The run does not say how {error.args[0]} is passed to the script.") from None
        except ConfigFileError as error:
            raise StartError(str(error)) from None

    def _with_copies(self, argv: list[str], settings: Mapping[str, Value], start: Start, folder: Path) -> list[str]:
        """The items, with the names of copies of configuration files that could not be written in place."""
        values: dict[str, dict[str, Value]] = {}
        for each in self.hyperparameters:
            if each.file and each.name in settings:
                values.setdefault(each.file, {})[each.key] = settings[each.name]
        for at, (file, changed) in enumerate(values.items()):
            text = with_values(read_config(self._place_of(file), file), file, changed)
            own = start.own_place(Path(self.run.directory, file))
            copy = own or folder / "configs" / str(at) / Path(file).name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.unlink(missing_ok=True)
            copy.write_text(text, encoding="utf-8")
            if own is None:
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


def _unpack_below(outer: Path, original: Path, archive: bytes, digest: str, folder: Path) -> tuple[Path, Path]:
    """A snapshot of a folder as a layer over one that holds it; returns the layer, and the folder in it."""
    inside = os.path.relpath(original, outer)
    there = original if original.is_dir() else None
    layer = unpack_snapshot(archive, digest, folder, inside=inside, original=there)
    return layer, layer / inside

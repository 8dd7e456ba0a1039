"""Finds the hyperparameters of a script that knows nothing of us, without training anything."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from analysis.hyperparameters import Hyperparameter
from analysis.program import ProgramError, read_program
from analysis.secrets import holds_secret, is_secret_option
from analysis.words import read_from
from sources.declared import declared_hyperparameters
from sources.notebook import NotebookError, parameters_of
from sources.own_time import OutOfTime, await_child
from sources.program_files import program_file
from sources.python_command import NoPythonError, PythonError, python_command

Source = Literal["argparse", "click", "typer", "absl", "tyro", "hydra", "omegaconf", "notebook", "source", "command"]
# Of its own time, in which it runs or sleeps; one that imports a large library from a slow disk may need more.
USUAL_LIMIT_S = 20.0
LIMIT = "HYPERTUNER_DISCOVERY_S"
# What runs notebooks.
NOTEBOOK_PACKAGES = ("papermill", "ipykernel")
HERE = Path(__file__).parent
# Of what a script says, so that a sentence stays one.
MOST_CHARACTERS = 300


class DiscoveryError(Exception):
    """A script whose options cannot be found; the message says why and what to do, in one sentence."""


class NoOptionsError(DiscoveryError):
    """A program that is there, and of whose options nothing is known; it can be launched as it is typed."""


@dataclass(frozen=True)
class Discovery:
    """What a script can be given. `source` names what was read; `notes` are sentences for whoever launches it.

    takes_more: whether it may take options that were not found.

    depends_on: the files and folders by whose change another result may come, besides the code; None where the result
    is not to be relied on the next time, as one that was read from the source for want of time.
    """

    script: str
    hyperparameters: tuple[Hyperparameter, ...]
    source: Source
    notes: tuple[str, ...] = ()
    takes_more: bool = False
    depends_on: tuple[str, ...] | None = None

    @property
    def read_from(self) -> str:
        """Where the options were read, in words."""
        return read_from(self.script, self.source)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Discovery:
        """Back from what `to_json` gave. Raises KeyError where something is missing."""
        known = tuple(map(Hyperparameter.from_json, data["hyperparameters"]))
        return cls(data["script"], known, data["source"], tuple(data["notes"]), data["takes_more"])

    def to_json(self) -> dict[str, Any]:
        """As plain data for `discover --json`."""
        return {
            "script": self.script,
            "source": self.source,
            "hyperparameters": [hyperparameter.to_json() for hyperparameter in self.hyperparameters],
            "notes": list(self.notes),
            "takes_more": self.takes_more,
        }


def discover(command: Sequence[str], directory: Path, *, limit_s: float | None = None) -> Discovery:
    """Start the command's script up to its parser, and read that; where it does not get there, read its source.

    command: interpreter, script and whatever follows; a subcommand among that decides whose options are read.
    limit_s: how much of its own time the script may take; usually what HYPERTUNER_DISCOVERY_S says.
    Raises DiscoveryError.
    """
    with tempfile.TemporaryDirectory(prefix="hypertuner-discover-") as scratch:
        return _Start(command, directory.absolute(), Path(scratch), limit_s).discover()


def refusals(
    command: Sequence[str], directory: Path, trials: Sequence[Sequence[str]], *, limit_s: float | None = None
) -> list[str | None]:
    """What the script's own parser says against each list of items; None where it has nothing, or is not reached.

    command: interpreter, script and the arguments in front of the items. Raises DiscoveryError.
    """
    with tempfile.TemporaryDirectory(prefix="hypertuner-discover-") as scratch:
        start = _Start(command, directory.absolute(), Path(scratch), limit_s)
        reached = None if start.is_notebook else start.reach_parser(trials)
    found = (reached or {}).get("refusals") or []
    return found if len(found) == len(trials) else [None] * len(trials)


def usual_limit_s() -> float:
    """The limit of this installation; app/settings.py says what is wrong with one that is no number."""
    try:
        return float(os.environ.get(LIMIT) or USUAL_LIMIT_S)
    except ValueError:
        return USUAL_LIMIT_S


class _Start:
    """One discovery: two short child processes of the user's interpreter, and what they wrote down."""

    def __init__(self, command: Sequence[str], directory: Path, scratch: Path, limit_s: float | None) -> None:
        try:
            self._program = program = read_program(command)
            # In sentences.
            self._script, self._items = program.script or program.name, list(program.arguments)
            file = program_file(program, directory)
            if file:
                _check_script(self._script, file.path)
            self._words = python_command(program, directory)
        except NoPythonError as error:
            raise NoOptionsError(str(error)) from None
        except (ProgramError, PythonError) as error:
            raise DiscoveryError(str(error)) from None
        self._python = self._words[-1]
        self._directory, self._scratch = directory, scratch
        self._limit_s = usual_limit_s() if limit_s is None else limit_s
        self._status: int | None = None
        if file is None:
            where = f"no module of {directory}" if program.module else "no script"
            raise NoOptionsError(f"{self._script} is {where}, so its options cannot be read.")
        self._path, self._root = file.path, file.root

    @property
    def is_notebook(self) -> bool:
        return self._program.is_notebook

    def discover(self) -> Discovery:
        if self.is_notebook:
            return self._read_notebook()
        static = self._read_source()
        reached = self.reach_parser()
        if reached is not None and "parser" in reached:
            notes = self._absences(reached["missing"])
            if not reached.get("is_complete", True):
                notes += self._supplement(reached["parser"], static["parser"])
            takes_more = reached.get("takes_more", False)
            found = self._discovery(reached["parser"], reached["source"], notes, takes_more=takes_more)
            is_sure = reached.get("is_complete", True) and not reached["missing"]
            return replace(found, depends_on=tuple(reached["depends_on"])) if is_sure else found
        if not static["parser"]["options"] and not static["parser"]["commands"]:
            raise self._nothing(reached)
        note = (
            f"The options were read from the source, because {self._script} {self._why_not_reached(reached)}; "
            "defaults that it computes are not known."
        )
        return self._discovery(static["parser"], "source", [note], takes_more=True)

    def _read_notebook(self) -> Discovery:
        try:
            found = parameters_of(self._path)
        except NotebookError as error:
            raise DiscoveryError(str(error)) from None
        if not found:
            said = f"The parameters cell of {self._script} assigns nothing"
            raise DiscoveryError(f"{said}; assign the hyperparameters there.")
        notes = (
            ()
            if self._has(NOTEBOOK_PACKAGES)
            else (
                f"Notebooks are run by papermill, and {self._python} does not have it, or no kernel: pip install "
                f"{' '.join(NOTEBOOK_PACKAGES)}",
            )
        )
        return Discovery(self._script, tuple(map(_without_secret, found)), "notebook", notes)

    def _has(self, packages: Sequence[str]) -> bool:
        """Whether the Python could import all of them."""
        program = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {list(packages)!r})))"
        with suppress(OSError, subprocess.TimeoutExpired):
            argv = [*self._words, "-c", program]
            return subprocess.run(argv, cwd=self._scratch, check=False, capture_output=True, timeout=60).returncode == 0
        return False

    def _discovery(
        self, parser: Mapping[str, Any], source: Source, notes: Sequence[str], *, takes_more: bool
    ) -> Discovery:
        declared = declared_hyperparameters(parser, self._script, self._items)
        if not declared.hyperparameters and not declared.awaits_command:
            raise NoOptionsError(self._no_options())
        shown = tuple(map(_without_secret, declared.hyperparameters))
        return Discovery(self._script, shown, source, (*notes, *declared.notes), takes_more)

    def _absences(self, missing: Sequence[str]) -> list[str]:
        if not missing:
            return []
        return [
            f"{self._python} does not have {_packages(missing)}, which {self._script} imports; its options are known "
            "all the same, but install that before you start a run."
        ]

    def _supplement(self, parser: dict[str, Any], static: Mapping[str, Any]) -> list[str]:
        """Add what only the source knows to a parser that is not the script's last."""
        known = {flag for option in parser["options"] for flag in option["flags"]}
        added = [option for option in static["options"] if not known & set(option["flags"])]
        parser["options"] += added
        if not added:
            return []
        return [
            f"{self._script} parses its options in steps and needs some of them to go on, so {len(added)} were read "
            f"from the source, such as {added[0]['flags'][-1]}; defaults that it computes are not known."
        ]

    # the two children

    def _read_source(self) -> dict[str, Any]:
        result = self._scratch / "source.json"
        self._run(["discovery_source.py", str(self._path), str(self._root), str(self._directory), str(result)])
        if not result.exists():
            raise DiscoveryError(
                f"{self._python} could not read {self._script} ({self._last_words()}); begin with a Python from 3.8 on."
            )
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        if found.get("problem"):
            raise DiscoveryError(self._not_python(found))
        if not found["has_sign"]:
            # Running it would train it: nothing in it, or in what it imports, reads a command line.
            unread = " and ".join(found["unread"])
            raise NoOptionsError(
                f"{self._script} reads its options with {unread}, of which HyperTuner can read nothing."
                if unread
                else self._no_options()
            )
        return found

    def reach_parser(self, trials: Sequence[Sequence[str]] = ()) -> dict[str, Any] | None:
        """What the script's start came to; None where it had to be killed or died."""
        client = self._scratch / "client"
        client.mkdir()
        # Only this package, so that a script can import it and nothing else of ours.
        (client / "hypertuner").symlink_to(HERE.parent / "hypertuner", target_is_directory=True)
        request, result = self._scratch / "request.json", self._scratch / "result.json"
        request.write_text(
            json.dumps(
                {
                    "script": str(self._path),
                    "module": self._program.module,
                    "root": str(self._root),
                    "directory": str(self._directory),
                    "items": self._items,
                    "client": str(client),
                    "result": str(result),
                    "trials": [list(items) for items in trials],
                }
            ),
            encoding="utf-8",
        )
        self._status = self._run(["discovery_child.py", str(request)])
        if not result.exists():
            return None
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found

    def _run(self, items: Sequence[str]) -> int | None:
        """Run one of our children to its end; its exit status, or None where its time was over."""
        environment = {
            **os.environ,
            "HYPERTUNER_DISCOVERY": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with (self._scratch / "stderr").open("wb") as errors:
            child = subprocess.Popen(
                [*self._words, str(HERE / items[0]), *items[1:]],
                cwd=self._directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                return await_child(child, self._limit_s)
            except OutOfTime:
                return None
            finally:
                # Also what the script started and left behind.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _last_words(self) -> str:
        with (self._scratch / "stderr").open("rb") as file:
            file.seek(-min(4096, file.seek(0, os.SEEK_END)), os.SEEK_END)
            lines = file.read().decode("utf-8", "replace").split("\n")
        return _one_line(next((line for line in reversed(lines) if line.strip()), "it said nothing"))

    # sentences

    def _no_options(self) -> str:
        return (
            f"{self._script} shows no options: HyperTuner reads those of argparse, click, typer, absl, tyro, Hydra and "
            "OmegaConf."
        )

    def _not_python(self, found: Mapping[str, Any]) -> str:
        if found["problem"] == "binary":
            return f"{self._script} is a binary file and no Python script; name the .py file that trains."
        if found["problem"] == "unreadable":
            return f"{self._script} cannot be read ({found['reason']}); mend its permissions."
        place = f"line {found['line']}: " if found.get("line") else ""
        return f"{self._script} is no Python that {self._python} understands ({place}{found['reason']}); mend it first."

    def _nothing(self, reached: Mapping[str, Any] | None) -> DiscoveryError:
        """Why neither running the script nor its source showed an option."""
        script, help_command = self._script, shlex.join(["python", self._script, "--help"])
        if reached is not None and reached["missing"]:
            return DiscoveryError(
                f"{script} needs {_packages(reached['missing'])}, which {self._python} does not have; install that "
                "there, or begin the command with the Python that has it."
            )
        if reached is None and self._status is None:
            return NoOptionsError(
                f"{script} did not reach its options within {self._limit_s:g} s of its own time; move what is slow "
                f"behind parse_args(), so that `{help_command}` answers at once, or set {LIMIT} higher."
            )
        if reached is not None and reached["refused"]:
            said = f"{script} {reached['refused']} before it has read any option; let it call parse_args() first."
            return NoOptionsError(said)
        if reached is not None and reached.get("ended") == "":
            said = f"{script} ends before it reads any option; `{help_command}` shows what it says."
            return NoOptionsError(said if reached.get("exited") else self._no_options())
        return DiscoveryError(
            f"{script} {self._why_not_reached(reached)}; mend that first, until `{help_command}` works."
        )

    def _why_not_reached(self, reached: Mapping[str, Any] | None) -> str:
        """The rest of a sentence that begins with the script."""
        if reached is None:
            return self._how_ended()
        if reached["missing"]:
            return f"needs {_packages(reached['missing'])}, which {self._python} does not have"
        if reached["refused"]:
            return f"{reached['refused']} before it reads its options"
        if "ended" in reached:
            said = _one_line(reached["ended"])
            return f"ends before it reads its options{', saying: ' if said else ''}{said}"
        crash = reached["crash"]
        place = f" ({crash['file']}, line {crash['number']})" if crash["file"] else ""
        return f"crashes before it reads its options: {_one_line(crash['line'])}{place}"

    def _how_ended(self) -> str:
        if self._status is None:
            return f"did not reach its parser within {self._limit_s:g} s of its own time ({LIMIT} gives it more)"
        if self._status < 0:
            return f"is killed by {signal.Signals(-self._status).name} before it reads its options"
        return f"ends with status {self._status} before it reads its options"


def _without_secret(hyperparameter: Hyperparameter) -> Hyperparameter:
    """A default that comes from a variable or a file of the person who looks may be a secret, which nobody may see."""
    default = hyperparameter.default
    if isinstance(default, str) and default and (is_secret_option(hyperparameter.name) or holds_secret(default)):
        return replace(hyperparameter, default=None)
    return hyperparameter


def _packages(names: Sequence[str]) -> str:
    *others, last = names
    return f"the packages {', '.join(others)} and {last}" if others else f"the package {last}"


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}..."


def _check_script(script: str, path: Path) -> None:
    if path.is_dir():
        inside = sorted(each.name for each in path.glob("*.py"))
        named = next((name for name in ("train.py", "main.py") if name in inside), inside[0] if inside else None)
        remedy = f"name the script in it, such as {Path(script) / named}" if named else "name a .py file"
        raise DiscoveryError(f"{script} is a folder; {remedy}.")
    if not path.exists():
        folder = path.parent
        beside = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
        near = difflib.get_close_matches(path.name, beside, n=1)
        remedy = (
            f"did you mean {Path(script).parent / near[0]}?" if near else "check its name and the folder you are in."
        )
        raise DiscoveryError(f"There is no script {script} in {folder}; {remedy}")
    if not path.is_file():
        raise DiscoveryError(f"{script} is no file; name the .py file that trains.")

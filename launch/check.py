"""Asks a script's own parser about the values of a launch, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from analysis.candidates import Candidates, Interval
from analysis.hyperparameters import Hyperparameter, Value, argv_of, text_of
from analysis.program import program_of
from launch.code import code_file
from launch.plan import Demand
from sources.discovery import DiscoveryError, refusals
from storage.records import Project

# Of one launch; asking about each takes well under a millisecond.
MOST_TRIALS = 2_000


def refused_value(project: Project, demand: Demand, code_digest: str | None) -> str | None:
    """A sentence about the first value that the script would refuse; None where it refuses none.

    The script is started up to its parser only where a function of its own converts one of these hyperparameters, and
    once for the same code and values. What cannot be asked, as on another machine, is not refused.
    """
    checked = [each for each in demand.hyperparameters if each.has_own_check and each.name in demand.space]
    file = code_file(project)
    if not checked or file is None or not file.path.is_file():
        return None
    trials = list(_trials(checked, demand))[:MOST_TRIALS]
    items = tuple(tuple(argv_of((), settings, demand.hyperparameters)) for _, _, settings in trials)
    command = program_of(project.command).with_arguments(demand.arguments).words
    said = _ask(command, project.directory, items, code_digest)
    for (hyperparameter, value, _), words in zip(trials, said, strict=True):
        if words:
            name = program_of(project.command).name
            return f"{name} refuses {hyperparameter.flag} {text_of(value)}: {' '.join(words.split()).rstrip('.')}."
    return None


@lru_cache(maxsize=64)
def _ask(
    command: tuple[str, ...], directory: str, items: tuple[tuple[str, ...], ...], _code_digest: str | None
) -> tuple[str | None, ...]:
    try:
        return tuple(refusals(command, Path(directory), items))
    except DiscoveryError:
        # What is wrong with the script itself is said elsewhere.
        return (None,) * len(items)


def _trials(checked: list[Hyperparameter], demand: Demand) -> Iterator[tuple[Hyperparameter, Value, dict[str, Value]]]:
    """Each value once, with the first value of everything else."""
    first = {name: _values(each)[0] for name, each in demand.space.items()}
    for hyperparameter in checked:
        for value in _values(demand.space[hyperparameter.name]):
            yield hyperparameter, value, {**first, hyperparameter.name: value}


def _values(candidates: Candidates) -> tuple[Value, ...]:
    return (candidates.low, candidates.high) if isinstance(candidates, Interval) else candidates

"""Beginning a project: what a command can be given, the project itself, and the trial that shows what it reports."""

from __future__ import annotations

from pathlib import Path

from analysis.candidates import Interval, Space
from analysis.program import Program
from launch.allowed import AllowedFolders
from launch.choice import StrategyChoice
from launch.code import code_state
from launch.launch import Launched, Question, Refusal, Request, keep_project, launch
from launch.order import Order
from launch.plan import Demand
from launch.typed import Typed, TypedError, read_typed
from storage.projects import find_project, slug_of
from storage.records import Project
from storage.store import Store


def read_command(allowed: AllowedFolders, directory: Path, command: str, kept: Path) -> Typed:
    """Find out what a command can be given; nothing is written, and nothing trained.

    kept: the folder in which discoveries are kept. Raises TypedError, and NotAllowedError.
    """

    def check(program: Program) -> None:
        allowed.check(program, directory)

    return read_typed(command, directory, kept, check)


def begin(store: Store, typed: Typed, name: str) -> Project:
    """Write a new project down. Raises TypedError where there is one of that name."""
    if not name.strip():
        raise TypedError("Give the project a name.")
    if found := find_project(store, slug_of(name)):
        raise TypedError(f"There is a project {found.name} already; choose another name.")
    return keep_project(store, typed.project(store, name.strip()))


def try_out(store: Store, project: Project, typed: Typed, key: str) -> Launched | Refusal:
    """Run one experiment that is stopped after its first values, with the first of each list of candidates."""
    demand = Demand(
        _first(typed.line.space), StrategyChoice(), project.goal, typed.hyperparameters, typed.line.program.arguments
    )
    order = Order(typed.text, typed.line.prefix, is_trial=True, key=key)
    # One experiment is not asked about.
    outcome = launch(store, project, Request(demand, order, code_state(store, project)), confirmed=1)
    assert not isinstance(outcome, Question)
    return outcome


def _first(space: Space) -> Space:
    # In the place of an interval the script has its own default.
    return {name: each[:1] for name, each in space.items() if not isinstance(each, Interval)}

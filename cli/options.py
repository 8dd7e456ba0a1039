"""What the words of `hypertuner run` mean."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

import typer

from analysis.candidates import FALSE_WORDS, TRUE_WORDS
from analysis.environment import VariableError, asked_variables, deciding_variables
from analysis.hyperparameters import Value
from analysis.secrets import is_secret
from analysis.strategies import STRATEGIES
from app.settings import Settings
from cli.errors import CommandError
from launch.choice import StrategyChoice
from launch.plan import ACTIONS, STATUSES, Status

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept. [HYPERTUNER_DATA_DIR]")]
PRIORITY_HELP = "Runs of a higher priority get free places first; -1000 to 1000."
WEIGHT_HELP = "Among runs of one priority, one with weight 2 gets twice as many places as one with 1."


@dataclass(frozen=True)
class Objective:
    """The metric that decides, and whether more of it is better."""

    metric: str | None = None
    goal: str = "maximize"


@dataclass(frozen=True)
class Wishes:
    """What to do with planned experiments: by status, and for single ones by their row in the preview, from 1."""

    by_status: Mapping[str, str] = field(default_factory=dict)
    by_row: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """How a run is carried out; see the command's help for each."""

    cpus: float = 1
    gpus: float = 0
    concurrency: int | None = None
    priority: int = 0
    weight: float = 1
    time_limit_s: float | None = None
    retries: int = 0
    has_terminal: bool = False
    is_trial: bool = False
    strategy: StrategyChoice = field(default_factory=StrategyChoice)
    wishes: Wishes = field(default_factory=Wishes)
    metrics: Sequence[str] = ()
    # None leaves what the project has declared.
    data_paths: Sequence[str] | None = None
    # Added to those of the project.
    shared_paths: Sequence[str] = ()
    # None leaves what the project has.
    in_place: bool | None = None
    has_hooks: bool | None = None
    name: str | None = None
    # Variables for the scripts, with their values; secrets among them.
    variables: Mapping[str, str] = field(default_factory=dict)
    # The run that gets the experiments; else a new one.
    extend: int | None = None


def read_objective(text: str | None) -> Objective:
    """`max:accuracy`, `min:loss`, or a bare name to maximize.

    Raises CommandError.
    """
    if text is None:
        return Objective()
    goal, colon, metric = text.partition(":")
    if not colon:
        return Objective(text)
    goals = {"max": "maximize", "maximize": "maximize", "min": "minimize", "minimize": "minimize"}
    if goal not in goals or not metric:
        raise CommandError(f"--objective {text!r} is not understood; write max:METRIC or min:METRIC.")
    return Objective(metric, goals[goal])


def read_strategy(name: str, count: int | None, seed: int, repeats: int, options: Sequence[str]) -> StrategyChoice:
    """A strategy by the words of the command line; options are `name=value`, and no count is the usual one.

    Raises CommandError.
    """
    kind = STRATEGIES.get(name.replace("-", "_"))
    if kind is None:
        known = ", ".join(each.replace("_", "-") for each in STRATEGIES)
        raise CommandError(f"There is no strategy {name!r}; there are {known}.")
    if count is not None and kind.counts_itself:
        raise CommandError(f"--n is for strategies that draw; {kind.title} has as many settings as its values make.")
    kinds = {option.name: option.kind for option in kind.options}
    given: dict[str, Value] = {}
    for written in options:
        option, equals, value = written.partition("=")
        if not equals:
            raise CommandError(f"--option {written!r} is not understood; write --option NAME=VALUE.")
        given[option] = _option_value(value, kinds.get(option, "choice"))
    return StrategyChoice(kind.name, StrategyChoice.count if count is None else count, seed, repeats, given)


def _option_value(text: str, kind: str) -> Value:
    """A word as the option's kind; what does not fit stays text, and the strategy says what it takes."""
    word = text.strip().lower()
    if kind == "bool" and word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    if kind in ("int", "float"):
        try:
            number = float(word)
        except ValueError:
            return text
        return int(number) if number.is_integer() else number
    return text


def read_wishes(written: Sequence[str], *, again: bool = False, reuse: bool = False) -> Wishes:
    """What to do with experiments, from words like `failed=skip`, `other-code=reuse` or `3=run`.

    again and reuse are short for what is done. Raises CommandError.
    """
    if again and reuse:
        raise CommandError("--again runs what is done once more and --reuse shows its results; choose one of them.")
    by_status: dict[str, str] = {"done": "run" if again else "reuse"} if again or reuse else {}
    by_row: dict[int, str] = {}
    for wish in written:
        which, _, action = wish.partition("=")
        status = cast(Status, which.replace("-", " "))
        if which.isascii() and which.isdecimal() and action in ("run", "skip", "reuse"):
            by_row[int(which)] = action
        elif status not in ACTIONS:
            known = ", ".join(each.replace(" ", "-") for each in STATUSES)
            raise CommandError(
                f"--decide {wish!r} is not understood; write STATUS=ACTION or ROW=ACTION, as in failed=skip or 3=run. "
                f"The statuses are {known}."
            )
        elif action not in ACTIONS[status]:
            raise CommandError(f"--decide {wish!r}: what is {status} takes {allowed(status)}.")
        else:
            by_status[status] = action
    return Wishes(by_status, by_row)


def read_variables(written: Sequence[str], settings: Settings) -> dict[str, str]:
    """The variables for the scripts: those that are asked for, and by themselves those that decide how they start.

    A cluster of other machines has paths of its own. Raises CommandError.
    """
    try:
        asked = asked_variables(written, os.environ)
    except VariableError as error:
        raise CommandError(str(error)) from None
    if settings.ray_address is None:
        return {**deciding_variables(os.environ), **asked}
    if secret := next((name for name, value in asked.items() if is_secret(name, value)), None):
        raise CommandError(
            f"{secret} looks like a secret, which is stored nowhere and so does not reach the machines of the cluster; "
            "set it for the workers there."
        )
    return asked


def allowed(status: Status) -> str:
    """What can be done with experiments of a status, in words."""
    return " or ".join(ACTIONS[status])

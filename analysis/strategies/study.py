"""What the strategies on Optuna's samplers share: an Optuna study in memory, behind our words and values."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Literal

from analysis.hyperparameters import Value
from analysis.strategies.axes import Axis, Continuous, Listed, Whole
from analysis.strategies.base import Search
from analysis.strategies.cube import Key
from analysis.strategies.learner import Learner

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

MAX_WHOLE_NUMBERS = 10_000


class StudyLearner(Learner):
    """Asks a sampler of Optuna, which sees what is under way as trials without a value."""

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        # Here and below: the web's start must not wait for Optuna.
        import optuna

        # It would otherwise report every trial on stderr.
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.distributions = {axis.name: _distribution(axis) for axis in self.cube.axes}
        self.study = self.new_study()
        # What is under way, and its number in the study.
        self.running: dict[Key, int] = {}

    def new_study(self) -> Study:
        """A study that knows nothing yet."""
        import optuna

        goal: Literal["maximize", "minimize"] = "maximize" if self.search.goal == "maximize" else "minimize"
        return optuna.create_study(storage=optuna.storages.InMemoryStorage(), direction=goal)

    @abstractmethod
    def sampler(self, seed: int) -> BaseSampler:
        """The sampler of Optuna to ask."""

    def on_start(self, seed: int) -> None:
        self.study.sampler = self.sampler(seed)

    def propose(self) -> Key:
        from optuna.trial import TrialState

        trial = self.study.ask(self.distributions)
        key = self._key_of(trial)
        if key in self.known:
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.running[key] = trial.number
        return key

    def on_running(self, key: Key) -> None:
        from optuna.trial import TrialState, create_trial

        if key not in self.running:
            self.running[key] = len(self.study.get_trials(deepcopy=False))
            self.study.add_trial(
                create_trial(state=TrialState.RUNNING, params=self._params(key), distributions=self.distributions)
            )

    def on_result(self, key: Key, value: float | None) -> None:
        from optuna.trial import TrialState, create_trial

        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        if key in self.running:
            self.study.tell(self.running.pop(key), value, state)
        else:
            self.study.add_trial(
                create_trial(state=state, value=value, params=self._params(key), distributions=self.distributions)
            )

    def _params(self, key: Key) -> dict[str, Any]:
        return {axis.name: _param(axis, value) for axis, value in zip(self.cube.axes, key, strict=True)}

    def _key_of(self, trial: Trial) -> Key:
        return tuple(_value(axis, trial.params[axis.name]) for axis in self.cube.axes)


def _param(axis: Axis, value: Value) -> Value:
    if isinstance(axis, Listed):
        return axis.index_of(value)
    return axis.place_of(value) if _is_fine(axis) else value


def _value(axis: Axis, param: Any) -> Value:
    if isinstance(axis, Listed):
        return axis.nth(param)
    return axis.value_at(param) if _is_fine(axis) else axis.read(param)


def _is_fine(axis: Axis) -> bool:
    """Whether there are so many whole numbers that they are as good as continuous."""
    # The Gaussian process makes a list of them all, which a seed from 0 to 2**31 would not fit in memory.
    return isinstance(axis, Whole) and axis.size > MAX_WHOLE_NUMBERS


def _distribution(axis: Axis) -> BaseDistribution:
    """Lists are known to Optuna by index: its own categories neither order values nor tell True from 1."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if _is_fine(axis):
        return FloatDistribution(0, 1)
    if isinstance(axis, Continuous):
        return FloatDistribution(axis.low, axis.high, log=axis.is_log)
    if isinstance(axis, Whole):
        return IntDistribution(axis.low, axis.high, log=axis.is_log)
    assert axis.size is not None
    if axis.is_ordered and axis.size >= 3:
        return IntDistribution(0, axis.size - 1)
    return CategoricalDistribution(range(axis.size))

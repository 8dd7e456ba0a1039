"""TPE: the tree-structured Parzen estimator, from Optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.strategies.base import Option
from analysis.strategies.study import StudyLearner

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

STARTUP = Option(
    "startup",
    "Random experiments first",
    "int",
    10,
    "How many results to wait for before learning from them; until then settings are drawn at random.",
    least=1,
    most=10_000,
)


class TPE(StudyLearner):
    """Draws where good results lie denser than others, all hyperparameters together.

    Source: Bergstra et al. 2011; Watanabe 2023.
    """

    name = "tpe"
    title = "TPE"
    advice = (
        "Learns where good results lie, and copes with words, switches and many experiments side by side; a sound "
        "choice from about 30 experiments on. It may settle early on one of several words, so do not take the others "
        "for worse because they were seldom tried."
    )
    options = (
        STARTUP,
        Option(
            "draws",
            "Draws per experiment",
            "int",
            24,
            "How many settings to draw before the most promising is chosen: more of them stay closer to what was good.",
            least=1,
            most=10_000,
        ),
    )

    def sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import TPESampler

        return TPESampler(
            n_startup_trials=self.chosen["startup"],
            n_ei_candidates=self.chosen["draws"],
            multivariate=True,
            # What is under way counts as bad, so that experiments side by side spread out.
            constant_liar=True,
            seed=seed,
        )

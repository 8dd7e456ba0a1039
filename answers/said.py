"""What the experiment page says of an experiment besides its numbers, and where on its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from answers.flag_words import rank
from layouts.flags import Said
from storage.flag_columns import Word
from storage.flags import KeptFlag
from storage.records import Experiment
from storage.rules import fetch_said
from storage.store import Store

Flags = Mapping[int, Sequence[KeptFlag]]


def said_of(store: Store, experiment_id: int, flags: Sequence[KeptFlag]) -> list[Said]:
    """The flags, what ends an experiment first, then what rules did with it, then its tags."""
    ordered = sorted(flags, key=lambda flag: (rank(Word("flag", flag.rule)), flag.began))
    own = [Said("flag", flag.rule, flag.sentence, flag.began, flag.unit) for flag in ordered]
    return own + [Said(each.kind, each.word, each.sentence) for each in fetch_said(store, experiment_id)]


def flag_marks(experiments: Sequence[Experiment], flags: Flags) -> list[dict[str, Any]]:
    """Each flag of the experiments whose curves are shown, by their numbers, as the browser draws it on a curve."""
    return [
        {
            "experiment": experiment.number,
            "rule": flag.rule,
            "metric": flag.metric,
            "began": flag.began,
            "unit": flag.unit,
            "sentence": flag.sentence,
        }
        for experiment in experiments
        for flag in flags.get(experiment.id, ())
    ]

"""Flags: only differences are written, and only of the newest attempt; words of very many experiments at once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from sqlalchemy import text

from storage import flag_columns
from storage.changes import columns_since
from storage.flag_columns import Word
from storage.flags import KeptFlag, fetch_flags, keep_flags
from storage.records import Claim, Run
from storage.store import Store
from storage.watching import Watched, changed_since

PLATEAU = KeptFlag("plateau", "loss", 7, "epoch", "Loss has stayed near 1.", {"level": 1.0})
BROKEN = KeptFlag("not_finite", "loss", 3, "step", "Loss is NaN at step 3.", {"first": math.nan, "count": math.inf})


@pytest.fixture
def watched(store: Store, claimed: tuple[Run, Claim]) -> Watched:
    return changed_since(store, "")[1][0]


def fetched(store: Store, watched: Watched) -> list[KeptFlag]:
    return fetch_flags(store, [watched.id]).get(watched.id, [])


def change(store: Store, watched: Watched) -> str:
    with store.begin() as connection:
        return str(connection.scalar(text("SELECT change FROM experiment WHERE id = :id"), {"id": watched.id}))


def test_flags_come_back_as_they_were_with_numbers_that_are_none(store: Store, watched: Watched) -> None:
    assert keep_flags(store, watched, [], [PLATEAU, BROKEN])
    broken, plateau = fetched(store, watched)
    assert plateau == PLATEAU
    assert (broken.unit, broken.began, math.isnan(broken.evidence["first"])) == ("step", 3, True)
    assert broken.evidence["count"] == math.inf


def test_only_what_a_person_would_read_differently_is_written(store: Store, watched: Watched) -> None:
    keep_flags(store, watched, [], [PLATEAU])
    before = change(store, watched)
    assert not keep_flags(store, watched, [PLATEAU], [replace(PLATEAU, evidence={"level": 1.1})])
    assert change(store, watched) == before
    assert keep_flags(store, watched, [PLATEAU], [replace(PLATEAU, sentence="Loss has stayed near 1.1.")])
    assert change(store, watched) != before
    assert fetched(store, watched)[0].sentence == "Loss has stayed near 1.1."


def test_what_no_longer_holds_goes(store: Store, watched: Watched) -> None:
    keep_flags(store, watched, [], [PLATEAU, BROKEN])
    assert keep_flags(store, watched, [PLATEAU, BROKEN], [PLATEAU])
    assert fetched(store, watched) == [PLATEAU]


def test_an_attempt_that_is_no_longer_the_newest_gets_none(store: Store, watched: Watched) -> None:
    assert not keep_flags(store, replace(watched, attempt=watched.attempt + 1), [], [PLATEAU])
    assert fetched(store, watched) == []


def test_equal_combinations_of_words_come_once(store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_flags(store, watched, [], [PLATEAU, replace(PLATEAU, metric="accuracy"), BROKEN])
    with store.begin() as connection:
        connection.execute(
            text("INSERT INTO tag (experiment_id, word, created_by) VALUES (:id, 'a:b', 'anna')"), {"id": watched.id}
        )
    found = columns_since(store, watched.project_id, "").experiments
    assert found
    [combination] = found.flags.combinations
    assert set(combination.words) == {Word("flag", "plateau"), Word("flag", "not_finite"), Word("tag", "a:b")}
    assert combination.rows.tolist() == [0]
    assert found.flags.sentences is not None
    assert [sentence for _, sentence in found.flags.sentences[0]] == [
        BROKEN.sentence, PLATEAU.sentence, PLATEAU.sentence, "anna"]  # fmt: skip
    monkeypatch.setattr(flag_columns, "MOST_WITH_SENTENCES", 0)
    found = columns_since(store, watched.project_id, "").experiments
    assert found
    assert found.flags.sentences is None

"""What a person clicks and types in the form, the command that it writes, and the form that this command fills."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.candidates import Written
from analysis.command_line import format_command_line, parse_command_line
from analysis.hyperparameters import Hyperparameter, text_of
from analysis.numbers import CandidateError
from layouts.launch.editor import Fields, fields_of, first_candidates, mode_of, read_fields

HYPERPARAMETERS = {
    each.name: each
    for each in (
        Hyperparameter("batch_size", "--batch_size", "int", 56, spellings=("-b", "--batch_size")),
        Hyperparameter("dropout", "--dropout", "float", 0.5),
        Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=("adam", "sgd", "-", "a, b", "[x]")),
        Hyperparameter("depth", "--depth", "int", 18, choices=(18, 34, 50)),
        Hyperparameter("rate", "--rate", "float", choices=(0.1, 1.0, 1e-5)),
        Hyperparameter("use_bn", "--use_bn", "bool", False, is_switch=True),
        Hyperparameter("augment", "--augment", "bool", True, is_switch=True, off_flag="--no-augment"),
        Hyperparameter("shuffle", "--shuffle", "bool", True),
        Hyperparameter("device", "--device", "text", "cpu"),
        Hyperparameter("layers", "--layers", "text", "64 32", takes_many=True),
    )
}
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8) | st.text(
    "ab,[]\"'\\ :=-1$", max_size=6
)
NUMBERS = st.integers(-999, 999).map(str) | st.decimals(-99, 99, places=3).map(str)
STEPS = st.sampled_from(["", "log", "2", "-1", "*2", "2*", "*0.5", "^2", "n5", "log5", " n3 ", "0.25"])


def clicked(hyperparameter: Hyperparameter) -> st.SearchStrategy[Fields]:
    known = [True, False] if hyperparameter.type == "bool" else hyperparameter.choices
    some = st.lists(st.sampled_from([text_of(value) for value in known]), min_size=1, unique=True)
    return some.map(lambda values: Fields("choices", choices=tuple(values)))


def typed(hyperparameter: Hyperparameter) -> st.SearchStrategy[Fields]:
    if hyperparameter.type not in ("int", "float"):
        return st.lists(WORDS, min_size=1, max_size=4).map(lambda words: Fields("list", list=", ".join(words)))
    lists = st.lists(NUMBERS, min_size=1, max_size=4).map(lambda words: Fields("list", list=", ".join(words)))
    return lists | st.builds(lambda *ends: Fields("range", "", *ends), NUMBERS, NUMBERS, STEPS)


def fields_for(hyperparameter: Hyperparameter) -> st.SearchStrategy[Fields]:
    return clicked(hyperparameter) if mode_of(hyperparameter) == "choices" else typed(hyperparameter)


def meant(hyperparameter: Hyperparameter, fields: Fields) -> Written | None:
    try:
        return read_fields(hyperparameter, fields)
    except CandidateError:
        return None


FORMS = st.lists(st.sampled_from(sorted(HYPERPARAMETERS)), unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: fields_for(HYPERPARAMETERS[name]) for name in names})
)


@given(FORMS)
def test_a_form_writes_a_command_that_fills_the_same_form(form: dict[str, Fields]) -> None:
    read = {name: meant(HYPERPARAMETERS[name], fields) for name, fields in form.items()}
    written = {name: each for name, each in read.items() if each is not None}
    known = list(HYPERPARAMETERS.values())
    command = format_command_line(("python", "train.py"), written, known)

    back = parse_command_line(command, known)
    assert back.written == written
    assert list(back.written) == list(written)
    # A person may also paste it into a shell, behind `hypertuner run --`.
    assert parse_command_line(shlex.split(command), known) == back

    filled = {name: fields_of(HYPERPARAMETERS[name], each) for name, each in back.written.items()}
    assert {name: meant(HYPERPARAMETERS[name], fields) for name, fields in filled.items()} == written
    # From then on nothing moves any more, however often both follow each other.
    assert format_command_line(back.prefix, back.written, known) == command
    assert {name: fields_of(HYPERPARAMETERS[name], written[name]) for name in written} == filled


@pytest.mark.parametrize("name", sorted(HYPERPARAMETERS))
def test_a_freshly_picked_hyperparameter_fills_its_own_form(name: str) -> None:
    hyperparameter = HYPERPARAMETERS[name]
    first = first_candidates(hyperparameter)
    if first.candidates:
        assert read_fields(hyperparameter, fields_of(hyperparameter, first)) == first

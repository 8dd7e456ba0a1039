"""Values in configuration files: found by key, replaced in the text, and everything else as it was."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.command_line import parse_command_line
from analysis.hyperparameters import Value
from sources.config_files import ConfigFileError, looked_up, value_at, with_copy, with_values

YAML = """# what was good in May
optim:
  lr: 0.001   # a thousandth
  betas: [0.9, 0.99]
  name: adam
seed: 3
tag: "016"
model: !!python/object:pkg.Model {depth: 2}
base: &base {a: 1}
other: *base
"""
TOML = """# what was good in May
seed = 3
[optim]
lr = 0.001 # a thousandth
name = "adam"
betas = [0.9, 0.99]
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("optim.lr", 0.1, "lr: 0.001 ", "lr: 0.1 "),
        ("optim.lr", 1, "lr: 0.001 ", "lr: 1.0 "),
        ("optim.lr", 1e-05, "lr: 0.001 ", "lr: 1.0e-05 "),
        ("optim.name", "sgd", "name: adam", 'name: "sgd"'),
        ("optim.name", "a: b # c", "name: adam", 'name: "a: b # c"'),
        ("optim.betas", "[0.5, 0.6]", "betas: [0.9, 0.99]", "betas: [0.5, 0.6]"),
        ("optim.betas.1", 0.999, "[0.9, 0.99]", "[0.9, 0.999]"),
        ("seed", 7, "seed: 3", "seed: 7"),
        ("tag", 17, 'tag: "016"', 'tag: "17"'),
        ("model.depth", 4, "{depth: 2}", "{depth: 4}"),
        ("seed", True, "seed: 3", "seed: true"),
        ("seed", None, "seed: 3", "seed: 3"),
    ],
)
def test_nothing_but_the_value_changes_in_yaml(key: str, value: Value, before: str, after: str) -> None:
    assert with_values(YAML, "config.yaml", {key: value}) == YAML.replace(before, after)


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("optim.lr", 0.1, "lr = 0.001 ", "lr = 0.1 "),
        ("optim.lr", 1, "lr = 0.001 ", "lr = 1.0 "),
        ("optim.name", "sgd", '"adam"', '"sgd"'),
        ("optim.betas.1", 0.999, "[0.9, 0.99]", "[0.9, 0.999]"),
        ("seed", 7, "seed = 3", "seed = 7"),
    ],
)
def test_nothing_but_the_value_changes_in_toml(key: str, value: Value, before: str, after: str) -> None:
    changed = with_values(TOML, "config.toml", {key: value})
    assert changed == TOML.replace(before, after)
    tomllib.loads(changed)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TREES = st.dictionaries(
    st.text("abc_", min_size=1),
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner)
    ),
    min_size=1,
)


@given(TREES, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.data())
def test_json_reads_back_with_the_value_at_its_key(tree: dict[str, Any], value: Value, data: st.DataObject) -> None:
    """Keys without dots, in which no value is a list: those are typed as they stand."""
    key = data.draw(st.sampled_from(sorted(tree)))
    if isinstance(tree[key], list | dict):
        return
    changed = json.loads(with_values(json.dumps(tree), "config.json", {key: value}))
    wanted = {**tree, key: str(changed[key]) if isinstance(tree[key], str) and not isinstance(value, str) else value}
    assert changed == wanted


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_a_number_in_yaml(value: float) -> None:
    assert yaml.safe_load(with_values("a: 0.5", "c.yaml", {"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("name", "text", "key", "said"),
    [
        ("c.yaml", YAML, "optim.rate", "c.yaml has no optim.rate; did you mean optim.name"),
        ("c.yaml", "{}", "lr", "c.yaml has no lr; it has nothing."),
        ("c.yaml", "a: [1", "a", "c.yaml cannot be read: "),
        ("c.yaml", "a: 1\n---\nb: 2", "a", "c.yaml cannot be read: "),
        ("c.json", '{"a": 1, "b": {"c": 2}}', "b.d", "c.json has no b.d; did you mean b.c"),
        ("c.toml", TOML, "optim.rate", "c.toml has no optim.rate; did you mean optim."),
        ("c.toml", "a = ", "a", "c.toml cannot be read: "),
    ],
)
def test_a_key_that_is_not_there_is_said_with_those_that_are_like_it(name: str, text: str, key: str, said: str) -> None:
    with pytest.raises(ConfigFileError) as refused:
        value_at(text, name, key)
    assert str(refused.value).startswith(said)


def found(command: str, folder: Path) -> Any:
    line = parse_command_line(command, [], is_open=True)
    return looked_up(line.found, line.words, folder)


def test_what_stands_in_brackets_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(YAML)
    [lr] = found("python train.py --config c.yaml c.yaml:optim.lr=[0.1,0.01]", tmp_path)
    assert (lr.name, lr.flag, lr.type, lr.help) == ("optim.lr", "c.yaml:optim.lr", "float", "0.001 in c.yaml")
    (tmp_path / "c.yaml").write_text(YAML.replace("May", "June"))
    [again] = found("python train.py --config=c.yaml c.yaml:optim.lr=[0.1,0.01]", tmp_path)
    assert again.file_digest != lr.file_digest


def test_a_file_that_the_command_does_not_name_or_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"c\.yaml stands nowhere in the command"):
        found("python train.py c.yaml:optim.lr=[0.1,0.01]", tmp_path)
    with pytest.raises(ConfigFileError, match=r"c\.yaml cannot be read: No such file"):
        found("python train.py c.yaml c.yaml:optim.lr=[0.1,0.01]", tmp_path)


def test_the_copy_takes_the_place_of_the_file_in_words_that_name_it() -> None:
    words = ["--config", "c.yaml", "--config=c.yaml", "c.yaml.bak", "--out=x"]
    expected = ["--config", "/copy", "--config=/copy", "c.yaml.bak", "--out=x"]
    assert [with_copy(word, "c.yaml", "/copy") for word in words] == expected

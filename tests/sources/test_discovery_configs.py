"""Discovery of settings that stand in configurations: Hydra, OmegaConf and ml_collections, as they are installed."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from analysis.hyperparameters import Hyperparameter
from sources.discovery import Discovery, NoOptionsError, discover

APPLICATION = """
import hydra

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config):
    open("trained", "w").close()

if __name__ == "__main__":
    main()
"""
CONFIG = """
model:
  depth: 2
  width: ${model.depth}
  is_deep: true
layers: [64, 32]
name: ???
"""
MERGING = """
from omegaconf import OmegaConf

typed = OmegaConf.from_cli()
config = OmegaConf.merge(OmegaConf.load("base.yaml"), typed)
open("trained", "w").close()
"""
FLAGS = """
from absl import app, flags
from ml_collections import config_flags

config_flags.DEFINE_config_file("config", "small.py")
flags.DEFINE_integer("seed", 1, "where random numbers begin")
def main(_):
    open("trained", "w").close()
app.run(main)
"""
SMALL = """
from ml_collections import ConfigDict

def get_config():
    return ConfigDict({"lr": 0.1, "model": {"depth": 2}})
"""


class Folder:
    """A project's folder, in which nothing may be trained or written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **files: str) -> None:
        for name, text in files.items():
            whole = self.path / (name.replace("__", "/").replace("_", ".") if "_" in name else name)
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(textwrap.dedent(text))

    def discover(self, *items: str) -> Discovery:
        before = set(self.path.rglob("*"))
        try:
            return discover([sys.executable, "train.py", *items], self.path)
        finally:
            assert set(self.path.rglob("*")) == before

    def find(self, *items: str) -> dict[str, Hyperparameter]:
        return {each.name: each for each in self.discover(*items).hyperparameters}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_hydra_prints_its_configuration(folder: Folder) -> None:
    folder.write(train_py=APPLICATION, conf__config_yaml=CONFIG)
    found = folder.discover("model.depth=[2,4]")
    known = {each.name: (each.flag, each.type, each.default) for each in found.hyperparameters}
    assert known == {
        "model.depth": ("model.depth", "int", 2),
        "model.width": ("model.width", "text", None),
        "model.is_deep": ("model.is_deep", "bool", True),
        "layers": ("layers", "text", "[64, 32]"),
        "name": ("name", "text", None),
    }
    assert (found.source, found.takes_more) == ("hydra", True)
    assert next(each for each in found.hyperparameters if each.name == "name").is_required


def test_a_value_on_the_command_line_is_no_default(folder: Folder) -> None:
    folder.write(train_py=APPLICATION, conf__config_yaml=CONFIG)
    assert folder.find("model.depth=7", "name=x")["model.depth"].default == 2


def test_groups_of_configurations_are_choices_and_no_setting_has_the_same_default_in_all(folder: Folder) -> None:
    folder.write(
        train_py=APPLICATION,
        conf__config_yaml="defaults: [optimizer: adam, _self_]\ndepth: 2\n",
        conf__optimizer__adam_yaml="lr: 0.001\n",
        conf__optimizer__sgd_yaml="lr: 0.1\nmomentum: 0.9\n",
    )
    found = folder.find()
    assert (found["optimizer"].choices, found["optimizer"].default) == (("adam", "sgd"), "adam")
    assert (found["optimizer.lr"].type, found["optimizer.lr"].default) == ("float", None)
    assert found["optimizer.lr"].help.startswith("0.001, unless")
    assert "optimizer.momentum" not in found
    # A choice on the command line brings its settings, and is no default.
    found = folder.find("optimizer=sgd")
    assert found["optimizer"].default == "adam"
    assert found["optimizer.momentum"].help.startswith("0.9, unless")


def test_what_omegaconf_merges_with_the_command_line_is_read(folder: Folder) -> None:
    folder.write(train_py=MERGING, base_yaml="lr: 0.1\nmodel: {depth: 2}\n")
    found = folder.discover("lr=[0.2,0.3]", "model.depth=3")
    assert {each.flag: each.default for each in found.hyperparameters} == {"lr": 0.1, "model.depth": 2}
    assert (found.source, found.takes_more) == ("omegaconf", True)


def test_settings_in_the_file_of_a_flag_are_options(folder: Folder) -> None:
    folder.write(train_py=FLAGS, small_py=SMALL, large_py=SMALL.replace("2", "8"))
    found = folder.find("--config.lr=[0.2,0.3]")
    assert (found["config.lr"].flag, found["config.lr"].default) == ("--config.lr", 0.1)
    assert found["config.model.depth"].default == 2
    assert found["seed"].default == 1


def test_a_script_that_composes_by_itself_is_not_run(folder: Folder) -> None:
    folder.write(train_py="import hydra\nhydra.initialize()\nopen('trained', 'w').close()\n")
    with pytest.raises(NoOptionsError, match="shows no options"):
        folder.discover()

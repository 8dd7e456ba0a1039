"""Discovery on scripts as people write them; each runs in a real child process."""

from __future__ import annotations

import ast
import json
import os
import sys
import textwrap
from pathlib import Path

import pytest

from analysis.hyperparameters import Hyperparameter, argv_of
from sources import discovery
from sources.discovery import Discovery, DiscoveryError, discover
from tests.product import wait_until

TRAINS = 'open("trained", "w").close()'


class Scripts:
    """A folder with scripts; every one of them would leave a file behind if it got to its training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str, name: str = "train.py") -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return name

    def discover(self, text: str, *items: str, limit_s: float = 20) -> Discovery:
        script = self.write(textwrap.dedent(text) + f"\n{TRAINS}\n")
        before = self.files()
        try:
            return discover([sys.executable, script, *items], self.folder, limit_s=limit_s)
        finally:
            assert self.files() == before, "discovery wrote into the project's folder"

    def find(self, text: str, *items: str) -> dict[str, Hyperparameter]:
        return {each.name: each for each in self.discover(text, *items).hyperparameters}

    def refuse(self, text: str, *items: str, limit_s: float = 20) -> str:
        with pytest.raises(DiscoveryError) as refused:
            self.discover(text, *items, limit_s=limit_s)
        return sentence(refused)

    def files(self) -> set[Path]:
        return set(self.folder.rglob("*"))


def sentence(refused: pytest.ExceptionInfo[DiscoveryError]) -> str:
    message = str(refused.value)
    assert message.endswith((".", "?"))
    assert "\n" not in message
    return message


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


# --- argparse -----------------------------------------------------------------------------------------------------


def test_types_defaults_choices_and_help_are_read(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse
        from functools import partial
        from pathlib import Path

        def str2bool(text): return text == "yes"
        def positive_int(text): return int(text)
        def percent(text): return text

        parser = argparse.ArgumentParser()
        parser.add_argument("-b", "--batch-size", "--bs", type=int, default=56, help="images, %(default)s if none, 100%%")
        parser.add_argument("--lr", dest="learning_rate", type=float, default="1e-3")
        parser.add_argument("--momentum", default=0.9)
        parser.add_argument("--depth", type=int, choices=[18, 34, 50], default=18)
        parser.add_argument("--optimizer", choices=("adam", "sgd"), default="adam")
        parser.add_argument("--workers", type=positive_int)
        parser.add_argument("--seed", type=partial(int, base=10), default=3)
        parser.add_argument("--share", type=percent, default=None)
        parser.add_argument("--decay", type=lambda text: float(text), default=0)
        parser.add_argument("--amp", type=str2bool, nargs="?", const=True, default=False)
        parser.add_argument("--nesterov", type=bool, default=True)
        parser.add_argument("--data", type=Path, default=Path("data"))
        parser.add_argument("--tag", type=str, default=1)
        parser.add_argument("--clip", type=float, default=float("inf"))
        parser.add_argument("--layers", type=int, nargs="+", default=[64, 32])
        parser.add_argument("--note", action="append", default=["first"])
        parser.add_argument("--key", required=True, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        parser.add_argument("--version", action="version", version="1")
        parser.parse_args()
        """
    )
    assert {name: (each.flag, each.type, each.default) for name, each in found.items()} == {
        "batch_size": ("--batch-size", "int", 56),
        "learning_rate": ("--lr", "float", 0.001),
        "momentum": ("--momentum", "float", 0.9),
        "depth": ("--depth", "int", 18),
        "optimizer": ("--optimizer", "choice", "adam"),
        "workers": ("--workers", "int", None),
        "seed": ("--seed", "int", 3),
        "share": ("--share", "text", None),
        "decay": ("--decay", "float", 0.0),
        "amp": ("--amp", "bool", False),
        "nesterov": ("--nesterov", "bool", True),
        "data": ("--data", "text", "data"),
        "tag": ("--tag", "text", "1"),
        "clip": ("--clip", "float", None),
        "layers": ("--layers", "text", "64 32"),
        "note": ("--note", "text", None),
        "key": ("--key", "text", None),
    }
    assert found["batch_size"].spellings == ("-b", "--batch-size", "--bs")
    assert found["batch_size"].help == "images, 56 if none, 100%"
    assert found["depth"].choices == (18, 34, 50)
    assert found["optimizer"].choices == ("adam", "sgd")
    assert found["layers"].takes_many
    assert found["key"].is_required
    assert found["key"].help == ""


def test_members_of_an_enumeration_are_written_as_the_converter_reads_them(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse
        from enum import Enum

        class Backend(Enum):
            FUSED = 1
            LOCAL = 2

        class Mode(Enum):
            FAST = "fast"
            SLOW = "slow"

        parser = argparse.ArgumentParser()
        parser.add_argument("--backend", type=lambda name: Backend[name], choices=list(Backend), default=Backend.LOCAL)
        parser.add_argument("--mode", type=Mode, choices=Mode, default=Mode.SLOW)
        parser.parse_args()
        """
    )
    assert {name: (each.type, each.default, each.choices) for name, each in found.items()} == {
        "backend": ("choice", "LOCAL", ("FUSED", "LOCAL")),
        "mode": ("choice", "slow", ("fast", "slow")),
    }


def test_switches_stand_or_are_turned_off(scripts: Scripts) -> None:
    text = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--use_bn", action="store_true")
        parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True)
        parser.add_argument("--no-cuda", action="store_false", dest="cuda")
        parser.add_argument("--pin", action="store_true", default=True)
        parser.add_argument("--no-pin", action="store_false", dest="pin")
        parser.add_argument("--adam", action="store_const", const="adam", dest="optimizer")
        parser.add_argument("--always", action="store_true", default=True)
        parser.parse_args()
        """
    discovered = scripts.discover(text)
    found = {each.name: each for each in discovered.hyperparameters}
    assert {name: (each.flag, each.off_flag, each.default) for name, each in found.items()} == {
        "use_bn": ("--use_bn", None, False),
        "augment": ("--augment", "--no-augment", True),
        "no_cuda": ("--no-cuda", None, False),
        "pin": ("--pin", "--no-pin", True),
        "adam": ("--adam", None, False),
    }
    assert all(each.is_switch and each.type == "bool" for each in found.values())
    assert discovered.notes == ("--always is on whether it stands or not, so it cannot be tuned.",)


def test_a_script_reads_what_discovery_makes_of_its_options(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(
            """
            import argparse, json, sys
            parser = argparse.ArgumentParser()
            parser.add_argument("--rate", type=float)
            parser.add_argument("--layers", type=int, nargs="+")
            parser.add_argument("--nesterov", type=bool, default=True)
            parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True)
            parser.add_argument("--bn", action="store_true")
            parser.add_argument("--name")
            json.dump(vars(parser.parse_args()), open("read.json", "w"))
            """
        )
    )
    hyperparameters = discover([sys.executable, "train.py"], tmp_path).hyperparameters
    settings = {"rate": -0.5, "layers": "64 32", "nesterov": False, "augment": False, "bn": True, "name": "-x"}
    items = argv_of((), settings, hyperparameters)
    assert (
        os.spawnv(
            os.P_WAIT, "/bin/sh", ["sh", "-c", f'cd "{tmp_path}" && exec "$0" "$@"', sys.executable, "train.py", *items]
        )
        == 0
    )
    assert json.loads((tmp_path / "read.json").read_text()) == {**settings, "layers": [64, 32]}


def test_groups_parents_and_defaults_set_later_are_followed(scripts: Scripts) -> None:
    discovered = scripts.discover(
        """
        import argparse
        common = argparse.ArgumentParser(add_help=False)
        common.add_argument("--seed", type=int, default=1)
        parser = argparse.ArgumentParser(parents=[common], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        model = parser.add_argument_group("model")
        model.add_argument("--hidden", type=int, default=8, help="units")
        exclusive = parser.add_mutually_exclusive_group()
        exclusive.add_argument("--steps", type=int)
        exclusive.add_argument("--epochs", type=int)
        parser.add_argument("data")
        parser.add_argument("extra", nargs="?")
        parser.set_defaults(hidden=16, seed=2)
        args, unknown = parser.parse_known_args()
        """
    )
    found = {each.name: each for each in discovered.hyperparameters}
    assert discovered.source == "argparse"
    assert {name: each.default for name, each in found.items()} == {
        "seed": 2,
        "hidden": 16,
        "steps": None,
        "epochs": None,
    }
    assert found["hidden"].group == "model"
    assert found["hidden"].help == "units (default: 16)"
    assert found["seed"].group == ""
    assert discovered.notes == (
        "train.py also wants data; write it behind the script.",
        "Tune one of these at a time, they exclude each other: --steps, --epochs.",
    )


SUBCOMMANDS = """
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", type=int, default=0)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train")
    train.add_argument("--lr", type=float, default=0.1)
    train.add_argument("data")
    evaluate = commands.add_parser("evaluate")
    evaluate.add_argument("--top", type=int, default=5)
    parser.parse_args()
    """


def test_the_options_of_the_named_subcommand_are_read(scripts: Scripts) -> None:
    chosen = scripts.discover(SUBCOMMANDS, "--verbose", "3", "train", "digits", "--lr", "[0.1, 0.2]")
    assert [each.name for each in chosen.hyperparameters] == ["lr"]
    assert chosen.notes == ("What stands before train cannot be tuned: --verbose.",)


def test_without_a_subcommand_discovery_names_them(scripts: Scripts) -> None:
    unchosen = scripts.discover(SUBCOMMANDS)
    assert [each.name for each in unchosen.hyperparameters] == ["verbose"]
    assert unchosen.notes == (
        "train.py has subcommands, each with its own options; write one behind the script: train, evaluate.",
    )


def test_a_config_file_that_is_read_first_sets_the_defaults(scripts: Scripts) -> None:
    scripts.write('{"lr": 0.7}', "config.json")
    text = """
        import argparse, json
        first = argparse.ArgumentParser(add_help=False)
        first.add_argument("--config")
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)

        def read_options():
            known, rest = first.parse_known_args()
            if known.config:
                with open(known.config) as file:
                    parser.set_defaults(**json.load(file))
            options = parser.parse_args(rest)
            return options

        read_options()
        """
    assert {name: each.default for name, each in scripts.find(text).items()} == {"lr": 0.1, "config": None}
    found = scripts.find(text, "--config", "config.json", "--lr", "[0.1,0.2]")
    assert found["lr"].default == 0.7


def test_two_parsers_on_one_line_are_both_read(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse
        def build():
            parser = argparse.ArgumentParser()
            parser.add_argument("--lr", type=float, default=0.1)
            return parser
        pre = argparse.ArgumentParser(add_help=False)
        pre.add_argument("--config", default="small")
        known, rest = pre.parse_known_args(); args = build().parse_args(rest)
        """
    )
    assert set(found) == {"config", "lr"}


def test_a_config_file_may_be_read_in_a_function_of_its_own(scripts: Scripts) -> None:
    scripts.write('{"lr": 0.7}', "config.json")
    found = scripts.find(
        """
        import argparse, json

        def read_config():
            parser = argparse.ArgumentParser(add_help=False)
            parser.add_argument("--config", default="config.json")
            known, rest = parser.parse_known_args()
            with open(known.config) as file:
                return json.load(file), rest

        def read_options(config, rest):
            parser = argparse.ArgumentParser()
            parser.add_argument("--lr", type=float, default=0.1)
            parser.set_defaults(**config)
            return parser.parse_args(rest)

        def main():
            config, rest = read_config()
            return read_options(config, rest)

        main()
        """
    )
    assert {name: each.default for name, each in found.items()} == {"lr": 0.7, "config": "config.json"}


def test_a_second_parser_that_is_never_reached_does_not_start_the_training(scripts: Scripts) -> None:
    found = scripts.find(
        f"""
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)

        def read_options():
            known, rest = parser.parse_known_args()
            if known.lr > 1:
                return parser.parse_args(rest)
            return known

        read_options()
        {TRAINS}
        """
    )
    assert list(found) == ["lr"]


def test_a_parser_in_a_module_beside_the_script_is_found(scripts: Scripts) -> None:
    scripts.write("", "options/__init__.py")
    scripts.write(
        """
        from argparse import ArgumentParser

        class Options(ArgumentParser):
            def parse_args(self, args=None, namespace=None):
                self.add_argument("--width", type=int, default=4)
                return super().parse_args(args, namespace)
        """,
        "options/base.py",
    )
    # Names of ours must not shadow the script's own modules.
    scripts.write("VALUE = 7", "discovery.py")
    scripts.write("VALUE = 7", "training/__init__.py")
    found = scripts.find(
        """
        import discovery, training
        from options.base import Options
        if __name__ == "__main__":
            parser = Options()
            parser.add_argument("--lr", type=float, default=discovery.VALUE / training.VALUE)
            parser.parse_args()
        """
    )
    assert {name: each.default for name, each in found.items()} == {"lr": 1.0, "width": 4}


def test_what_a_library_parses_while_it_is_imported_is_not_the_scripts(scripts: Scripts) -> None:
    library = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--theirs")
        parser.parse_known_args([])
        """
    scripts.write(library, "site-packages/library.py")
    found = scripts.find(
        """
        import argparse, os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "site-packages"))
        import library
        parser = argparse.ArgumentParser()
        parser.add_argument("--ours")
        parser.parse_args()
        """
    )
    assert list(found) == ["ours"]


def test_a_script_with_hundreds_of_options_is_read_whole(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse
        parser = argparse.ArgumentParser()
        for index in range(300):
            parser.add_argument(f"--option_{index}", type=int, default=index)
        parser.parse_args()
        """
    )
    assert [each.default for each in found.values()] == list(range(300))


def test_a_script_may_import_hypertuner(scripts: Scripts) -> None:
    found = scripts.discover(
        """
        import argparse
        import hypertuner
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        parser.parse_args()
        """
    )
    assert found.source == "argparse"


# --- click and typer ----------------------------------------------------------------------------------------------


def test_click_options_are_read(scripts: Scripts) -> None:
    discovered = scripts.discover(
        """
        import click

        @click.command()
        @click.option("--batch-size", "-b", default=56, show_default=True, help="images per step")
        @click.option("--lr", type=click.FloatRange(0, 1), default=0.1)
        @click.option("--optimizer", type=click.Choice(["adam", "sgd"]), default="sgd")
        @click.option("--augment/--no-augment", default=True)
        @click.option("--amp", is_flag=True)
        @click.option("--size", nargs=2, type=int)
        @click.option("--name", required=True)
        @click.version_option("1")
        @click.argument("data")
        def main(**options):
            raise AssertionError("trained")

        main()
        """
    )
    assert discovered.source == "click"
    found = {each.name: each for each in discovered.hyperparameters}
    assert {name: (each.flag, each.type, each.default) for name, each in found.items()} == {
        "batch_size": ("--batch-size", "int", 56),
        "lr": ("--lr", "float", 0.1),
        "optimizer": ("--optimizer", "choice", "sgd"),
        "augment": ("--augment", "bool", True),
        "amp": ("--amp", "bool", False),
        "size": ("--size", "text", None),
        "name": ("--name", "text", None),
    }
    assert found["augment"].off_flag == "--no-augment"
    assert found["name"].is_required
    assert discovered.notes == ("train.py also wants data; write it behind the script.",)


def test_commands_of_a_click_group_are_chosen_by_name(scripts: Scripts) -> None:
    text = """
        import click

        @click.group()
        def cli(): ...

        @cli.command("train")
        @click.option("--lr", default=0.1)
        def fit(lr): ...

        cli()
        """
    assert list(scripts.find(text, "train")) == ["lr"]
    assert scripts.discover(text).notes == (
        "train.py has subcommands, each with its own options; write one behind the script: train.",
    )


def test_typer_parameters_are_read(scripts: Scripts) -> None:
    discovered = scripts.discover(
        """
        from enum import Enum
        from typing import Annotated, Optional
        import typer

        class Optimizer(str, Enum):
            adam = "Adam"
            sgd = "SGD"

        def main(
            batch_size: int = 56,
            lr: Annotated[float, typer.Option(help="size of a step")] = 0.1,
            augment: bool = True,
            optimizer: Optimizer = Optimizer.sgd,
            depth: Optional[int] = None,
        ):
            raise AssertionError("trained")

        typer.run(main)
        """
    )
    assert discovered.source == "typer"
    found = {each.name: each for each in discovered.hyperparameters}
    assert {name: (each.flag, each.type, each.default) for name, each in found.items()} == {
        "batch_size": ("--batch-size", "int", 56),
        "lr": ("--lr", "float", 0.1),
        "augment": ("--augment", "bool", True),
        "optimizer": ("--optimizer", "choice", "SGD"),
        "depth": ("--depth", "int", None),
    }
    assert found["optimizer"].choices == ("Adam", "SGD")
    assert found["augment"].off_flag == "--no-augment"


ABSL = """
    {imports}
    flags.DEFINE_float("lr", 0.1, "size of a step")
    flags.DEFINE_integer("depth", 3, "layers", short_name="d")
    flags.DEFINE_bool("bn", True, "normalize")
    flags.DEFINE_enum("optimizer", "adam", ["adam", "sgd"], "which one")
    flags.DEFINE_list("widths", ["64", "32"], "per layer")
    flags.DEFINE_multi_integer("seeds", [1, 2], "all of them")
    flags.DEFINE_string("data", None, "a folder")

    def main(_arguments):
        {trains}

    if __name__ == "__main__":
        app.run(main)
    """
ABSL_READ = {
    "lr": ("--lr", None, "float", 0.1),
    "depth": ("--depth", None, "int", 3),
    "bn": ("--bn", "--nobn", "bool", True),
    "optimizer": ("--optimizer", None, "choice", "adam"),
    "widths": ("--widths", None, "text", "64,32"),
    "seeds": ("--seeds", None, "int", None),
    "data": ("--data", None, "text", None),
}


@pytest.mark.parametrize(
    ("imports", "source"),
    [
        ("from absl import app, flags", "absl"),
        # TensorFlow's flags are absl's, and it is seldom installed where one looks at a script.
        ("import a_package_that_nobody_has as tf; app, flags = tf.app, tf.flags", "source"),
    ],
)
def test_flags_of_absl_are_read(scripts: Scripts, imports: str, source: str) -> None:
    discovered = scripts.discover(ABSL.format(imports=imports, trains=TRAINS))
    assert discovered.source == source
    found = {each.name: each for each in discovered.hyperparameters}
    assert {name: (each.flag, each.off_flag, each.type, each.default) for name, each in found.items()} == ABSL_READ
    assert found["optimizer"].choices == ("adam", "sgd")
    assert found["lr"].help == "size of a step"


def test_a_script_that_only_logs_with_absl_is_not_started(scripts: Scripts) -> None:
    assert "shows no options" in scripts.refuse("from absl import logging\nlogging.info('training')")


def test_options_that_a_class_of_parsers_adds_while_it_parses_are_read(scripts: Scripts) -> None:
    scripts.write(
        """
        import argparse

        class Parser(argparse.ArgumentParser):
            def parse_known_args(self, args=None, namespace=None):
                self.add_argument("--bn", "--nobn", action=argparse.BooleanOptionalAction, default=True)
                return super().parse_known_args(args, namespace)
        """,
        "site-packages/library.py",
    )
    found = scripts.find(
        """
        import os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "site-packages"))
        from library import Parser as ArgumentParser
        parser = ArgumentParser()
        parser.add_argument("--lr", type=float, nargs=1, default=[0.1])
        parser.add_argument("--fast", type=bool, default=True)
        parser.add_argument("--no_fast", dest="fast", action="store_false")
        parser.add_argument("--options", nargs="*", default={})
        parser.parse_args()
        """
    )
    assert {name: (each.flag, each.type, each.default) for name, each in found.items()} == {
        "lr": ("--lr", "float", 0.1),
        "fast": ("--fast", "bool", True),
        "options": ("--options", "text", None),
        "bn": ("--bn", "bool", True),
    }
    assert not found["lr"].takes_many


# --- packages that are not installed ------------------------------------------------------------------------------


def test_a_missing_package_does_not_keep_the_parser_from_being_read(scripts: Scripts) -> None:
    discovered = scripts.discover(
        """
        import argparse
        import a_package_that_nobody_has as models
        from a_package_that_nobody_has.layers import Layer, compiled, str2bool
        from another.one import add_more_options

        assert models.__version__ >= "2.0"

        @compiled
        @compiled(fast=True)
        def train(epochs): return epochs

        class Block(Layer, models.Module[int]):
            def __init__(self): super().__init__(depth=2)

        Block()
        if models.is_fast():
            raise RuntimeError("nothing that is missing is true")
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--epochs", type=int, default=train(3))
        parser.add_argument("--amp", type=str2bool, default=False)
        parser.add_argument("--size", type=int, default=models.SIZE * 2)
        parser.add_argument("--weights", default=f"{models.hub()}/resnet.pt")
        parser.add_argument("--model", choices=sorted(models.names()), default="resnet")
        parser.add_argument("--block", choices=["plain", *models.blocks], default="dense")
        parser = add_more_options(parser)
        parser.parse_args()
        """
    )
    assert discovered.source == "argparse"
    assert {each.name: (each.type, each.default, each.choices) for each in discovered.hyperparameters} == {
        "lr": ("float", 0.1, ()),
        "epochs": ("int", 3, ()),
        "amp": ("bool", False, ()),
        "size": ("int", None, ()),
        "weights": ("text", None, ()),
        "model": ("text", "resnet", ()),
        "block": ("text", "dense", ()),
    }
    assert discovered.notes[0].endswith(
        "does not have the packages a_package_that_nobody_has and another, which train.py imports; its options are "
        "known all the same, but install that before you start a run."
    )
    assert discovered.notes[1] == (
        "Defaults or choices that come from a missing package are not known: --size, --weights, --model, --block."
    )


def test_an_import_that_may_fail_does_fail(scripts: Scripts) -> None:
    scripts.write("import a_package_that_nobody_has\nHAS_OTHER = True", "other.py")
    discovered = scripts.discover(
        """
        import argparse, contextlib, importlib, importlib.util
        HAS, HAS_OTHER, FOUND = False, False, importlib.util.find_spec("a_package_that_nobody_has") is not None
        try:
            import a_package_that_nobody_has
            HAS = True
        except ImportError:
            pass
        try:
            from other import HAS_OTHER
        except (ValueError, ModuleNotFoundError):
            pass
        with contextlib.suppress(ImportError):
            from a_package_that_nobody_has import HAS
        parser = argparse.ArgumentParser()
        for name, default in {"has": HAS, "other": HAS_OTHER, "found": FOUND}.items():
            parser.add_argument("--" + name, default=default)
        parser.parse_args()
        """
    )
    assert {each.name: each.default for each in discovered.hyperparameters} == {
        "has": False,
        "other": False,
        "found": False,
    }
    assert discovered.notes == ()


def test_an_import_that_only_says_what_to_install_is_needed(scripts: Scripts) -> None:
    discovered = scripts.discover(
        """
        import argparse, sys
        try:
            import a_package_that_nobody_has
        except ImportError as error:
            raise ImportError("install it first") from error
        try:
            import another
        except ImportError:
            print("install it first")
            sys.exit(1)
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        parser.parse_args()
        """
    )
    assert discovered.source == "argparse"
    assert "does not have the packages a_package_that_nobody_has and another" in discovered.notes[0]


def test_a_parser_that_the_script_only_adds_to_is_read(scripts: Scripts) -> None:
    scripts.write(
        """
        import argparse
        def parse(add_options):
            return add_options(argparse.ArgumentParser()).parse_args()
        """,
        "elsewhere/theirs.py",
    )
    found = scripts.find(
        """
        import os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "elsewhere"))
        from theirs import parse

        def add_options(parser):
            parser.add_argument("--lr", type=float, default=0.1)
            return parser

        parse(add_options)
        """
    )
    assert found["lr"].default == 0.1


def test_a_missing_package_that_would_parse_is_no_parser(scripts: Scripts) -> None:
    said = scripts.refuse(
        """
        from a_package_that_nobody_has import OptionsArgumentParser
        options = OptionsArgumentParser().parse_args_into_dataclasses()
        """
    )
    assert said.startswith("train.py needs the package a_package_that_nobody_has, which /")


def test_a_package_that_finds_its_own_modules_is_not_missing(scripts: Scripts) -> None:
    scripts.write(
        """
        import importlib.machinery, sys

        class Finder:
            def find_spec(self, name, path=None, target=None):
                return importlib.machinery.ModuleSpec(name, self) if name == "moved" else None
            def create_module(self, spec): return None
            def exec_module(self, module): module.DEPTH = 4

        sys.meta_path.append(Finder())
        """,
        "six.py",
    )
    discovered = scripts.discover(
        """
        import argparse, six, moved
        parser = argparse.ArgumentParser()
        parser.add_argument("--depth", type=int, default=moved.DEPTH)
        parser.parse_args()
        """
    )
    assert [each.default for each in discovered.hyperparameters] == [4]
    assert discovered.notes == ()


def test_missing_packages_of_what_is_installed_are_stood_in_for_too(scripts: Scripts) -> None:
    scripts.write("import a_package_that_nobody_has as theirs\nWriter = theirs.Writer", "site-packages/library.py")
    found = scripts.find(
        """
        import argparse, os, sys
        sys.path.append(os.path.join(os.path.dirname(__file__), "site-packages"))
        from library import Writer
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.parse_args()
        Writer()
        """
    )
    assert found["lr"].default == 0.1


def test_what_a_script_adds_after_a_parse_that_cannot_be_made_is_read_from_the_source(scripts: Scripts) -> None:
    text = """
        import argparse, os

        def train():
            parser = argparse.ArgumentParser()
            parser.add_argument("--output", required=True)
            parser.add_argument("--lr", type=float, default=0.1 + 0.2)
            known, _ = parser.parse_known_args()
            os.makedirs(known.output)
            parser.add_argument("--depth", type=int, default=3)
            parser.parse_args()

        train()
        """
    for items in ((), ("--output", "[out,elsewhere]")):
        discovered = scripts.discover(text, *items)
        assert {each.name: each.default for each in discovered.hyperparameters} == {
            "output": None,
            "lr": 0.1 + 0.2,
            "depth": 3,
        }
        assert discovered.notes == (
            "train.py parses its options in steps and needs some of them to go on, so 1 were read from the source, "
            "such as --depth; defaults that it computes are not known.",
        )


# --- the source, where running does not get there -------------------------------------------------------------------


def test_the_source_is_read_where_the_script_crashes(scripts: Scripts) -> None:
    scripts.write(
        """
        def add_model_options(parser):
            group = parser.add_argument_group("model")
            group.add_argument("--hidden", type=int, default=2**4)

        if __name__ == "__main__":
            import argparse
            argparse.ArgumentParser().add_argument("--only_here")
        """,
        "model.py",
    )
    discovered = scripts.discover(
        """
        import argparse
        from model import add_model_options

        decays = undefined
        CHOICES = {"adam": 1, "sgd": 2}

        def read_options():
            parser = argparse.ArgumentParser()
            parser.add_argument("-l", "--lr", type=float, default=1e-3, help="was %(default)s")
            parser.add_argument("--optimizer", choices=sorted(CHOICES), default="adam")
            parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True)
            parser.add_argument("--bn", action="store_true")
            parser.add_argument("--decay", type=lambda text: float(text), default=decays[0])
            parser.add_argument("--rank", type=int, default=int(os.environ.get("NO_SUCH_RANK", -1)))
            add_model_options(parser)
            parser.set_defaults(lr=0.5)
            return parser.parse_args()

        read_options()
        """
    )
    assert discovered.source == "source"
    assert "train.py crashes before it reads its options: NameError: name 'undefined' is not" in discovered.notes[0]
    found = {each.name: (each.flag, each.type, each.default) for each in discovered.hyperparameters}
    assert found == {
        "lr": ("--lr", "float", 0.5),
        "optimizer": ("--optimizer", "choice", "adam"),
        "augment": ("--augment", "bool", True),
        "bn": ("--bn", "bool", False),
        "decay": ("--decay", "float", None),
        "rank": ("--rank", "int", -1),
        "hidden": ("--hidden", "int", 16),
    }
    by_name = {each.name: each for each in discovered.hyperparameters}
    assert by_name["lr"].help == "was 0.001"
    assert by_name["hidden"].group == "model"
    assert by_name["augment"].off_flag == "--no-augment"


def test_the_source_tells_where_paths_lead(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse, os
        from pathlib import Path
        undefined

        ROOT = Path(os.path.relpath(Path(__file__).resolve().parents[0], Path.cwd()))
        NAMES = ["resnet", "vit"]
        parser = argparse.ArgumentParser()
        parser.add_argument("--weights", type=str, default=ROOT / "weights" / "small.pt")
        parser.add_argument("--data", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "data"))
        parser.add_argument("--model", default=NAMES[1], choices="resnet vit".split())
        parser.add_argument("--unknown", type=int, default=NAMES[7])
        parser.add_argument("--options", nargs="*", default={})
        """
    )
    assert {name: (each.type, each.default) for name, each in found.items()} == {
        "weights": ("text", "weights/small.pt"),
        "data": ("text", str(scripts.folder / "data")),
        "model": ("choice", "vit"),
        "unknown": ("int", None),
        "options": ("text", None),
    }


def test_click_and_typer_are_read_from_the_source_too(scripts: Scripts) -> None:
    click_script = """
        import click
        undefined

        @click.command()
        @click.option("--batch-size", "-b", default=56, type=click.IntRange(1))
        @click.option("--optimizer", type=click.Choice(["adam", "sgd"]), default="sgd")
        @click.option("--augment/--no-augment", default=True)
        def main(**options): ...
        main()
        """
    assert {name: (each.type, each.default) for name, each in scripts.find(click_script).items()} == {
        "batch_size": ("int", 56),
        "optimizer": ("choice", "sgd"),
        "augment": ("bool", True),
    }
    assert scripts.discover(click_script).source == "source"
    typer_script = """
        import typer
        undefined
        from typing import Annotated, Optional
        app = typer.Typer()

        @app.command()
        def train(
            data: str,
            batch_size: int = 56,
            lr: float = typer.Option(0.1, "--rate", help="size of a step"),
            depth: Annotated[Optional[int], typer.Option()] = None,
            augment: bool = True,
        ): ...
        app()
        """
    assert {name: (each.flag, each.type, each.default) for name, each in scripts.find(typer_script).items()} == {
        "batch_size": ("--batch-size", "int", 56),
        "lr": ("--rate", "float", 0.1),
        "depth": ("--depth", "int", None),
        "augment": ("--augment", "bool", True),
    }


PARSER = """
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.parse_args()
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("raise ValueError('no data')", "crashes before it reads its options: ValueError: no data (train.py, line 4)"),
        ("sys.exit('set DATA first')", "ends before it reads its options, saying: set DATA first"),
        ("os._exit(3)", "ends with status 3 before it reads its options"),
        ("os.abort()", "is killed by SIGABRT before it reads its options"),
        ("open('log.txt', 'w')", "writes log.txt before it reads its options"),
        ("os.makedirs('out/run')", "writes out before it reads its options"),
        ("socket.create_connection(('example.org', 80))", "asks example.org before it reads its options"),
        ("open(os.path.expanduser('~/hypertuner.log'), 'w')", "hypertuner.log before it reads its options"),
        ("subprocess.run(['torchrun', 'other.py'])", "starts torchrun other.py before it reads its options"),
        ("subprocess.run('git log > log.txt', shell=True)", "starts sh -c git log > log.txt before it reads"),
        ("subprocess.run(['git', 'clone', 'elsewhere'])", "starts git clone elsewhere before it reads its options"),
        ("subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])", "-m pip install x before it reads"),
    ],
)
def test_the_source_is_read_where_the_start_ends_too_early(scripts: Scripts, before: str, said: str) -> None:
    discovered = scripts.discover(f"\nimport argparse, os, socket, subprocess, sys\n\n{before}\n{PARSER}")
    assert [each.name for each in discovered.hyperparameters] == ["lr"]
    assert said in discovered.notes[0]


def test_what_only_reads_is_done_and_what_installs_fails(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse, logging, os, subprocess, tempfile
        logging.FileHandler(os.path.join(tempfile.mkdtemp(), "log.txt"))
        try:
            import a_package_that_nobody_has
        except ImportError:
            status = os.system("pip install a_package_that_nobody_has")
            import a_package_that_nobody_has
        parser = argparse.ArgumentParser()
        parser.add_argument("--host", default=subprocess.check_output(["uname"], text=True).strip())
        parser.add_argument("--status", type=int, default=status)
        parser.parse_args()
        """
    )
    assert {name: each.default for name, each in found.items()} == {"host": os.uname().sysname, "status": 1}


def test_a_script_that_never_reaches_its_parser_is_ended_with_its_children(scripts: Scripts, tmp_path: Path) -> None:
    scripts.write(
        f"""
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "while True: pass", "{tmp_path}"])
        """,
        "site-packages/library.py",
    )
    endless = """
import argparse, os, sys
sys.path.append(os.path.join(os.path.dirname(__file__), "site-packages"))
import library
while True: pass
"""
    discovered = scripts.discover(endless + PARSER, limit_s=2)
    assert "did not reach its parser within 2 s" in discovered.notes[0]
    # It is killed by now; how soon the kernel has taken it away is the machine's affair.
    wait_until(lambda: not any(str(tmp_path) in line for line in command_lines()), "the child to be gone")


def command_lines() -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


def test_the_scripts_start_has_no_gpu_no_input_and_knows_that_it_is_discovered(scripts: Scripts) -> None:
    found = scripts.find(
        """
        import argparse, os, sys
        parser = argparse.ArgumentParser()
        parser.add_argument("--gpus", default=os.environ["CUDA_VISIBLE_DEVICES"])
        parser.add_argument("--discovered", default=os.environ["HYPERTUNER_DISCOVERY"])
        parser.add_argument("--typed", default=repr(sys.stdin.read()))
        parser.add_argument("--folder", default=os.getcwd())
        parser.parse_args()
        """
    )
    assert {name: each.default for name, each in found.items()} == {
        "gpus": "",
        "discovered": "1",
        "typed": "''",
        "folder": str(scripts.folder),
    }


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("print('hello')", "train.py shows no options: HyperTuner reads those of argparse"),
        ("import argparse\nargparse.ArgumentParser().parse_args()", "train.py shows no options"),
        (
            "import argparse, os\nos._exit",
            "train.py writes trained before it has read any option; let it call parse_args() first.",
        ),
        (
            "import argparse, sys\nsys.exit()",
            "train.py ends before it reads any option; `python train.py --help` shows",
        ),
        (
            "import fire\n",
            "train.py reads its options with Fire, of which HyperTuner can read nothing",
        ),
        (
            "import argparse, a_package_that_nobody_has",
            "train.py needs the package a_package_that_nobody_has, which /",
        ),
        (
            "import argparse\n1 / 0",
            "train.py crashes before it reads its options: ZeroDivisionError: division by zero (train.py, line 2); "
            "mend that first, until `python train.py --help` works.",
        ),
        ("import argparse, sys\nsys.exit('set DATA\\n first.')", "saying: set DATA first; mend that first"),
        ("import argparse\nopen('log.txt', 'w')", "train.py writes log.txt before it has read any option"),
        ("def f(:\n  pass", "train.py is no Python that"),
        ("print 'hello'", "line 1: Missing parentheses in call to 'print'"),
    ],
)
def test_a_script_without_options_is_refused_with_the_remedy(scripts: Scripts, text: str, said: str) -> None:
    assert said in scripts.refuse(text)


def test_a_crash_names_the_file_in_which_it_happened(scripts: Scripts) -> None:
    scripts.write("import argparse\nx = (\n", "options.py")
    assert "SyntaxError: '(' was never closed (options.py, line 2)" in scripts.refuse("import argparse, options")


def test_an_endless_script_without_options_is_refused(scripts: Scripts) -> None:
    said = scripts.refuse("import argparse\nwhile True: pass", limit_s=1)
    assert said.startswith(
        "train.py did not reach its options within 1 s of its own time; move what is slow behind parse"
    )


def test_what_is_no_script_is_refused(scripts: Scripts) -> None:
    (scripts.folder / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    (scripts.folder / "empty").mkdir()
    (scripts.folder / "source").mkdir()
    (scripts.folder / "source" / "main.py").touch()
    scripts.write(PARSER)
    for command, said in {
        ("python", "trian.py"): f"There is no script trian.py in {scripts.folder}; did you mean train.py?",
        ("python", "elsewhere/train.py"): "There is no script elsewhere/train.py in",
        ("python", "source"): "source is a folder; name the script in it, such as source/main.py.",
        ("python", "model.pt"): "model.pt is a binary file and no Python script; name the .py file that trains.",
        ("python", "empty"): "empty is a folder; name a .py file.",
        ("bash", "train.py"): "bash is no Python interpreter, so nobody can tell what options there are.",
        ("pithon", "train.py"): "There is no program pithon; begin the command with a Python, as in: python train.py.",
        ("python",): f"Behind {sys.executable} comes the script",
    }.items():
        interpreter = sys.executable if command[0] == "python" else command[0]
        with pytest.raises(DiscoveryError) as refused:
            discover([interpreter, *command[1:]], scripts.folder)
        assert said in sentence(refused)


# --- the record, and the children's own promises ---------------------------------------------------------------------


def test_a_discovery_becomes_plain_data(scripts: Scripts) -> None:
    discovered = scripts.discover("import argparse\n" + PARSER)
    data = json.loads(json.dumps(discovered.to_json(), allow_nan=False))
    assert data["script"] == "train.py"
    assert data["source"] == "argparse"
    assert [Hyperparameter.from_json(each) for each in data["hyperparameters"]] == list(discovered.hyperparameters)


CHILDREN = [
    f"discovery_{name}"
    for name in ("child", "configs", "expressions", "guard", "parsers", "placeholder", "source", "trial")
]


@pytest.mark.parametrize("name", CHILDREN)
def test_the_children_are_written_for_python_3_8_and_its_standard_library(name: str) -> None:
    tree = ast.parse((Path(discovery.__file__).parent / f"{name}.py").read_text(), feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    # Each other's they import by file, and by package only for the type checker.
    own = {"sources", *CHILDREN}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | own

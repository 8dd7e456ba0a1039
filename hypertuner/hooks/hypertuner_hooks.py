"""Follows what a script logs by other packages: when it imports one of them, its way of logging is told to us as well.

Nothing is imported that the script does not import, and whatever goes wrong here is one line on stderr. Any Python
since 3.8, and only the standard library. `import hypertuner` would say that the script logs by that, and so does not
happen.
"""

import importlib
import importlib.util
import os
import sys
import time

VARIABLE = "HYPERTUNER_HOOKED"
# The module whose import is waited for -> ours that follows it.
FOLLOWED = {
    "wandb.sdk.wandb_run": "hypertuner_hook_wandb",
    "mlflow.tracking.client": "hypertuner_hook_mlflow",
    "torch.utils.tensorboard.writer": "hypertuner_hook_tensorboard",
    "tensorboardX.writer": "hypertuner_hook_tensorboard",
    "trackio.run": "hypertuner_hook_trackio",
    "lightning.pytorch.trainer.connectors.logger_connector.logger_connector": "hypertuner_hook_lightning",
    "pytorch_lightning.trainer.connectors.logger_connector.logger_connector": "hypertuner_hook_lightning",
    "keras.src.callbacks.history": "hypertuner_hook_keras",
    "transformers.trainer": "hypertuner_hook_transformers",
}
LONGEST_NAME = 500

_spool = None
# A logger may call another one that is followed, too; the outer one counts.
_depth = 0


def watch():
    """From now on, follow each of those modules as soon as it is imported."""
    sys.meta_path.insert(0, Finder())


class Finder:
    """Finds those modules where they are anyway, and follows them once they are there."""

    def find_spec(self, name, path=None, target=None):
        """A module that we follow; None for all others, which costs one look into a dictionary."""
        if name not in FOLLOWED:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    follow_when_loaded(spec.loader, FOLLOWED[name])
                return spec
        return None


def follow_when_loaded(loader, hook):
    """Let a loader call our hook with the module that it has just loaded."""
    load = loader.exec_module

    def exec_module(module):
        load(module)
        try:
            importlib.import_module(hook).follow(module)
        except Exception as error:  # noqa: BLE001 - a package in a version that we do not know
            say(f"{module.__name__} logs in a way that is not known here ({error!r}); its values are not read.")

    loader.exec_module = exec_module


def wrapped(owner, name, tell):
    """Call `tell` with the arguments of a method in front of each call of it; a logger within a logger is not told."""
    call = getattr(owner, name)

    def method(self, *arguments, **named):
        global _depth
        if not _depth:
            try:
                tell(self, *arguments, **named)
            except Exception as error:  # noqa: BLE001 - the training must not hear of it
                say(f"A value was not read from {owner.__name__}.{name}: {error!r}")
        _depth += 1
        try:
            return call(self, *arguments, **named)
        finally:
            _depth -= 1

    method.__name__, method.__doc__, method.__wrapped__ = name, call.__doc__, call
    setattr(owner, name, method)


def record(source, values, step=None, epoch=None):
    """Hand over what is a number among named values. Of several processes of one script, only the first does."""
    # RANK alone may be anything, such as an option of LoRA.
    if os.environ.get("RANK", "0") != "0" and os.environ.get("WORLD_SIZE", "1") != "1":
        return
    numbers = {}
    for name, value in dict(values).items():
        number = number_of(value)
        if number is not None and str(name) not in ("epoch", "step", "global_step"):
            numbers[str(name)[:LONGEST_NAME]] = number
    if not numbers:
        return
    places = {"batch": number_of(step), "epoch": number_of(epoch)}
    line = {"t": time.time(), "m": numbers, "from": source}
    line.update({name: place for name, place in places.items() if place is not None})
    spool().append(line)


def number_of(value):
    """One number, as a float; None for everything else."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, bytes)):
        return None
    if not isinstance(value, (int, float)):
        if not hasattr(value, "item") or (
            getattr(value, "size", 1) not in (1,) and not callable(getattr(value, "size", 1))
        ):
            return None
        try:
            value = value.item()
        except Exception:  # noqa: BLE001 - an array of several, or a tensor without a value
            return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def spool():
    """The file for all of this process."""
    global _spool
    path = os.environ[VARIABLE]
    if _spool is None or _spool.path != path:
        place = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "spool.py")
        spec = importlib.util.spec_from_file_location("hypertuner_hooks_spool", place)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _spool = module.Spool(path)
    return _spool


_said = set()


def say(sentence):
    """One line on stderr, once."""
    if sentence not in _said and len(_said) < 20:
        _said.add(sentence)
        try:
            sys.stderr.write(f"hypertuner: {sentence}\n")
        except Exception:  # noqa: BLE001, S110 - it may be closed
            pass

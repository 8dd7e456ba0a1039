"""What Hugging Face's Trainer logs."""

from hypertuner_hooks import record, wrapped


def follow(module):
    wrapped(module.Trainer, "log", _tell)


def _tell(trainer, logs, *_, **__):
    record("Trainer", logs, trainer.state.global_step, trainer.state.epoch)

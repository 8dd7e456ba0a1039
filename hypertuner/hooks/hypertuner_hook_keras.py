"""What Keras keeps of each epoch in its history, whatever callbacks a script has."""

from hypertuner_hooks import record, wrapped


def follow(module):
    wrapped(module.History, "on_epoch_end", lambda _, epoch, logs=None: record("Keras", logs or {}, epoch=epoch))

"""What is said of real networks: one that learns wrong labels by heart, and one that does not."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from analysis.curves import Flag, curve, flags

EPOCHS = 40


def flags_of_training(
    count: int, share_wrong: float, *, learning_rate: float, decay: float
) -> dict[tuple[str, str], Flag]:
    """The flags on EPOCHS epochs with so many digits, of whose labels a share is drawn at random."""
    chance = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    order = chance.permutation(len(labels))
    images, labels = images[order] / 16, labels[order]
    taught = labels[:count].copy()
    taught[: int(share_wrong * count)] = chance.integers(0, 10, int(share_wrong * count))
    network = MLPClassifier(32, batch_size=32, learning_rate_init=learning_rate, alpha=decay, random_state=0)
    logged: dict[str, list[float]] = {"loss": [], "val_loss": [], "accuracy": [], "val_accuracy": []}
    for _ in range(EPOCHS):
        network.partial_fit(images[:count], taught, classes=np.arange(10))
        for prefix, x, y in (("", images[:count], taught), ("val_", images[-300:], labels[-300:])):
            guess = network.predict_proba(x)
            logged[f"{prefix}loss"].append(float(log_loss(y, guess, labels=np.arange(10))))
            logged[f"{prefix}accuracy"].append(float((guess.argmax(axis=1) == y).mean()))
    found = flags([curve(name, np.arange(1, EPOCHS + 1), values) for name, values in logged.items()])
    return {(flag.rule, flag.metric): flag for flag in found}


def test_a_network_that_learns_wrong_labels_by_heart_overfits() -> None:
    said = flags_of_training(200, 0.25, learning_rate=0.01, decay=1e-4)
    assert 3 <= said["overfitting", "val_loss"].began <= 25
    assert ("overfitting", "val_accuracy") in said
    assert ("plateau", "val_accuracy") not in said


def test_a_network_with_clean_labels_and_weight_decay_does_not() -> None:
    said = flags_of_training(500, 0.0, learning_rate=0.001, decay=1.0)
    assert {rule for rule, _ in said} <= {"plateau", "improving"}
    assert said

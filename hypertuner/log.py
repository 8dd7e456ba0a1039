"""`hypertuner.log(...)`: hand metric values to the launcher, one line of JSON per call."""

from __future__ import annotations

import math
import time

from hypertuner import spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def log(*, epoch: object = None, batch: object = None, epochs: object = None, **metrics: object) -> None:
    """Report metric values: `hypertuner.log(epoch=3, loss=0.31, accuracy=0.92)`.

    epoch, batch: where the training stands, counted as the script likes; epochs: how many epochs there will be.
    Values: whatever is one number (int, float, NaN, infinity, scalars of numpy, PyTorch, JAX ...); others are left out
    with a warning. Without a launcher nothing is written, and of several processes (RANK) only the first one's values.
    """
    position = {}
    if epoch is not None:
        position["epoch"] = epoch
    if batch is not None:
        position["batch"] = batch
    if epochs is not None:
        position["epochs"] = epochs
    values = _numbers(metrics)
    places = {name: number for name, number in _numbers(position).items() if _is_place(name, number)}
    file = spool.current()
    if file is not None and not spool.is_first():
        spool.warn_once("of several processes only the first reports; what the others log is left out")
    elif file is not None and (values or places):
        file.append({"t": time.time(), "m": values, **places})


def _numbers(named: dict[str, object]) -> dict[str, float]:
    numbers = {}
    for name, value in named.items():
        number = value if type(value) is float else _number(value)
        if number is None:
            spool.warn_once(f"{name} is not a number but {type(value).__name__}; it is left out")
        else:
            numbers[name] = number
    return numbers


def _is_place(name: str, number: float) -> bool:
    if math.isfinite(number):
        return True
    spool.warn_once(f"{name} is {number}, which is no place in a training; it is left out")
    return False


def _number(value: object) -> float | None:
    try:
        # Scalars of PyTorch and numpy: their float() warns, or fails, where item() does not.
        plain: Any = value.item() if type(value) is not int and hasattr(value, "item") else value
        if type(plain) is float:
            return plain
        if isinstance(plain, (bool, str, bytes)) or not hasattr(type(plain), "__float__"):
            return None
        number = float(plain)  # Raises where it is too large for a double.
        return plain if type(plain) is int else number
    except Exception:  # noqa: BLE001  The value's own code may raise anything, and a training must go on.
        return None

"""The launch dialog as its callbacks are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dash._callback_context import context_value
from dash._utils import AttributeDict

from callbacks.launch.opening import fill
from storage.store import Store
from tests.laboratory import finished, known, laboratory, workshop  # noqa: F401 - fixtures


def form(command: str = "python train.py --lr 0.1", **changes: Any) -> dict[str, Any]:
    """The dialog's fields as callbacks get them; `options` by their names."""
    options = changes.pop("options", {})
    return {
        "command": command,
        "strategy": "grid",
        "count": "20",
        "seed": "0",
        "repeats": "1",
        "option_names": [{"type": "strategy-option", "name": name} for name in options],
        "options": list(options.values()),
        "objective": "accuracy",
        "goal": "maximize",
        "metrics": ["accuracy"],
        "cpus": "1",
        "gpus": "0",
        "concurrency": "",
        "priority": "0",
        "weight": "1",
        "retries": "0",
        "time_limit": "",
        "data": "",
    } | changes


def opened(store: Store, mode: str = "new", *, path: str = "/projects/digits", **origin: Any) -> dict[str, Any]:
    """What a click that opens the dialog fills it with."""
    data = {"mode": mode, "origin": {"run": None, "picked": [], "brush": None, "selected": 0, **origin}, "at": 1}
    names = ("title", "body", "context", "decisions", "choices", "word", "error")
    return dict(zip(names, fill(store, data, path), strict=True))


@contextmanager
def triggered_by(id_: str, property_: str = "value") -> Iterator[None]:
    """What `ctx` says inside a callback."""
    token = context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{id_}.{property_}", "value": None}]))
    yield
    context_value.reset(token)

"""A module's callbacks, declared at import and attached to an app later."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from dash import ClientsideFunction, Dash
from dash.dependencies import DashDependency

from storage.store import Store

Handler = TypeVar("Handler", bound=Callable[..., Any])


class CallbackGroup:
    """Callbacks that wait for their app: Dash's own global list goes into the first app that serves a request.

    The decorator returns the function unchanged, so a handler is tested by calling it.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[tuple[DashDependency, ...], dict[str, Any], Callable[..., Any]]] = []
        self._clientside: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def on(self, *dependencies: DashDependency, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a server callback. The handler gets the store before its inputs."""

        def declare(handler: Handler) -> Handler:
            self._pending.append((dependencies, options, handler))
            return handler

        return declare

    def in_browser(self, function: str, *dependencies: DashDependency, **options: Any) -> None:
        """Declare a callback that runs in the browser: `function` is `namespace.name` of a file in assets/."""
        namespace, name = function.split(".")
        self._clientside.append(((_clientside(namespace, name), *dependencies), options))

    def attach(self, app: Dash, store: Store) -> None:
        """Give every declared callback to the app."""
        for dependencies, options, handler in self._pending:
            app.callback(*dependencies, **options)(partial(handler, store))
        for arguments, options in self._clientside:
            app.clientside_callback(*arguments, **options)


def _clientside(namespace: str, name: str) -> Any:
    return ClientsideFunction(namespace=namespace, function_name=name)

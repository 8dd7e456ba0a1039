"""What an address may hold, and how many large answers are computed at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from werkzeug.wrappers import Response as AnyResponse

from app.pages import error_page

# Numbers of runs and experiments are PostgreSQL's integers; a larger one names nothing.
LARGEST_NUMBER = 2**31 - 1
# Each may take 150 MB at 100,000 experiments. More at once would not be faster: they compute in one process.
MOST_AT_ONCE = 2
WAIT_S = 20.0

_places = threading.BoundedSemaphore(MOST_AT_ONCE)
Question = ParamSpec("Question")


def few_at_once(answer: Callable[Question, AnyResponse]) -> Callable[Question, AnyResponse]:
    """Let the addresses that compute from very many experiments take turns, so that memory has a limit."""

    @wraps(answer)
    def in_turn(*arguments: Question.args, **named: Question.kwargs) -> AnyResponse:
        if not _places.acquire(timeout=WAIT_S):
            return error_page(503, "The server is busy.", "Try again in a moment.")
        try:
            return answer(*arguments, **named)
        finally:
            _places.release()

    return in_turn

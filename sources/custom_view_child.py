"""Calls a custom view's function and writes down the figure that it returns.

Started by path with the project's own interpreter: nothing but the standard library, and nothing newer than Python 3.8.
    python custom_view_child.py FOLDER DESCRIPTOR
The folder holds `run.json` and what hypertuner/view_data.py reads; the descriptor takes the answer, one object of JSON:
{"figure"}, or {"problem", "traceback"}.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

MOST_TRACEBACK = 20_000


def main() -> None:
    folder, descriptor = sys.argv[1], int(sys.argv[2])
    with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
        run = json.load(file)
    sys.argv = [run["file"]]
    _bound(run)
    # In the place of our own folder: only the package that a script may import.
    sys.path[0] = os.path.join(folder, "client")
    from hypertuner import view_data
    from hypertuner.views import figures
    from hypertuner.views.attaching import ViewError

    sys.path.insert(0, run["project"])
    try:
        figure = _function(run)(view_data.read(folder))
        content = json.dumps({"figure": figures.content_of(figure)}, separators=(",", ":"))
        if len(content) > run["most_bytes"]:
            raise ViewError(_too_large(len(content), run["most_bytes"]))
    except BaseException as error:  # noqa: BLE001  Whatever a view does is told in its place, and ends here.
        content = json.dumps(_told(error, run))
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    _write(descriptor, content.encode("ascii"))
    # Threads that it left behind would keep the process.
    os._exit(0)


def _bound(run: dict[str, Any]) -> None:
    """What nobody outside sees to: memory, what is written to disk, and an end also where the web was killed."""
    # Of what is written to, unlike RLIMIT_AS, which counts every library and reservation, too.
    for kind, most in ((resource.RLIMIT_DATA, run["memory_bytes"]), (resource.RLIMIT_FSIZE, run["file_bytes"])):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(math.ceil(run["timeout_s"]) + 5)
    # Where memory is short all the same, the kernel takes this process first.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _function(run: dict[str, Any]) -> Any:
    spec = spec_from_file_location("custom_view", os.path.join(run["project"], run["file"]))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    function = getattr(module, "view", None)
    if not callable(function):
        raise _NoFunction
    return function


class _NoFunction(Exception):
    """The file has no function of that name."""


def _too_large(size: int, most: int) -> str:
    return f"it takes {size / 1e6:,.1f} MB, and {most / 1e6:,.0f} MB is the most; draw fewer points, or a summary"


def _told(error: BaseException, run: dict[str, Any]) -> dict[str, str]:
    """An error as a sentence, and the traceback through the project's own files."""
    file = run["file"]
    if isinstance(error, _NoFunction):
        return {
            "problem": f"{file} has no function `view`; write `def view(data):` that returns a figure. "
            "A file that is none, such as one of helpers, begins with an underscore.",
            "traceback": "",
        }
    try:
        problem, lines = _sentence(error, file), _own_traceback(error, run["project"])
    except BaseException:  # noqa: BLE001  The text of an error is the view's own code, too.
        problem, lines = f"{file} raised {type(error).__name__}.", ""
    return {"problem": problem[:2_000], "traceback": lines[-MOST_TRACEBACK:]}


def _sentence(error: BaseException, file: str) -> str:
    if isinstance(error, SyntaxError):
        return f"{file} is no Python that {sys.executable} understands: {error.msg}."
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{file} imports {error.name}, which is neither in the project's folder nor installed for "
            f"{sys.executable}; install it there."
        )
    if isinstance(error, MemoryError):
        return f"{file} needs more memory than a view may have."
    if type(error).__name__ == "ViewError":
        return f"{file} returned what is not shown: {error}."
    if isinstance(error, SystemExit):
        return f"{file} ended itself ({error.code!r}); return a figure instead."
    text = str(error)
    return f"{file} raised {type(error).__name__}{': ' if text else ''}{text}"


def _own_traceback(error: BaseException, project: str) -> str:
    inside = os.path.join(os.path.realpath(project), "")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _real(frame.filename).startswith(inside)]
    if not frames and not isinstance(error, SyntaxError):
        return ""
    head = ["Traceback (most recent call last):\n"] if frames else []
    lines = [*head, *traceback.format_list(frames), *traceback.format_exception_only(type(error), error)]
    return "".join(lines).replace(inside, "").replace(os.path.join(project, ""), "")


def _real(name: str) -> str:
    return os.path.realpath(name) if os.path.isabs(name) else name


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    main()

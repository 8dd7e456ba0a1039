"""Python runs this when it starts a script: it watches for loggers that the script imports, and does nothing else.

The `sitecustomize` that would have been run in our place is run, too.
"""

import os
import sys


def run_the_other():
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    others = [path for path in sys.path if os.path.abspath(path or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("HYPERTUNER_HOOKED"):
    try:
        import hypertuner_hooks

        hypertuner_hooks.watch()
    except Exception:  # noqa: BLE001, S110 - whatever it is, the script is to start as it would without us
        pass
run_the_other()

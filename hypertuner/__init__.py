"""What users import in their training script: `hypertuner.log(...)` and `hypertuner.views`.

May import: the standard library, and of it at import next to nothing; runs on Python 3.8 and later.
Start reading at `log.py`.
"""

from __future__ import annotations

from hypertuner import spool as _spool
from hypertuner.log import log as log

# Type checkers take it for true. The module `typing`, `json` and what views need would each cost a script milliseconds.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from hypertuner import views as views

__version__ = "0.1.0"
__all__ = ["__version__", "log", "views"]

_spool.announce()


def __getattr__(name: str) -> ModuleType:
    if name == "views":
        from importlib import import_module

        return import_module("hypertuner.views")
    raise AttributeError(f"module 'hypertuner' has no attribute {name!r}")

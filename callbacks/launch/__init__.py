"""The launch dialog's wiring. The command is the truth about candidates: fields write it, and what it says runs.

Start reading at `opening.py`, then `editing.py`, `previewing.py` and `launching.py`.
"""

from callbacks.launch import editing, launching, opening, previewing

GROUPS = (opening.callbacks, editing.callbacks, previewing.callbacks, launching.callbacks)

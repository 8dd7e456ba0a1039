"""The launch dialog: what to tune, how settings are chosen, and what would run.

May import: `analysis`, other layouts. Start reading at `frame.py`.
"""

from layouts.launch.form import Form
from layouts.launch.frame import body, dialog

__all__ = ["Form", "body", "dialog"]

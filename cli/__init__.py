"""The `hypertuner` command: one file per command, and what they share.

May import: everything of ours. Start reading at `main.py`; `up.py` and `services.py` keep the product running, `run.py`
and `launch.py` launch.
"""

"""From a command to a queued run: what the page's dialog and `hypertuner run` share.

May import: `storage`, `sources`, `analysis`. Start reading at `plan.py`.
"""

"""The watching of curves: flags, and the rules that people switched on.

May import: `storage`, `analysis` and the rest of `training`. Start reading at `watcher.py`.
"""

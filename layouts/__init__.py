"""Screens as pure functions: data in, components or figures (plain dictionaries) out. No I/O, no callbacks.

May import: `analysis` for its record types. Start reading at `ids.py`, then `shell.py`.
"""

"""The wiring: one module per screen. Each reads storage and calls layouts.

May import: `layouts`, `storage`, `analysis`. Start reading at `group.py`, then `pages.py`.
"""

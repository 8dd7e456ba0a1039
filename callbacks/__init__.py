"""Dash wiring alone: one module per screen. Each asks `answers` and storage, and calls layouts.

May import: `answers`, `layouts`, `launch`, `sources`, `storage`, `analysis`. Start reading at `group.py`,
then `pages.py`.
"""

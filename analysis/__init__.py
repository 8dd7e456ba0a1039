"""Pure functions on values and data frames: hyperparameters, candidates, command lines, curves, importance and rules.

May import: nothing else of ours, and neither Dash, Ray nor the database. Start reading at `hyperparameters.py`.
"""

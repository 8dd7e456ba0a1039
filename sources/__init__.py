"""A user's script and what belongs to it: its hyperparameters, the snapshot of its folder, and what identifies it.

May import: `analysis`, `hypertuner`. Start reading at `discovery.py`; `discovery_child.py` and `discovery_source.py`
run as processes of the user's own interpreter and import nothing of ours.
"""

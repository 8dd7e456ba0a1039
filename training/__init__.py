"""Everything that runs on Ray: dispatcher, run scheduler, experiment actor, supervision of scripts.

May import: `storage`, `analysis`; never Dash.
Start reading at `dispatcher.py`, then `scheduler.py` and `experiment.py`.
"""

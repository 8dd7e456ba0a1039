"""Everything that runs on Ray: dispatcher, run scheduler, experiment actor, supervision of the user's script, discovery.

May import: `storage`, `analysis`; never Dash. Start reading at `dispatcher.py`, then `scheduler.py` and `experiment.py`.
"""

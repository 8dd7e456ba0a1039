"""Everything that runs experiments: dispatcher, engine, pool of workers, experiment actor, supervision of scripts.

May import: `launch`, `sources`, `storage`, `analysis`; never Dash. Ray is known only to `dispatcher`, `engine`, `pool`,
`actor`, `cluster` and `reaper`. Start reading at `dispatcher.py`, then `engine.py`, `pool.py` and `experiment.py`.
"""

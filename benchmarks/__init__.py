"""Programs that measure against a peer or a limit in the same run. Start reading at `figures.py`; `make bench` runs all."""

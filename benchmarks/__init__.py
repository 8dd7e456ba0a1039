"""Programs that measure against a peer or a limit in the same run; `make bench` runs all. See `figures.py` first."""

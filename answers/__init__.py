"""What pages ask: storage and analysis in words and numbers, without Dash and Flask.

May import: `layouts`, `launch`, `sources`, `storage`, `analysis`. Start reading at
`run_changes.py`; `app/addresses.py` says which answer is asked where.
"""

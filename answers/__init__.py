"""What pages ask: storage and analysis in numbers, words and components, without callbacks and Flask.

May import: `layouts`, `launch`, `sources`, `storage`, `analysis`. Start reading at
`run_changes.py`; `app/addresses.py` says which answer is asked where.
"""

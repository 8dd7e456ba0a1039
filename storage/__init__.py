"""PostgreSQL, the only truth: schema, migrations, queries and the embedded server.

May import: nothing else of ours. Start reading at `schema.py`, then `store.py` and `changes.py`.
Every query module holds functions that take a `Store` first and return frozen records, never ORM rows.
"""

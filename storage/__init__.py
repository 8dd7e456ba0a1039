"""PostgreSQL, the only truth: schema, migrations, queries and the embedded server.

May import: `analysis`. Start reading at `schema.py`, then `store.py`, `changes.py` and `leases.py`.
Every query module holds functions that take a `Store` first and return frozen records, never ORM rows.
"""

"""Notes of people on experiments."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLE = """
CREATE TABLE note (
    experiment_id bigint PRIMARY KEY REFERENCES experiment,
    text text NOT NULL,
    version integer NOT NULL,
    written_by text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
"""


def upgrade() -> None:
    op.execute(TABLE)

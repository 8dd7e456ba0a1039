"""Whether a run only tries its command."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TABLE run ADD COLUMN is_trial boolean NOT NULL DEFAULT false")

"""How else a project prints its metrics."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE project ADD COLUMN patterns jsonb NOT NULL DEFAULT '[]'")

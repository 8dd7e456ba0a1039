"""Whether the scripts of a run get a terminal."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE run ADD COLUMN has_terminal boolean NOT NULL DEFAULT false")

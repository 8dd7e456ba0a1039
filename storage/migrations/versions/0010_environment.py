"""The environment variables that a launch hands to its scripts."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE run ADD COLUMN environment jsonb NOT NULL DEFAULT '{}'")

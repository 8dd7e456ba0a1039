"""Whether a project's program may take options that no parser declares."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE project ADD COLUMN takes_more boolean NOT NULL DEFAULT false")

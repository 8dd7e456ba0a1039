"""Where the options of a project's script were read: by which parser, or from its source."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE project ADD COLUMN options_from text")

"""Where the values of a metric are from: hypertuner.log, the output, or a file."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE metric_summary ADD COLUMN source text NOT NULL DEFAULT ''")

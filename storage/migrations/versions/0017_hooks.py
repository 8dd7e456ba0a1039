"""Whether what scripts log by other packages is followed."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    for table in ("project", "run"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN has_hooks boolean NOT NULL DEFAULT true")

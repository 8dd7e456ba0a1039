"""How far each file of a spool was read, by the file's name: there may be more than two."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE experiment ADD COLUMN offsets jsonb NOT NULL DEFAULT '{}'")
    op.execute(
        """UPDATE experiment SET offsets = jsonb_strip_nulls(jsonb_build_object(
            'metrics.jsonl', nullif(metric_offset, 0), 'stdout', nullif(stdout_offset, 0)))
        WHERE metric_offset > 0 OR stdout_offset > 0"""
    )
    op.execute("ALTER TABLE experiment DROP COLUMN metric_offset, DROP COLUMN stdout_offset")

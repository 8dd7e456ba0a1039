"""What each experiment wrote in folders of its own, and what all experiments of a project share."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for table in ("project", "run"):
        op.execute(
            f"""ALTER TABLE {table} ADD COLUMN shared_paths jsonb NOT NULL DEFAULT '[]',
                ADD COLUMN in_place boolean NOT NULL DEFAULT false"""
        )
    op.execute(
        """CREATE TABLE experiment_files (
            experiment_id bigint PRIMARY KEY REFERENCES experiment (id),
            host text NOT NULL,
            folder text NOT NULL,
            kind text NOT NULL,
            note text,
            count integer NOT NULL,
            bytes bigint NOT NULL,
            disk_bytes bigint NOT NULL,
            listing jsonb NOT NULL,
            large jsonb NOT NULL,
            measured_at timestamptz NOT NULL DEFAULT now(),
            removed_at timestamptz
        )"""
    )

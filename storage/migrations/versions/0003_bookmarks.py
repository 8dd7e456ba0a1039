"""Bookmarks: the run page as somebody arranged it, under a name, for everybody in the project."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLE = """
CREATE TABLE bookmark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project,
    name text NOT NULL,
    query text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, name)
);
"""


def upgrade() -> None:
    op.execute(TABLE)

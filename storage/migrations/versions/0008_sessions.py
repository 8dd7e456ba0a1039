"""Sessions that can be listed and ended, and files that are made in the background."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE TABLE session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    user_agent text NOT NULL,
    address text NOT NULL
);

CREATE TABLE export (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES session,
    kind text NOT NULL,
    question jsonb NOT NULL,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    progress double precision NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    slot integer,
    reason text,
    file text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 hour'
);
CREATE INDEX export_open ON export (id) WHERE state IN ('queued', 'working');
CREATE INDEX export_session ON export (session_id);
"""


def upgrade() -> None:
    op.execute(TABLES)

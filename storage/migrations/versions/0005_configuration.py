"""What surrounds an experiment: the revision of its code, where it ran, its attempts, and why it failed."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE revision (
    digest text PRIMARY KEY,
    facts jsonb NOT NULL,
    diff text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE environment (
    run_id bigint NOT NULL REFERENCES run,
    host text NOT NULL,
    facts jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, host)
);
CREATE TABLE attempt (
    experiment_id bigint NOT NULL REFERENCES experiment,
    attempt integer NOT NULL,
    host text,
    started_at timestamptz,
    ended_at timestamptz,
    duration_s double precision,
    exit_code integer,
    ending text,
    reason text,
    PRIMARY KEY (experiment_id, attempt)
);
ALTER TABLE run ADD COLUMN revision_digest text REFERENCES revision;
ALTER TABLE experiment ADD COLUMN failure text;
"""

# Of earlier attempts only the newest is known.
ATTEMPTS = """
INSERT INTO attempt (experiment_id, attempt, host, started_at, ended_at, duration_s, exit_code, ending, reason)
SELECT id, attempt, host, started_at, ended_at, duration_s, exit_code,
    CASE WHEN state IN ('finished', 'failed', 'stopped') THEN state END, reason
FROM experiment WHERE attempt > 0 AND reused_from IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(ATTEMPTS)

"""The first tables, the change stamps, and the view that unnests metric chunks."""

from alembic import op

revision = "0001"
down_revision = None

# A frozen copy of the tables as of this revision; later revisions alter them.
TABLES = """
CREATE TABLE project (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    directory text NOT NULL,
    command jsonb NOT NULL,
    hyperparameters jsonb NOT NULL,
    objective text,
    goal text NOT NULL DEFAULT 'maximize' CHECK (goal IN ('maximize', 'minimize')),
    created_at timestamptz NOT NULL DEFAULT now(),
    change xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE TABLE snapshot (
    digest text PRIMARY KEY,
    archive bytea NOT NULL,
    script text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project,
    number integer NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'finished', 'failed', 'stopped')),
    command_line text NOT NULL,
    command jsonb NOT NULL,
    directory text NOT NULL,
    candidates json NOT NULL,
    hyperparameters jsonb NOT NULL,
    objective text,
    goal text NOT NULL DEFAULT 'maximize' CHECK (goal IN ('maximize', 'minimize')),
    snapshot_digest text REFERENCES snapshot,
    cpus double precision NOT NULL DEFAULT 1,
    gpus double precision NOT NULL DEFAULT 0,
    concurrency integer,
    time_limit_s double precision,
    retries integer NOT NULL DEFAULT 0,
    idempotency_key text UNIQUE,
    request text,
    reason text,
    owner text,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    change xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (project_id, number)
);
CREATE INDEX run_open ON run (id) WHERE state IN ('queued', 'running');
CREATE INDEX run_change ON run (project_id, change);
CREATE TABLE experiment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project,
    run_id bigint NOT NULL REFERENCES run,
    number integer NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'finished', 'failed', 'stopped')),
    settings json NOT NULL,
    fingerprint text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    losses integer NOT NULL DEFAULT 0,
    request text,
    reason text,
    exit_code integer,
    host text,
    epoch double precision,
    epochs double precision,
    metric_offset bigint NOT NULL DEFAULT 0,
    stdout_offset bigint NOT NULL DEFAULT 0,
    value_count bigint NOT NULL DEFAULT 0,
    rejected_lines integer NOT NULL DEFAULT 0,
    rejected_sample text,
    owner text,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    duration_s double precision,
    created_at timestamptz NOT NULL DEFAULT now(),
    change xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (project_id, number)
);
CREATE INDEX experiment_open ON experiment (run_id, number) WHERE state IN ('queued', 'running');
CREATE INDEX experiment_run ON experiment (run_id);
CREATE INDEX experiment_change ON experiment (project_id, change);
CREATE TABLE metric (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project,
    name text NOT NULL CHECK (octet_length(name) <= 512),
    UNIQUE (project_id, name)
);
CREATE TABLE metric_chunk (
    experiment_id bigint NOT NULL REFERENCES experiment,
    attempt integer NOT NULL,
    metric_id integer NOT NULL REFERENCES metric,
    first_seq bigint NOT NULL,
    "values" double precision[] NOT NULL,
    epochs double precision[],
    batches double precision[],
    times double precision[] NOT NULL,
    PRIMARY KEY (experiment_id, attempt, metric_id, first_seq)
);
-- Compressing doubles costs the writer more than it saves: half of its throughput.
ALTER TABLE metric_chunk ALTER COLUMN "values" SET STORAGE EXTERNAL, ALTER COLUMN epochs SET STORAGE EXTERNAL,
    ALTER COLUMN batches SET STORAGE EXTERNAL, ALTER COLUMN times SET STORAGE EXTERNAL;
CREATE TABLE metric_summary (
    experiment_id bigint NOT NULL REFERENCES experiment,
    metric_id integer NOT NULL REFERENCES metric,
    attempt integer NOT NULL,
    count bigint NOT NULL,
    last double precision NOT NULL,
    minimum double precision,
    maximum double precision,
    PRIMARY KEY (experiment_id, metric_id)
);
CREATE TABLE view (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES experiment,
    attempt integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    epoch double precision,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX view_experiment ON view (experiment_id, attempt, name);
CREATE TABLE experiment_log (
    experiment_id bigint PRIMARY KEY REFERENCES experiment,
    attempt integer NOT NULL,
    stdout_tail text NOT NULL DEFAULT '',
    stderr_tail text NOT NULL DEFAULT ''
);
CREATE TABLE token (
    hash text PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE heartbeat (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now(),
    detail jsonb NOT NULL DEFAULT '{}'
);
"""

# Leases are renewed every few seconds; only columns that a person can see count as a change.
CHANGES = """
CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.change := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON project FOR EACH ROW EXECUTE FUNCTION stamp_change();
CREATE TRIGGER stamp BEFORE UPDATE OF state, request, reason, started_at, ended_at ON run
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
CREATE TRIGGER stamp BEFORE UPDATE OF state, request, reason, exit_code, epoch, epochs, value_count,
    rejected_lines, attempt, started_at, ended_at, duration_s ON experiment
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
"""

VALUES_VIEW = """
CREATE VIEW metric_value AS
SELECT experiment_id, attempt, metric_id, first_seq + position - 1 AS seq, value, epoch, batch, time
FROM metric_chunk,
    unnest("values", epochs, batches, times) WITH ORDINALITY AS entry (value, epoch, batch, time, position);
"""


def upgrade() -> None:
    for statements in (TABLES, CHANGES, VALUES_VIEW):
        op.execute(statements)

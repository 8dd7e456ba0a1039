"""What a launch knows of itself: its strategy, its code and data, drafts, pauses, repeats, priorities and reuse."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = """
ALTER TABLE project
    ADD COLUMN data_paths jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN locks jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN code_digest text;
ALTER TABLE run
    DROP CONSTRAINT run_state_check,
    ADD CONSTRAINT run_state_check
        CHECK (state IN ('draft', 'queued', 'running', 'paused', 'finished', 'failed', 'stopped')),
    ADD COLUMN strategy jsonb NOT NULL DEFAULT '{"name": "grid"}',
    ADD COLUMN metrics jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN code_digest text,
    ADD COLUMN data_digest text,
    ADD COLUMN created_by text,
    ADD COLUMN decisions jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN left_out jsonb NOT NULL DEFAULT '[]';
ALTER TABLE experiment
    ADD COLUMN repeat integer NOT NULL DEFAULT 0,
    ADD COLUMN priority integer NOT NULL DEFAULT 0,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN reused_from bigint REFERENCES experiment;
CREATE INDEX experiment_fingerprint ON experiment (project_id, fingerprint);
CREATE INDEX experiment_reused ON experiment (reused_from) WHERE reused_from IS NOT NULL;
-- In the order in which experiments start, so that the next one of a long queue is the first entry.
DROP INDEX experiment_open;
CREATE INDEX experiment_open ON experiment (run_id, state, priority DESC, number)
    WHERE state IN ('queued', 'running');
DROP INDEX run_open;
CREATE INDEX run_open ON run (id) WHERE state IN ('queued', 'running', 'paused');
"""

# A queued experiment's place in the queue is something that a person sees.
CHANGES = """
DROP TRIGGER stamp ON experiment;
CREATE TRIGGER stamp BEFORE UPDATE OF state, request, reason, exit_code, epoch, epochs, value_count,
    rejected_lines, attempt, priority, started_at, ended_at, duration_s ON experiment
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
DROP TRIGGER stamp ON run;
CREATE TRIGGER stamp BEFORE UPDATE OF state, request, reason, started_at, ended_at, strategy, candidates,
    hyperparameters, left_out, command_line ON run FOR EACH ROW EXECUTE FUNCTION stamp_change();
"""


def upgrade() -> None:
    for statements in (COLUMNS, CHANGES):
        op.execute(statements)

"""One engine for all runs: what a run waits for, its share of the places, and losses that are nobody's fault."""

from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = """
ALTER TABLE run
    ADD COLUMN priority integer NOT NULL DEFAULT 0,
    ADD COLUMN weight double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
    ADD COLUMN waiting jsonb;
ALTER TABLE experiment ADD COLUMN preemptions integer NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN epoch double precision, ADD COLUMN value_count bigint;
-- Tells which of the open runs has waited longest for a start.
CREATE INDEX experiment_started ON experiment (run_id, started_at DESC) WHERE started_at IS NOT NULL;
"""

CHANGES = """
DROP TRIGGER stamp ON run;
CREATE TRIGGER stamp BEFORE UPDATE OF state, request, reason, started_at, ended_at, strategy, candidates,
    hyperparameters, left_out, command_line, waiting, priority, weight ON run
    FOR EACH ROW EXECUTE FUNCTION stamp_change();
"""


def upgrade() -> None:
    for statements in (COLUMNS, CHANGES):
        op.execute(statements)

"""Flags on curves, rules that watch them, when these fired, tags of experiments, and how noisy each curve is."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE flag (
    experiment_id bigint NOT NULL REFERENCES experiment,
    rule text NOT NULL,
    metric text NOT NULL,
    attempt integer NOT NULL,
    began double precision NOT NULL,
    unit text NOT NULL,
    sentence text NOT NULL,
    evidence jsonb NOT NULL,
    PRIMARY KEY (experiment_id, rule, metric)
);
CREATE TABLE rule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project,
    condition jsonb NOT NULL,
    action jsonb NOT NULL,
    is_on boolean NOT NULL DEFAULT false,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX rule_project ON rule (project_id) WHERE deleted_at IS NULL;
CREATE TABLE rule_firing (
    experiment_id bigint NOT NULL REFERENCES experiment,
    rule_id bigint NOT NULL REFERENCES rule,
    attempt integer NOT NULL,
    began double precision NOT NULL,
    unit text NOT NULL,
    sentence text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (experiment_id, rule_id)
);
CREATE INDEX rule_firing_rule ON rule_firing (rule_id);
CREATE TABLE tag (
    experiment_id bigint NOT NULL REFERENCES experiment,
    word text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (experiment_id, word)
);
ALTER TABLE metric_summary ADD COLUMN noise double precision;
"""


def upgrade() -> None:
    op.execute(TABLES)

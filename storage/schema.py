"""The tables. Alembic migrations create them; queries refer to them by these names."""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

EXPERIMENT_STATES = ("queued", "running", "finished", "failed", "stopped")
RUN_STATES = ("draft", "queued", "running", "paused", "finished", "failed", "stopped")
ENDED_STATES = ("finished", "failed", "stopped")

# One channel for everything that asks the dispatcher to look at its runs.
WORK_CHANNEL = "hypertuner_work"


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, compared as such."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


metadata = MetaData()


def _created() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def _change() -> Column[int]:
    # Set by a trigger to the writing transaction; see changes.py.
    return Column("change", TransactionId, nullable=False, server_default=text("pg_current_xact_id()"))


project = Table(
    "project",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # Working directory, and the words of the command but those that are tuned.
    Column("directory", Text, nullable=False),
    Column("command", JSONB, nullable=False),
    # What discovery found: a list of hyperparameters as plain dictionaries.
    Column("hyperparameters", JSONB, nullable=False),
    Column("objective", Text),
    Column("goal", Text, nullable=False, server_default="maximize"),
    # Files and folders, relative to the directory, whose change makes a result another one.
    Column("data_paths", JSONB, nullable=False, server_default="[]"),
    # Folders that all its experiments write into, relative to the directory; and whether none has files of its own.
    Column("shared_paths", JSONB, nullable=False, server_default="[]"),
    Column("in_place", Boolean, nullable=False, server_default="false"),
    # Whether what scripts log by other packages is followed: see hypertuner/hooks.
    Column("has_hooks", Boolean, nullable=False, server_default="true"),
    # How else it prints metrics: texts with holes, see sources/output/patterns.py.
    Column("patterns", JSONB, nullable=False, server_default="[]"),
    # Hyperparameter name -> what a person found promising: see locks.py.
    Column("locks", JSONB, nullable=False, server_default="{}"),
    # Where discovery read them: a kind of parser, "source", or "command" where only a person's brackets name them.
    Column("options_from", Text),
    # Whether the program may take options that were not found.
    Column("takes_more", Boolean, nullable=False, server_default="false"),
    # The code that discovery read last; other code may have other hyperparameters.
    Column("code_digest", Text),
    _created(),
    _change(),
)

# The run page as somebody arranged it: see bookmarks.py.
bookmark = Table(
    "bookmark",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    _created(),
    UniqueConstraint("project_id", "name"),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    # The bracket command line as shown to people, and the argv prefix [interpreter, script] that is launched.
    Column("command_line", Text, nullable=False),
    Column("command", JSONB, nullable=False),
    Column("directory", Text, nullable=False),
    # Hyperparameter name -> candidates, in the order of the command line; an interval is {"low", "high", ...}.
    Column("candidates", JSON, nullable=False),
    # The hyperparameters that settings name, as discovered: they know how a value becomes argv items.
    Column("hyperparameters", JSONB, nullable=False),
    Column("objective", Text),
    Column("goal", Text, nullable=False, server_default="maximize"),
    Column("snapshot_digest", ForeignKey("snapshot.digest")),
    # What git said of the script's folder at the launch.
    Column("revision_digest", ForeignKey("revision.digest")),
    # The script with the local modules that it imports, and the declared data: see sources/identity.py.
    Column("code_digest", Text),
    Column("data_digest", Text),
    # How settings are chosen: {"name", "count", "seed", "repeats", "options"}; see launch/plan.py.
    Column("strategy", JSONB, nullable=False, server_default='{"name": "grid"}'),
    # What a person wants to see first: [{"name", "goal"}].
    Column("metrics", JSONB, nullable=False, server_default="[]"),
    Column("created_by", Text),
    # What a person decided about planned experiments: {"by_status", "by_fingerprint"}; see launch/plan.py.
    Column("decisions", JSONB, nullable=False, server_default="{}"),
    # Which of the planned experiments were not scheduled: [{"reason", "count"}].
    Column("left_out", JSONB, nullable=False, server_default="[]"),
    Column("cpus", Double, nullable=False, server_default="1"),
    Column("gpus", Double, nullable=False, server_default="0"),
    Column("concurrency", Integer),
    # Among runs that want the same resources: a higher priority goes first, then places are shared by weight.
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("weight", Double, nullable=False, server_default="1"),
    # Variables for its scripts: {"values", "secrets", "key"}; see analysis/environment.py.
    Column("environment", JSONB, nullable=False, server_default="{}"),
    # A terminal for its scripts, as stdin and stdout.
    Column("has_terminal", Boolean, nullable=False, server_default="false"),
    # As of the project, when it was launched.
    Column("shared_paths", JSONB, nullable=False, server_default="[]"),
    Column("in_place", Boolean, nullable=False, server_default="false"),
    # Whether what scripts log by other packages is followed: see hypertuner/hooks.
    Column("has_hooks", Boolean, nullable=False, server_default="true"),
    # It only tries its command: see training/trial.py.
    Column("is_trial", Boolean, nullable=False, server_default="false"),
    Column("time_limit_s", Double),
    Column("retries", Integer, nullable=False, server_default="0"),
    # One idempotency key makes one run, however often the launch is sent.
    Column("idempotency_key", Text, unique=True),
    Column("request", Text),
    Column("reason", Text),
    # What it waits for while nothing of it can run: {"what", "since", "log"}; see run_leases.py.
    Column("waiting", JSONB),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    _created(),
    _change(),
    UniqueConstraint("project_id", "number"),
)

experiment = Table(
    "experiment",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    # JSON rather than JSONB, here and above: it keeps the order of the command line.
    Column("settings", JSON, nullable=False),
    # What identifies it besides code and data: settings without defaults, arguments, repeat; see analysis/identity.py.
    Column("fingerprint", Text, nullable=False),
    # 0, 1, ... among experiments of the same settings in one run.
    Column("repeat", Integer, nullable=False, server_default="0"),
    # Queued ones of a higher priority start first.
    Column("priority", Integer, nullable=False, server_default="0"),
    # An earlier experiment whose results are shown as this one's, which never ran.
    Column("reused_from", ForeignKey("experiment.id")),
    Column("attempt", Integer, nullable=False, server_default="0"),
    # How often an owner vanished, how often a node was lost or everything was stopped, and how often the script itself
    # failed, since a person last queued it.
    Column("losses", Integer, nullable=False, server_default="0"),
    Column("preemptions", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("request", Text),
    Column("reason", Text),
    # Why its newest attempt failed, the same for all that failed alike: see analysis/failures.py.
    Column("failure", Text),
    Column("exit_code", Integer),
    Column("host", Text),
    # Progress as last reported: epoch (1-based count of what the script named) and, if known, the number of epochs.
    Column("epoch", Double),
    Column("epochs", Double),
    # How many bytes of each file of the spool are in the database, by its name; committed together with their values.
    Column("offsets", JSONB, nullable=False, server_default="{}"),
    Column("value_count", BigInteger, nullable=False, server_default="0"),
    Column("rejected_lines", Integer, nullable=False, server_default="0"),
    Column("rejected_sample", Text),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    # Measured by a monotonic clock in one process, so never negative.
    Column("duration_s", Double),
    _created(),
    _change(),
    UniqueConstraint("project_id", "number"),
)

metric = Table(
    "metric",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# A chunk holds consecutive values of one metric; `first_seq` counts that metric's values in arrival order.
metric_chunk = Table(
    "metric_chunk",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("metric_id", ForeignKey("metric.id"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("values", ARRAY(Double), nullable=False),
    # As long as the values, or null where the script named no epoch or batch.
    Column("epochs", ARRAY(Double)),
    Column("batches", ARRAY(Double)),
    Column("times", ARRAY(Double), nullable=False),
)

# One row per (experiment, metric): what tables and plots of experiments need, without reading chunks.
metric_summary = Table(
    "metric_summary",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("metric_id", ForeignKey("metric.id"), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("last", Double, nullable=False),
    # Over finite values only; null where there is none.
    Column("minimum", Double),
    Column("maximum", Double),
    # How much the curve jumps around its trend; set by the watcher once the experiment has ended.
    Column("noise", Double),
    # Where its values are from, in words: "hypertuner.log", "output", "pattern", or a file.
    Column("source", Text, nullable=False, server_default=""),
)

# What is remarked on a curve of an experiment's newest attempt; see analysis/curves and storage/flags.py.
flag = Table(
    "flag",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    # An epoch or a step, as `unit` says.
    Column("began", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
)

# What a person wants to be done when a curve shows something; see analysis/rules.py and storage/rules.py.
rule = Table(
    "rule",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("condition", JSONB, nullable=False),
    Column("action", JSONB, nullable=False),
    Column("is_on", Boolean, nullable=False, server_default="false"),
    Column("created_by", Text, nullable=False),
    _created(),
    # A deleted rule stays, because what it did stays, and so that the deletion can be taken back.
    Column("deleted_at", DateTime(timezone=True)),
)

# A rule fires at most once for an experiment, whatever attempt it is in and whoever watches.
rule_firing = Table(
    "rule_firing",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("rule_id", ForeignKey("rule.id"), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("began", Double, nullable=False),
    Column("unit", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    _created(),
)

tag = Table(
    "tag",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("word", Text, primary_key=True),
    Column("created_by", Text, nullable=False),
    _created(),
)

# What people write about an experiment; see notes.py. A deleted note stays, so that the deletion can be taken back.
note = Table(
    "note",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("text", Text, nullable=False),
    # Counts every change, deletions too: who writes says which version was read.
    Column("version", Integer, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("deleted_at", DateTime(timezone=True)),
)

view = Table(
    "view",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("experiment_id", ForeignKey("experiment.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("epoch", Double),
    # UTF-8 JSON as the script wrote it; bytes, because JSONB refuses NaN.
    Column("payload", LargeBinary, nullable=False),
    _created(),
)

# The last lines of each stream, so that the page needs no access to the node's disk.
# What an experiment wrote, and where it lies: see sources/own_files.py.
experiment_files = Table(
    "experiment_files",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("host", Text, nullable=False),
    Column("folder", Text, nullable=False),
    # How it was kept apart: "overlay" or "copy", or "in place" where only the output folder was its own.
    Column("kind", Text, nullable=False),
    # Why not by an overlay.
    Column("note", Text),
    # Of all files, also where the listing does not have them all.
    Column("count", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("disk_bytes", BigInteger, nullable=False),
    # [[name, path, bytes, modified, digest]], by name; and of the largest with a digest [[name, bytes, digest]].
    Column("listing", JSONB, nullable=False),
    Column("large", JSONB, nullable=False),
    Column("measured_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("removed_at", DateTime(timezone=True)),
)

experiment_log = Table(
    "experiment_log",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("stdout_tail", Text, nullable=False, server_default=""),
    Column("stderr_tail", Text, nullable=False, server_default=""),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("digest", Text, primary_key=True),
    # A gzipped tar with fixed order, owners and times: equal folders give equal bytes.
    Column("archive", LargeBinary, nullable=False),
    Column("script", Text, nullable=False),
    _created(),
)

# The commit of a script's folder and what was different from it, by the digest of both; see sources/git.py.
revision = Table(
    "revision",
    metadata,
    Column("digest", Text, primary_key=True),
    # Everything but the diff, which may be long: few look at it.
    Column("facts", JSONB, nullable=False),
    Column("diff", Text, nullable=False),
    _created(),
)

# Where a run's scripts ran: machine, interpreter and packages; see training/environment.py.
environment = Table(
    "environment",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("host", Text, primary_key=True),
    # Null until it has been looked at.
    Column("facts", JSONB),
    _created(),
)

# Every attempt of an experiment, begun by a claim and ended by whoever ends it: see leases.py.
attempt = Table(
    "attempt",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("host", Text),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("duration_s", Double),
    Column("exit_code", Integer),
    # Null while it goes on; else finished, failed, stopped, lost (its worker vanished) or interrupted (so did all).
    Column("ending", Text),
    Column("reason", Text),
    # How far it came.
    Column("epoch", Double),
    Column("value_count", BigInteger),
)

# Login links: only the SHA-256 of the secret is kept, and each opens one session.
token = Table(
    "token",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    _created(),
)

# Who is logged in: only the SHA-256 of the cookie's secret is kept; see sessions.py.
session = Table(
    "session",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    _created(),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    # As the browser names itself, shortened, and where its connection came from.
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
)

# Files that are made in the background: the queue, and what became of each; see exports.py.
export = Table(
    "export",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("session_id", ForeignKey("session.id"), nullable=False),
    # csv or pdf.
    Column("kind", Text, nullable=False),
    Column("question", JSONB, nullable=False),
    # The name under which the browser keeps the file.
    Column("title", Text, nullable=False),
    # queued, working, done, failed or cancelled.
    Column("state", Text, nullable=False, server_default="queued"),
    # From 0 to 1.
    Column("progress", Double, nullable=False, server_default="0"),
    # How often a worker took it up: one that dies with it every time must not do so for ever.
    Column("tries", Integer, nullable=False, server_default="0"),
    # Which of the workers holds it.
    Column("slot", Integer),
    Column("reason", Text),
    # Its name in the data folder's `exports`.
    Column("file", Text),
    _created(),
    Column("ended_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), nullable=False, server_default=text("now() + interval '1 hour'")),
)

# A process that must be seen alive by others: name -> last sign of life (the dispatcher writes here).
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("detail", JSONB, nullable=False, server_default="{}"),
)

__all__ = ["ENDED_STATES", "EXPERIMENT_STATES", "RUN_STATES", "WORK_CHANNEL", "metadata"]

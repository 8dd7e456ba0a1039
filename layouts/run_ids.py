"""Ids of the run dashboard; assets/run.js finds its places by them."""

DASHBOARD = "run-dashboard"
# What the page is about: a plain dictionary, written once with the page.
SPEC = "run-spec"
# The poll's newest answer, and what to ask with next. One callback writes both.
CHANGES = "run-changes"
CURSOR = "run-cursor"
METRICS = "run-metrics"
TABLE = "experiment-table"
AXES = "matrix-axes"
STOP = "run-stop"
STOP_DIALOG = "run-stop-dialog"
STOP_CANCEL = "run-stop-cancel"
STOP_CONFIRM = "run-stop-confirm"

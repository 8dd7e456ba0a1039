"""Ids of the run dashboard and of a draft's page; assets/run/page.js finds its places by them."""

DASHBOARD = "run-dashboard"
# What the page is about: a plain dictionary, written with the page, and anew when the run is extended.
SPEC = "run-spec"
METRICS = "run-metrics"
TABLE = "experiment-table"
AXES = "matrix-axes"

# What a person asks of the run or of some experiments, `{"do", "at", ...}` (see answers/run_actions.py), and what
# came of it. The browser writes the first and shows the second.
REQUEST = "run-request"
ANSWER = "run-answer"
PAUSE = "run-pause"
STOP = "run-stop"
SHARE = "run-share"
# The one dialog that asks before anything is destroyed; its words are written when it opens.
ASK = "run-ask"
ASK_TITLE = "run-ask-title"
ASK_BODY = "run-ask-body"
ASK_CANCEL = "run-ask-cancel"
ASK_CONFIRM = "run-ask-confirm"

# Buttons that open the launch dialog: to add experiments to this run, with this run's choices, and for a draft.
EXTEND = "launch-extend"
DUPLICATE = "launch-duplicate"
OPEN_DRAFT = "launch-open-draft"

DRAFT = "draft"
DRAFT_SPEC = "draft-spec"
DRAFT_POLL = "draft-poll"
DRAFT_CURSOR = "draft-cursor"
DISCARD = "draft-discard"
DISCARD_DIALOG = "draft-discard-dialog"
DISCARD_CANCEL = "draft-discard-cancel"
DISCARD_CONFIRM = "draft-discard-confirm"

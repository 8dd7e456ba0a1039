"""Ids of components that the page and its callbacks agree on."""

# --- shell: on every page -------------------------------------------------------------------------------------------

LOCATION = "location"
PAGE = "page"
BREADCRUMB = "breadcrumb"
PAGE_TITLE = "page-title"
STATUS = "status"
STATUS_POLL = "status-poll"
# What went wrong just now, and that the database is away.
NOTICE = "notice"
OUTAGE = "outage"
# "light" or "dark"; written in the browser only. Figures take their colours anew when it changes.
THEME = "theme"
THEME_TOGGLE = "theme-toggle"
HELP = "help"
HELP_TOGGLE = "help-toggle"
# A page's own button that opens the launch dialog.
START_RUN = "start-run"
# Shown while the database is away; each tick asks for the page again.
RETRY_POLL = "retry-poll"

# --- pages ----------------------------------------------------------------------------------------------------------

NEW_PROJECT = "new-project"
PROJECTS = "projects"
PROJECTS_POLL = "projects-poll"
PROJECTS_CURSOR = "projects-cursor"
RUNS = "runs"
RUNS_POLL = "runs-poll"
RUNS_CURSOR = "runs-cursor"

# --- experiment page ------------------------------------------------------------------------------------------------

EXPERIMENT = "experiment"
EXPERIMENT_REVISION = "experiment-revision"
EXPERIMENT_HEADER = "experiment-header"
EXPERIMENT_FAILURE = "experiment-failure"
EXPERIMENT_FLAGS = "experiment-flags"
# The flags of every experiment whose curves are shown, for marks on them: see flag_marks in callbacks/experiment.py.
FLAG_MARKS = "flag-marks"
EXPERIMENT_STOP = "experiment-stop"
EXPERIMENT_STOP_DIALOG = "experiment-stop-dialog"
EXPERIMENT_STOP_CANCEL = "experiment-stop-cancel"
EXPERIMENT_STOP_CONFIRM = "experiment-stop-confirm"
EXPERIMENT_SETTINGS = "experiment-settings"
EXPERIMENT_PICKED = "experiment-picked"
# The note as the server has it, and the place of the box that assets/experiment/notes.js makes.
NOTE = "note"
NOTE_PLACE = "note-place"
CURVES = "curves"
CURVES_NOTE = "curves-note"
# The epoch that the page shows, null for the newest; written by the replay, in the browser only.
EPOCH = "experiment-epoch"
COMPARISON = "comparison"
# What a person chose there, as the address has it: see Choice in layouts/comparison.py. Written in the browser only.
COMPARISON_CHOICE = "comparison-choice"
COMPARISON_HEAD = "comparison-head"
COMPARISON_BODY = "comparison-body"
# The table as plain data, to be copied.
COMPARISON_CONTENT = "comparison-content"
# Of whom there are pictures, and which views they share: see callbacks/comparison.py.
COMPARISON_SHARED = "comparison-shared"
COMPARISON_VIEW_HEAD = "comparison-view-head"
COMPARISON_VIEW = "comparison-view"
COMPARISON_PICTURES = "comparison-pictures"
VIEW_PANEL = "view-panel"
VIEW_NAME = "view-name"
VIEW_TITLE = "view-title"
VIEW_EPOCH_LABEL = "view-epoch-label"
# Which view is shown: `{"id", "epoch"}`; written in the browser only.
VIEW_SHOWN = "view-shown"
VIEW_FIGURE = "view-figure"
VIEW_PAYLOAD = "view-payload"
VIEW_GRAPH = "view-graph"
VIEW_EXAMPLES = "view-examples"
# Which picture of several of the same view: "counts", "row shares", "difference-7".
VIEW_MODE = "view-mode"
VIEW_SUMMARY = "view-summary"
VIEW_BODY = "view-body"
VIEW_PLACE = "view-place"
VIEW_CONTENT = "view-content"
# The cell of a matrix whose examples are shown: `{"cell": [true, predicted], "pinned"}`; written in the browser only.
VIEW_CELL = "view-cell"
VIEW_LIST = "view-list"
# The project's own views, `[{"name", "file", "hint"}]`, and `{"file", "hint"}` of the one that is shown.
CUSTOM_LIST = "custom-list"
CUSTOM_SHOWN = "custom-shown"
CUSTOM_PLACE = "custom-view"
CUSTOM_FIGURE = "custom-figure"
CUSTOM_GRAPH = "custom-graph"
LOG = "log"
LOG_STDOUT = "log-stdout"
LOG_STDERR = "log-stderr"
LOG_TAB = "log-tab"
# Errors and warnings lifted out of the log, and where searched words are; written in the browser only.
LOG_PROBLEMS = "log-problems"
LOG_FOUND = "log-found"
LOG_WORDS = "log-words"
LOG_COUNT = "log-count"
LOG_BEFORE = "log-before"
LOG_NEXT = "log-next"
CONFIGURATION = "configuration"
# What the experiment wrote, and one text of it that is shown; the latter is written in the browser only.
OWN_FILES_PANEL = "own-files-panel"
OWN_FILES = "own-files"
OWN_FILES_FOUND = "own-files-found"
OWN_FILE = "own-file"
OWN_FILE_TITLE = "own-file-title"
OWN_FILE_TEXT = "own-file-text"
OWN_FILE_NOTE = "own-file-note"
OWN_FILE_CLOSE = "own-file-close"
# What is kept of an earlier attempt: an answer of answers/attempts.py or nothing; written in the browser only.
ATTEMPT = "attempt"
ATTEMPT_PANEL = "attempt-panel"
ATTEMPT_TITLE = "attempt-title"
ATTEMPT_NOTE = "attempt-note"
ATTEMPT_CSV = "attempt-csv"
ATTEMPT_CLOSE = "attempt-close"
ATTEMPT_GRAPH = "attempt-graph"
SETTINGS_FOUND = "settings-found"
PACKAGES_FOUND = "packages-found"
DIFF = "configuration-diff"

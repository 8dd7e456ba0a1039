"""Ids of the launch dialog; assets/launch/dialog.js finds its places by them."""

from typing import Any

DIALOG = "launch"
TITLE = "launch-title"
BODY = "launch-body"
# What a click on one of the buttons that open the dialog brought from its page; written in the browser only.
OPENED = "launch-opened"
# Whose launch this is: project, mode, the key that makes one run of however many clicks, and what the code is.
CONTEXT = "launch-context"
# What the dialog starts from: the last run, the brush, an experiment, the locks.
FROM = "launch-from"
FROM_PLACE = "launch-from-place"
CANCEL = "launch-cancel"
START = "launch-start"
SAVE = "launch-save"
COUNT = "launch-count"
ERROR = "launch-error"
# The number of experiments that was asked back about, once.
CONFIRM = "launch-confirm"

SEARCH = "launch-search"
PICKED = "launch-picked"
OPTIONS = "launch-options"
EDITORS = "launch-editors"
# Names of hyperparameters whose candidates cannot be read now.
PROBLEMS = "launch-problems"
COMMAND = "launch-command"
COMMAND_ERROR = "launch-command-error"
# The command as a person edited it last, with a number that makes every edit another; written in the browser only.
TYPED = "launch-typed"

STRATEGY = "launch-strategy"
STRATEGY_FORM = "launch-strategy-form"
STRATEGY_ERROR = "launch-strategy-error"
COUNT_WANTED = "launch-count-wanted"
COUNT_PLACE = "launch-count-place"
SEED = "launch-seed"
REPEATS = "launch-repeats"
OBJECTIVE = "launch-objective"
GOAL = "launch-goal"
METRICS = "launch-metrics"
NEW_METRIC = "launch-new-metric"
ADD_METRIC = "launch-add-metric"
CPUS = "launch-cpus"
GPUS = "launch-gpus"
CONCURRENCY = "launch-concurrency"
PRIORITY = "launch-priority"
WEIGHT = "launch-weight"
RETRIES = "launch-retries"
TERMINAL = "launch-terminal"
IN_PLACE = "launch-in-place"
HOOKS = "launch-hooks"
SHARED = "launch-shared"
TIME_LIMIT = "launch-time-limit"
RESOURCES_ERROR = "launch-resources-error"
DATA = "launch-data"
DATA_ERROR = "launch-data-error"

# What the preview shows, as plain data: the table asks for its rows with it.
PLAN = "launch-plan"
DECISIONS = "launch-decisions"
SHOW = "launch-show"
SUMMARY = "launch-summary"
STATUSES = "launch-statuses"
TABLE = "launch-table"
TABLE_PLACE = "launch-table-place"
CODE_NOTE = "launch-code-note"
SHOW_DIFFERENCE = "launch-show-difference"
DIFFERENCE = "launch-difference"


def candidate_field(field: str, name: Any) -> dict[str, Any]:
    """The id of one field in the editor of one hyperparameter's candidates; `name` may be ALL or MATCH."""
    return {"type": f"candidates-{field}", "name": name}


def strategy_option(name: Any) -> dict[str, Any]:
    """The id of the field of one option of the strategy."""
    return {"type": "strategy-option", "name": name}


def status_action(status: Any) -> dict[str, Any]:
    """The id of the choice what to do with all planned experiments of one status."""
    return {"type": "status-action", "name": status}

"""Ids of the box "What matters" on the run page; assets/run/views/insights.js finds its places by them."""

BOX = "insights"
METRIC = "insights-metric"
SCOPE_ALL = "insights-scope-all"
SCOPE_SELECTED = "insights-scope-selected"
UPDATE = "insights-update"
BUSY = "insights-busy"
SAID = "insights-said"
PROBLEM = "insights-problem"
CONTENT = "insights-content"
# What the browser asks for: `{"metric", "numbers", "tab", "at"}`, numbers as "1-5,9" or None for the whole run.
REQUEST = "insights-request"
# What the server says: `{"at", "metric", "said", "problem", "importance", "interaction", "effects", "surfaces"}`.
ANSWER = "insights-answer"
# Which hyperparameter and which pair are shown: `{"metric", "name", "pair"}`; written in the browser only.
PICK = "insights-pick"
IMPORTANCE = "insights-importance"
EFFECT = "insights-effect"
INTERACTION = "insights-interaction"
SURFACE = "insights-surface"

# The front of two metrics has a question and an answer of its own.
PARETO_FIRST = "insights-pareto-first"
PARETO_SECOND = "insights-pareto-second"
PARETO_GOALS = ("insights-pareto-first-goal", "insights-pareto-second-goal")
PARETO_REQUEST = "insights-pareto-request"
PARETO_BUSY = "insights-pareto-busy"
PARETO_ANSWER = "insights-pareto-answer"
PARETO_SAID = "insights-pareto-said"
PARETO = "insights-pareto"

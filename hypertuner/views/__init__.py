"""Pictures that a script attaches to its experiment, each with one line: `hypertuner.views.confusion_matrix(...)`.

May import: the standard library; runs on Python 3.8 and later. Each function takes lists, arrays, tensors or columns
of data frames; `name` tells views apart, `epoch` keeps one of each. What cannot be shown costs a warning, no more.
Start reading at `charts.py`, then `attaching.py`.
"""

from __future__ import annotations

from hypertuner.views.charts import bars, elbow, heat_map, lines
from hypertuner.views.confusion import confusion_matrix
from hypertuner.views.distribution import histogram
from hypertuner.views.figures import plotly
from hypertuner.views.probabilities import calibration
from hypertuner.views.ranking import precision_recall, roc
from hypertuner.views.regression import residuals
from hypertuner.views.samples import images, texts
from hypertuner.views.tables import table

__all__ = [
    "bars",
    "calibration",
    "confusion_matrix",
    "elbow",
    "heat_map",
    "histogram",
    "images",
    "lines",
    "plotly",
    "precision_recall",
    "residuals",
    "roc",
    "table",
    "texts",
]

"""A training script that attaches a view of every kind; the seed tells experiments apart."""

import random
import sys

import numpy as np
import plotly.graph_objects as go

from hypertuner import views

EVIL = '<img src=x onerror="window.__pwn=1"><a href="javascript:window.__pwn=1">x</a>'

chance = random.Random(int(sys.argv[1]))
true = [at % 3 for at in range(60)]
predicted = [value if chance.random() < 0.7 else (value + 1) % 3 for value in true]
images = np.zeros((60, 4, 4))
images[np.arange(60), 0, np.array(true)] = 1
for epoch in (1, 2):
    views.confusion_matrix(true, predicted, labels=["cat", "dog", EVIL], examples=images, epoch=epoch)
views.confusion_matrix(
    true, predicted, examples=[{"weight": at, EVIL: EVIL} for at in range(60)], name="matrix of rows"
)
scores = [[chance.random() + (value == at) for at in range(3)] for value in true]
views.roc(true, scores, labels=["cat", "dog", EVIL])
views.precision_recall([value == 0 for value in true], [row[0] for row in scores])
views.calibration([value == 0 for value in true], [min(row[0] / 2, 1) for row in scores])
views.residuals([row[0] for row in scores], [row[1] for row in scores])
views.elbow([1, 2, 3, 4], [100, 30, 20, 15])
views.histogram({"a": [row[0] for row in scores], EVIL: [row[1] for row in scores]})
views.heat_map([[1, -2], [float("nan"), 4]], x=["a", EVIL])
views.lines([1, 2, 3], {"a": [1, 2, 3], EVIL: [3, float("inf"), 1]})
views.bars(["a", EVIL], [1, 2])
views.table([{"name": EVIL, "score": 0.5}])
views.images(images[:5], captions=[EVIL] * 5, labels=["cat"] * 5)
views.texts({EVIL: EVIL})
views.plotly(
    go.Figure(go.Scattergl(x=[1, 2], y=[3, 4], mode="markers"), layout={"title": {"text": f"<b>bold</b>{EVIL}"}})
)

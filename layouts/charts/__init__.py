"""Charts as plain dictionaries: one module each, with a pure function `figure`.

May import: `layouts.figures` and `analysis`. Start reading at `scatter_matrix.py`.
"""

from layouts.charts import attempt, effect, importance, interaction, pareto, scatter_matrix

__all__ = ["attempt", "effect", "importance", "interaction", "pareto", "scatter_matrix"]

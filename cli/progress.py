"""What a command shows in the terminal: sentences while things start, a bar while a run goes on, a table at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from analysis.counting import best_of, is_finished, ranked
from analysis.hyperparameters import text_of
from analysis.words import size
from cli.terminal import printable
from storage.changes import changes_since
from storage.files import files_of_run, written_twice
from storage.records import Experiment, Project, Run
from storage.runs import find_run
from storage.schema import ENDED_STATES
from storage.store import Store, is_outage

POLL_S = 0.25
TABLE_ROWS = 30
MOST_NAMED = 8
# A border and a blank on either side.
COLUMN_FRAME = 3


def follow_run(
    console: Console, store: Store, project: Project, run: Run, *, check: Callable[[], None] = lambda: None
) -> list[Experiment]:
    """Show a run's progress until it ends; returns its experiments.

    check is called now and then and may raise. An outage of the database is waited out.
    """
    seen: dict[int, Experiment] = {}
    cursor = ""
    with _bar(console) as progress:
        task = progress.add_task(f"Run {run.number}", total=None, state="queued")
        while True:
            try:
                changes = changes_since(store, project.id, cursor, run_id=run.id)
                current = find_run(store, project.id, run.number) or run
            except Exception as error:
                if not is_outage(error):
                    raise
                progress.update(task, state="the database is away; waiting")
                time.sleep(1)
                continue
            cursor = changes.cursor
            seen |= {experiment.number: experiment for experiment in changes.experiments}
            _show(progress, task, list(seen.values()), current)
            if current.state in ENDED_STATES:
                return sorted(seen.values(), key=lambda experiment: experiment.number)
            check()
            time.sleep(POLL_S)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total}"),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
    )


def _show(progress: Progress, task: TaskID, experiments: Sequence[Experiment], run: Run) -> None:
    """Move the bar; where there is no terminal to draw it in, print a line whenever one more has ended."""
    counts = Counter(experiment.state for experiment in experiments)
    parts = [f"{counts[state]} {state}" for state in ("running", "failed", "stopped") if counts[state]]
    best = best_experiment(experiments, run)
    if best and run.objective:
        parts.append(f"best {printable(run.objective)} {best.metrics[run.objective].last:.4g}")
    ended = sum(counts[state] for state in ENDED_STATES)
    state = ", ".join(parts) or run.state
    if not progress.console.is_terminal and ended != progress.tasks[task].completed:
        progress.console.print(f"Run {run.number}: {ended} of {len(experiments)} ended, {state}", soft_wrap=True)
    progress.update(task, completed=ended, total=len(experiments), state=state)


def best_experiment(experiments: Sequence[Experiment], run: Run) -> Experiment | None:
    """The best of the experiments that count, by the objective's last value."""
    return best_of(experiments, _objective_of(run), run.goal)


def _objective_of(run: Run) -> Callable[[Experiment], float | None]:
    def value(experiment: Experiment) -> float | None:
        summary = experiment.metrics.get(run.objective) if run.objective else None
        return summary.last if summary else None

    return value


def results_table(experiments: Sequence[Experiment], run: Run, width: int) -> Table:
    """The experiments that count, best first, then the others, with what differs and the metrics that fit into `width`.

    What is left out is counted in the caption; values of unfinished experiments stand in brackets.
    """
    objective = run.objective
    names = _differing(experiments)
    metrics = list(dict.fromkeys(name for experiment in experiments for name in experiment.metrics))
    if objective in metrics:
        metrics = [objective, *(name for name in metrics if name != objective)]
    left = width - _width(["experiment", "finished", *names])
    fitting = [name for position, name in enumerate(metrics) if _width(metrics[: position + 1]) <= left] or metrics[:1]
    hidden = max(0, len(experiments) - TABLE_ROWS)
    rows = ranked(experiments, _objective_of(run), run.goal)[:TABLE_ROWS]
    is_marked = any(each.metrics and not is_finished(each.state) for each in rows)
    said = [
        f"{hidden} more on the page" if hidden else "",
        "(in brackets: of an unfinished experiment, not counted)" if is_marked else "",
    ]
    caption = "; ".join(filter(None, said)) or None
    table = Table(title=f"Run {run.number}: {run.state}", caption=caption)
    for title in ("experiment", "state", *names):
        table.add_column(printable(title), overflow="fold")
    for title in fitting:
        table.add_column(printable(title), justify="right", overflow="fold")
    for experiment in rows:
        values = [printable(text_of(experiment.settings.get(name))) for name in names]
        numbers = [_number(experiment, name) for name in fitting]
        table.add_row(str(experiment.number), experiment.state, *values, *numbers)
    return table


def _differing(experiments: Sequence[Experiment]) -> list[str]:
    """The hyperparameters that were tuned; all of them where nothing differs."""
    names = list(dict.fromkeys(name for experiment in experiments for name in experiment.settings))
    tuned = [name for name in names if len({text_of(each.settings.get(name)) for each in experiments}) > 1]
    return tuned or names


def _width(titles: Sequence[str]) -> int:
    return sum(len(title) + COLUMN_FRAME for title in titles)


def _number(experiment: Experiment, metric: str) -> str:
    if metric not in experiment.metrics:
        return ""
    written = f"{experiment.metrics[metric].last:.5g}"
    return written if is_finished(experiment.state) else f"[dim]({written})[/dim]"


def reported_instead(experiments: Sequence[Experiment], run: Run, slug: str) -> str | None:
    """A sentence where experiments have ended, and none of them reported the objective or anything at all."""
    names = list(dict.fromkeys(name for each in experiments for name in each.metrics))
    look = f"`hypertuner metrics --project {printable(slug)}` shows what they printed, to find it there."
    if not names and any(is_finished(each.state) for each in experiments):
        return f"No experiment has reported a metric; {look}"
    if not run.objective or not names or run.objective in names:
        return None
    listed = ", ".join(map(printable, names[:MOST_NAMED]))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    wanted = printable(run.objective)
    return (
        f"No experiment has reported {wanted}; they report {listed}{more}. The page can judge the run by one of them; "
        f"{look}"
    )


def written_files(store: Store, project: Project, run: Run) -> list[str]:
    """Sentences about what the experiments of a run wrote; none where they wrote nothing."""
    count, taken = files_of_run(store, run.id)
    if not count:
        return []
    slug = printable(project.slug)
    said = [f"They wrote {count:,} files, {size(taken)}: hypertuner files {slug} lists them."]
    for twice in written_twice(store, run.id)[:1]:
        folder = printable(twice.folder)
        said.append(
            f"{len(twice.experiments)} of them each wrote the same {size(twice.bytes)} in {folder}; --share {folder} "
            "lets the experiments of a run have one together."
        )
    return said


def failures(experiments: Sequence[Experiment]) -> Mapping[str, list[int]]:
    """The failed experiments' numbers by reason."""
    grouped: dict[str, list[int]] = {}
    for experiment in experiments:
        if experiment.state == "failed":
            grouped.setdefault(experiment.reason or "no reason given", []).append(experiment.number)
    return grouped

"""How long the preview of 100,000 combinations takes, and 100 of its rows, in projects that know none, some and all.

Against building the same settings as plain dictionaries.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count, product
from statistics import median

from sqlalchemy import text

from analysis.hyperparameters import Hyperparameter
from benchmarks.figures import Budget, arguments, present, scratch_folder
from launch.choice import StrategyChoice
from launch.code import CodeState
from launch.plan import Demand, drawing, plan_of
from storage.embedded import EmbeddedServer
from storage.folders import prepare_data_dir
from storage.projects import register_project
from storage.records import Project
from storage.runs import NewExperiment, NewRun, create_run
from storage.store import Store

COMBINATIONS = 100_000
BLOCK = range(50_000, 50_100)
PASTS = (0, 1_000, 100_000)
BUDGETS = {
    **{f"first_{past}_s": Budget(1.0) for past in PASTS},
    **{f"block_{past}_s": Budget(0.15) for past in PASTS},
}
SPACE = {
    "batch_size": tuple(range(1, 101)),
    "learning_rate": tuple(index / 1000 for index in range(1, 201)),
    "optimizer": ("adam", "sgd", "rmsprop", "adagrad", "lamb"),
}
# As many options as a large script has; all but three keep their defaults.
HYPERPARAMETERS = [
    Hyperparameter("batch_size", "--batch_size", "int", 32),
    Hyperparameter("learning_rate", "--learning_rate", "float", 0.1),
    Hyperparameter("optimizer", "--optimizer", "choice", "adam", choices=SPACE["optimizer"]),
    *(Hyperparameter(f"option_{index}", f"--option_{index}", "int", index) for index in range(100)),
]
DEMAND = Demand(SPACE, StrategyChoice(), "maximize", HYPERPARAMETERS)
# A grid draws nothing, so that another seed is the same work that nobody has done before.
SEEDS = count(1)
CODE = CodeState("code", None, is_here=True)


def project_with(store: Store, past: int) -> Project:
    """A project in which so many of the combinations have finished."""
    project = register_project(
        store, f"past {past}", directory="/tmp", command=["python", "train.py"], hyperparameters=[], objective="loss"
    )
    drawn = drawing(DEMAND)
    pairs = list(zip(drawn.settings, drawn.fingerprints, strict=True))[:past]
    known = [each.to_json() for each in HYPERPARAMETERS[:3]]
    experiments = [NewExperiment(settings, print_) for settings, print_ in pairs]
    if experiments:
        create_run(store, project, NewRun("python train.py", {}, known, experiments, code_digest="code"))
    with store.begin() as connection:
        finished = "UPDATE experiment SET state = 'finished', duration_s = 1 + random(), ended_at = now()"
        connection.execute(text(f"{finished} WHERE project_id = :id"), {"id": project.id})
        connection.execute(text("ANALYZE experiment"))
    return project


def preview(store: Store, project: Project, demand: Demand = DEMAND) -> None:
    """Everything that the page says above its table."""
    plan = plan_of(store, project, demand, CODE, objective="loss")
    assert plan.total == COMBINATIONS
    assert plan.scheduled + sum(each["count"] for each in plan.left_out) == COMBINATIONS
    assert sum(plan.counts.values()) == COMBINATIONS
    plan.duration(4)


def first_preview(store: Store, project: Project) -> None:
    """Of a form that nobody has filled like this before."""
    preview(store, project, replace(DEMAND, strategy=StrategyChoice(seed=next(SEEDS))))


def block(store: Store, project: Project) -> None:
    """The rows that a table asks for as it is scrolled."""
    rows = plan_of(store, project, DEMAND, CODE, objective="loss", only=BLOCK).rows(range(len(BLOCK)))
    assert len(rows) == len(BLOCK)


def plain_dictionaries() -> None:
    """The same settings, built by hand."""
    assert len([dict(zip(SPACE, values, strict=True)) for values in product(*SPACE.values())]) == COMBINATIONS


def seconds(what: Callable[[], object], times: int) -> float:
    """The median of several."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        taken.append(time.perf_counter() - began)
    return median(taken)


def main() -> None:
    """Three projects, each with a first preview, one more after a decision, and a block of rows."""
    times = 3 if arguments(__doc__ or "").quick else 9
    figures: dict[str, float] = {"plain_s": seconds(plain_dictionaries, times)}
    rows = []
    with scratch_folder() as folder, EmbeddedServer(prepare_data_dir(folder / "data"), folder) as server:
        store = Store(server.url)
        for past in PASTS:
            project = project_with(store, past)
            first = seconds(lambda project=project: first_preview(store, project), times)  # type: ignore[misc]
            again = seconds(lambda project=project: preview(store, project), times)  # type: ignore[misc]
            scrolled = seconds(lambda project=project: block(store, project), times)  # type: ignore[misc]
            figures |= {f"first_{past}_s": first, f"again_{past}_s": again, f"block_{past}_s": scrolled}
            figures[f"ratio_{past}"] = first / figures["plain_s"]
            rows.append([f"{past:,}", first, again, scrolled, first / figures["plain_s"]])
        store.close()
    columns = ["finished before", "first preview (s)", "once more (s)", "100 rows (s)", "x plain dictionaries"]
    present("preview", columns, rows, figures, BUDGETS)


if __name__ == "__main__":
    main()

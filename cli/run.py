"""`hypertuner run`: launch a script with many settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.sharing import refused_share
from analysis.strategies import STRATEGIES
from app.settings import Settings, read_settings
from cli.errors import CommandError
from cli.launch import Planned, discoveries, keep, plan_launch, queue
from cli.metrics import likely_lines
from cli.options import (
    PRIORITY_HELP,
    WEIGHT_HELP,
    DataDir,
    Options,
    read_objective,
    read_strategy,
    read_variables,
    read_wishes,
)
from cli.plan_table import left_out_sentences, plan_json, plan_sentences, plan_table
from cli.progress import failures, follow_run, reported_instead, results_table, written_files
from cli.services import Services, open_store, read_running
from cli.terminal import console, errors, printable, say, say_aside, say_error
from launch.typed import read_typed
from storage.records import Project, Run
from storage.runs import find_run
from storage.store import Store

StrategyName = Annotated[
    str, typer.Option("--strategy", help=f"One of {', '.join(each.replace('_', '-') for each in STRATEGIES)}.")
]


def run(  # noqa: PLR0917 - typer takes options as parameters
    context: typer.Context,
    project: Annotated[str, typer.Option(help="The project; made if it is new.")],
    objective: Annotated[str | None, typer.Option(help="max:METRIC or min:METRIC.")] = None,
    strategy: StrategyName = "grid",
    count: Annotated[
        int | None, typer.Option("--n", min=1, help="How many settings are tried, where the strategy draws. [20]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same settings.")] = 0,
    repeats: Annotated[int, typer.Option(min=1, help="Experiments per setting, to see noise.")] = 1,
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of the strategy; may be repeated.")] = None,
    wait: Annotated[bool, typer.Option(help="Show progress to the end; fails if an experiment failed.")] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, help="At most so many experiments at a time.")] = None,
    priority: Annotated[int, typer.Option(help=PRIORITY_HELP)] = 0,
    weight: Annotated[float, typer.Option(help=WEIGHT_HELP)] = 1,
    cpus: Annotated[float, typer.Option(min=0, help="CPUs per experiment.")] = 1,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs per experiment, fractions too.")] = 0,
    time_limit: Annotated[float | None, typer.Option(min=1, help="Seconds that one experiment may take.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="How often a failed experiment is tried again.")] = 0,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Give the script a terminal, for one that asks for its size.")
    ] = False,
    trial: Annotated[
        bool,
        typer.Option("--trial", help="Stop each experiment after its first epoch, to see what is read of its output."),
    ] = False,
    metric: Annotated[list[str] | None, typer.Option(help="A metric to show first; may be repeated.")] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="A data file or folder whose change makes results others than before; may be repeated."),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            help="A folder of the project that all its experiments write into, such as one for downloads; may be "
            "repeated. Data and caches are shared by themselves."
        ),
    ] = None,
    in_place: Annotated[
        bool | None,
        typer.Option(
            "--in-place/--own-files",
            help="Let scripts write into the project's folder itself; else each experiment keeps its own files.",
        ),
    ] = None,
    hooks: Annotated[
        bool | None,
        typer.Option(
            "--hooks/--no-hooks",
            help="Read what scripts log by wandb, MLflow, TensorBoard, Lightning, Keras and others as they call them.",
        ),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE, or NAME as it is here: a variable for the scripts; may be repeated. What decides how a "
            "program starts (PATH, PYTHONPATH, ...) goes by itself."
        ),
    ] = None,
    again: Annotated[bool, typer.Option(help="Run settings again that this code has finished before.")] = False,
    reuse: Annotated[bool, typer.Option(help="Show earlier results in this run instead of leaving them out.")] = False,
    decide: Annotated[
        list[str] | None,
        typer.Option(
            help="What to do with experiments of a status or with a row of the preview: failed=skip, other-code=reuse, "
            "3=run; may be repeated."
        ),
    ] = None,
    draft: Annotated[bool, typer.Option(help="Only keep it as a draft, to be started on the page.")] = False,
    extend: Annotated[int | None, typer.Option(help="Add the experiments to this run of the project.")] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print what would run, and what is known of it; start nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with --dry-run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before much work begins.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Launch a script with many settings: hypertuner run --project NAME -- python train.py --lr [0.1,0.01]."""
    if draft and extend is not None:
        raise CommandError("--draft keeps a new run and --extend adds to one that is there; choose one of them.")
    if trial and extend is not None:
        raise CommandError("--trial tries a command in a run of its own; --extend adds to one that is there.")
    if as_json and not dry_run:
        raise CommandError("--json prints what would run; write --dry-run, too.")
    if extend is not None and (priority, weight) != (0, 1):
        raise CommandError("--extend keeps the run's priority and share; change them by `hypertuner share`.")
    if refused := refused_share(priority, weight):
        raise CommandError(refused)
    settings = read_settings(data_dir=data_dir)
    options = Options(
        cpus=cpus,
        gpus=gpus,
        concurrency=concurrency,
        priority=priority,
        weight=weight,
        time_limit_s=time_limit,
        retries=retries,
        has_terminal=terminal,
        is_trial=trial,
        strategy=read_strategy(strategy, count, seed, repeats, option or ()),
        wishes=read_wishes(decide or (), again=again, reuse=reuse),
        metrics=metric or (),
        data_paths=data,
        shared_paths=share or (),
        in_place=in_place,
        has_hooks=hooks,
        variables=read_variables(env or (), settings),
        extend=extend,
    )
    goal = read_objective(objective)
    typed = read_typed(context.args, Path.cwd(), discoveries(settings))
    # Whoever reads JSON reads nothing else.
    tell = say_aside if as_json else say
    with _database(settings, tell) as (store, services):
        planned = plan_launch(store, typed, project, goal, options)
        if dry_run:
            _print_plan(planned, as_json=as_json)
        elif draft:
            kept = keep(store, planned, settings.data_dir)
            slug = printable(planned.project.slug)
            console.print(f"Run {kept.number} of [bold]{slug}[/] is kept as a draft", soft_wrap=True)
        else:
            _run_planned(store, services, planned, settings.data_dir, wait=wait, is_sure=yes)


@contextmanager
def _database(settings: Settings, say: Callable[[str], None]) -> Iterator[tuple[Store, Services | None]]:
    """The database that is up, or one that is started for now; its services are those that may be started as well."""
    if read_running(settings.data_dir):
        with open_store(settings) as store:
            yield store, None
    else:
        with Services(settings, say) as services:
            yield services.store, services


def _run_planned(
    store: Store, services: Services | None, planned: Planned, data_dir: Path, *, wait: bool, is_sure: bool
) -> None:
    queued = _queue(store, planned, data_dir, is_sure=is_sure)
    if queued is None:
        return
    if services is None:
        if wait:
            _finish(queued, follow_run(console, store, *queued), store, data_dir)
        return
    services.start_training()
    services.start_web()
    console.print(f"Watch it at [link={(link := services.link())}]{link}[/link]", soft_wrap=True)
    seen = follow_run(console, store, *queued, check=services.refuse_broken)
    _finish(queued, seen, store, data_dir)


def _queue(store: Store, planned: Planned, data_dir: Path, *, is_sure: bool) -> tuple[Project, Run] | None:
    plan, slug = planned.plan, printable(planned.project.slug)
    for sentence in left_out_sentences(plan):
        say(f"{sentence} (see --again, --reuse and --decide)")
    if not plan.scheduled and not plan.reused:
        console.print("Nothing to run: every one of these experiments is left out.")
        return None
    for note in planned.notes:
        say(note)
    launched = queue(store, planned, data_dir, (lambda _: True) if is_sure else _confirm)
    number = launched.run.number
    if planned.extended:
        said = f"it goes on to {plan.total:,}" if plan.demand.is_adaptive else f"{launched.added:,} experiments added"
        console.print(f"Run {number} of [bold]{slug}[/]: {said}", soft_wrap=True)
        return launched.project, launched.run
    if launched.note:
        say(launched.note)
    if launched.run.in_place:
        say("Scripts of this project write into its folder itself, and over each other; --own-files ends that.")
    reused = f", {plan.reused:,} reused" if plan.reused else ""
    console.print(f"Run {number} of [bold]{slug}[/]: {plan.scheduled} experiments queued{reused}", soft_wrap=True)
    return launched.project, launched.run


def _confirm(sentence: str) -> bool:
    """Ask whoever sits at the terminal. Raises CommandError where nobody does."""
    if not sys.stdin.isatty():
        raise CommandError(f"{sentence} Write --yes to launch them.")
    return typer.confirm(f"{sentence} Launch them?")


def _print_plan(planned: Planned, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan_json(planned), indent=2))
    else:
        console.print(plan_table(planned.plan, console.width))
        read = f"Options read from {planned.read_from}."
        for sentence in (*plan_sentences(planned.plan, planned.at_once), *planned.notes, read):
            console.print(printable(sentence), soft_wrap=True)


def _finish(queued: tuple[Project, Run], experiments: list[Any], store: Store, data_dir: Path) -> None:
    project, run_ = queued
    ended = find_run(store, project.id, run_.number) or run_
    console.print(results_table(experiments, ended, console.width))
    if missing := reported_instead(experiments, ended, project.slug):
        errors.print(f"[yellow]{missing}[/]", soft_wrap=True)
        for line in likely_lines(store, data_dir, project, ended):
            console.print("    ", line, sep="", soft_wrap=True)
    for sentence in written_files(store, project, ended):
        console.print(sentence, soft_wrap=True)
    for reason, numbers in failures(experiments).items():
        listed = ", ".join(map(str, numbers[:10])) + (" ..." if len(numbers) > 10 else "")
        errors.print(f"[red]failed:[/] {listed}: {printable(reason)}", soft_wrap=True)
    if ended.state == "failed":
        say_error(ended.reason or "the run failed")
    if ended.state == "failed" or failures(experiments):
        raise typer.Exit(1)

"""The `hypertuner` command: what each subcommand takes, and how errors reach a person."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from analysis.sharing import refused_share
from analysis.strategies import STRATEGIES
from app import tables
from app.settings import Settings, SettingsError, read_settings
from hypertuner.cli.dispatch import watch_dispatcher
from hypertuner.cli.doctor import examine
from hypertuner.cli.errors import CommandError
from hypertuner.cli.launch import (
    Planned,
    extend_run,
    find_extended,
    find_or_refuse,
    keep_draft,
    plan_launch,
    queue_run,
    read_launch,
    register,
    resolve_interpreter,
)
from hypertuner.cli.options import Objective, Options, read_objective, read_strategy, read_wishes
from hypertuner.cli.plan_table import left_out_sentences, plan_json, plan_sentences, plan_table
from hypertuner.cli.progress import failures, follow_run, printable, results_table
from hypertuner.cli.services import Services, open_store, read_running, read_token
from sources.discovery import DiscoveryError, discover
from storage.folders import FolderError
from storage.records import Project, Run
from storage.requests import set_share
from storage.runs import RunError, fetch_runs, find_run
from storage.schema import ENDED_STATES
from storage.store import Store, StoreError, check_schema, is_outage
from storage.store import migrate as migrate_schema
from storage.tokens import LINK_LIFETIME_MINUTES, create_link_token
from training.head import HeadError, submit_dispatcher
from training.lifeline_owner import StartError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Visual analytics for hyperparameter tuning: runs your training script many times and shows what happened.",
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
log = logging.getLogger(__name__)

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept. [HYPERTUNER_DATA_DIR]")]
EXPECTED = (CommandError, StoreError, FolderError, SettingsError, DiscoveryError, HeadError, StartError)
# A day: whoever needs longer makes another link then.
MOST_LINK_MINUTES = 24 * 60
DEMO_PROJECT, DEMO_NAME = "digits", "Handwritten digits"
DEMO_COMMAND = [
    *("--batch_size", "[28:112:2*]"),
    *("--num_epochs", "[4:8:4]"),
    *("--dropout_rate", "[0.3:0.7:0.2]"),
]
DEMO_OBJECTIVE = Objective("validation_accuracy", "maximize")


def main() -> None:
    """Run the command line; whatever goes wrong is one sentence, and the log has the rest."""
    # Terminals that close and managers that stop us ask in these ways; all end like Ctrl-C.
    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, _interrupt)
    try:
        app()
    except EXPECTED as error:
        errors.print(f"[bold red]Error:[/] {printable(str(error))}", soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, the log has the rest
        if is_outage(error):
            errors.print("[bold red]Error:[/] The database does not answer; see `hypertuner doctor`.", soft_wrap=True)
        else:
            path = _keep_traceback()
            errors.print(f"[bold red]Error:[/] {printable(_in_short(error))} (details: {path})", soft_wrap=True)
        sys.exit(1)


def _in_short(error: Exception) -> str:
    """The first line of what went wrong; a database's error carries its whole statement behind that."""
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _keep_traceback() -> Path:
    folder = read_settings().data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "command.log"
    logging.basicConfig(filename=path, format="%(asctime)s %(message)s")
    log.exception("hypertuner %s", " ".join(sys.argv[1:2]))
    return path


def _say(sentence: str) -> None:
    console.print(f"[dim]{printable(sentence)}[/]", soft_wrap=True)


def _say_aside(sentence: str) -> None:
    errors.print(f"[dim]{printable(sentence)}[/]", soft_wrap=True)


# --- commands ------------------------------------------------------------------------------------------------------


@app.command()
def up(data_dir: DataDir = None) -> None:
    """Start PostgreSQL, Ray and the page, and keep them until Ctrl-C."""
    with Services(read_settings(data_dir=data_dir), _say) as services:
        _open(services)
        _tell_resumed(services)
        _stay()


@app.command()
def demo(data_dir: DataDir = None) -> None:
    """The same as `up`, with a real run on handwritten digits to look at."""
    script = Path(__file__).resolve().parents[2] / "examples" / "digits" / "train.py"
    if not script.exists():
        raise CommandError(f"The demo's script {script} is missing; run the demo from a clone of HyperTuner.")
    with Services(read_settings(data_dir=data_dir), _say) as services:
        run = _demo_run(services.store, script)
        _open(services)
        _tell_resumed(services)
        if run is None or run[1].state in ENDED_STATES:
            _say("The demo's experiments are all done; nothing runs again. Start new ones on the page.")
        else:
            console.print(f"{DEMO_NAME}: {printable(run[1].command_line)}", soft_wrap=True)
            follow_run(console, services.store, *run, check=lambda: _refuse_broken(services))
        _stay()


def _demo_run(store: Store, script: Path) -> tuple[Project, Run] | None:
    """The demo's newest run; made where there is none with these settings and this code."""
    launch = read_launch([sys.executable, str(script), *DEMO_COMMAND], script.parent)
    planned = plan_launch(store, launch, DEMO_PROJECT, DEMO_OBJECTIVE, Options(name=DEMO_NAME))
    if planned.plan.scheduled:
        return queue_run(store, planned)[:2]
    project = register(store, planned).project
    open_runs = [run for run in fetch_runs(store, project.id) if run.state not in (*ENDED_STATES, "draft")]
    return (project, open_runs[0]) if open_runs else None


PRIORITY_HELP = "Runs of a higher priority get free places first; -1000 to 1000."
WEIGHT_HELP = "Among runs of one priority, one with weight 2 gets twice as many places as one with 1."
StrategyName = Annotated[
    str, typer.Option("--strategy", help=f"One of {', '.join(each.replace('_', '-') for each in STRATEGIES)}.")
]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
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
    metric: Annotated[list[str] | None, typer.Option(help="A metric to show first; may be repeated.")] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="A data file or folder whose change makes results others than before; may be repeated."),
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
    data_dir: DataDir = None,
) -> None:
    """Launch a script with many settings: hypertuner run --project NAME -- python train.py --lr [0.1,0.01]."""
    if draft and extend is not None:
        raise CommandError("--draft keeps a new run and --extend adds to one that is there; choose one of them.")
    if as_json and not dry_run:
        raise CommandError("--json prints what would run; write --dry-run, too.")
    if extend is not None and (priority, weight) != (0, 1):
        raise CommandError("--extend keeps the run's priority and share; change them by `hypertuner share`.")
    if refused := refused_share(priority, weight):
        raise CommandError(refused)
    options = Options(
        cpus=cpus,
        gpus=gpus,
        concurrency=concurrency,
        priority=priority,
        weight=weight,
        time_limit_s=time_limit,
        retries=retries,
        strategy=read_strategy(strategy, count, seed, repeats, option or ()),
        wishes=read_wishes(decide or (), again=again, reuse=reuse),
        metrics=metric or (),
        data_paths=data,
    )
    goal = read_objective(objective)
    launch = read_launch(context.args, Path.cwd())
    # Whoever reads JSON reads nothing else.
    say = _say_aside if as_json else _say
    with _database(read_settings(data_dir=data_dir), say) as (store, services):
        planned = plan_launch(store, launch, project, goal, options)
        extended = None if extend is None else find_extended(store, planned, extend)
        if dry_run:
            _print_plan(planned, as_json=as_json)
        elif draft:
            owner, kept = keep_draft(store, planned)
            console.print(f"Run {kept.number} of [bold]{printable(owner.slug)}[/] is kept as a draft", soft_wrap=True)
        else:
            _run_planned(store, services, planned, extended, wait=wait)


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
    store: Store, services: Services | None, planned: Planned, extended: Run | None, *, wait: bool
) -> None:
    queued = _queue(store, planned, extended)
    if queued is None:
        return
    if services is None:
        if wait:
            _finish(queued, follow_run(console, store, *queued), store)
        return
    services.start_training()
    services.start_web()
    console.print(f"Watch it at [link={(link := services.link())}]{link}[/link]", soft_wrap=True)
    seen = follow_run(console, store, *queued, check=lambda: _refuse_broken(services))
    _finish(queued, seen, store)


def _queue(store: Store, planned: Planned, extended: Run | None) -> tuple[Project, Run] | None:
    plan, slug = planned.plan, printable(planned.project.slug)
    for sentence in left_out_sentences(plan):
        _say(f"{sentence} (see --again, --reuse and --decide)")
    if not plan.scheduled and not plan.reused:
        console.print("Nothing to run: every one of these experiments is left out.")
        return None
    if extended is not None:
        added = extend_run(store, planned, extended)
        said = f"it goes on to {plan.total:,}" if plan.demand.is_adaptive else f"{added:,} experiments added"
        console.print(f"Run {extended.number} of [bold]{slug}[/]: {said}", soft_wrap=True)
        return planned.project, extended
    project, made, notes = queue_run(store, planned)
    for note in notes:
        _say(note)
    reused = f", {plan.reused:,} reused" if plan.reused else ""
    console.print(f"Run {made.number} of [bold]{slug}[/]: {plan.scheduled} experiments queued{reused}", soft_wrap=True)
    return project, made


def _print_plan(planned: Planned, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan_json(planned), indent=2))
    else:
        console.print(plan_table(planned.plan, console.width))
        for sentence in (*plan_sentences(planned.plan, planned.at_once), *planned.notes):
            console.print(printable(sentence), soft_wrap=True)


def _finish(queued: tuple[Project, Run], experiments: list[Any], store: Store) -> None:
    project, run_ = queued
    ended = find_run(store, project.id, run_.number) or run_
    console.print(results_table(experiments, ended, console.width))
    for reason, numbers in failures(experiments).items():
        listed = ", ".join(map(str, numbers[:10])) + (" ..." if len(numbers) > 10 else "")
        errors.print(f"[red]failed:[/] {listed}: {printable(reason)}", soft_wrap=True)
    if ended.state == "failed":
        errors.print(f"[bold red]Error:[/] {printable(ended.reason or 'the run failed')}", soft_wrap=True)
    if ended.state == "failed" or failures(experiments):
        raise typer.Exit(1)


@app.command()
def share(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    run_number: Annotated[int, typer.Argument(metavar="RUN", help="The number of a run that is open.")],
    priority: Annotated[int | None, typer.Option(help=PRIORITY_HELP)] = None,
    weight: Annotated[float | None, typer.Option(help=WEIGHT_HELP)] = None,
    data_dir: DataDir = None,
) -> None:
    """Change how an open run gets free places beside others; without options, print what it has."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = find_or_refuse(store, project)
        shared = _run_or_refuse(store, found, run_number)
        if (priority, weight) != (None, None):
            try:
                set_share(store, shared.id, priority=priority, weight=weight)
            except RunError as error:
                raise CommandError(str(error)) from None
            shared = _run_or_refuse(store, found, run_number)
    said = f"priority {shared.priority}, share {shared.weight:g}"
    console.print(f"Run {shared.number} of [bold]{printable(found.slug)}[/]: {said}", soft_wrap=True)


@app.command(name="discover")
def discover_script(
    script: Annotated[Path, typer.Argument(help="A Python script with argparse, click, typer or absl.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,  # noqa: ARG001 - every command understands it
) -> None:
    """Print the hyperparameters of a script, without training anything."""
    found = discover([resolve_interpreter("python"), str(script)], Path.cwd())
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    table = Table("flag", "type", "default", "choices", "help")
    for hyperparameter in found.hyperparameters:
        choices = ", ".join(map(str, hyperparameter.choices))
        cells = (hyperparameter.flag, hyperparameter.type, str(hyperparameter.default), choices, hyperparameter.help)
        table.add_row(*map(printable, cells))
    console.print(table)
    for note in found.notes:
        _say(note)


@app.command()
def export(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; else standard output.")] = None,
    run_number: Annotated[int | None, typer.Option("--run", help="Only this run's experiments.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write a project's experiments as CSV, every value exactly."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        found = find_or_refuse(store, project)
        run = None if run_number is None else _run_or_refuse(store, found, run_number)
        # Row by row, so that the largest project needs no more memory than the smallest.
        lines = tables.table_lines(store, tables.Table(found, run))
        if output is None:
            for line in lines:
                typer.echo(line, nl=False)
            return
        count = -1
        try:
            with output.open("w", newline="", encoding="utf-8") as file:
                for count, line in enumerate(lines):  # noqa: B007 - the last one is wanted
                    file.write(line)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
        console.print(f"{count} experiments written to {printable(str(output))}", soft_wrap=True)


@app.command()
def link(
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, max=MOST_LINK_MINUTES, help="How long it can be used.")
    ] = LINK_LIFETIME_MINUTES,
    data_dir: DataDir = None,
) -> None:
    """Print a fresh link to the page that runs; it works once."""
    settings = read_settings(data_dir=data_dir)
    running = read_running(settings.data_dir)
    # A shared database's web runs elsewhere; it is published on our port.
    web = running.web if running else f"http://127.0.0.1:{settings.port}" if settings.database_url else None
    if web is None:
        raise CommandError(f"No page is running on {settings.data_dir}; start it with `hypertuner up`.")
    with open_store(settings) as store:
        typer.echo(f"{web}/login?token={create_link_token(store, minutes)}")


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema to this version (`up` does it by itself)."""
    with open_store(read_settings(data_dir=data_dir)) as store:
        migrate_schema(store)
        check_schema(store)
    console.print("The schema is up to date.")


@app.command()
def dispatch(
    once: Annotated[
        bool, typer.Option("--once", help="Submit it and end; if it dies, nobody starts it again.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Keep the standing dispatcher on the cluster of HYPERTUNER_RAY_ADDRESS, until Ctrl-C (`up` does it by itself)."""
    settings = read_settings(data_dir=data_dir)
    if settings.ray_address is None:
        raise CommandError("HYPERTUNER_RAY_ADDRESS is not set; name the cluster's Jobs API, as in http://head:8265.")
    token = read_token(settings.ray_token_file)
    places, spool_gb = settings.most_places, settings.spool_gb
    job = submit_dispatcher(settings.ray_address, token, settings.data_dir, most_places=places, spool_gb=spool_gb)
    if once:
        console.print(f"The dispatcher runs on {settings.ray_address}.")
    else:
        console.print(f"The dispatcher runs on {settings.ray_address}; it is watched until Ctrl-C.")
        watch_dispatcher(settings, token, job, _say)


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Say what is there, what is wrong, and how to mend it."""
    colours = {"ok": "green", "note": "yellow", "missing": "bold red"}
    worst = 0
    for finding in examine(read_settings(data_dir=data_dir)):
        colour, found = colours[finding.mark], printable(finding.found)
        console.print(f"[{colour}]{finding.mark:>7}[/] {finding.subject}: {found}", soft_wrap=True)
        if finding.remedy:
            console.print(f"        {printable(finding.remedy)}", soft_wrap=True)
        worst = max(worst, finding.mark == "missing")
    raise typer.Exit(int(worst))


# --- how -----------------------------------------------------------------------------------------------------------


def _run_or_refuse(store: Store, project: Project, number: int) -> Run:
    found = find_run(store, project.id, number)
    if found is None:
        raise CommandError(f"Project {project.slug} has no run {number}.")
    return found


def _open(services: Services) -> None:
    """Start the page before Ray: it can be looked at while Ray, the slowest of all, gets ready."""
    services.start_web()
    console.print()
    console.print(
        "  [bold]HyperTuner is ready.[/] Open this link "
        f"(it works once, within {LINK_LIFETIME_MINUTES} minutes; `hypertuner link` makes more):",
        soft_wrap=True,
    )
    console.print(f"  [bold cyan]{services.link()}[/]", soft_wrap=True)
    console.print()
    services.start_training()


def _tell_resumed(services: Services) -> None:
    resumed = services.resumed
    if resumed.cut:
        _say(f"{resumed.cut} experiments were interrupted last time; they start again")
    if resumed.ended:
        _say(f"{resumed.ended} experiments had ended by themselves; their results are kept")


def _refuse_broken(services: Services) -> None:
    if problem := services.problem:
        raise CommandError(problem)


def _stay() -> None:
    """Hold everything until Ctrl-C."""
    console.print("Ctrl-C stops everything; your results are kept.")
    while True:
        time.sleep(3600)

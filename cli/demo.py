"""`hypertuner demo`: like `up`, with a real run on handwritten digits."""

from __future__ import annotations

import sys
from pathlib import Path

from app.settings import read_settings
from cli.errors import CommandError
from cli.launch import discoveries, plan_launch, queue
from cli.options import DataDir, Objective, Options
from cli.progress import follow_run
from cli.services import Services
from cli.terminal import console, printable, say
from cli.up import open_page, stay, tell_resumed
from launch.launch import keep_project
from launch.typed import read_typed
from storage.records import Project, Run
from storage.runs import fetch_runs
from storage.schema import ENDED_STATES

PROJECT, NAME = "digits", "Handwritten digits"
COMMAND = [
    *("--batch_size", "[28:112:2*]"),
    *("--num_epochs", "[4:8:4]"),
    *("--dropout_rate", "[0.3:0.7:0.2]"),
]
OBJECTIVE = Objective("validation_accuracy", "maximize")


def demo(data_dir: DataDir = None) -> None:
    """The same as `up`, with a real run on handwritten digits to look at."""
    script = Path(__file__).resolve().parents[1] / "examples" / "digits" / "train.py"
    if not script.exists():
        raise CommandError(f"The demo's script {script} is missing; run the demo from a clone of HyperTuner.")
    with Services(read_settings(data_dir=data_dir), say) as services:
        run = _demo_run(services, script)
        open_page(services)
        tell_resumed(services)
        if run is None or run[1].state in ENDED_STATES:
            say("The demo's experiments are all done; nothing runs again. Start new ones on the page.")
        else:
            console.print(f"{NAME}: {printable(run[1].command_line)}", soft_wrap=True)
            follow_run(console, services.store, *run, check=services.refuse_broken)
        stay()


def _demo_run(services: Services, script: Path) -> tuple[Project, Run] | None:
    """The demo's newest run; made where there is none with these settings and this code."""
    store = services.store
    typed = read_typed([sys.executable, str(script), *COMMAND], script.parent, discoveries(services.settings))
    planned = plan_launch(store, typed, PROJECT, OBJECTIVE, Options(name=NAME))
    if planned.plan.scheduled:
        launched = queue(store, planned, services.settings.data_dir, confirm=lambda _: True)
        return launched.project, launched.run
    project = keep_project(store, planned.project)
    open_runs = [run for run in fetch_runs(store, project.id) if run.state not in (*ENDED_STATES, "draft")]
    return (project, open_runs[0]) if open_runs else None

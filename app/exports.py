"""The addresses of files that are made in the background: ask for one, see how far it is, cancel it, fetch it.

The web only writes and reads the queue's rows, and starts a worker where one is missing: it may die at any time.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from analysis.counting import PARAMETER
from app.asked import NotThere, find_project_or_say, find_run_or_say
from app.export_worker import exports_folder, remove_old_files
from app.pages import error_page
from app.tables import read_table
from storage.exports import Export, QueueFull, add_export, cancel_export, exports_of, needs_worker
from storage.store import Store

# A worker that was just started has not said yet that it is there.
START_AGAIN_AFTER_S = 3.0
SWEEP_EVERY_S = 60.0
KINDS = {"csv": "text/csv", "pdf": "application/pdf"}
# A question is kept as it came; a selection among 100,000 experiments takes half of this.
MOST_CHARACTERS = 1_200_000

log = logging.getLogger("hypertuner.web")


class Workers:
    """Starts a worker where the queue needs one; the worker outlives this process, and its slot is in the database."""

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._store, self._data_dir = store, data_dir
        self._lock = threading.Lock()
        self._started_at = -START_AGAIN_AFTER_S

    def start_missing(self) -> None:
        """Start one where something waits and a slot is free."""
        with self._lock:
            if time.monotonic() - self._started_at < START_AGAIN_AFTER_S or not needs_worker(self._store):
                return
            self._started_at = time.monotonic()
            self._start()

    def _start(self) -> None:
        environment = {
            **os.environ,
            "HYPERTUNER_DATA_DIR": str(self._data_dir),
            # Its libraries would reserve memory for every core.
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "HYPERTUNER_DATABASE_URL": self._store.url.render_as_string(hide_password=False),
        }
        with (self._data_dir / "logs" / "exports.log").open("ab") as out:
            worker = subprocess.Popen(
                [sys.executable, "-P", "-m", "app.export_worker"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._data_dir, env=environment,
            )  # fmt: skip
        # Somebody has to take note of its end.
        threading.Thread(target=worker.wait, name="export-worker", daemon=True).start()


def attach(server: Flask, store: Store, data_dir: Path) -> None:
    """Add the addresses to a server. data_dir: finished files wait in its `exports`."""
    folder = exports_folder(data_dir)
    workers = Workers(store, data_dir)

    def exports() -> AnyResponse:
        question = request.get_json(silent=True)
        if not isinstance(question, Mapping):
            return Response(status=404)
        try:
            answer = _do(store, folder, question)
        except NotThere as error:
            return jsonify({"error": str(error)})
        except (QueueFull, ValueError) as error:
            return jsonify({"error": str(error)})
        listed = exports_of(store, g.session_id)
        if any(each.state in ("queued", "working") for each in listed):
            workers.start_missing()
        return jsonify({**answer, "exports": [_shown(each) for each in listed]})

    def file(number: int) -> AnyResponse:
        found = next((each for each in exports_of(store, g.session_id) if each.id == number), None)
        path = folder / found.file if found and found.file else None
        if found is None or path is None or not path.is_file():
            return error_page(
                404, "This download is not there any more.", "Files are kept for an hour; ask for it again."
            )
        return send_file(path, KINDS[found.kind], as_attachment=True, download_name=found.title, max_age=0)

    server.add_url_rule("/exports", "exports", exports, methods=["POST"])
    server.add_url_rule("/exports/<int:number>", "export_file", file, methods=["GET"])


def keep_swept(data_dir: Path) -> None:
    """From now on, remove old files every minute, in a thread of this process; several processes may do so."""

    def sweep() -> None:
        while True:
            try:
                remove_old_files(exports_folder(data_dir))
            except OSError as error:
                log.warning("Old downloads cannot be removed: %s", error)
            time.sleep(SWEEP_EVERY_S)

    threading.Thread(target=sweep, name="sweep", daemon=True).start()


def _do(store: Store, folder: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    act, id_ = question.get("do"), question.get("id")
    if act == "add":
        return {"added": _add(store, question)}
    if act == "cancel" and isinstance(id_, int) and 0 < id_ < 2**63:
        if file := cancel_export(store, g.session_id, id_):
            (folder / file).unlink(missing_ok=True)
        return {}
    if act == "list":
        return {}
    raise ValueError("Exports are added, listed or cancelled.")


def _add(store: Store, question: Mapping[str, Any]) -> int:
    asked = {
        name: str(question[name])
        for name in ("slug", "run", "flavour", "numbers", "reduce", PARAMETER)
        if question.get(name) is not None
    }
    if sum(map(len, asked.values())) > MOST_CHARACTERS:
        raise ValueError("The selection is too long; select ranges rather than single experiments.")
    slug, kind = asked.get("slug", ""), question.get("kind")
    if kind == "csv":
        title = read_table(store, slug, asked).title
    elif kind == "pdf":
        number = asked.get("run", "")
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            raise ValueError("The run is named by its number.")
        find_run_or_say(store, find_project_or_say(store, slug), int(number))
        title = f"{slug}-run-{int(number)}.pdf"
    else:
        raise ValueError("A download is a csv or a pdf.")
    return add_export(store, g.session_id, kind, asked, title)


def _shown(each: Export) -> dict[str, Any]:
    return {
        "id": each.id,
        "title": each.title,
        "state": each.state,
        "progress": round(each.progress, 3),
        "reason": each.reason,
        "ahead": each.ahead,
    }

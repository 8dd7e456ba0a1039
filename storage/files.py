"""What experiments wrote in folders of their own: lists of files, where they lie, and what they take."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from analysis.own_files import OwnFile, OwnFiles, WrittenTwice, by_folder
from storage.leases import LeaseLost
from storage.records import Claim
from storage.store import Store

# Of how many files of how many experiments it is looked whether they are the same.
MOST_LARGE, MOST_COMPARED = 50, 40


@dataclass(frozen=True)
class KeptFiles:
    """What an experiment wrote, and where it lies.

    kind: "overlay", "copy" or "in place"; note: why not by an overlay.
    """

    host: str
    folder: str
    kind: str
    note: str | None
    found: OwnFiles
    measured_at: datetime | None = None
    removed_at: datetime | None = None


def keep_files(store: Store, claim: Claim, kept: KeptFiles) -> None:
    """Write down what an attempt wrote so far. Raises LeaseLost."""
    with store.begin() as connection:
        written = connection.execute(
            text(
                """INSERT INTO experiment_files AS old
                    (experiment_id, host, folder, kind, note, count, bytes, disk_bytes, listing, large)
                SELECT id, :host, :folder, :kind, :note, :count, :bytes, :disk_bytes, CAST(:listing AS jsonb),
                    CAST(:large AS jsonb)
                FROM experiment
                WHERE id = :id AND attempt = :attempt AND fence = :fence AND state = 'running'
                ON CONFLICT (experiment_id) DO UPDATE SET host = excluded.host, folder = excluded.folder,
                    kind = excluded.kind, note = excluded.note, count = excluded.count, bytes = excluded.bytes,
                    disk_bytes = excluded.disk_bytes, listing = excluded.listing, large = excluded.large,
                    measured_at = now(), removed_at = NULL"""
            ),
            {
                "id": claim.experiment_id,
                "attempt": claim.attempt,
                "fence": claim.fence,
                "host": kept.host,
                "folder": kept.folder,
                "kind": kept.kind,
                "note": kept.note,
                **_written(kept.found),
            },
        )
        if written.rowcount != 1:
            raise LeaseLost(f"experiment {claim.number}, attempt {claim.attempt}")


def keep_found(store: Store, experiment_id: int, found: OwnFiles) -> None:
    """Write down what is left of the files of an experiment that has ended."""
    with store.begin() as connection:
        connection.execute(
            text(
                """UPDATE experiment_files SET count = :count, bytes = :bytes, disk_bytes = :disk_bytes,
                    listing = CAST(:listing AS jsonb), large = CAST(:large AS jsonb), measured_at = now()
                WHERE experiment_id = :id"""
            ),
            {"id": experiment_id, **_written(found)},
        )
        _tell(connection, experiment_id)


def _written(found: OwnFiles) -> dict[str, Any]:
    listing = [[each.name, each.path, each.bytes, each.modified, each.digest] for each in found.files]
    digested = [each for each in found.files if each.digest]
    largest = sorted(digested, key=lambda each: -each.bytes)[:MOST_LARGE]
    large = [[each.name, each.bytes, each.digest] for each in largest]
    return {
        "count": found.count,
        "bytes": found.bytes,
        "disk_bytes": found.disk_bytes,
        "listing": json.dumps(listing),
        "large": json.dumps(large),
    }


def fetch_files(store: Store, experiment_id: int) -> KeptFiles | None:
    """What an experiment wrote, or the one whose results it shows; None where nothing is known of any."""
    with store.read() as connection:
        row = connection.execute(
            text(
                """SELECT host, folder, kind, note, count, bytes, disk_bytes, listing, measured_at, removed_at
                FROM experiment_files
                WHERE experiment_id = (SELECT coalesce(reused_from, id) FROM experiment WHERE id = :id)"""
            ),
            {"id": experiment_id},
        ).one_or_none()
    if row is None:
        return None
    found = OwnFiles(tuple(OwnFile(*each) for each in row.listing), row._mapping["count"], row.bytes, row.disk_bytes)
    return KeptFiles(row.host, row.folder, row.kind, row.note, found, row.measured_at, row.removed_at)


def is_here(kept: KeptFiles) -> bool:
    """Whether the files lie on this machine, and are there still."""
    return kept.removed_at is None and kept.host == socket.gethostname() and Path(kept.folder).is_dir()


def disk_bytes_of(store: Store, project_id: int, *, but: int) -> int:
    """What the files of a project's experiments take, all but one of them."""
    with store.read() as connection:
        total: int = connection.execute(
            text(
                """SELECT coalesce(sum(files.disk_bytes), 0)::bigint FROM experiment_files AS files
                JOIN experiment ON experiment.id = files.experiment_id
                WHERE experiment.project_id = :project AND experiment.id <> :but AND files.removed_at IS NULL"""
            ),
            {"project": project_id, "but": but},
        ).scalar_one()
    return total


def files_of_run(store: Store, run_id: int) -> tuple[int, int]:
    """How many files the experiments of a run wrote, and their bytes in all."""
    with store.read() as connection:
        row = connection.execute(
            text(
                """SELECT coalesce(sum(count), 0)::bigint AS files, coalesce(sum(bytes), 0)::bigint AS bytes
                FROM experiment_files JOIN experiment ON experiment.id = experiment_id
                WHERE run_id = :run AND removed_at IS NULL"""
            ),
            {"run": run_id},
        ).one()
    return row.files, row.bytes


def fetch_taken(store: Store, project_id: int) -> list[tuple[int, str, KeptFiles]]:
    """Number, state and files of a project's experiments that have any, those that take the most first.

    The lists of their files are left out.
    """
    with store.read() as connection:
        rows = connection.execute(
            text(
                """SELECT number, state, files.host, folder, kind, note, count, bytes, disk_bytes, measured_at
                FROM experiment_files AS files JOIN experiment ON experiment.id = experiment_id
                WHERE project_id = :project AND removed_at IS NULL AND count > 0
                ORDER BY disk_bytes DESC, number"""
            ),
            {"project": project_id},
        ).mappings()
        return [
            (
                row["number"],
                row["state"],
                KeptFiles(
                    row["host"], row["folder"], row["kind"], row["note"],
                    OwnFiles((), row["count"], row["bytes"], row["disk_bytes"]), row["measured_at"],
                ),
            )
            for row in rows
        ]  # fmt: skip


def mark_removed(store: Store, experiment_id: int) -> None:
    """The files of an experiment are there no more; what they were is still known."""
    with store.begin() as connection:
        connection.execute(
            text("UPDATE experiment_files SET removed_at = now(), disk_bytes = 0 WHERE experiment_id = :id"),
            {"id": experiment_id},
        )
        _tell(connection, experiment_id)


def _tell(connection: Connection, experiment_id: int) -> None:
    """Let the pages of an experiment, and of those that show its results, look again."""
    statement = text("UPDATE experiment SET state = state WHERE id = :id OR reused_from = :id")
    connection.execute(statement, {"id": experiment_id})


def written_twice(store: Store, run_id: int) -> list[WrittenTwice]:
    """The folders below which experiments of a run wrote the same bytes, those with the most first.

    The newest experiments that wrote large files are looked at, and the largest files of each.
    """
    with store.read() as connection:
        rows = connection.execute(
            text(
                """WITH newest AS (
                    SELECT number, large FROM experiment_files JOIN experiment ON experiment.id = experiment_id
                    WHERE run_id = :run AND removed_at IS NULL AND large <> '[]'
                    ORDER BY measured_at DESC LIMIT :most)
                SELECT file->>0 AS name, (file->>1)::bigint AS bytes, array_agg(number ORDER BY number) AS numbers
                FROM newest, jsonb_array_elements(large) AS file
                GROUP BY file->>0, file->>1, file->>2 HAVING count(*) > 1 ORDER BY 1"""
            ),
            {"run": run_id, "most": MOST_COMPARED},
        ).all()
    return by_folder((row.name, row.bytes, row.numbers) for row in rows)

"""The addresses of files that experiments wrote: one by one, and all of an experiment's as an archive."""

from __future__ import annotations

import mimetypes
import os
import zipfile
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, jsonify
from werkzeug.wrappers import Response as AnyResponse

from analysis.own_files import path_of
from app.asked import NotThere
from app.limits import LARGEST_NUMBER, few_at_once
from app.pages import error_page
from launch.removal import RemovalError, remove_files
from sources.own_files import FILES, open_own_file, walk_own_files
from storage.experiments import find_experiment
from storage.files import KeptFiles, fetch_files, is_here
from storage.projects import find_project
from storage.records import Experiment
from storage.store import Store

PIECE_BYTES = 1_000_000
# A larger archive would hold a place of the server for minutes.
MOST_ARCHIVED_BYTES = 4_000_000_000


def attach(server: Flask, store: Store, data_dir: Path) -> None:
    """Add the addresses to a server. data_dir: where experiments of this machine leave their files."""

    def one(slug: str, number: int, path: str) -> AnyResponse:
        return _or_sentence(lambda: _one(_folder(store, data_dir, slug, number), path))

    @few_at_once
    def all_of_them(slug: str, number: int) -> AnyResponse:
        return _or_sentence(lambda: _archive(_folder(store, data_dir, slug, number), slug, number))

    def remove(slug: str, number: int) -> AnyResponse:
        return _or_sentence(lambda: _remove(store, data_dir, slug, number))

    address = "/files/<slug>/experiments/<int:number>"
    server.add_url_rule(f"{address}/<path:path>", "own_file", one, methods=["GET"])
    server.add_url_rule(f"{address}/remove", "own_files_remove", remove, methods=["POST"])
    server.add_url_rule(f"{address}.zip", "own_files_archive", all_of_them, methods=["GET"])


def _or_sentence(answer: Callable[[], AnyResponse]) -> AnyResponse:
    try:
        return answer()
    except NotThere as error:
        return error_page(404, "There is nothing at this address.", str(error))


def _folder(store: Store, data_dir: Path, slug: str, number: int) -> Path:
    """The folder of an experiment's own files on this machine. Raises NotThere."""
    return _found(store, data_dir, slug, number)[2]


def _found(store: Store, data_dir: Path, slug: str, number: int) -> tuple[Experiment, KeptFiles, Path]:
    """An experiment, what is known of its files, and their folder on this machine. Raises NotThere."""
    project = find_project(store, slug)
    known = project and number <= LARGEST_NUMBER
    experiment = find_experiment(store, project.id, number) if project and known else None
    kept = fetch_files(store, experiment.id) if experiment else None
    if experiment is None or kept is None or not is_here(kept):
        raise NotThere("This machine has no files of such an experiment.")
    # Nobody who writes into the database leads us to another folder.
    return experiment, kept, data_dir / FILES / PurePosixPath(kept.folder).name


def _remove(store: Store, data_dir: Path, slug: str, number: int) -> AnyResponse:
    experiment, kept, folder = _found(store, data_dir, slug, number)
    try:
        return jsonify({"said": remove_files(store, experiment, kept, folder)})
    except RemovalError as error:
        return jsonify({"error": str(error)})


def _one(folder: Path, path: str) -> AnyResponse:
    try:
        descriptor = open_own_file(folder, path)
    except (OSError, ValueError):
        raise NotThere("The experiment has no file of this name.") from None
    name = PurePosixPath(path).name
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(_pieces(descriptor), mimetype=kind)
    response.headers["Content-Length"] = str(os.fstat(descriptor).st_size)
    return _attachment(response, name)


def _pieces(descriptor: int) -> Iterator[bytes]:
    left = os.fstat(descriptor).st_size
    with os.fdopen(descriptor, "rb") as file:
        # It may be growing, and no more than was promised may come.
        while left > 0 and (piece := file.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece


def _archive(folder: Path, slug: str, number: int) -> AnyResponse:
    files = list(walk_own_files(folder))
    if sum(file.bytes for file in files) > MOST_ARCHIVED_BYTES:
        return error_page(
            413,
            f"These files take more than {MOST_ARCHIVED_BYTES / 1e9:g} GB.",
            f"Download them one by one, or type `hypertuner files {slug} {number} --to FOLDER` in a terminal.",
        )
    response = Response(archive_of(folder), mimetype="application/zip")
    return _attachment(response, f"{slug}-experiment-{number}-files.zip")


class _Outlet(RawIOBase):
    """Takes what is written, to be sent on."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self.pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def archive_of(folder: Path) -> Iterator[bytes]:
    """A zip archive of an experiment's files, made while it is sent; one that cannot be read any more is left out."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for file in walk_own_files(folder):
            try:
                descriptor = open_own_file(folder, file.path)
            except OSError:
                continue
            with archive.open(zipfile.ZipInfo(path_of(file.name)), "w", force_zip64=True) as entry:
                for piece in _pieces(descriptor):
                    entry.write(piece)
                    yield outlet.take()
    yield outlet.take()


def _attachment(response: Response, name: str) -> Response:
    """An answer that the browser keeps as a file; pictures in a page of ours are shown all the same."""
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response

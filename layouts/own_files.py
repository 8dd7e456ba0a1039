"""What an experiment wrote, on its page: a list of files to show and to download, and pictures at a glance."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from analysis.own_files import OwnFile, OwnFiles
from analysis.words import size
from layouts import ids
from layouts.attributes import attributes
from layouts.configuration import filter_box
from layouts.words import local_time

MOST_ROWS = 200
MOST_PICTURES = 12
MOST_UNSEARCHED = 15
# What a browser shows by itself and that runs no script.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"})
TEXTS = frozenset(
    {".txt", ".log", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".md", ".py", ".cfg", ".ini", ".xml"}
    | {".html", ".sh", ".out", ".err", ".tex", ".svg", ".rst", ".sql", ".r", ".conf", ".properties"}
)
KINDS = {
    "overlay": "The script saw the project's folder as it was, and what it wrote there is kept here.",
    "copy": "The script ran in a copy of the project's folder, as this machine has no copy-on-write for it. What it "
    "wrote into large files and shared folders is not here.",
    "in place": "The run writes into the project's folder itself; what it wrote to HYPERTUNER_OUTPUT_DIR is here.",
}


@dataclass(frozen=True)
class Shown:
    """What is known of an experiment's files.

    address: below which they are downloaded. elsewhere: the machine and folder where they lie, if the server does not
    see them. is_removed: whether somebody removed them.
    """

    found: OwnFiles
    kind: str
    address: str
    note: str | None = None
    elsewhere: str = ""
    is_removed: bool = False
    # Whether nothing is written any more.
    is_over: bool = True


def panel() -> Component:
    """The frame; it is there as soon as there are files."""
    return html.Section(
        [
            html.Div(id=ids.OWN_FILES),
            html.Div(
                [
                    html.Div(
                        [
                            html.H3(id=ids.OWN_FILE_TITLE, tabIndex=-1),
                            html.Button("Close", id=ids.OWN_FILE_CLOSE, type="button", className="button"),
                        ],
                        className="own-file-head",
                    ),
                    html.Pre(id=ids.OWN_FILE_TEXT, tabIndex=0),
                    html.P(id=ids.OWN_FILE_NOTE, className="muted", role="status"),
                ],
                id=ids.OWN_FILE,
                className="own-file",
                hidden=True,
            ),
        ],
        className="panel own-files",
        id=ids.OWN_FILES_PANEL,
    )


def content(shown: Shown | None) -> list[Component]:
    """Everything in the panel; nothing where the experiment wrote nothing."""
    if shown is None or not shown.found.count:
        return []
    found = shown.found
    count = f"{found.count:,} {'file' if found.count == 1 else 'files'}, {size(found.bytes)}"
    is_here = not shown.elsewhere and not shown.is_removed
    words = f"{count}, removed" if shown.is_removed else count
    head = [html.H2("Files"), html.Span(words, className="muted", title=KINDS.get(shown.kind, ""))]
    if found.count > MOST_UNSEARCHED:
        head.append(filter_box(ids.OWN_FILES_FOUND, f"Search {min(found.count, MOST_ROWS):,} files"))
    if is_here:
        head.append(html.A("Download all", href=f"{shown.address}.zip", className="button", download=""))
        if shown.is_over:
            head.append(_remove(shown, count))
    return [
        html.Div(head, className="panel-head"),
        *_notes(shown),
        *(_pictures(shown) if is_here else []),
        html.Div(_table(shown, is_here=is_here), id=ids.OWN_FILES_FOUND, className="own-files-list"),
    ]


def _remove(shown: Shown, count: str) -> Component:
    """Asks before it removes: assets/experiment/own_files.js."""
    words = attributes(data_remove_files=f"{shown.address}/remove", data_count=count, aria_haspopup="dialog")
    return html.Button("Remove …", type="button", className="button", title="Give the disk its room back", **words)


def _notes(shown: Shown) -> list[Component]:
    said = []
    if shown.is_removed:
        said.append("These files were removed; this is what they were.")
    elif shown.elsewhere:
        said.append(f"They lie on another machine, whose disk this server does not see: {shown.elsewhere}")
    if shown.kind == "copy" and shown.note:
        said.append(f"{KINDS['copy']} {shown.note}")
    elif shown.kind == "in place":
        said.append(KINDS["in place"])
    if shown.found.count > MOST_ROWS:
        said.append(f"The newest {MOST_ROWS} are listed; the download has all {shown.found.count:,}.")
    return [html.P(each, className="muted") for each in said]


def _pictures(shown: Shown) -> list[Component]:
    pictures = [file for file in shown.found.files if _kind_of(file) == "picture"][:MOST_PICTURES]
    if not pictures:
        return []
    return [
        html.Div(
            [
                html.A(
                    [html.Img(src=_address(shown, file), alt=file.name), html.Span(file.name)],
                    href=_address(shown, file),
                    title=f"{file.name}, {size(file.bytes)}",
                    download="",
                )
                for file in pictures
            ],
            className="own-pictures",
        )
    ]


def _table(shown: Shown, *, is_here: bool) -> Component:
    newest = sorted(shown.found.files, key=lambda file: -file.modified)[:MOST_ROWS]
    listed: Sequence[OwnFile] = sorted(newest, key=lambda file: file.name)
    head = html.Tr(
        [html.Th("name"), html.Th("size", className="is-number"), html.Th("written", className="is-time"), html.Th()]
    )
    rows = [_row(shown, file, is_here=is_here) for file in listed]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="own-files-table")


def _row(shown: Shown, file: OwnFile, *, is_here: bool) -> Component:
    when = datetime.fromtimestamp(file.modified, UTC)
    name = html.A(file.name, href=_address(shown, file), download="") if is_here else html.Span(file.name)
    show: list[Component] = []
    if is_here and _kind_of(file) == "text":
        words = attributes(data_own_file=_address(shown, file), data_name=file.name)
        show = [html.Button("Show", type="button", className="link-button", **words)]
    return html.Tr(
        [
            html.Td(name, className="own-file-name", title=file.name),
            html.Td(size(file.bytes), className="is-number", title=f"{file.bytes:,} bytes"),
            html.Td(html.Time(local_time(when), dateTime=when.isoformat()), className="is-time"),
            html.Td(show),
        ]
    )


def _address(shown: Shown, file: OwnFile) -> str:
    return f"{shown.address}/{quote(file.path)}"


def _kind_of(file: OwnFile) -> str:
    if (mimetypes.guess_type(file.name)[0] or "") in PICTURES:
        return "picture"
    _, dot, suffix = file.name.rpartition(".")
    return "text" if dot and f".{suffix.lower()}" in TEXTS else ""

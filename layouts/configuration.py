"""What an experiment ran with besides its settings: commit and changes, machine, packages, and its attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from analysis.hyperparameters import text_of
from analysis.seeds import Seed
from analysis.words import duration
from layouts import ids
from layouts.attributes import attributes
from layouts.figures import GRAPH_CONFIG
from layouts.words import local_time

HASH_SHOWN = 10


@dataclass(frozen=True)
class Try:
    """One attempt; `ending` is None while it goes on."""

    attempt: int
    host: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    exit_code: int | None
    ending: str | None
    reason: str | None
    epoch: float | None = None
    value_count: int | None = None


@dataclass(frozen=True)
class Configuration:
    """What is known; None: nothing. revision and environment are as sources/git.py and training/environment.py say.

    variables: what the launch handed to the script; None for a secret.
    """

    revision: Mapping[str, Any] | None
    environment: Mapping[str, Any] | None
    seed: Seed | None
    tries: Sequence[Try]
    variables: Mapping[str, str | None] = field(default_factory=dict)


def content(shown: Configuration, diff_address: str, attempts_address: str) -> list[Component]:
    """The panel. diff_address: where the diff of its code can be had, if there is one.

    attempts_address: where the curves of an attempt are, without its number.
    """
    return [
        html.Div(html.H2("Configuration"), className="panel-head"),
        html.Div(
            [
                _part("Code", *_code(shown.revision, diff_address)),
                _part("Machine", *_machine(shown)),
                _part("Attempts", *_attempts(shown.tries, attempts_address), is_wide=True),
            ],
            className="configuration-parts",
        ),
    ]


def filter_box(place: str, words: str) -> Component:
    """A box that hides the rows in `place` without the typed words; assets/experiment/configuration.js does it."""
    return html.Div(
        [
            dcc.Input(
                id=f"{place}-words", type="search", placeholder=words, className="search-box", autoComplete="off"
            ),
            html.Span(className="muted filter-count", role="status"),
        ],
        className="filter-box",
        **attributes(data_filters=place),
    )


def _part(title: str, *found: Component, is_wide: bool = False) -> Component:
    return html.Div([html.H3(title), *found], className=f"configuration-part{' is-wide' if is_wide else ''}")


def _said(words: str) -> Component:
    return html.P(words, className="muted")


def _facts(facts: Sequence[tuple[str, Any]]) -> Component:
    known = [(name, value) for name, value in facts if value not in (None, "", [])]
    return html.Dl([part for name, value in known for part in (html.Dt(name), html.Dd(value))], className="fact-list")


# --- code ---------------------------------------------------------------------------------------------------------


def _code(revision: Mapping[str, Any] | None, diff_address: str) -> list[Component]:
    if revision is None:
        return [_said("This run was launched before commits were kept.")]
    problem = str(revision.get("problem") or "")
    if not revision.get("commit"):
        return [_said(problem or "No commit is known.")]
    commit = str(revision["commit"])
    parts: list[Component] = [
        _facts(
            [
                (
                    "Commit",
                    [
                        html.Code(commit[:HASH_SHOWN], title=commit),
                        html.Button("Copy", className="copy-button", type="button", **attributes(data_copy=commit)),
                    ],
                ),
                ("Subject", str(revision.get("subject") or "(none)")),
                ("Branch", str(revision.get("branch") or "none (detached)")),
                ("Remote", str(revision.get("remote") or "")),
                ("Changes", _changes(revision)),
            ]
        )
    ]
    if problem:
        parts.append(html.P(problem, className="muted"))
    if revision.get("is_dirty"):
        parts.append(_diff(diff_address, is_cut=bool(revision.get("is_cut"))))
    if untracked := list(revision.get("untracked") or ()):
        parts.append(_untracked(untracked, int(revision.get("untracked_count") or len(untracked))))
    return parts


def _changes(revision: Mapping[str, Any]) -> Component | str:
    if revision.get("is_dirty"):
        return html.Span("uncommitted changes", className="is-dirty")
    return "" if revision.get("problem") else "none: as committed"


def _diff(address: str, *, is_cut: bool) -> Component:
    cut = "It was longer: only its first MB was kept." if is_cut else ""
    return html.Details(
        [
            html.Summary("What was not committed"),
            html.Div(
                [
                    html.Button("Copy", className="copy-button", type="button", **attributes(data_copy_from=ids.DIFF)),
                    html.A("Download", href=address, download=""),
                    *([html.Span(cut, className="is-dirty")] if cut else []),
                ],
                className="diff-tools",
            ),
            html.Pre("Loading …", id=ids.DIFF, className="diff", tabIndex="0"),
        ],
        className="diff-fold",
        **attributes(data_diff=address),
    )


def _untracked(names: Sequence[str], count: int) -> Component:
    left = f" and {count - len(names)} more" if count > len(names) else ""
    return html.Details(
        [
            html.Summary(f"{count:,} untracked {'file' if count == 1 else 'files'}, of which only the names are known"),
            html.Ul([*(html.Li(html.Code(name)) for name in names), *([html.Li(left.strip())] if left else [])]),
        ]
    )


# --- machine ------------------------------------------------------------------------------------------------------


def _machine(shown: Configuration) -> list[Component]:
    newest = shown.tries[-1] if shown.tries else None
    known = shown.environment
    parts: list[Component] = []
    facts: list[tuple[str, Any]] = [("Host", newest.host if newest else "")]
    if known:
        facts += [
            ("System", str(known.get("system") or "")),
            ("Processors", _processors(known)),
            ("GPU", _gpus(known.get("gpus") or ())),
            ("Python", _python(known)),
        ]
    if newest:
        facts += [
            ("Started", _time(newest.started_at)),
            ("Took", duration(newest.duration_s) if newest.duration_s is not None else ""),
            ("Exit code", "" if newest.exit_code is None else str(newest.exit_code)),
        ]
    facts.append(("Seed", _seed(shown.seed)))
    parts.append(_facts(facts))
    if not known:
        parts.append(_said(_unknown(shown)))
    elif known.get("problem"):
        parts.append(_said(str(known["problem"])))
    if known and known.get("packages"):
        parts.append(_packages(known["packages"]))
    if shown.variables:
        parts.append(_variables(shown.variables))
    return parts


def _unknown(shown: Configuration) -> str:
    if not shown.tries:
        return "Where it runs is known as soon as it has started."
    if shown.tries[-1].ending is None:
        return "Machine and packages are being looked at."
    return "Nothing else was kept of the machine."


def _processors(known: Mapping[str, Any]) -> str:
    cpus, memory = int(known.get("cpus") or 0), float(known.get("memory_bytes") or 0)
    words = [f"{cpus:,}" if cpus else "", f"{memory / 2**30:,.0f} GiB of memory" if memory else ""]
    return ", ".join(word for word in words if word)


def _gpus(gpus: Sequence[Mapping[str, str]]) -> str:
    if not gpus:
        return "none"
    named: dict[str, int] = {}
    for gpu in gpus:
        name = f"{gpu['name']}, {gpu['memory']}, driver {gpu['driver']}"
        named[name] = named.get(name, 0) + 1
    return "; ".join(f"{count} × {name}" if count > 1 else name for name, count in named.items())


def _python(known: Mapping[str, Any]) -> Component | str:
    if not known.get("python"):
        return ""
    implementation = "" if known.get("implementation") == "CPython" else f"{known.get('implementation')} "
    return html.Span(f"{implementation}{known['python']}", title=str(known.get("executable") or ""))


def _seed(seed: Seed | None) -> str:
    if seed is None:
        return "none: no hyperparameter is one"
    return f"{text_of(seed.value)}, {'the default' if seed.is_default else 'the value'} of {seed.name}"


def _variables(variables: Mapping[str, str | None]) -> Component:
    count, hidden = len(variables), html.Em("a secret, which is not kept")
    rows = [
        html.Li([html.Span(name), "=", hidden if value is None else html.Span(value)])
        for name, value in sorted(variables.items())
    ]
    return html.Details(
        [
            html.Summary(f"{count:,} environment {'variable' if count == 1 else 'variables'}"),
            html.P("What the launch handed to the script; everything else is as on the machine.", className="muted"),
            html.Ul(rows, className="packages"),
        ]
    )


def _packages(packages: Sequence[Sequence[str]]) -> Component:
    rows = [html.Li([html.Span(name), "==", html.Span(version)]) for name, version in packages]
    return html.Details(
        [
            html.Summary(f"{len(packages):,} {'package' if len(packages) == 1 else 'packages'}"),
            html.Div(
                [
                    filter_box(ids.PACKAGES_FOUND, "Search packages"),
                    html.Button(
                        "Copy",
                        className="copy-button",
                        type="button",
                        title="As requirements for pip",
                        **attributes(data_copy="\n".join(f"{name}=={version}" for name, version in packages)),
                    ),
                ],
                className="package-tools",
            ),
            html.Ul(rows, id=ids.PACKAGES_FOUND, className="packages found-in"),
        ]
    )


# --- attempts -----------------------------------------------------------------------------------------------------


def _attempts(tries: Sequence[Try], address: str) -> list[Component]:
    if not tries:
        return [_said("It has not been started.")]
    words = ("", "host", "started", "ended", "took", "values", "exit code", "how it ended")
    head = html.Tr([html.Th(word) for word in words])
    # The newest one's curves are on the page already.
    newest = tries[-1].attempt
    rows = [_attempt(each, None if each.attempt == newest else f"{address}/{each.attempt}") for each in tries]
    return [
        html.Div(
            html.Table([html.Thead(head), html.Tbody(rows)], className="values attempts"),
            className="attempts-place",
        )
    ]


def attempt_panel() -> Component:
    """The place for the curves of an earlier attempt; assets/experiment/attempts.js fills it when somebody asks."""
    return html.Section(
        [
            dcc.Store(id=ids.ATTEMPT),
            html.Div(
                [
                    html.H2(id=ids.ATTEMPT_TITLE, tabIndex="-1"),
                    html.Span(id=ids.ATTEMPT_NOTE, className="muted", role="status"),
                    html.A("CSV", id=ids.ATTEMPT_CSV, className="button", download="", title="Every value of it"),
                    html.Button("Close", id=ids.ATTEMPT_CLOSE, type="button", className="button"),
                ],
                className="panel-head attempt-head",
            ),
            dcc.Graph(id=ids.ATTEMPT_GRAPH, config=GRAPH_CONFIG, figure={"data": [], "layout": {}}),
        ],
        id=ids.ATTEMPT_PANEL,
        className="panel",
        hidden=True,
    )


def attempt_words(each: Try) -> str:
    """How an attempt ended: "lost at epoch 3"."""
    return "running" if each.ending is None else f"{each.ending}{_how_far(each)}"


def _values(each: Try, address: str | None) -> Component | str:
    """How many values an attempt has; of an earlier one a button that shows them."""
    if each.value_count is None:
        return "–"
    count = f"{each.value_count:,}"
    if address is None or each.value_count == 0:
        return count
    hint = f"Show the curves of attempt {each.attempt}"
    return html.Button(
        count, type="button", className="link-button", title=hint,
        **attributes(data_attempt=address, aria_label=f"{count}: {hint.lower()}"),
    )  # fmt: skip


def _attempt(each: Try, address: str | None) -> Component:
    words = attempt_words(each)
    # "lost: its node is gone" need not say twice that it was lost.
    why = (each.reason or "").removeprefix(f"{each.ending}: ")
    reason = f": {why}" if why and why != each.ending else ""
    return html.Tr(
        [
            html.Th(str(each.attempt), scope="row"),
            html.Td(each.host or "–"),
            html.Td(_time(each.started_at)),
            html.Td(_time(each.ended_at)),
            html.Td("–" if each.duration_s is None else duration(each.duration_s)),
            html.Td(_values(each, address)),
            html.Td("–" if each.exit_code is None else str(each.exit_code)),
            html.Td([html.Span(words, className=f"state is-{_colour(each.ending)}"), reason]),
        ]
    )


def _how_far(each: Try) -> str:
    """Where an attempt was cut off, so far as its script said."""
    is_cut = each.ending in ("lost", "interrupted")
    return f" at epoch {each.epoch:g}" if is_cut and each.epoch is not None else ""


def _colour(ending: str | None) -> str:
    return {None: "running", "lost": "failed", "interrupted": "stopped"}.get(ending, str(ending))


def _time(moment: datetime | None) -> Component | str:
    return html.Time(local_time(moment), dateTime=moment.isoformat()) if moment else "–"

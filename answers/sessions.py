"""The sessions as their dialog asks for them: who is logged in, and the end of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storage.sessions import Session, end_session, fetch_sessions
from storage.store import Store

# In this order, because each names itself and all that it pretends to be.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
# Numbers of sessions are PostgreSQL's bigint.
LARGEST_ID = 2**63 - 1


def answer(store: Store, own: int, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """List the sessions, after ending the one that `request` names; None where it asks for nothing known.

    own: the id of the session that asks.
    """
    act, id_ = request.get("do"), request.get("id")
    if act == "end":
        if not isinstance(id_, int) or isinstance(id_, bool) or not 0 < id_ <= LARGEST_ID:
            return None
        end_session(store, id_)
    elif act != "list":
        return None
    return {"sessions": [_shown(each, own) for each in fetch_sessions(store)]}


def _shown(each: Session, own: int) -> dict[str, Any]:
    return {
        "id": each.id,
        "browser": browser_words(each.user_agent),
        "agent": each.user_agent,
        "address": each.address,
        "isOwn": each.id == own,
        "began": each.created_at.isoformat(),
        "seen": each.seen_at.isoformat(),
        "ends": each.ends_at.isoformat(),
    }


def browser_words(agent: str) -> str:
    """A browser as people call it: "Firefox on Linux"; else the first word of how it names itself."""
    browser = next((name for mark, name in BROWSERS if mark in agent), None)
    system = next((name for mark, name in SYSTEMS if mark in agent), None)
    if browser is None:
        return next(iter(re.findall(r"[\w.-]+", agent[:60])), "unknown browser")
    return f"{browser} on {system}" if system else browser

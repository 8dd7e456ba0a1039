"""One-time login links. Only a hash is kept; a link opens one session and no more."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import text

from storage.store import Store

# Long enough to copy a link from a terminal into a browser.
LINK_LIFETIME_MINUTES = 10


def hashed(secret: str) -> str:
    """What the database keeps of a secret; looking one up by this tells nothing by the time that it takes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_link_token(store: Store, minutes: int = LINK_LIFETIME_MINUTES) -> str:
    """Make a secret of 256 bits for one login, within so many minutes."""
    secret = secrets.token_urlsafe(32)
    with store.begin() as connection:
        connection.execute(
            text("INSERT INTO token (hash, expires_at) VALUES (:hash, now() + make_interval(mins => :minutes))"),
            {"hash": hashed(secret), "minutes": minutes},
        )
    return secret


def use_link_token(store: Store, secret: str) -> bool:
    """Spend a login secret: true for the first use of a valid one, false ever after."""
    with store.begin() as connection:
        spent = connection.execute(
            text("UPDATE token SET used_at = now() WHERE hash = :hash AND used_at IS NULL AND expires_at > now()"),
            {"hash": hashed(secret)},
        )
    return spent.rowcount == 1

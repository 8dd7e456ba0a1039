"""One-time login links."""

from sqlalchemy import text

from storage.store import Store
from storage.tokens import create_link_token, use_link_token


def test_a_link_opens_one_session(store: Store) -> None:
    secret = create_link_token(store)
    assert use_link_token(store, secret)
    assert not use_link_token(store, secret)


def test_a_wrong_or_old_link_opens_none(store: Store) -> None:
    secret = create_link_token(store)
    assert not use_link_token(store, "x" * 43)
    with store.begin() as connection:
        connection.execute(text("UPDATE token SET expires_at = now() - interval '1 second'"))
    assert not use_link_token(store, secret)


def test_the_secret_itself_is_not_kept(store: Store) -> None:
    secret = create_link_token(store)
    with store.begin() as connection:
        kept = connection.execute(text("SELECT hash FROM token")).scalar_one()
    assert secret not in kept

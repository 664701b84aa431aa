"""Where rows of joint operation and sessions are kept. ``SQLiteDirectory`` does it in a file, ``SQLAlchemyDirectory`` for many machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .rows import Client, Key, Row, Session, User


class Transaction(Protocol):
    """What one call changes: all of it or nothing. Keys are in the order of ``rows.KEYS``."""

    def known[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        """The rows with these keys that there are; nobody else changes them before the end."""
        ...

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows of one kind, in place of those with the same keys. No two have the same key."""
        ...

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        """Delete rows; what is not there is passed over."""
        ...

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        """Delete all rows of this kind of one binding."""
        ...

    def end_sessions(self, tenant_id: str) -> None:
        """End the sessions of this tenant's people whom no row lets in any more, or whose application is gone."""
        ...


class Directory(Protocol):
    """What joint operation needs to remember. Every method is safe from any thread; times are aware UTC."""

    def change(self, work: Callable[[Transaction], None]) -> None:
        """Do the work in one transaction, undone when it raises. It may be done again from the start when another one came between."""
        ...

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        """All of one tenant, or of all for an empty id, by their keys."""
        ...

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        """With what the tenant's people sign in: those of instances before the one of the credential, which has none."""
        ...

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        """The rows of one person, one an instance."""
        ...

    def keep_session(self, session: Session, *, now: datetime) -> None:
        """Add it, and forget those that are over."""
        ...

    def session(self, token_hash: str) -> Session | None: ...

    def end_session(self, token_hash: str) -> None: ...

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        """True for the one who is to renew the session's tokens; for others not before ``until``. A refresh token that is used twice
        looks stolen."""
        ...

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        """Keep new tokens; nothing for a session that ended meanwhile."""
        ...

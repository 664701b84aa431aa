"""Interface of the storage for joint-operation rows and sessions: ``SQLiteDirectory`` uses a file,
``SQLAlchemyDirectory`` a shared database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .rows import Client, Key, Row, Session, User


class Transaction(Protocol):
    """The changes of one call, atomic. Keys are in the order of ``rows.KEYS``."""

    def locked_rows[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        """Return the existing rows with these keys, locked until the transaction ends."""
        ...

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows of one kind with distinct keys, replacing those with the same keys."""
        ...

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        """Delete rows; missing ones are ignored."""
        ...

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        """Delete all rows of this kind of one binding."""
        ...

    def end_sessions(self, tenant_id: str) -> None:
        """End the sessions of this tenant's people who have lost their access, or whose application is deleted."""
        ...


class Directory(Protocol):
    """Storage for joint operation. Every method is thread-safe; times are aware UTC."""

    def change(self, work: Callable[[Transaction], None]) -> None:
        """Run ``work`` in one transaction, which is rolled back if it raises. It may run again after a conflict with
        another transaction."""
        ...

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        """Return the rows of one tenant, or of all for an empty ID, ordered by their keys."""
        ...

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        """Return the clients for the tenant's sign-in: those of instances before the one of the credential, which has
        no instance."""
        ...

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        """Return the rows of one person, one per instance."""
        ...

    def keep_session(self, session: Session, *, now: datetime) -> None:
        """Add the session, and delete expired ones."""
        ...

    def session(self, token_hash: str) -> Session | None: ...

    def end_session(self, token_hash: str) -> None: ...

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        """Return True for the single caller that may renew the session's tokens; others must wait until ``until``. A
        refresh token used twice looks stolen."""
        ...

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        """Store new tokens, unless the session has ended."""
        ...

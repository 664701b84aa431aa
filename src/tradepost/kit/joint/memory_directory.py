"""Directory in memory, for tests and experiments; a restart deletes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, cast

from .rows import KEYS, KINDS, Application, Client, Key, Row, Session, Tenant, User, key_of

if TYPE_CHECKING:
    from datetime import datetime

    from .directory import Transaction


class MemoryDirectory:
    """Implements ``Directory`` for one process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._rows: dict[type[Row], dict[Key, Row]] = {kind: {} for kind in KINDS}
        self._sessions: dict[str, Session] = {}
        self._renewing: dict[str, datetime] = {}

    def change(self, work: Callable[[Transaction], None]) -> None:
        with self._lock:
            rows, sessions = (
                {kind: dict(rows_of_kind) for kind, rows_of_kind in self._rows.items()},
                dict(self._sessions),
            )
            work(MemoryTransaction(rows, sessions))
            self._rows, self._sessions = rows, sessions

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        with self._lock:
            matches = [row for row in self._rows[kind].values() if not tenant_id or row.tenant_id == tenant_id]
        return cast("list[R]", sorted(matches, key=key_of))

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        tenants = {row.instance_id: row for row in self.rows(Tenant, tenant_id)}
        clients = [
            Client(tenant=tenants[row.instance_id], application=row)
            for row in self.rows(Application, tenant_id)
            if row.app_id == app_id and row.instance_id in tenants
        ]
        return sorted(clients, key=lambda client: not client.application.instance_id)

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        return [row for row in self.rows(User, tenant_id) if (row.app_id, row.user_name) == (app_id, user_name)]

    def keep_session(self, session: Session, *, now: datetime) -> None:
        with self._lock:
            self._sessions = {key: stored for key, stored in self._sessions.items() if stored.expires_at > now}
            self._renewing = {key: until for key, until in self._renewing.items() if key in self._sessions}
            self._sessions[session.token_hash] = session

    def session(self, token_hash: str) -> Session | None:
        with self._lock:
            return self._sessions.get(token_hash)

    def end_session(self, token_hash: str) -> None:
        with self._lock:
            self._sessions.pop(token_hash, None)

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        with self._lock:
            if token_hash not in self._sessions or self._renewing.get(token_hash, now) > now:
                return False
            self._renewing[token_hash] = until
            return True

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        with self._lock:
            session = self._sessions.get(token_hash)
            if session is not None:
                renewed_session = replace(session, confirmed_until=confirmed_until, sealed_tokens=sealed_tokens)
                self._sessions[token_hash] = renewed_session
            self._renewing.pop(token_hash, None)


class MemoryTransaction:
    """Implements ``Transaction`` on copies, which replace the directory's rows at the end."""

    def __init__(self, rows: dict[type[Row], dict[Key, Row]], sessions: dict[str, Session]) -> None:
        self._rows, self._sessions = rows, sessions

    def locked_rows[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        rows = self._rows[kind]
        return cast("list[R]", [rows[key] for key in keys if key in rows])

    def put(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows[type(row)][key_of(row)] = row

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        for key in keys:
            self._rows[kind].pop(key, None)

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        rows = self._rows[kind]
        for key in [key for key, row in rows.items() if (row.instance_id, row.tenant_id) == (instance_id, tenant_id)]:
            del rows[key]

    def end_sessions(self, tenant_id: str) -> None:
        users = cast("dict[Key, User]", self._rows[User])
        allowed_keys = {(row.tenant_id, row.app_id, row.user_name) for row in users.values() if row.allowed}
        applications = {key[: len(KEYS[Application]) - 1] for key in self._rows[Application]}
        for token_hash, session in list(self._sessions.items()):
            application_key = (session.tenant_id, session.app_id)
            if session.tenant_id == tenant_id and (
                (*application_key, session.user_name) not in allowed_keys or application_key not in applications
            ):
                del self._sessions[token_hash]

"""Rows that a seller stores from the five calls of joint operation, and sessions (openapi-jointkit §A.5 to §A.9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from tradepost.protocols.sync_commands import SyncedUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Key fields of every row (openapi-jointkit §A.5).

    ``instance_id``: the purchased instance, empty while a credential is applied for. ``tenant_id``: of the enterprise
    that it is bound to.
    """

    instance_id: str
    tenant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant(Row):
    """An enterprise that an instance is bound to (openapi-jointkit §A.5).

    ``code``: of the enterprise; a person's account is ``user_name@code``. ``name``: for display. ``domain``: its
    address for sign-in, with ``https://``.
    """

    code: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Row):
    """The OAuth client of an application for a tenant (openapi-jointkit §A.6).

    ``app_id``: of the credential. ``client_id``: at the tenant's auth centre. ``kept_secret``: its secret as
    ``ClientSecrets`` stores it.
    """

    app_id: str
    client_id: str
    kept_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Row):
    """A person's access to an application, current or revoked (openapi-jointkit §A.7).

    ``app_id``: as in ``Application``. ``user_name``: unique inside the tenant. ``name``: for display. ``org_code``: of
    the department. ``admin``: may administer the application. ``enabled``: False if the enterprise suspended the
    person. ``authorised``: False after the authorisation was cancelled (flag 3); a deleted person has no row.
    ``profile``: JSON of the fields that are sent only if released.
    """

    app_id: str
    user_name: str
    name: str = field(repr=False)
    org_code: str
    admin: bool
    enabled: bool
    authorised: bool = True
    profile: str = field(default="{}", repr=False)

    @property
    def allowed(self) -> bool:
        """Whether this row grants access."""
        return self.enabled and self.authorised

    @property
    def details(self) -> Mapping[str, object]:
        """Return the released fields by their names in ``SyncedUser``: position, mobile, extension …; missing ones are
        absent."""
        details: dict[str, object] = json.loads(self.profile)
        return details


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantDepartment(Row):
    """A department of a tenant (openapi-jointkit §A.8).

    ``code``: unique inside the tenant. ``name``: for display. ``parent_code``: of the parent department, empty at the
    top.
    """

    code: str
    name: str
    parent_code: str = ""


type Key = tuple[str, ...]
KINDS: tuple[type[Row], ...] = (Tenant, Application, User, TenantDepartment)
KEYS: Mapping[type[Row], tuple[str, ...]] = {
    Tenant: ("tenant_id", "instance_id"),
    Application: ("tenant_id", "app_id", "instance_id"),
    User: ("tenant_id", "app_id", "user_name", "instance_id"),
    TenantDepartment: ("tenant_id", "code", "instance_id"),
}
"""Key fields of each kind of row (openapi-jointkit §A.5 to §A.9). The instance is last, since a sign-in only has
tenant, application and name."""


def key_of(row: Row) -> Key:
    return tuple(getattr(row, name) for name in KEYS[type(row)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The client for a tenant's sign-in to an application: ``tenant`` and ``application`` of one instance
    (openapi-jointkit §B.2)."""

    tenant: Tenant
    application: Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Session of a signed-in person (openapi-jointkit §B.2).

    ``token_hash``: SHA-256 of the browser's token. ``tenant_id``, ``app_id``, ``user_name``: the person and the
    application. ``expires_at``: latest end. ``confirmed_until``: when the auth centre's confirmation expires.
    ``sealed_tokens``: the OAuth tokens, encrypted with the browser's token; empty if there are none. Times are aware
    UTC.
    """

    token_hash: str
    tenant_id: str
    app_id: str
    user_name: str
    expires_at: datetime
    confirmed_until: datetime
    sealed_tokens: str = field(default="", repr=False)


_RENAMED_FIELDS = frozenset({"user_name", "name", "org_code", "admin", "enabled"})
_RELEASED = tuple(synced_field for synced_field in fields(SyncedUser) if synced_field.name not in _RENAMED_FIELDS)


def profile_of(user: SyncedUser) -> str:
    """Return the fields that are sent only if released, as JSON."""
    released_fields = {
        row_field.name: getattr(user, row_field.name)
        for row_field in _RELEASED
        if getattr(user, row_field.name) != row_field.default
    }
    if "extension" in released_fields:
        released_fields["extension"] = dict(user.extension)
    return json.dumps(released_fields, ensure_ascii=False, sort_keys=True)

"""What a seller keeps of the five calls of joint operation, and of the people who signed in (openapi-jointkit §A.5 to §A.9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from tradepost.protocols.sync_commands import SyncedUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row is about (openapi-jointkit §A.5).

    ``instance_id``: what was bought, empty while a credential is applied for. ``tenant_id``: of the enterprise that it is bound to.
    """

    instance_id: str
    tenant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant(Row):
    """An enterprise that an instance is bound to (openapi-jointkit §A.5).

    ``code``: of the enterprise; a person's account is ``user_name@code``. ``name``: for people. ``domain``: where its people sign in,
    with ``https://``.
    """

    code: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Row):
    """The OAuth client of an application for a tenant (openapi-jointkit §A.6).

    ``app_id``: of the credential. ``client_id``: at the tenant's auth centre.
    ``kept_secret``: its secret in the form that ``ClientSecrets`` keeps.
    """

    app_id: str
    client_id: str
    kept_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Row):
    """A person who may use an application, or no longer may (openapi-jointkit §A.7).

    ``app_id``: as of ``Application``. ``user_name``: unique inside the tenant. ``name``: for people.
    ``org_code``: of the department. ``admin``: may administer the application. ``enabled``: False for one whom the enterprise
    suspended. ``authorised``: False once the authorisation was cancelled (flag 3); a deleted person has no row. ``profile``: JSON of the
    fields that come only when they were released.
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
        """Whether this row lets the person in."""
        return self.enabled and self.authorised

    @property
    def details(self) -> Mapping[str, object]:
        """The released fields by their names in ``SyncedUser``: position, mobile, extension …; those that did not come are absent."""
        read: dict[str, object] = json.loads(self.profile)
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantDepartment(Row):
    """A department of a tenant (openapi-jointkit §A.8).

    ``code``: unique inside the tenant. ``name``: for people. ``parent_code``: of the
    department above, empty at the top.
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
"""By what a repeat is told (openapi-jointkit §A.5 to §A.9). The instance comes last: a sign-in knows tenant, application and name."""


def key_of(row: Row) -> Key:
    return tuple(getattr(row, name) for name in KEYS[type(row)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """With what a tenant's people sign in to an application: its ``tenant`` and ``application`` of one instance (openapi-jointkit §B.2)."""

    tenant: Tenant
    application: Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who signed in (openapi-jointkit §B.2).

    ``token_hash``: SHA-256 of what the browser holds. ``tenant_id``, ``app_id``, ``user_name``: who, at which application. ``expires_at``:
    when it ends in any case. ``confirmed_until``: how long the auth centre's last word holds. ``sealed_tokens``: the OAuth tokens,
    readable only with what the browser holds; empty where there are none. Times are aware UTC.
    """

    token_hash: str
    tenant_id: str
    app_id: str
    user_name: str
    expires_at: datetime
    confirmed_until: datetime
    sealed_tokens: str = field(default="", repr=False)


_BESIDE = frozenset({"user_name", "name", "org_code", "admin", "enabled"})
_RELEASED = tuple(one for one in fields(SyncedUser) if one.name not in _BESIDE)


def profile_of(user: SyncedUser) -> str:
    """The fields that came only because they were released, as JSON."""
    told = {one.name: getattr(user, one.name) for one in _RELEASED if getattr(user, one.name) != one.default}
    if "extension" in told:
        told["extension"] = dict(user.extension)
    return json.dumps(told, ensure_ascii=False, sort_keys=True)

"""What a market tells a seller of joint-operation products about tenants, users and departments (openapi-jointkit §A).

``instance_id`` and ``order_id`` are empty while a credential is applied for or an interface is debugged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from .commands import Command


class SyncFlag(IntEnum):
    DELETE = 0
    ADD = 1
    MODIFY = 2
    CANCEL_AUTHORISATION = 3
    """Users only, second generation only; how it differs from DELETE is not documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTenant(Command):
    """An enterprise is bound, renamed or unbound. Idempotency key: (instance_id, tenant_id)."""

    tenant_id: str
    tenant_code: str
    """``user_name@tenant_code`` is unique among all tenants."""
    name: str
    domain_name: str
    """The tenant's domain at the auth centre, with ``https://``."""
    flag: SyncFlag
    instance_id: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncApplication(Command):
    """The OAuth client of one application for one tenant. Idempotency key: (instance_id, tenant_id, app_id).

    ``encrypted_secret`` is the text of the wire: ``client_secret.encrypt`` makes it and ``client_secret.decrypt`` reads
    it, since the seller's RSA keys are no business of a protocol.
    """

    tenant_id: str
    app_id: str
    client_id: str
    encrypted_secret: str = field(repr=False)
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedUser:
    """``user_name`` is unique inside its tenant only. Fields with a default arrive only when the seller asked for them
    and the buyer released them.
    """

    user_name: str
    name: str
    org_code: str
    admin: bool
    enabled: bool
    position: str = ""
    employee_code: str = ""
    employee_type: int | None = None
    """1 regular, 2 intern, 3 dispatched, 4 outsourced."""
    mobile: str = ""
    email: str = ""
    work_place: str = ""
    entry_date: str = ""
    """``yyyy-MM-d``, as the buyer's administrator wrote it; the day may have one digit."""
    extension: tuple[tuple[str, str], ...] = ()
    """Further attributes of the buyer's workbench, sorted by name; a value that was no text is its JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAuth(Command):
    """Up to 500 users may (no longer) use the application. Idempotency key per user: (instance, tenant, app, user_name)."""

    tenant_id: str
    app_id: str
    users: tuple[SyncedUser, ...]
    synced_at: datetime
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """``parent_code`` is empty at the top. ``name`` is unique among siblings, ``code`` inside the tenant."""

    code: str
    name: str
    parent_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOrg(Command):
    """One department changed. Idempotency key: (instance_id, tenant_id, department.code)."""

    tenant_id: str
    department: Department
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAllOrgs(Command):
    """All departments of a tenant: replaces what the seller knew."""

    tenant_id: str
    departments: tuple[Department, ...]
    instance_id: str = ""

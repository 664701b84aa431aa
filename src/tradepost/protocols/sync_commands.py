"""What a market tells a seller of joint-operation products about tenants, users and departments (openapi-jointkit §A).

``instance_id`` and ``order_id`` are empty while a credential is applied for or an interface is debugged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from .commands import Command


class SyncFlag(IntEnum):
    """What happens to what is told of (openapi-jointkit §A.0, §A.5 to §A.8).

    ``DELETE``: forget it, and succeed when it is unknown. ``ADD``: new, or known already. ``MODIFY``: its data changed.
    ``CANCEL_AUTHORISATION``: of users, in the second generation only; how it differs from ``DELETE`` is not documented.
    """

    DELETE = 0
    ADD = 1
    MODIFY = 2
    CANCEL_AUTHORISATION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTenant(Command):
    """An enterprise is bound, renamed or unbound (tenantSync, openapi-jointkit §A.5). Idempotency key: (instance_id, tenant_id).

    ``tenant_id`` and ``tenant_code``: up to 64 characters each; ``user_name@tenant_code`` is unique among all tenants. ``name``: up to
    255. ``domain_name``: the tenant's domain at the auth centre, with ``https://``. ``flag``: what happens. ``instance_id`` and
    ``order_id``: the product bound, empty while a credential is applied for. ``test``: as in ``Command``.
    """

    tenant_id: str
    tenant_code: str
    name: str
    domain_name: str
    flag: SyncFlag
    instance_id: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncApplication(Command):
    """The OAuth client of one application for one tenant (applicationSync, openapi-jointkit §A.6). Idempotency key: (instance_id,
    tenant_id, app_id).

    ``tenant_id``, ``app_id``, ``client_id``: up to 64 characters each. ``encrypted_secret``: the text of the wire, which
    ``client_secret.encrypt`` makes and ``client_secret.decrypt`` reads, since the seller's RSA keys are no business of a protocol.
    ``flag``: what happens. ``instance_id``: the product bound, empty while a credential is applied for. ``test``: as in ``Command``.
    """

    tenant_id: str
    app_id: str
    client_id: str
    encrypted_secret: str = field(repr=False)
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedUser:
    """A person of the buyer's enterprise (openapi-jointkit §A.7). Fields with a default arrive only when the seller asked for them and
    the buyer released them.

    ``user_name``: unique inside its tenant only; ``name``: for people. ``org_code``: of the department. ``admin``: may administer the
    application. ``enabled``: False for one who may not sign in. ``position`` and ``employee_code``: free text. ``employee_type``: 1
    regular, 2 intern, 3 dispatched, 4 outsourced. ``mobile``, ``email``, ``work_place``: free text. ``entry_date``: ``yyyy-MM-d`` as the
    buyer's administrator wrote it; the day may have one digit. ``extension``: further attributes of the buyer's workbench, sorted by
    name; a value that was no text is its JSON.
    """

    user_name: str
    name: str
    org_code: str
    admin: bool
    enabled: bool
    position: str = ""
    employee_code: str = ""
    employee_type: int | None = None
    mobile: str = ""
    email: str = ""
    work_place: str = ""
    entry_date: str = ""
    extension: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAuth(Command):
    """Up to 500 users may (no longer) use the application (authSync, openapi-jointkit §A.7). Idempotency key per user: (instance_id,
    tenant_id, app_id, user_name).

    ``tenant_id`` and ``app_id``: of which application. ``users``: who. ``synced_at``: when the market said so, aware UTC. ``flag``: what
    happens. ``instance_id``: the product bound, empty for a test account. ``test``: as in ``Command``.
    """

    tenant_id: str
    app_id: str
    users: tuple[SyncedUser, ...]
    synced_at: datetime
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department of a tenant (openapi-jointkit §A.8).

    ``code``: unique inside the tenant. ``name``: unique among siblings. ``parent_code``: empty at the top.
    """

    code: str
    name: str
    parent_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOrg(Command):
    """One department changed (singleOrgSync, openapi-jointkit §A.8). Idempotency key: (instance_id, tenant_id, department.code).

    ``tenant_id``: whose. ``department``: which, as it is now. ``flag``: what happens. ``instance_id``: the product bound, empty while a
    credential is applied for. ``test``: as in ``Command``.
    """

    tenant_id: str
    department: Department
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAllOrgs(Command):
    """All departments of a tenant: replaces what the seller knew (allOrgSync, openapi-jointkit §A.9).

    ``tenant_id``: whose. ``departments``: all of them. ``instance_id``: the product bound, empty while a credential is applied for.
    ``test``: as in ``Command``.
    """

    tenant_id: str
    departments: tuple[Department, ...]
    instance_id: str = ""

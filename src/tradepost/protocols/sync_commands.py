"""Commands about tenants, users and departments for sellers of joint-operation products (openapi-jointkit §A).

``instance_id`` and ``order_id`` are empty while a credential is applied for or an interface is debugged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from .commands import Command


class SyncFlag(IntEnum):
    """The change that a command reports (openapi-jointkit §A.0, §A.5 to §A.8).

    ``DELETE``: delete it; succeed if it is unknown. ``ADD``: new, or already known. ``MODIFY``: its data changed.
    ``CANCEL_AUTHORISATION``: for users, in the second generation only; its difference from ``DELETE`` is not
    documented.
    """

    DELETE = 0
    ADD = 1
    MODIFY = 2
    CANCEL_AUTHORISATION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncTenant(Command):
    """An enterprise is bound, renamed or unbound (tenantSync, openapi-jointkit §A.5). Idempotency key: (instance_id,
    tenant_id).

    ``tenant_id`` and ``tenant_code``: up to 64 characters each; ``user_name@tenant_code`` is unique among all tenants.
    ``name``: up to 255. ``domain_name``: the tenant's domain at the auth centre, with ``https://``. ``flag``: the
    change. ``instance_id`` and ``order_id``: the product bound, empty while a credential is applied for. ``test``: as
    in ``Command``.
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
    """The OAuth client of an application for one tenant (applicationSync, openapi-jointkit §A.6). Idempotency key:
    (instance_id, tenant_id, app_id).

    ``tenant_id``, ``app_id``, ``client_id``: up to 64 characters each. ``encrypted_secret``: the text on the wire,
    created by ``client_secret.encrypt`` and read by ``client_secret.decrypt``; protocols do not access the seller's RSA
    keys. ``flag``: the change. ``instance_id``: the product bound, empty while a credential is applied for. ``test``:
    as in ``Command``.
    """

    tenant_id: str
    app_id: str
    client_id: str
    encrypted_secret: str = field(repr=False)
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedUser:
    """A person of the buyer's enterprise (openapi-jointkit §A.7). Fields with a default are sent only if the seller
    requests them and the buyer releases them.

    ``user_name``: unique inside its tenant only; ``name``: for display. ``org_code``: of the department. ``admin``: may
    administer the application. ``enabled``: False if the person may not sign in. ``position`` and ``employee_code``:
    free text. ``employee_type``: 1 regular, 2 intern, 3 dispatched, 4 outsourced. ``mobile``, ``email``,
    ``work_place``: free text. ``entry_date``: ``yyyy-MM-d`` as the buyer's administrator wrote it; the day may have one
    digit. ``extension``: further attributes of the buyer's workbench, sorted by name; a value that was not a text is
    its JSON. ``emptied``: wire names of fields that are sent empty rather than omitted, so that the seller deletes its
    values; not part of the person's data and not compared.
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
    emptied: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAuth(Command):
    """Grant or revoke the access of up to 500 users to an application (authSync, openapi-jointkit §A.7). Idempotency
    key per user: (instance_id, tenant_id, app_id, user_name).

    ``tenant_id`` and ``app_id``: the application. ``users``: the users. ``synced_at``: the time of the change by the
    market's clock, aware UTC. ``flag``: the change. ``instance_id``: the product bound, empty for a test account.
    ``test``: as in ``Command``.
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
    """A department changed (singleOrgSync, openapi-jointkit §A.8). Idempotency key: (instance_id, tenant_id,
    department.code).

    ``tenant_id``: the tenant. ``department``: its current data. ``flag``: the change. ``instance_id``: the product
    bound, empty while a credential is applied for. ``test``: as in ``Command``.
    """

    tenant_id: str
    department: Department
    flag: SyncFlag
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAllOrgs(Command):
    """Replace all departments of a tenant (allOrgSync, openapi-jointkit §A.9).

    ``tenant_id``: the tenant. ``departments``: the complete list. ``instance_id``: the product bound, empty while a
    credential is applied for. ``test``: as in ``Command``.
    """

    tenant_id: str
    departments: tuple[Department, ...]
    instance_id: str = ""

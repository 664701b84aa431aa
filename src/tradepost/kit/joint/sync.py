"""The five calls of joint operation, as changes of a directory: any of them may come again (openapi-jointkit §A.5 to §A.9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradepost.protocols.sync_commands import (
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)

from .rows import KINDS, Application, Row, Tenant, TenantDepartment, User, key_of, profile_of

if TYPE_CHECKING:
    from tradepost.kit.seller import Seller
    from tradepost.protocols.commands import Command
    from tradepost.protocols.sync_commands import Department, SyncedUser

    from .client_secrets import ClientSecrets
    from .directory import Directory, Transaction


@dataclass(frozen=True, slots=True)
class JointSync:
    """Keeps a directory in step with the market.

    >>> JointSync(SQLiteDirectory("directory.db"), ClientSecrets(private_key)).take(seller)

    Each call sets or deletes rows, so a repeat changes nothing and deleting what is not there succeeds; nobody asks whether
    the instance still exists. A call is one transaction, and whoever may no longer sign in is signed out in it.
    """

    directory: Directory
    secrets: ClientSecrets

    def take(self, seller: Seller) -> None:
        """Answer the five calls of this seller."""
        commands: tuple[type[Command], ...] = (SyncTenant, SyncApplication, SyncAuth, SyncOrg, SyncAllOrgs)
        for command in commands:
            seller.on_other(command, self.apply)
        seller.look_at_tests(SyncApplication, self.look)

    def look(self, told: SyncApplication) -> None:
        """What a test call shows: whether the secret can be read (§A.6). Raises ``Reject`` with 000101, and keeps nothing."""
        self.secrets.received(told.encrypted_secret)

    def apply(self, told: Command) -> None:
        """Raises ``Reject`` with 000101 for a client secret that cannot be read; then nothing changed. Raises ``TypeError`` for a command
        that is none of the five.
        """
        match told:
            case SyncTenant():
                self.directory.change(lambda changes: _tenant(changes, told))
            case SyncApplication():
                # Before the transaction: it takes the processor for some milliseconds.
                gone = told.flag is SyncFlag.DELETE
                kept = "" if gone else self.secrets.received(told.encrypted_secret)
                self.directory.change(lambda changes: _application(changes, told, kept))
            case SyncAuth():
                self.directory.change(lambda changes: _users(changes, told))
            case SyncOrg():
                self.directory.change(lambda changes: _department(changes, told))
            case SyncAllOrgs():
                self.directory.change(lambda changes: _departments(changes, told))
            case _:
                raise TypeError(f"{type(told).__name__} is no call of joint operation")


def _tenant(changes: Transaction, told: SyncTenant) -> None:
    if told.flag is SyncFlag.DELETE:
        # The enterprise was dissolved, or the product unbound from it (§A.0): all that is known of the binding goes.
        for kind in KINDS:
            changes.drop_bound(kind, told.instance_id, told.tenant_id)
        changes.end_sessions(told.tenant_id)
        return
    changes.put(
        [
            Tenant(
                instance_id=told.instance_id,
                tenant_id=told.tenant_id,
                code=told.tenant_code,
                name=told.name,
                domain=told.domain_name,
            )
        ]
    )


def _application(changes: Transaction, told: SyncApplication, kept: str) -> None:
    row = Application(
        instance_id=told.instance_id,
        tenant_id=told.tenant_id,
        app_id=told.app_id,
        client_id=told.client_id,
        kept_secret=kept,
    )
    if told.flag is SyncFlag.DELETE:
        changes.drop(Application, [key_of(row)])
        changes.end_sessions(told.tenant_id)
    else:
        changes.put([row])


def _users(changes: Transaction, told: SyncAuth) -> None:
    # The last of several entries for one person counts, as if each had come in a call of its own.
    rows = {key_of(row): row for row in (_user(told, user) for user in told.users)}
    match told.flag:
        case SyncFlag.DELETE:
            changes.drop(User, list(rows))
        case SyncFlag.CANCEL_AUTHORISATION:
            # What is known of a person stays as it was, to show beside their work; of a stranger nothing is kept.
            known = changes.known(User, list(rows))
            changes.put([replace(row, authorised=False) for row in known])
        case SyncFlag.MODIFY:
            # Changed data gives nobody back what flag 3 took.
            cancelled = {key_of(row) for row in changes.known(User, list(rows)) if not row.authorised}
            changes.put([replace(row, authorised=key not in cancelled) for key, row in rows.items()])
        case SyncFlag.ADD:
            changes.put(list(rows.values()))
    changes.end_sessions(told.tenant_id)


def _user(told: SyncAuth, user: SyncedUser) -> User:
    return User(
        instance_id=told.instance_id,
        tenant_id=told.tenant_id,
        app_id=told.app_id,
        user_name=user.user_name,
        name=user.name,
        org_code=user.org_code,
        admin=user.admin,
        enabled=user.enabled,
        profile=profile_of(user),
    )


def _department(changes: Transaction, told: SyncOrg) -> None:
    row = _department_row(told, told.department)
    if told.flag is SyncFlag.DELETE:
        changes.drop(TenantDepartment, [key_of(row)])
    else:
        changes.put([row])


def _departments(changes: Transaction, told: SyncAllOrgs) -> None:
    rows: dict[tuple[str, ...], Row] = {
        key_of(row): row for row in (_department_row(told, department) for department in told.departments)
    }
    changes.drop_bound(TenantDepartment, told.instance_id, told.tenant_id)
    changes.put(list(rows.values()))


def _department_row(told: SyncOrg | SyncAllOrgs, department: Department) -> TenantDepartment:
    return TenantDepartment(
        instance_id=told.instance_id,
        tenant_id=told.tenant_id,
        code=department.code,
        name=department.name,
        parent_code=department.parent_code,
    )

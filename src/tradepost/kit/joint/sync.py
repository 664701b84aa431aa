"""The five calls of joint operation as changes of a directory; all of them are repeatable (openapi-jointkit §A.5 to
§A.9)."""

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
    """Synchronises a directory with the market.

    >>> JointSync(SQLiteDirectory("directory.db"), ClientSecrets(private_key)).take(seller)

    Each call sets or deletes rows, so a repeat changes nothing and deleting a missing row succeeds. The existence of
    the instance is not checked. A call is one transaction, which also ends the sessions of people who lost their
    access.
    """

    directory: Directory
    secrets: ClientSecrets

    def take(self, seller: Seller) -> None:
        """Register the five commands with this seller."""
        commands: tuple[type[Command], ...] = (SyncTenant, SyncApplication, SyncAuth, SyncOrg, SyncAllOrgs)
        for command in commands:
            seller.on_other(command, self.apply)
        seller.look_at_tests(SyncApplication, self.look)

    def look(self, command: SyncApplication) -> None:
        """Check in a test call that the secret can be decrypted (§A.6). Raises ``Reject`` with 000101, and stores
        nothing."""
        self.secrets.received(command.encrypted_secret)

    def apply(self, command: Command) -> None:
        """Apply a command. Raises ``Reject`` with 000101 for a client secret that cannot be decrypted, without any
        change. Raises ``TypeError`` for another command."""
        match command:
            case SyncTenant():
                self.directory.change(lambda changes: _tenant(changes, command))
            case SyncApplication():
                # Before the transaction, since it takes some milliseconds of CPU time.
                is_deleted = command.flag is SyncFlag.DELETE
                secret = "" if is_deleted else self.secrets.received(command.encrypted_secret)
                self.directory.change(lambda changes: _application(changes, command, secret))
            case SyncAuth():
                self.directory.change(lambda changes: _users(changes, command))
            case SyncOrg():
                self.directory.change(lambda changes: _department(changes, command))
            case SyncAllOrgs():
                self.directory.change(lambda changes: _departments(changes, command))
            case _:
                raise TypeError(f"{type(command).__name__} is no call of joint operation")


def _tenant(changes: Transaction, command: SyncTenant) -> None:
    if command.flag is SyncFlag.DELETE:
        # The enterprise was dissolved or the product unbound (§A.0): delete all data of the binding.
        for kind in KINDS:
            changes.drop_bound(kind, command.instance_id, command.tenant_id)
        changes.end_sessions(command.tenant_id)
        return
    changes.put(
        [
            Tenant(
                instance_id=command.instance_id,
                tenant_id=command.tenant_id,
                code=command.tenant_code,
                name=command.name,
                domain=command.domain_name,
            )
        ]
    )


def _application(changes: Transaction, command: SyncApplication, secret: str) -> None:
    row = Application(
        instance_id=command.instance_id,
        tenant_id=command.tenant_id,
        app_id=command.app_id,
        client_id=command.client_id,
        kept_secret=secret,
    )
    if command.flag is SyncFlag.DELETE:
        changes.drop(Application, [key_of(row)])
        changes.end_sessions(command.tenant_id)
    else:
        changes.put([row])


def _users(changes: Transaction, command: SyncAuth) -> None:
    # The last entry for a person wins, as if each had been a separate call.
    rows = {key_of(row): row for row in (_user(command, user) for user in command.users)}
    match command.flag:
        case SyncFlag.DELETE:
            changes.drop(User, list(rows))
        case SyncFlag.CANCEL_AUTHORISATION:
            # A known person's data stay unchanged, to display with their work; unknown people are not stored.
            stored_rows = changes.locked_rows(User, list(rows))
            changes.put([replace(row, authorised=False) for row in stored_rows])
        case SyncFlag.MODIFY:
            # Modified data do not restore an access that flag 3 cancelled.
            cancelled_keys = {key_of(row) for row in changes.locked_rows(User, list(rows)) if not row.authorised}
            changes.put([replace(row, authorised=key not in cancelled_keys) for key, row in rows.items()])
        case SyncFlag.ADD:
            changes.put(list(rows.values()))
    changes.end_sessions(command.tenant_id)


def _user(command: SyncAuth, user: SyncedUser) -> User:
    return User(
        instance_id=command.instance_id,
        tenant_id=command.tenant_id,
        app_id=command.app_id,
        user_name=user.user_name,
        name=user.name,
        org_code=user.org_code,
        admin=user.admin,
        enabled=user.enabled,
        profile=profile_of(user),
    )


def _department(changes: Transaction, command: SyncOrg) -> None:
    row = _department_row(command, command.department)
    if command.flag is SyncFlag.DELETE:
        changes.drop(TenantDepartment, [key_of(row)])
    else:
        changes.put([row])


def _departments(changes: Transaction, command: SyncAllOrgs) -> None:
    rows: dict[tuple[str, ...], Row] = {
        key_of(row): row for row in (_department_row(command, department) for department in command.departments)
    }
    changes.drop_bound(TenantDepartment, command.instance_id, command.tenant_id)
    changes.put(list(rows.values()))


def _department_row(command: SyncOrg | SyncAllOrgs, department: Department) -> TenantDepartment:
    return TenantDepartment(
        instance_id=command.instance_id,
        tenant_id=command.tenant_id,
        code=department.code,
        name=department.name,
        parent_code=department.parent_code,
    )

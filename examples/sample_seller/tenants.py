"""Joint operation: enterprises, applications, users and departments that the market synchronises with the seller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import Database
from office import Table

from tradepost.kit import Reject, Seller
from tradepost.protocols.client_secret import UnreadableSecret, decrypt
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncFlag, SyncOrg, SyncTenant

if TYPE_CHECKING:
    from pathlib import Path

# The keys identify repeats in the protocol (openapi-jointkit §A.5–A.9).
SCHEMA = """
CREATE TABLE IF NOT EXISTS tenant (
  instance_id TEXT, tenant_id TEXT, code TEXT, name TEXT, domain TEXT, PRIMARY KEY (instance_id, tenant_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS application (
  instance_id TEXT, tenant_id TEXT, app_id TEXT, client_id TEXT, secret TEXT,
  PRIMARY KEY (instance_id, tenant_id, app_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS user (
  instance_id TEXT, tenant_id TEXT, app_id TEXT, user_name TEXT, name TEXT, department TEXT, admin INTEGER,
  enabled INTEGER, PRIMARY KEY (instance_id, tenant_id, app_id, user_name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS department (
  instance_id TEXT, tenant_id TEXT, code TEXT, name TEXT, parent TEXT, PRIMARY KEY (instance_id, tenant_id, code)
) WITHOUT ROWID;
"""
GONE = {SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION}


class JointSeller(Seller):
    """Each call sets or deletes rows, so a repeat changes nothing, and deleting a missing row succeeds."""

    def __init__(self, *, data: Path, key: str, protocol: str, page: str, private_key: str) -> None:
        super().__init__(store=data / f"kit-{protocol}.db", key=key, protocols=(protocol,), test_page=page)
        self._rows = Database(data / "tenants.db", SCHEMA)
        self._private_key = private_key
        self.on_other(SyncTenant)(self.on_tenant)
        self.on_other(SyncApplication)(self.on_application)
        self.on_other(SyncAuth)(self.on_users)
        self.on_other(SyncOrg)(self.on_department)
        self.on_other(SyncAllOrgs)(self.on_departments)

    def on_tenant(self, command: SyncTenant) -> None:
        key = (command.instance_id, command.tenant_id)
        if command.flag in GONE:
            self._rows.write("DELETE FROM tenant WHERE instance_id = ? AND tenant_id = ?", key)
        else:
            row = (*key, command.tenant_code, command.name, command.domain_name)
            self._rows.write("REPLACE INTO tenant VALUES (?, ?, ?, ?, ?)", row)

    def on_application(self, command: SyncApplication) -> None:
        key = (command.instance_id, command.tenant_id, command.app_id)
        if command.flag in GONE:
            self._rows.write("DELETE FROM application WHERE instance_id = ? AND tenant_id = ? AND app_id = ?", key)
        else:
            row = (*key, command.client_id, self._secret(command.encrypted_secret))
            self._rows.write("REPLACE INTO application VALUES (?, ?, ?, ?, ?)", row)

    def on_users(self, command: SyncAuth) -> None:
        key = (command.instance_id, command.tenant_id, command.app_id)
        if command.flag in GONE:
            delete = "DELETE FROM user WHERE instance_id = ? AND tenant_id = ? AND app_id = ? AND user_name = ?"
            self._rows.write_all([(delete, (*key, user.user_name)) for user in command.users])
            return
        put = "REPLACE INTO user VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._rows.write_all(
            [
                (put, (*key, user.user_name, user.name, user.org_code, user.admin, user.enabled))
                for user in command.users
            ]
        )

    def on_department(self, command: SyncOrg) -> None:
        key, department = (command.instance_id, command.tenant_id), command.department
        if command.flag in GONE:
            delete = "DELETE FROM department WHERE instance_id = ? AND tenant_id = ? AND code = ?"
            self._rows.write(delete, (*key, department.code))
        else:
            row = (*key, department.code, department.name, department.parent_code)
            self._rows.write("REPLACE INTO department VALUES (?, ?, ?, ?, ?)", row)

    def on_departments(self, command: SyncAllOrgs) -> None:
        key = (command.instance_id, command.tenant_id)
        put = "REPLACE INTO department VALUES (?, ?, ?, ?, ?)"
        self._rows.write_all(
            [
                ("DELETE FROM department WHERE instance_id = ? AND tenant_id = ?", key),
                *(
                    (put, (*key, department.code, department.name, department.parent_code))
                    for department in command.departments
                ),
            ]
        )

    def shown(self) -> list[Table]:
        read = self._rows.read
        users = "SELECT tenant_id, app_id, user_name, name, department, iif(admin, 'admin', 'user'),"
        users += " iif(enabled, 'active', 'disabled') FROM user"
        return [
            Table(
                "tenants",
                ("tenant", "code", "name", "domain"),
                read("SELECT tenant_id, code, name, domain FROM tenant"),
            ),
            Table(
                "applications",
                ("tenant", "app", "client"),
                read("SELECT tenant_id, app_id, client_id FROM application"),
            ),
            Table("users", ("tenant", "app", "user_name", "name", "department", "role", "status"), read(users)),
            Table(
                "departments",
                ("tenant", "code", "name", "parent"),
                read("SELECT tenant_id, code, name, parent FROM department"),
            ),
        ]

    def _secret(self, encrypted: str) -> str:
        """Decrypt the secret for the sign-in of the tenant's users; empty if this seller has no private key."""
        if not self._private_key:
            return ""
        try:
            return decrypt(encrypted, self._private_key)
        except UnreadableSecret as unreadable:
            raise Reject("000101", str(unreadable)) from None

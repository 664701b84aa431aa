"""What a seller knows of enterprises, departments and people after each call (openapi-jointkit §A.5–§A.9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kit.joint.directories import PlainSecrets
from tradepost.kit.joint import (
    Application,
    JointSync,
    MemoryDirectory,
    Tenant,
    TenantDepartment,
    User,
)
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncedUser,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)

REMOVES = {SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION}


@dataclass(slots=True)
class SellersView:
    """The view of one instance and one enterprise."""

    tenant: SyncTenant | None = None
    client: SyncApplication | None = None
    departments: dict[str, Department] = field(default_factory=dict)
    people: dict[str, SyncedUser] = field(default_factory=dict)
    kit: JointSync = field(
        default_factory=lambda: JointSync(MemoryDirectory(), PlainSecrets()), compare=False, repr=False
    )
    """The same calls as handled by the kit for sellers."""

    def do(self, command: Command) -> None:
        """Apply a call. Repeats change nothing; deleting an unknown object succeeds (§A.5)."""
        self.kit.apply(command)
        self._do(command)
        self.compare_with_the_kit()

    def compare_with_the_kit(self) -> None:
        """Check that a seller on the kit knows the same after each call."""
        directory = self.kit.directory
        assert [(row.name, row.domain) for row in directory.rows(Tenant)] == [
            (tenant.name, tenant.domain_name) for tenant in (self.tenant,) if tenant
        ]
        assert [row.client_id for row in directory.rows(Application)] == [
            client.client_id for client in (self.client,) if client
        ]
        assert {(row.code, row.name, row.parent_code) for row in directory.rows(TenantDepartment)} == {
            (department.code, department.name, department.parent_code) for department in self.departments.values()
        }
        assert {
            (row.user_name, row.name, row.admin, row.enabled) for row in directory.rows(User) if row.authorised
        } == {(person.user_name, person.name, person.admin, person.enabled) for person in self.people.values()}

    def _do(self, command: Command) -> None:
        match command:
            case SyncTenant(flag=SyncFlag.DELETE):
                self.tenant = self.client = None
                self.departments, self.people = {}, {}
            case SyncTenant():
                self.tenant = command
            case SyncApplication():
                self.client = command
            case SyncAllOrgs():
                self.departments = {department.code: department for department in command.departments}
            case SyncOrg(flag=SyncFlag.DELETE):
                self.departments.pop(command.department.code, None)
            case SyncOrg():
                parent = command.department.parent_code
                assert not parent or parent in self.departments, f"{command.department.code} comes before its parent"
                self.departments[command.department.code] = command.department
            case SyncAuth():
                for user in command.users:
                    if command.flag in REMOVES:
                        self.people.pop(user.user_name, None)
                    else:
                        self.people[user.user_name] = user
            case _:
                raise AssertionError(f"no call of the kit: {command}")

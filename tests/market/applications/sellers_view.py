"""What a seller has of enterprises, departments and people when it does what it is told, call by call (openapi-jointkit §A.5–§A.9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kit.joint.directories import AsTheyCame
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
    """Of one instance and one enterprise."""

    tenant: SyncTenant | None = None
    client: SyncApplication | None = None
    departments: dict[str, Department] = field(default_factory=dict)
    people: dict[str, SyncedUser] = field(default_factory=dict)
    kit: JointSync = field(
        default_factory=lambda: JointSync(MemoryDirectory(), AsTheyCame()), compare=False, repr=False
    )
    """What our own kit for sellers makes of the same calls."""

    def do(self, command: Command) -> None:
        """Repeats change nothing; what is unknown is deleted with success (§A.5)."""
        self.kit.apply(command)
        self._do(command)
        self.compare_with_the_kit()

    def compare_with_the_kit(self) -> None:
        """A seller on the kit has the same, call by call."""
        kept = self.kit.directory
        assert [(row.name, row.domain) for row in kept.rows(Tenant)] == [
            (one.name, one.domain_name) for one in (self.tenant,) if one
        ]
        assert [row.client_id for row in kept.rows(Application)] == [one.client_id for one in (self.client,) if one]
        assert {(row.code, row.name, row.parent_code) for row in kept.rows(TenantDepartment)} == {
            (one.code, one.name, one.parent_code) for one in self.departments.values()
        }
        assert {(row.user_name, row.name, row.admin, row.enabled) for row in kept.rows(User) if row.authorised} == {
            (one.user_name, one.name, one.admin, one.enabled) for one in self.people.values()
        }

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
                self.departments = {one.code: one for one in command.departments}
            case SyncOrg(flag=SyncFlag.DELETE):
                self.departments.pop(command.department.code, None)
            case SyncOrg():
                parent = command.department.parent_code
                assert not parent or parent in self.departments, f"{command.department.code} comes before its parent"
                self.departments[command.department.code] = command.department
            case SyncAuth():
                for one in command.users:
                    if command.flag in REMOVES:
                        self.people.pop(one.user_name, None)
                    else:
                        self.people[one.user_name] = one
            case _:
                raise AssertionError(f"no call of the kit: {command}")

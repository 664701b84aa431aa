"""Record results of sync calls as the seller's known state. After an unclear failure the state is unknown
(openapi-jointkit §A.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Q

from tradepost.market.base import rows
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncFlag, SyncOrg, SyncTenant

from .desired import NOT_SENT, UNKNOWN, digest
from .models import Authorisation, SyncedDepartment, TenantBinding
from .people import UNACKNOWLEDGED


def record_sent_people(call: int, people: Sequence[tuple[int, str]]) -> None:
    """Record which members a call carries, in their current version. Only this version is acknowledged with the
    call."""
    if not people:
        return
    carried_rows = Authorisation.objects.filter(pk__in=[pk for pk, _ in people])
    carried_rows.update(batch=call, sent_version=F("version"))
    rows.update(
        "applications_authorisation", _SENT, ({"id": pk, "sent_digest": digest_sent} for pk, digest_sent in people)
    )


_SENT = {"sent_digest": "text"}


def record_success(binding: TenantBinding, call: int, command: Command) -> int:
    """Record that the seller has processed the command. Returns the number of members that it carried."""
    match command:
        case SyncTenant():
            sent_digest = digest(command.tenant_code, command.name, command.domain_name)
            binding.tenant_acked = NOT_SENT if command.flag == SyncFlag.DELETE else sent_digest
            if command.flag == SyncFlag.DELETE:
                _forget_enterprise(binding)
        case SyncApplication():
            binding.client_acked = binding.client_sent
        case SyncAllOrgs():
            _record_all_departments(binding, command)
        case SyncOrg():
            _record_department(binding, command)
        case SyncAuth():
            return _people_acknowledged(call)
    binding.save(update_fields=["tenant_acked", "client_acked", "departments_told"])
    return 0


def record_failure(binding: TenantBinding, call: int, command: Command, *, maybe_acted: bool) -> None:
    """Record that the seller has not processed the command, as far as known. ``maybe_acted``: the state is unknown."""
    if isinstance(command, SyncAuth):
        carried_rows = Authorisation.objects.filter(batch=call)
        carried_rows.update(batch=None, **({"acked_digest": UNKNOWN, "told": False} if maybe_acted else {}))
        settle_unknown_to_seller(binding)
    if not maybe_acted:
        return
    match command:
        case SyncTenant():
            binding.tenant_acked = UNKNOWN
        case SyncApplication():
            binding.client_acked = UNKNOWN
        case SyncOrg():
            SyncedDepartment.objects.update_or_create(
                binding=binding, code=command.department.code,
                defaults={"name": command.department.name, "parent_code": command.department.parent_code, "unknown": True},
            )  # fmt: skip
    binding.save(update_fields=["tenant_acked", "client_acked"])


def settle_unknown_to_seller(binding: TenantBinding) -> None:
    """Mark unauthorised members of whom the seller never heard as acknowledged, since nothing needs to be sent."""
    unknown_to_seller = Authorisation.objects.filter(
        UNACKNOWLEDGED, binding=binding, wanted=False, told=False, batch=None
    )
    unknown_to_seller.filter(acked_digest=NOT_SENT).update(acked_version=F("version"))


def _people_acknowledged(call: int) -> int:
    carried_rows = Authorisation.objects.filter(batch=call)
    updated_count = carried_rows.filter(~Q(sent_digest="")).update(
        acked_version=F("sent_version"), acked_digest=F("sent_digest"), told=True, batch=None
    )
    removed_count = carried_rows.update(acked_version=F("sent_version"), acked_digest=NOT_SENT, told=False, batch=None)
    return updated_count + removed_count


def _record_all_departments(binding: TenantBinding, command: SyncAllOrgs) -> None:
    """Replace the seller's known departments (§A.9)."""
    SyncedDepartment.objects.filter(binding=binding).delete()
    rows.create(
        SyncedDepartment(
            binding=binding, code=department.code, name=department.name, parent_code=department.parent_code
        )
        for department in command.departments
    )
    binding.departments_told = True


def _record_department(binding: TenantBinding, command: SyncOrg) -> None:
    department = command.department
    if command.flag == SyncFlag.DELETE:
        SyncedDepartment.objects.filter(binding=binding, code=department.code).delete()
        return
    SyncedDepartment.objects.update_or_create(
        binding=binding, code=department.code,
        defaults={"name": department.name, "parent_code": department.parent_code, "unknown": False},
    )  # fmt: skip


def _forget_enterprise(binding: TenantBinding) -> None:
    """Forget what belongs to a deleted enterprise (§A.0). Rows of its members have no effect during unbinding
    (``TenantBinding.gives``)."""
    binding.client_acked, binding.departments_told = NOT_SENT, False
    SyncedDepartment.objects.filter(binding=binding).delete()

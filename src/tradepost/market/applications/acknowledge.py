"""What a seller said to a sync call becomes what it knows; what it may have done all the same is unknown (openapi-jointkit §A.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, Q

from tradepost.market.base import rows
from tradepost.protocols.commands import Command
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncApplication, SyncAuth, SyncFlag, SyncOrg, SyncTenant

from .desired import NONE, UNKNOWN, digest
from .models import Authorisation, SyncedDepartment, TenantBinding
from .people import DIRTY


def carry(call: int, people: Sequence[tuple[int, str]]) -> None:
    """Note which members a call carries, as they are now: only that is acknowledged with it, whatever changes meanwhile."""
    if not people:
        return
    own = Authorisation.objects.filter(pk__in=[pk for pk, _ in people])
    own.update(batch=call, sent_version=F("version"))
    rows.update("applications_authorisation", _SENT, ({"id": pk, "sent_digest": told} for pk, told in people))


_SENT = {"sent_digest": "text"}


def acknowledged(binding: TenantBinding, call: int, command: Command) -> int:
    """The seller did it. How many members it was about."""
    match command:
        case SyncTenant():
            told = digest(command.tenant_code, command.name, command.domain_name)
            binding.tenant_acked = NONE if command.flag == SyncFlag.DELETE else told
            if command.flag == SyncFlag.DELETE:
                _forgotten(binding)
        case SyncApplication():
            binding.client_acked = binding.client_sent
        case SyncAllOrgs():
            _all_departments(binding, command)
        case SyncOrg():
            _one_department(binding, command)
        case SyncAuth():
            return _people_acknowledged(call)
    binding.save(update_fields=["tenant_acked", "client_acked", "departments_told"])
    return 0


def failed(binding: TenantBinding, call: int, command: Command, *, maybe_acted: bool) -> None:
    """The seller did not do it, as far as is known."""
    if isinstance(command, SyncAuth):
        carried = Authorisation.objects.filter(batch=call)
        carried.update(batch=None, **({"acked_digest": UNKNOWN, "told": False} if maybe_acted else {}))
        settle_never_told(binding)
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


def settle_never_told(binding: TenantBinding) -> None:
    """Of members who are not wanted, and of whom the seller never heard, nothing is to be told."""
    quiet = Authorisation.objects.filter(DIRTY, binding=binding, wanted=False, told=False, batch=None)
    quiet.filter(acked_digest=NONE).update(acked_version=F("version"))


def _people_acknowledged(call: int) -> int:
    carried = Authorisation.objects.filter(batch=call)
    known = carried.filter(~Q(sent_digest="")).update(
        acked_version=F("sent_version"), acked_digest=F("sent_digest"), told=True, batch=None
    )
    gone = carried.update(acked_version=F("sent_version"), acked_digest=NONE, told=False, batch=None)
    return known + gone


def _all_departments(binding: TenantBinding, command: SyncAllOrgs) -> None:
    """They replace what the seller had (§A.9)."""
    SyncedDepartment.objects.filter(binding=binding).delete()
    rows.create(
        SyncedDepartment(binding=binding, code=one.code, name=one.name, parent_code=one.parent_code)
        for one in command.departments
    )
    binding.departments_told = True


def _one_department(binding: TenantBinding, command: SyncOrg) -> None:
    one = command.department
    if command.flag == SyncFlag.DELETE:
        SyncedDepartment.objects.filter(binding=binding, code=one.code).delete()
        return
    SyncedDepartment.objects.update_or_create(
        binding=binding, code=one.code,
        defaults={"name": one.name, "parent_code": one.parent_code, "unknown": False},
    )  # fmt: skip


def _forgotten(binding: TenantBinding) -> None:
    """With the enterprise all is deleted that belongs to it (§A.0). What stands of its people says nothing since it is being unbound
    (``TenantBinding.gives``)."""
    binding.client_acked, binding.departments_told = NONE, False
    SyncedDepartment.objects.filter(binding=binding).delete()

"""Compare a binding with what its seller acknowledged, and plan the next call.

Only one call is planned at a time, so each call contains all changes up to then.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.organisations.models import Department as DepartmentRow
from tradepost.market.organisations.models import Enterprise
from tradepost.protocols import client_secret
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)

from .clients import client_of, secret_of
from .department_steps import AcknowledgedTree, Tree, deletes, in_order, tree_of, upserts
from .desired import NOT_SENT, UNKNOWN, digest, flags_of, may_be_known, upsert_flag
from .lanes import Kind, SyncState
from .models import Sync, SyncedDepartment, TenantBinding
from .people import PlannedCall, has_changes, instance_of, next_people
from .rules import SyncRules


def state_of(binding: TenantBinding, rules: SyncRules, *, now: datetime) -> SyncState:
    """Return what the binding needs to synchronise. Fetch its enterprise and application beforehand."""
    open_runs = _open_runs(binding)
    state = SyncState(
        status=binding.status,
        running=any(status == Sync.Status.RUNNING for _, status, _ in open_runs),
        held_back=frozenset(kind for kind, status, next_at in open_runs if _is_delayed(status, next_at, now)),
        unknown=binding.tenant_acked in {NOT_SENT, UNKNOWN},
    )
    if binding.status not in {TenantBinding.Status.BINDING, TenantBinding.Status.BOUND}:
        return state
    have, want = _acknowledged_departments(binding), _current_departments(binding)
    return SyncState(
        status=state.status,
        running=state.running,
        held_back=state.held_back,
        unknown=state.unknown,
        introduces=_needs_introduction(binding, rules),
        withdraws=has_changes(binding, wanted=False),
        raises=bool(upserts(have, want)),
        authorises=has_changes(binding, wanted=True),
        clears=bool(deletes(have, want)),
    )


def _open_runs(binding: TenantBinding) -> list[tuple[str, str, datetime | None]]:
    """Return kind, status and next attempt of open runs. Each status has its own index; one query would scan all
    runs."""
    runs = Sync.objects.filter(binding=binding).values_list("kind", "status", "next_at")
    parts = [runs.filter(status=status) for status in (Sync.Status.RUNNING, Sync.Status.WAITING, Sync.Status.STOPPED)]
    return list(parts[0].union(*parts[1:], all=True))


def _is_delayed(status: str, next_at: datetime | None, now: datetime) -> bool:
    return status == Sync.Status.STOPPED or (status == Sync.Status.WAITING and next_at is not None and next_at > now)


def next_call(binding: TenantBinding, kind: str, rules: SyncRules, *, now: datetime) -> PlannedCall | None:
    """Return the next call of a run of this kind; None if everything is sent."""
    match kind:
        case Kind.BIND:
            return _introduction(binding, rules)
        case Kind.WITHDRAW:
            return next_people(binding, rules, wanted=False, now=now)
        case Kind.AUTHORISE:
            return next_people(binding, rules, wanted=True, now=now)
        case Kind.DEPARTMENTS:
            return _department(binding)
        case Kind.UNBIND:
            return _deletion(binding, rules)
    raise LookupError(f"no kind of run {kind!r}")


# --- the enterprise and its client --------------------------------------------------------------------------------------


def tenant_digest(binding: TenantBinding, rules: SyncRules) -> str:
    enterprise = binding.enterprise
    return digest(enterprise.code, enterprise.name, _domain(enterprise, rules))


def client_digest(binding: TenantBinding) -> str:
    client = client_of(binding)
    return digest(client.client_id, client.sealed_secret, binding.public_key)


def _domain(enterprise: Enterprise, rules: SyncRules) -> str:
    return rules.domain(enterprise.code)


def _needs_introduction(binding: TenantBinding, rules: SyncRules) -> bool:
    return (
        binding.tenant_acked != tenant_digest(binding, rules)
        or binding.client_acked != client_digest(binding)
        or not binding.departments_told
    )


def _introduction(binding: TenantBinding, rules: SyncRules) -> PlannedCall | None:
    """Return the first missing call of tenantSync, applicationSync and allOrgSync (§A.0)."""
    words = flags_of(binding.address.protocol)
    sync_flag = upsert_flag(binding.tenant_acked, tenant_digest(binding, rules), words.tenant)
    if sync_flag is not None:
        return PlannedCall(_tenant(binding, sync_flag, rules))
    sync_flag = upsert_flag(binding.client_acked, client_digest(binding), words.application)
    if sync_flag is not None:
        client = client_of(binding)
        command = SyncApplication(
            tenant_id=binding.enterprise.public_id, app_id=binding.application.app_id, client_id=client.client_id,
            encrypted_secret=client_secret.encrypt(secret_of(client), binding.public_key, digests=rules.digests),
            flag=sync_flag, instance_id=instance_of(binding),
        )  # fmt: skip
        return PlannedCall(command)
    if not binding.departments_told:
        all_departments = SyncAllOrgs(
            tenant_id=binding.enterprise.public_id, departments=tuple(in_order(_current_departments(binding))),
            instance_id=instance_of(binding),
        )  # fmt: skip
        return PlannedCall(all_departments)
    return None


def _tenant(binding: TenantBinding, sync_flag: SyncFlag, rules: SyncRules) -> SyncTenant:
    enterprise = binding.enterprise
    return SyncTenant(
        tenant_id=enterprise.public_id, tenant_code=enterprise.code, name=enterprise.name,
        domain_name=_domain(enterprise, rules), flag=sync_flag, instance_id=instance_of(binding), order_id=order_of(binding),
    )  # fmt: skip


def _deletion(binding: TenantBinding, rules: SyncRules) -> PlannedCall | None:
    """Return the call that deletes the enterprise with all its data at the seller (§A.0); None if the seller has
    none."""
    return PlannedCall(_tenant(binding, SyncFlag.DELETE, rules)) if may_be_known(binding.tenant_acked) else None


def order_of(binding: TenantBinding) -> str:
    return binding.subscription.order_line_number.rpartition("-")[0] if binding.subscription else ""


# --- departments --------------------------------------------------------------------------------------------------------


def _current_departments(binding: TenantBinding) -> Tree:
    departments = DepartmentRow.objects.filter(enterprise=binding.enterprise_id, removed_at=None)
    return tree_of(
        Department(code=code, name=name, parent_code=parent or "")
        for code, name, parent in departments.values_list("code", "name", "parent__code")
    )


def _acknowledged_departments(binding: TenantBinding) -> AcknowledgedTree:
    """Return the seller's departments. Before the first full transfer there is nothing to compare."""
    if not binding.departments_told:
        return _current_departments(binding)
    synced_departments = SyncedDepartment.objects.filter(binding=binding)
    return {
        row.code: None if row.unknown else Department(code=row.code, name=row.name, parent_code=row.parent_code)
        for row in synced_departments
    }


def _department(binding: TenantBinding) -> PlannedCall | None:
    have, want = _acknowledged_departments(binding), _current_departments(binding)
    steps = upserts(have, want)
    if not steps and not has_changes(binding, wanted=True):
        steps = deletes(have, want)
    if not steps:
        return None
    command = SyncOrg(
        tenant_id=binding.enterprise.public_id, department=steps[0].department, flag=steps[0].flag,
        instance_id=instance_of(binding),
    )  # fmt: skip
    return PlannedCall(command)

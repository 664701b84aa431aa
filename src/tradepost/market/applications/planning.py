"""What of a binding its seller does not know yet, and the next call that tells it: from what was acknowledged to what is so now.

Nothing is planned ahead: a run looks here before each of its calls, so that whatever changed meanwhile is in it.
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
from .department_steps import Have, Tree, deletes, in_order, tree_of, upserts
from .desired import NONE, UNKNOWN, digest, known, upsert, words_of
from .lanes import Kind, Standing
from .models import Sync, SyncedDepartment, TenantBinding
from .people import Planned, anybody, instance_of, next_people
from .rules import SyncRules


def standing_of(binding: TenantBinding, rules: SyncRules, *, now: datetime) -> Standing:
    """``binding`` with its enterprise and application."""
    found = _open_runs(binding)
    at = Standing(
        status=binding.status,
        running=any(status == Sync.Status.RUNNING for _, status, _ in found),
        held_back=frozenset(kind for kind, status, next_at in found if _is_held_back(status, next_at, now)),
        unknown=binding.tenant_acked in {NONE, UNKNOWN},
    )
    if binding.status not in {TenantBinding.Status.BINDING, TenantBinding.Status.BOUND}:
        return at
    have, want = _have(binding), _want(binding)
    return Standing(
        status=at.status,
        running=at.running,
        held_back=at.held_back,
        unknown=at.unknown,
        introduces=_introduces(binding, rules),
        withdraws=anybody(binding, wanted=False),
        raises=bool(upserts(have, want)),
        authorises=anybody(binding, wanted=True),
        clears=bool(deletes(have, want)),
    )


def _open_runs(binding: TenantBinding) -> list[tuple[str, str, datetime | None]]:
    """Kind, state and next attempt of runs that have not ended. Each state by an index of its own: together they would be looked for
    among all that ever ran."""
    own = Sync.objects.filter(binding=binding).values_list("kind", "status", "next_at")
    parts = [own.filter(status=status) for status in (Sync.Status.RUNNING, Sync.Status.WAITING, Sync.Status.STOPPED)]
    return list(parts[0].union(*parts[1:], all=True))


def _is_held_back(status: str, next_at: datetime | None, now: datetime) -> bool:
    return status == Sync.Status.STOPPED or (status == Sync.Status.WAITING and next_at is not None and next_at > now)


def next_call(binding: TenantBinding, kind: str, rules: SyncRules, *, now: datetime) -> Planned | None:
    """What a run of this kind asks next; None when all is told."""
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
            return _farewell(binding, rules)
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


def _introduces(binding: TenantBinding, rules: SyncRules) -> bool:
    return (
        binding.tenant_acked != tenant_digest(binding, rules)
        or binding.client_acked != client_digest(binding)
        or not binding.departments_told
    )


def _introduction(binding: TenantBinding, rules: SyncRules) -> Planned | None:
    """tenantSync, applicationSync, allOrgSync: whichever is missing (§A.0)."""
    words = words_of(binding.address.protocol)
    told = upsert(binding.tenant_acked, tenant_digest(binding, rules), words.tenant)
    if told is not None:
        return Planned(_tenant(binding, told, rules))
    told = upsert(binding.client_acked, client_digest(binding), words.application)
    if told is not None:
        client = client_of(binding)
        command = SyncApplication(
            tenant_id=binding.enterprise.public_id, app_id=binding.application.app_id, client_id=client.client_id,
            encrypted_secret=client_secret.encrypt(secret_of(client), binding.public_key, digests=rules.digests),
            flag=told, instance_id=instance_of(binding),
        )  # fmt: skip
        return Planned(command)
    if not binding.departments_told:
        all_of_them = SyncAllOrgs(
            tenant_id=binding.enterprise.public_id, departments=tuple(in_order(_want(binding))),
            instance_id=instance_of(binding),
        )  # fmt: skip
        return Planned(all_of_them)
    return None


def _tenant(binding: TenantBinding, told: SyncFlag, rules: SyncRules) -> SyncTenant:
    enterprise = binding.enterprise
    return SyncTenant(
        tenant_id=enterprise.public_id, tenant_code=enterprise.code, name=enterprise.name,
        domain_name=_domain(enterprise, rules), flag=told, instance_id=instance_of(binding), order_id=order_of(binding),
    )  # fmt: skip


def _farewell(binding: TenantBinding, rules: SyncRules) -> Planned | None:
    """The enterprise is deleted, which is the end of all that the seller has of it (§A.0); nothing where it has nothing."""
    return Planned(_tenant(binding, SyncFlag.DELETE, rules)) if known(binding.tenant_acked) else None


def order_of(binding: TenantBinding) -> str:
    return binding.subscription.order_line_number.rpartition("-")[0] if binding.subscription else ""


# --- departments --------------------------------------------------------------------------------------------------------


def _want(binding: TenantBinding) -> Tree:
    living = DepartmentRow.objects.filter(enterprise=binding.enterprise_id, removed_at=None)
    return tree_of(
        Department(code=code, name=name, parent_code=parent or "")
        for code, name, parent in living.values_list("code", "name", "parent__code")
    )


def _have(binding: TenantBinding) -> Have:
    """Before all departments were told the seller has none, and there is nothing to compare."""
    if not binding.departments_told:
        return _want(binding)
    known_ones = SyncedDepartment.objects.filter(binding=binding)
    return {
        one.code: None if one.unknown else Department(code=one.code, name=one.name, parent_code=one.parent_code)
        for one in known_ones
    }


def _department(binding: TenantBinding) -> Planned | None:
    have, want = _have(binding), _want(binding)
    steps = upserts(have, want)
    if not steps and not anybody(binding, wanted=True):
        steps = deletes(have, want)
    if not steps:
        return None
    command = SyncOrg(
        tenant_id=binding.enterprise.public_id, department=steps[0].department, flag=steps[0].flag,
        instance_id=instance_of(binding),
    )  # fmt: skip
    return Planned(command)

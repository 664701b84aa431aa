"""Queries for sellers about debugging: cases of an address with their state, test calls, and the list of all cases."""

from __future__ import annotations

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address, Attempt
from tradepost.protocols.cases import Case, cases_of
from tradepost.protocols.registry import protocols

from .findings import Finding, read
from .models import DebugCase, DebugRun
from .standing import CaseState, case_state, current_keys, key_for


class CaseRow(Struct, frozen=True):
    """A possible case of an address, saved or not."""

    address: Address
    case: Case
    saved: DebugCase | None
    standing: CaseState


def find_address(seller: Seller, pk: int) -> Address | None:
    """Return the seller's address, or None."""
    return Address.objects.filter(seller=seller, pk=pk, removed_at=None).first()


def addresses_of(seller: Seller) -> list[Address]:
    """Return the seller's addresses, oldest first."""
    return list(Address.objects.filter(seller=seller, removed_at=None).order_by("pk"))


def rows_of(address: Address) -> list[CaseRow]:
    """Return all cases of the address's protocol in order, with their state."""
    if address.protocol not in protocols():
        return []
    saved_cases = {
        (saved_case.activity, saved_case.variant): saved_case
        for saved_case in DebugCase.objects.filter(address=address)
    }
    key = key_for(address, current_keys(address.seller_id))
    return [
        CaseRow(address, case, saved_case, case_state(saved_case, address, key))
        for case in cases_of(address.protocol).cases
        for saved_case in [saved_cases.get((case.activity, case.variant))]
    ]


class CaseFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list of cases; empty fields match everything."""

    address: str = ""
    activity: str = ""
    standing: str = ""


def seller_cases(seller: Seller, filters: CaseFilter) -> list[CaseRow]:
    """Return the seller's matching saved cases, by address and in the order of their protocols."""
    cases: QuerySet[DebugCase] = DebugCase.objects.filter(seller=seller, address__removed_at=None).select_related(
        "address", "call"
    )
    if filters.address:
        cases = cases.filter(address=whole_number(filters.address) or 0)
    if filters.activity:
        cases = cases.filter(activity=filters.activity)
    keys = current_keys(seller.pk)
    rows = [_row(case, keys) for case in cases.order_by("address_id", "pk")]
    matching = [row for row in rows if row is not None]
    if filters.standing == "stale":
        matching = [row for row in matching if row.standing in {CaseState.OTHER_KEY, CaseState.OTHER_URL}]
    elif filters.standing:
        matching = [row for row in matching if row.standing == filters.standing]
    return matching


def _row(case: DebugCase, keys: dict[str, str]) -> CaseRow | None:
    """Return the row of a case; None if its protocol is not installed."""
    if case.address.protocol not in protocols():
        return None
    protocol_case = cases_of(case.address.protocol).case(case.activity, case.variant)
    state = case_state(case, case.address, key_for(case.address, keys))
    return CaseRow(case.address, protocol_case, case, state) if protocol_case else None


def find_case(seller: Seller, pk: int) -> DebugCase | None:
    return DebugCase.objects.filter(seller=seller, pk=pk, address__removed_at=None).select_related("address").first()


def find_run(seller: Seller, pk: int) -> DebugRun | None:
    return (
        DebugRun.objects.filter(seller=seller, pk=pk, address__removed_at=None)
        .select_related("address", "call")
        .first()
    )


class RunView(Struct, frozen=True):
    """A test call for its page: the exchange and the findings. ``attempt``: None until the call ended."""

    run: DebugRun
    attempt: Attempt | None
    findings: tuple[Finding, ...]


def view_of_run(run: DebugRun) -> RunView:
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first() if run.ended_at else None
    return RunView(run, attempt, read(attempt.findings) if attempt else ())


def newest_run(address: Address, activity: str, variant: str) -> DebugRun | None:
    """Return the last test call of a case."""
    runs = DebugRun.objects.filter(seller=address.seller_id, address=address, activity=activity, variant=variant)
    return runs.select_related("address", "call").order_by("-pk").first()

"""What a seller sees of debugging: the cases of an address with how each stands, its test calls, and the list of all cases."""

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
from .standing import Standing, current_keys, key_for, standing_of


class CaseRow(Struct, frozen=True):
    """One case that an address can have, saved or not."""

    address: Address
    case: Case
    saved: DebugCase | None
    standing: Standing


def find_address(seller: Seller, pk: int) -> Address | None:
    """The seller's own address; None for anybody else's."""
    return Address.objects.filter(seller=seller, pk=pk, removed_at=None).first()


def addresses_of(seller: Seller) -> list[Address]:
    """The seller's addresses, oldest first."""
    return list(Address.objects.filter(seller=seller, removed_at=None).order_by("pk"))


def rows_of(address: Address) -> list[CaseRow]:
    """Every case of the address's protocol, in its order, with how it stands."""
    if address.protocol not in protocols():
        return []
    saved = {(one.activity, one.variant): one for one in DebugCase.objects.filter(address=address)}
    key = key_for(address, current_keys(address.seller_id))
    return [
        CaseRow(address, case, found, standing_of(found, address, key))
        for case in cases_of(address.protocol).cases
        for found in [saved.get((case.activity, case.variant))]
    ]


class CaseFilter(Struct, frozen=True, kw_only=True):
    """What a seller asks the list of cases for; empty means all."""

    address: str = ""
    activity: str = ""
    standing: str = ""


def seller_cases(seller: Seller, asked: CaseFilter) -> list[CaseRow]:
    """The seller's saved cases that fit, by address and in the order of their protocols."""
    cases: QuerySet[DebugCase] = DebugCase.objects.filter(seller=seller, address__removed_at=None).select_related(
        "address", "call"
    )
    if asked.address:
        cases = cases.filter(address=whole_number(asked.address) or 0)
    if asked.activity:
        cases = cases.filter(activity=asked.activity)
    keys = current_keys(seller.pk)
    rows = [_row(one, keys) for one in cases.order_by("address_id", "pk")]
    found = [row for row in rows if row is not None]
    if asked.standing == "stale":
        found = [row for row in found if row.standing in {Standing.OTHER_KEY, Standing.OTHER_URL}]
    elif asked.standing:
        found = [row for row in found if row.standing == asked.standing]
    return found


def _row(case: DebugCase, keys: dict[str, str]) -> CaseRow | None:
    """None for a case of a protocol that is not installed."""
    if case.address.protocol not in protocols():
        return None
    known = cases_of(case.address.protocol).case(case.activity, case.variant)
    standing = standing_of(case, case.address, key_for(case.address, keys))
    return CaseRow(case.address, known, case, standing) if known else None


def find_case(seller: Seller, pk: int) -> DebugCase | None:
    return DebugCase.objects.filter(seller=seller, pk=pk, address__removed_at=None).select_related("address").first()


def find_run(seller: Seller, pk: int) -> DebugRun | None:
    return (
        DebugRun.objects.filter(seller=seller, pk=pk, address__removed_at=None)
        .select_related("address", "call")
        .first()
    )


class RunSeen(Struct, frozen=True):
    """A test call as its page shows it: the exchange, and what was judged. ``attempt`` is None until it ended."""

    run: DebugRun
    attempt: Attempt | None
    findings: tuple[Finding, ...]


def seen(run: DebugRun) -> RunSeen:
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first() if run.ended_at else None
    return RunSeen(run, attempt, read(attempt.findings) if attempt else ())


def newest_run(address: Address, activity: str, variant: str) -> DebugRun | None:
    """The last test call of a case."""
    runs = DebugRun.objects.filter(seller=address.seller_id, address=address, activity=activity, variant=variant)
    return runs.select_related("address", "call").order_by("-pk").first()

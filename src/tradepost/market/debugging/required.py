"""Rules for the cases that a product needs before it is sold. No I/O.

Sources: saas-v2 §5.3, saas-v1-license A4, B1, B3, openapi-jointkit §A.10; business-rules §17.4 for pay-per-use
products. The protocol folders declare what each case is needed for (``protocols/<name>/cases.py``). A ``Proof`` is a
call of the seller's program to the market's APIs, such as pushed usage or an activated code; unlike a case, it is
proved by making it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.cases import Case, Need, Proof, cases_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols


class Purpose(StrEnum):
    """Why the cases are needed."""

    SUBMIT = "submit"
    MODIFY = "modify"
    REVIEW = "review"


class SoldProduct(Struct, frozen=True, kw_only=True):
    """The relevant properties of a product: its charging modes and offers."""

    modes: frozenset[ChargingMode] = frozenset()
    trial: bool = False
    upgrades: bool = False
    renewal_changes: bool = False
    stops_when_used_up: bool = False
    """A package that ends when it is used up (用完即停)."""
    joint: bool = False

    def __or__(self, other: SoldProduct) -> SoldProduct:
        """Combine both: a product needs the union (saas-v2 §5.3)."""
        return SoldProduct(
            modes=self.modes | other.modes,
            trial=self.trial or other.trial,
            upgrades=self.upgrades or other.upgrades,
            renewal_changes=self.renewal_changes or other.renewal_changes,
            stops_when_used_up=self.stops_when_used_up or other.stops_when_used_up,
            joint=self.joint or other.joint,
        )

    @property
    def needs(self) -> frozenset[Need]:
        offers = {
            Need.TRIAL: self.trial,
            Need.UPGRADE: self.upgrades,
            Need.RENEWAL_CHANGE: self.renewal_changes,
            Need.STOP_PACKAGE: self.stops_when_used_up,
            Need.JOINT: self.joint,
        }
        return frozenset({*map(Need, self.modes), *(need for need, is_offered in offers.items() if is_offered)})


class RequiredCase(Struct, frozen=True):
    """A required case and its protocol."""

    protocol: str
    case: Case

    @property
    def key(self) -> tuple[str, str, str]:
        return self.protocol, self.case.activity, self.case.variant


class Requirements(Struct, frozen=True):
    cases: tuple[RequiredCase, ...]
    proofs: tuple[Proof, ...]


def required(
    protocol: str, sold: SoldProduct, *, purpose: Purpose = Purpose.SUBMIT, listed: SoldProduct | None = None
) -> Requirements:
    """Return the requirements for a product at an address with this protocol.

    ``listed``: the listed version, which continues to sell during a modification and its review. Its cases are then
    required too (saas-v1-license A4: a modification replays all cases of the published specifications).
    """
    if listed is not None and purpose is not Purpose.SUBMIT:
        sold |= listed
    needs = sold.needs
    cases: list[RequiredCase] = []
    proofs: list[Proof] = []
    for name in _protocols_at(protocol, joint=sold.joint):
        protocol_cases = cases_of(name)
        cases += [RequiredCase(name, item) for item in protocol_cases.cases if item.needs & needs]
        proofs += [item for item in protocol_cases.proofs if item.needs & needs]
    return Requirements(tuple(cases), tuple(proofs))


def product_with_modes(modes: Iterable[str]) -> SoldProduct:
    """Return ``SoldProduct`` with only these charging modes."""
    return SoldProduct(modes=frozenset(map(ChargingMode, modes)))


def _protocols_at(protocol: str, *, joint: bool) -> list[str]:
    """Return the protocol of the address, and the protocols used at the same address beside it."""
    additional = [name for name in protocols() if protocol in cases_of(name).beside] if joint else []
    return [protocol, *additional]

"""Which cases a product needs before it is sold, as a rule over what it sells: saas-v2 §5.3, saas-v1-license A4, B1, B3,
openapi-jointkit §A.10; business-rules §17.4 for what is sold on demand. Pure.

What each case is needed for stands in the protocol folders (``protocols/<name>/cases.py``). What a seller's program must have
done at the market's own APIs (``Proof``: usage pushed, a code activated) is told apart from cases: it is shown to the market by
being done there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.cases import Case, Need, Proof, cases_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols


class Purpose(StrEnum):
    """What the cases are asked for."""

    SUBMIT = "submit"
    MODIFY = "modify"
    REVIEW = "review"


class Sold(Struct, frozen=True, kw_only=True):
    """What of a product matters: its charging modes, and what it offers besides."""

    modes: frozenset[ChargingMode] = frozenset()
    trial: bool = False
    upgrades: bool = False
    renewal_changes: bool = False
    stops_when_used_up: bool = False
    """A package that ends when it is used up (用完即停)."""
    joint: bool = False

    def __or__(self, other: Sold) -> Sold:
        """Both of them: a product needs the union (saas-v2 §5.3)."""
        return Sold(
            modes=self.modes | other.modes,
            trial=self.trial or other.trial,
            upgrades=self.upgrades or other.upgrades,
            renewal_changes=self.renewal_changes or other.renewal_changes,
            stops_when_used_up=self.stops_when_used_up or other.stops_when_used_up,
            joint=self.joint or other.joint,
        )

    @property
    def needs(self) -> frozenset[Need]:
        offered = {
            Need.TRIAL: self.trial,
            Need.UPGRADE: self.upgrades,
            Need.RENEWAL_CHANGE: self.renewal_changes,
            Need.STOP_PACKAGE: self.stops_when_used_up,
            Need.JOINT: self.joint,
        }
        return frozenset({*map(Need, self.modes), *(need for need, is_so in offered.items() if is_so)})


class RequiredCase(Struct, frozen=True):
    """A case that must be saved, of the protocol that it is spoken in."""

    protocol: str
    case: Case

    @property
    def key(self) -> tuple[str, str, str]:
        return self.protocol, self.case.activity, self.case.variant


class Required(Struct, frozen=True):
    cases: tuple[RequiredCase, ...]
    proofs: tuple[Proof, ...]


def required(protocol: str, sold: Sold, *, purpose: Purpose = Purpose.SUBMIT, listed: Sold | None = None) -> Required:
    """What is needed of a product at an address of this protocol.

    ``listed``: what its listed version sells. While a modification is made and reviewed that one goes on selling, so its cases
    are needed too (saas-v1-license A4: a modification replays all cases of the published specifications).
    """
    if listed is not None and purpose is not Purpose.SUBMIT:
        sold |= listed
    needs = sold.needs
    cases: list[RequiredCase] = []
    proofs: list[Proof] = []
    for name in _spoken(protocol, joint=sold.joint):
        known = cases_of(name)
        cases += [RequiredCase(name, one) for one in known.cases if one.needs & needs]
        proofs += [one for one in known.proofs if one.needs & needs]
    return Required(tuple(cases), tuple(proofs))


def sold_by(modes: Iterable[str]) -> Sold:
    """``Sold`` of charging modes by their words, and nothing besides."""
    return Sold(modes=frozenset(map(ChargingMode, modes)))


def _spoken(protocol: str, *, joint: bool) -> list[str]:
    """The protocol of the address, and those that are spoken beside it at the same one."""
    beside = [name for name in protocols() if protocol in cases_of(name).beside] if joint else []
    return [protocol, *beside]

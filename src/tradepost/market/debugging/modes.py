"""Tables of the cases and proofs that each charging mode and offer needs, for all protocols. No I/O.

The columns are the charging modes (``product_types/charging.py``). The marks follow the rule that checks submissions
(``required``), so pages need no texts about protocols.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tradepost.market.product_types.charging import CHARGING
from tradepost.protocols.cases import Proof, cases_of
from tradepost.protocols.registry import protocols

from .required import RequiredCase, SoldProduct, required

OFFERS: Mapping[str, SoldProduct] = {
    **{str(mode): SoldProduct(modes=frozenset({mode})) for mode in CHARGING},
    "stop_package": SoldProduct(stops_when_used_up=True),
    "trial": SoldProduct(trial=True),
    "upgrade": SoldProduct(upgrades=True),
    "renewal_change": SoldProduct(renewal_changes=True),
    "joint": SoldProduct(joint=True),
}
"""Possible offers of a product by name, charging modes first."""


class Row[T](Struct, frozen=True):
    """A case or proof, with the names of the offers that need it."""

    item: T
    offers: frozenset[str]


class ModeTable(Struct, frozen=True):
    """The table of one protocol. ``offers``: offers with requirements, in the order of ``OFFERS``."""

    protocol: str
    offers: tuple[str, ...]
    cases: tuple[Row[RequiredCase], ...]
    proofs: tuple[Row[Proof], ...]


def tables() -> list[ModeTable]:
    """Return a table for each protocol of production addresses that has required cases."""
    joint_protocols = {name for name in protocols() if cases_of(name).beside}
    all_tables = [_table(name) for name in protocols() if name not in joint_protocols]
    return [table for table in all_tables if table.cases]


def _table(protocol: str) -> ModeTable:
    needs = {offer: required(protocol, sold) for offer, sold in OFFERS.items()}
    all_requirements = required(protocol, _everything())
    return ModeTable(
        protocol=protocol,
        offers=tuple(offer for offer, requirements in needs.items() if requirements.cases or requirements.proofs),
        cases=tuple(
            Row(case, frozenset(offer for offer, requirements in needs.items() if case in requirements.cases))
            for case in all_requirements.cases
        ),
        proofs=tuple(
            Row(proof, frozenset(offer for offer, requirements in needs.items() if proof in requirements.proofs))
            for proof in all_requirements.proofs
        ),
    )


def _everything() -> SoldProduct:
    combined = SoldProduct()
    for sold in OFFERS.values():
        combined |= sold
    return combined

"""What the rules of a kind look at: a product as it is drafted, without texts and prices. The catalog makes it of its document."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from tradepost.protocols.commands import ChargingMode


class Template(StrEnum):
    """How a spec is priced (business-rules §3.4)."""

    SIMPLE = "simple"
    """One price for each period or use."""
    CUSTOM = "custom"
    """Prices by what a buyer chooses."""


class SpecFacts(Struct, frozen=True, kw_only=True):
    """``attributes``: codes of what a buyer chooses, enum or number."""

    name: str
    modes: frozenset[ChargingMode]
    template: Template = Template.SIMPLE
    attributes: tuple[str, ...] = ()
    trial: bool = False
    cycles: tuple[str, ...] = ()
    """How often each factor of its prices on demand is charged."""


class ProductFacts(Struct, frozen=True, kw_only=True):
    """``answers``: code of a question → what was said; of one with both languages ``code`` and ``code_en``."""

    specs: tuple[SpecFacts, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    proofs: frozenset[str] = frozenset()
    """Codes of those that were handed in."""
    supervised: bool = False

"""The input of a kind's rules: a product draft without texts and prices. The catalog builds it from its document."""

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
    """Prices that depend on the buyer's choices."""


class SpecFacts(Struct, frozen=True, kw_only=True):
    """``attributes``: codes of the buyer's choices, enum or number."""

    name: str
    modes: frozenset[ChargingMode]
    template: Template = Template.SIMPLE
    attributes: tuple[str, ...] = ()
    trial: bool = False
    cycles: tuple[str, ...] = ()
    """How often each billing factor of its on-demand prices is charged."""


class ProductFacts(Struct, frozen=True, kw_only=True):
    """``answers``: code of a question → answer; a translated question has ``code`` and ``code_en``."""

    specs: tuple[SpecFacts, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    proofs: frozenset[str] = frozenset()
    """Codes of the uploaded documents."""
    supervised: bool = False

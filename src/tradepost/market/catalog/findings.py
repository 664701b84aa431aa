"""What a check of a document found: where, which rule, and in words for the seller. A finding refuses a submission."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``words`` are in the language of the request that asked."""

    section: str
    """Of ``document.SECTIONS``."""
    field: str
    """Path inside the section, as the form names its inputs: ``name.zh``, ``specs.0.skus.1.prices.0.amount``."""
    code: str
    """Stable, for programs and tests: ``product.amount``."""
    words: str
    rule: str
    """Section of the specification that asks for it, for example ``business-rules §2.3``."""

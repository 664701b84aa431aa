"""What a check of a document found: where, which rule, and in words for the seller. A finding refuses a submission.

``section`` is one of ``document.SECTIONS``; ``field`` the path inside the section, as the form names its inputs: ``name.zh``,
``specs.0.skus.1.prices.0.amount``.
"""

from __future__ import annotations

from tradepost.market.base.findings import Finding

__all__ = ["Finding"]

"""Statements at the erasure of an account: they are kept, as they concern companies."""

from __future__ import annotations

from tradepost.market.base.personal import Personal

PERSONAL = Personal(kept={"settlement.": "the ledger: statements"})

"""Usage records at the erasure of an account: append-only quantities are kept; refused records expire."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Personal

from .models import Record

LEDGER_SOURCES = (
    "Collection", "Deduction", "Meter", "Nonce", "Package", "Push", "Quota", "Record", "UsageCell", "Void",
)  # fmt: skip

EXPORTED = (
    Exported(
        name="usage", title=_("Usage"), model=Record, whose="subscription__buyer",
        columns="subscription__order_line_number begin_at end_at quantity voided",
    ),
)  # fmt: skip

PERSONAL = Personal(
    kept={f"metering.{model}": "usage records, from which the ledger follows" for model in LEDGER_SOURCES},
    exported=EXPORTED,
)

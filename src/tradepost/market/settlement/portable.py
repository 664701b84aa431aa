"""Export and import of fee policies with a market's configuration: general and per product type, not ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tradepost.market.base.portable import Importing, Place, Section
from tradepost.market.identity.models import User

from .models import FeeRule


def dump(_place: Place) -> list[dict[str, Any]]:
    return [
        {
            "name": fee_rule.name, "product_type": fee_rule.product_type, "share": str(fee_rule.share), "increments": fee_rule.increments,
            "starts": fee_rule.starts.isoformat(),
        }
        for fee_rule in FeeRule.objects.filter(seller=None, ends=None).order_by("pk")
    ]  # fmt: skip


def load(entries: Any, importing: Importing) -> None:
    """Import the policies with their months. The market has sold nothing yet, so past months do no harm."""
    by = User.objects.get(pk=importing.by).email
    for entry in entries:
        rule = FeeRule(
            name=entry["name"], product_type=entry["product_type"], share=Decimal(entry["share"]), increments=entry["increments"],
            starts=date.fromisoformat(entry["starts"]), created_by=by, created_at=importing.now,
        )  # fmt: skip
        rule.clean_fields(exclude=["seller", "increments", "ends"])
        _steps = rule.policy  # raises for an invalid step
        rule.save()


SECTIONS = (Section(name="fee_policies", dump=dump, load=load),)

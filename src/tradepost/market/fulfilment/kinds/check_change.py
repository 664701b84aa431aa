"""Check a change: the seller is asked whether it could renew a service as something else (saas-v2 §3.7). Nothing changes by it."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent
from tradepost.protocols.commands import CheckChange


class Target(Struct, frozen=True, kw_only=True):
    """What is asked about. ``linear_value``: the quantity, None where none is told. ``lasts_minutes``: how long the seller's
    word holds."""

    product_id: str
    sku_code: str
    product_name: str
    quantity: int
    linear_value: int | None
    lasts_minutes: int


class CheckTarget(Defaults[Target]):
    name, title, wanted = "check_change", pgettext_lazy("operation", "Check a change"), Target
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Target]) -> Intent | None:
        if case.said is not None:
            return None
        wanted = case.wanted
        command = CheckChange(
            instance_id=case.held.instance_id, product_id=wanted.product_id, sku_code=wanted.sku_code,
            product_name=wanted.product_name, linear_value=wanted.linear_value,
        )  # fmt: skip
        # Its buyer waits for the answer, and can ask again.
        return Ask(command=command, once=True)

    def on_done(self, case: Case[Target]) -> Effects:
        return Effects()


KIND = CheckTarget()

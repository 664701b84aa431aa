"""Check a change: ask the seller whether it can renew a service as something else, without changing it (saas-v2 §3.7)."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, ProtocolCommand
from tradepost.protocols.commands import CheckChange


class Target(Struct, frozen=True, kw_only=True):
    """Target of the check. ``linear_value``: quantity; None if not sent. ``lasts_minutes``: validity of the seller's
    answer."""

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
        target = case.wanted
        command = CheckChange(
            instance_id=case.held.instance_id, product_id=target.product_id, sku_code=target.sku_code,
            product_name=target.product_name, linear_value=target.linear_value,
        )  # fmt: skip
        # The buyer waits for the answer and can ask again.
        return ProtocolCommand(command=command, once=True)

    def on_done(self, case: Case[Target]) -> Effects:
        return Effects()


KIND = CheckTarget()

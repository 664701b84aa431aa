"""Upgrade: another SKU of the same specification or a higher quantity, at once; the end stays (saas-v2 §8.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext_lazy

from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent, OrderEnd
from tradepost.protocols.commands import Upgrade as Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``until``: the end of the paid time when it was ordered, which the change does not move."""

    until: datetime | None


class Upgrade(Defaults[Change]):
    name, title, wanted = "upgrade", pgettext_lazy("operation", "Upgrade"), Change
    refundable, prolongs, ends = True, False, False

    def ask(self, case: Case[Change]) -> Intent | None:
        if case.said is not None:
            return None
        line = case.ordered
        return Ask(
            command=Command(
                instance_id=case.held.instance_id,
                order_id=line.order_number,
                order_line_id=line.number,
                purchase=line.bought(expires_at=case.wanted.until),
            )
        )

    def on_done(self, case: Case[Change]) -> Effects:
        return Effects(changed=True, order=OrderEnd.COMPLETE)


KIND = Upgrade()

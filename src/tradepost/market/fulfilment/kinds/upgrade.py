"""Upgrade: another SKU of the same specification or a higher quantity, at once; the end stays (saas-v2 §3.6, §8.1).

The wire calls both an upgrade (upgradeInstance; SaaS 1.0: upgrade), and so does what is stored.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Intent, OrderEnd, PaidChange
from tradepost.protocols.commands import Upgrade as Command


class Change(Struct, frozen=True, kw_only=True):
    """``until``: the end of the paid time when it was ordered, which the change does not move. ``parts``: what was paid for
    it, by the periods that it is about; none of what is tried out."""

    until: datetime | None
    parts: tuple[PaidChange, ...] = ()


class Upgrade(Defaults[Change]):
    name, title, wanted = "upgrade", pgettext_lazy("operation", "Upgrade"), Change
    refundable, prolongs, ends = True, False, False

    def refuses(self, case: Case[Change]) -> Refused | None:
        """Between the payment and its turn it was frozen, or its paid time is over or another one: nothing is asked then, and
        the buyer has the money back."""
        held, until = case.held, case.wanted.until
        if held.frozen:
            return Refused("change.frozen", _("This service is frozen: it cannot be changed now."))
        if held.expires_at != until or (until is not None and case.now >= until):
            return Refused("change.moved", _("The paid time that the change was priced for is not there any more."))
        return None

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
        return Effects(changed=True, paid_changes=case.wanted.parts, order=OrderEnd.COMPLETE)


KIND = Upgrade()

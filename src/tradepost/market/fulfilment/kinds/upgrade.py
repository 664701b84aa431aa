"""Change a running service: another SKU of the same specification or a higher quantity at once; the end stays (saas-v2
§3.6, §8.1).

The protocols call both an upgrade (upgradeInstance; SaaS 1.0: upgrade), as do stored operations.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Case, Defaults, Effects, Intent, OrderEnd, PaidChange, ProtocolCommand
from tradepost.protocols.commands import Upgrade as Command


class Change(Struct, frozen=True, kw_only=True):
    """``until``: end of the paid time at the order, which does not change. ``parts``: payments by period; empty for
    sandbox orders."""

    until: datetime | None
    parts: tuple[PaidChange, ...] = ()


class Upgrade(Defaults[Change]):
    name, title, wanted = "upgrade", pgettext_lazy("operation", "Upgrade"), Change
    refundable, prolongs, ends = True, False, False

    def refuses(self, case: Case[Change]) -> Refused | None:
        """Refuse the change, with a refund, if the service was frozen or its paid time changed after the payment."""
        view, until = case.held, case.wanted.until
        if view.frozen:
            return Refused("change.frozen", _("This service is frozen: it cannot be changed now."))
        if view.expires_at != until or (until is not None and case.now >= until):
            return Refused("change.moved", _("The paid period used to price the change no longer exists."))
        return None

    def ask(self, case: Case[Change]) -> Intent | None:
        if case.said is not None:
            return None
        line = case.ordered
        return ProtocolCommand(
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

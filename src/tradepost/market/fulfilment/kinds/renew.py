"""Renew: extend the paid time (saas-v2 §3.3)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import (
    Case,
    Defaults,
    Effects,
    FailedCall,
    Intent,
    OrderEnd,
    PaidPeriod,
    ProtocolCommand,
)
from tradepost.protocols.commands import Refresh, Scene


class Renewal(Struct, frozen=True, kw_only=True):
    """``until``: the new end, exclusive; fixed when ordered."""

    since: datetime
    until: datetime


class Renew(Defaults[Renewal]):
    name, title, wanted = "renew", pgettext_lazy("operation", "Renew"), Renewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[Renewal]) -> Refused | None:
        return is_too_late(case)

    def ask(self, case: Case[Renewal]) -> Intent | None:
        return ProtocolCommand(command=refresh(case, Scene.RENEWAL)) if case.said is None else None

    def on_done(self, case: Case[Renewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[Renewal], last: FailedCall) -> Effects:
        return not_renewed(case, last)


def is_too_late[W](case: Case[W]) -> Refused | None:
    until = case.held.renewable_until
    if until is None or case.now >= until:
        return Refused("renewal.too_late", _("The renewal period has ended, so this service can no longer be renewed."))
    return None


def refresh(case: Case[Renewal], scene: Scene) -> Refresh:
    line, until = case.ordered, case.wanted.until
    return Refresh(
        instance_id=case.held.instance_id,
        scene=scene,
        order_id=line.order_number,
        order_line_id=line.number,
        expires_at=until,
        product_id=case.changed_product_id,
        purchase=line.bought(expires_at=until),
    )


def renewed(case: Case[Renewal]) -> Effects:
    """Return the effects with the ordered end, even after a much later restart."""
    until = case.wanted.until
    return Effects(
        expires_at=until,
        paid=PaidPeriod(starts_at=case.wanted.since, ends_at=until),
        changed=True,
        seller_state="active" if case.held.refresh_thaws else "",
        order=OrderEnd.COMPLETE,
    )


def not_renewed(case: Case[Renewal], last: FailedCall) -> Effects:
    """Return the effects of a failure. The freeze is unknown if the seller may have lifted it by the refresh."""
    may_be_thawed = last.maybe_acted and case.held.refresh_thaws
    return Effects(seller_state="unknown" if may_be_thawed else "")


KIND = Renew()

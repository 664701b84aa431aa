"""Renew: the end of the paid time moves (saas-v2 §3.3)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import Ask, Case, Defaults, Effects, Failed, Intent, OrderEnd, Paid
from tradepost.protocols.commands import Refresh, Scene


class Renewal(Struct, frozen=True, kw_only=True):
    """``until``: the new end, exclusive; fixed when it was ordered and never computed again."""

    since: datetime
    until: datetime


class Renew(Defaults[Renewal]):
    name, title, wanted = "renew", pgettext_lazy("operation", "Renew"), Renewal
    refundable, prolongs, ends = False, True, False

    def refuses(self, case: Case[Renewal]) -> Refused | None:
        return too_late(case)

    def ask(self, case: Case[Renewal]) -> Intent | None:
        return Ask(command=refresh(case, Scene.RENEWAL)) if case.said is None else None

    def on_done(self, case: Case[Renewal]) -> Effects:
        return renewed(case)

    def on_gave_up(self, case: Case[Renewal], last: Failed) -> Effects:
        return not_renewed(case, last)


def too_late[W](case: Case[W]) -> Refused | None:
    until = case.held.renewable_until
    if until is None or case.now >= until:
        return Refused("renewal.too_late", _("The time to renew this service is over: its data is being deleted."))
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
    """As it was asked: a restart much later moves no end."""
    until = case.wanted.until
    return Effects(
        expires_at=until,
        paid=Paid(starts_at=case.wanted.since, ends_at=until),
        changed=True,
        seller_state="active" if case.held.refresh_thaws else "",
        order=OrderEnd.COMPLETE,
    )


def not_renewed(case: Case[Renewal], last: Failed) -> Effects:
    """Where a refresh ends a freeze by itself, one that the seller may have done leaves it unknown."""
    may_be_thawed = last.maybe_acted and case.held.refresh_thaws
    return Effects(seller_state="unknown" if may_be_thawed else "")


KIND = Renew()

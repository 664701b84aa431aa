"""Acts that the buyer of a service can start now, as links of its page. Each act is a function that decides whether it
is offered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.fulfilment.changing import may_change
from tradepost.market.fulfilment.converting import may_convert
from tradepost.market.fulfilment.expiry_policy import has_policy
from tradepost.market.fulfilment.renew_changing import may_renew_changed
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

if TYPE_CHECKING:
    from django.utils.functional import Promise


class ServiceState(Struct, frozen=True, kw_only=True):
    """The state of a service. ``busy``: an order about it is in progress or unpaid; only one is possible at a time."""

    subscription: Subscription
    busy: bool
    now: datetime


class ServiceAct(Struct, frozen=True, kw_only=True):
    """A link to an act. ``url``: URL name of a page that takes the key of the service."""

    url: str
    title: str | Promise
    icon: str
    accent: bool = False


def _renew(standing: ServiceState) -> ServiceAct | None:
    if standing.busy or not may_renew(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:renew", title=_("Renew"), icon="refresh", accent=True)


def _policy(standing: ServiceState) -> ServiceAct | None:
    if not has_policy(standing.subscription):
        return None
    return ServiceAct(url="storefront:policy", title=_("When it ends"), icon="calendar")


def _unsubscribe(standing: ServiceState) -> ServiceAct | None:
    """Also offered without a refund: its page explains why."""
    service = standing.subscription
    if service.status not in LIVE_STATUSES:
        return None
    if service.offer.charging.postpaid:
        if runs_in_cloud(service.product.product_type):
            return None  # it ends with its server, on the server's page
        return ServiceAct(url="storefront:unsubscribe", title=_("End the service"), icon="arrow-back-up")
    return ServiceAct(url="storefront:unsubscribe", title=_("Unsubscribe"), icon="arrow-back-up")


def _formal(standing: ServiceState) -> ServiceAct | None:
    if standing.busy or not may_convert(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:formal", title=_("Convert to paid"), icon="certificate", accent=True)


def _change_at_renewal(standing: ServiceState) -> ServiceAct | None:
    days = config().orders.renewal_change_days
    if standing.busy or not may_renew_changed(standing.subscription, now=standing.now, days_before=days):
        return None
    return ServiceAct(url="storefront:renewal_change", title=_("Renew with a change"), icon="adjustments")


def _change(standing: ServiceState) -> ServiceAct | None:
    if standing.busy or not may_change(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:change", title=_("Change"), icon="adjustments")


ACTS: tuple[Callable[[ServiceState], ServiceAct | None], ...] = (
    _formal,
    _renew,
    _change_at_renewal,
    _change,
    _policy,
    _unsubscribe,
)
"""In the order of the page."""


def available_acts(standing: ServiceState) -> list[ServiceAct]:
    return [act for offer in ACTS if (act := offer(standing)) is not None]

"""Notices about probes and failed orders (saas-v2 §6; business-rules §7.1, §10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Facts
from tradepost.market.probes.events import FailedOrdersExceeded, ProbeDayFailed, ProbeSlotEnded
from tradepost.market.probes.serving import applications_of
from tradepost.market.production.models import Address

from .products import PRODUCT

FAILED_PROBE = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, sms=True)
"""§7.1: dial test failed → seller account mail, phone, in-site."""
PASSED_PROBE = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)
SUSPENDED_PRODUCT = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER, sms=True, mandatory=True)
FOR_OPERATORS = NoticePolicy(category=Category.OPERATIONS, to=Audience.OPERATOR, act="probe_item_close")

PROBE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_probe_forecast": NoticeTemplate(
        _("%(product)s failed its probe: sales will be suspended on %(date)s unless it is repaired"),
        _(
            "%(failed)s of %(cases)s saved cases failed, first %(activity)s: %(reason)s. This is failing day %(day)s "
            "of %(days)s. A day on which every probe passes resets the count."),
        _("View failures"), "danger", "heartbeat", FAILED_PROBE,
    ),
    "seller_probe_failed": NoticeTemplate(
        _("%(product)s failed its probe"),
        _("%(failed)s of %(cases)s saved cases failed, first %(activity)s: %(reason)s. Calls that are made for buyers would most likely fail as well."),
        _("View failures"), "danger", "heartbeat", FAILED_PROBE,
    ),
    "seller_probe_passed": NoticeTemplate(
        _("%(product)s passes its probes again"),
        _("All %(cases)s required cases passed. A whole day like this resets the count of failing days."),
        _("View the probes"), "good", "heartbeat", PASSED_PROBE,
    ),
    "seller_probe_passed_frozen": NoticeTemplate(
        _("%(product)s passes its probes again, but is still suspended"),
        _(
            "All %(cases)s required cases passed. Request that the sale be restored. Your cases are replayed, then "
            "an operator decides."),
        _("View the probes"), "good", "heartbeat", PASSED_PROBE,
    ),
    "seller_frozen_by_probes": NoticeTemplate(
        _("Sales of %(product)s are suspended: its interface failed on %(days)s days in a row"),
        _(
            "The product is hidden and cannot be bought, and pending orders cannot be paid. Services in use continue "
            "and can be renewed. Repair your server, then request that the sale be restored."),
        _("View failures"), "danger", "snowflake", SUSPENDED_PRODUCT,
    ),
    "seller_failed_orders": NoticeTemplate(
        _("%(orders)s orders of %(product)s failed in %(month)s"),
        _(
            "Your production interface did not deliver them, and the buyers were refunded. The operators will decide "
            "whether the product stays on sale."),
        _("View the probes"), "danger", "alert-triangle", SUSPENDED_PRODUCT,
    ),
    "operator_frozen_by_probes": NoticeTemplate(
        _("Sales of %(product)s of %(seller)s are suspended: its probes failed on %(days)s days in a row"),
        _(
            "The product is hidden and not on sale. You can restore it after the seller has repaired it and its "
            "cases passed a replay."),
        _("See failing products"), "danger", "snowflake", FOR_OPERATORS,
    ),
    "operator_frozen_next": NoticeTemplate(
        _("Sales of %(product)s of %(seller)s will be suspended on %(date)s unless it is repaired"),
        _("The product failed its probes on %(days)s consecutive days. The seller was notified each day. Consider calling the seller."),
        _("See failing products"), "warning", "heartbeat", FOR_OPERATORS,
    ),
    "operator_failed_orders": NoticeTemplate(
        _("%(orders)s orders of %(product)s failed in %(month)s"),
        _("Seller: %(seller)s. The orders failed because of interface errors. Decide whether to delist the product; it is not delisted automatically."),
        _("See failing products"), "danger", "alert-triangle", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows


def _forecasts(event: ProbeSlotEnded) -> bool:
    return event.freezes_on is not None and bool(event.failing_day)


def _slot_kind(product: Product, event: ProbeSlotEnded) -> str:
    if event.verdict == "passed":
        frozen = product.status == Product.Status.FROZEN
        return "seller_probe_passed_frozen" if frozen else "seller_probe_passed"
    return "seller_probe_forecast" if _forecasts(event) else "seller_probe_failed"


def _slot_facts(_: Product, event: ProbeSlotEnded) -> Facts:
    facts: Facts = {"failed": str(event.failed), "cases": str(event.cases)}
    if event.verdict == "passed":
        return facts
    facts = {**facts, **_first_failure(event)}
    if event.freezes_on is None or not _forecasts(event):
        return facts
    days = {"day": str(event.failing_day), "days": str(event.freeze_days), "date": event.freezes_on.isoformat()}
    return {**facts, **days}


def _first_failure(event: ProbeSlotEnded) -> Facts:
    """Return which call failed and why; of joint operation also the application."""
    activity: f.Json | str = event.activity or "–"
    if application := applications_of(event.product).get(event.address or 0):
        activity = f.in_both_languages(
            format_lazy(
                _("{activity} of the application “{application}”"),
                activity=event.activity or "–",
                application=application,
            )
        )
    return {"activity": activity, "reason": f.verdict(event.reason, _protocol(event))}


def _protocol(event: ProbeSlotEnded) -> str:
    """Return the protocol of the address that failed. An event of an earlier release does not name the address."""
    addresses = (
        Address.objects.filter(pk=event.address)
        if event.address
        else Address.objects.filter(bindings__product=event.product)
    )
    return addresses.values_list("protocol", flat=True).first() or ""


SLOT_ENDED = PRODUCT.notice(
    ProbeSlotEnded,
    facts=_slot_facts,
    once=lambda product, event: f"{product.pk}/{event.day}/{event.half}",
    seller_about_probes=_slot_kind,
)
DAY_FAILED = PRODUCT.notice(
    ProbeDayFailed,
    when=lambda _, event: event.freezes_on == event.day + timedelta(days=1),  # a day ahead, so that they can call
    facts=lambda _, event: {"days": str(event.streak), "date": f"{event.freezes_on}"},
    once=lambda product, event: f"{product.pk}/{event.day}",
    operators="operator_frozen_next",
)
FAILED_ORDERS_EXCEEDED = PRODUCT.notice(
    FailedOrdersExceeded,
    facts=lambda _, event: {"orders": str(event.orders), "month": f"{event.month:%Y-%m}"},
    once=lambda product, event: f"{product.pk}/{event.month}",
    seller_about_probes="seller_failed_orders",
    operators="operator_failed_orders",
)

"""Orders at the erasure of an account: amounts and products stay, entered texts are deleted."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.personal import Deleted, Emptied, Exported, Hold, Personal
from tradepost.market.catalog.models import Offer
from tradepost.protocols.commands import ChargingMode

from .models import AutoRenewal, LimitUse, Order, OrderLine, Quote, TrialUse
from .refund_models import DeliveryRefund, Refund


def _holds(user: int) -> Iterator[Hold]:
    open_orders = Order.objects.filter(buyer=user, status__in=[Order.Status.UNPAID, Order.Status.PROCESSING])
    if number := open_orders.count():
        yield Hold(code="orders", number=number)
    open_refunds = [Refund.Status.SELLER_REVIEW, Refund.Status.APPEALED, Refund.Status.APPROVED]
    if number := Refund.objects.filter(buyer=user, status__in=open_refunds).count():
        yield Hold(code="refunds", number=number)


BILLING: dict[str, Promise] = {
    ChargingMode.PERIOD: pgettext_lazy("billing", "By period"),
    ChargingMode.ONE_TIME: pgettext_lazy("billing", "One-time"),
    ChargingMode.ON_DEMAND: pgettext_lazy("billing", "Pay-per-use"),
    ChargingMode.ON_DEMAND_PKG: pgettext_lazy("billing", "Usage package"),
}
PERIODS = {code: label for code, label in Offer.PeriodType.choices if code}
EXPORTED = (
    Exported(
        name="orders", title=_("Orders"), model=Order, whose="buyer",
        columns="number order_type status origin total_minor currency placed_at pay_before paid_at ended_at",
    ),
    Exported(
        name="order_lines", title=_("Ordered products"), model=OrderLine, whose="order__buyer",
        columns=(
            "number order__number product_name spec_name seller__name charging_mode period_type period_number "
            "quantity amount_minor list_minor reduced_minor invoiced_minor order__currency values extend_params "
            "agreed_at buyer_agreement__number service_agreement__number"
        ),
        currency="order__currency", labels={"charging_mode": BILLING, "period_type": PERIODS},
    ),
    Exported(
        name="quotes", title=_("Prices shown at checkout"), model=Quote, whose="order__buyer",
        columns="order__number total_minor currency quantity periods made_at expires_at",
    ),
    Exported(
        name="purchase_limits", title=_("Purchase limit usage"), model=LimitUse, whose="buyer",
        columns="limit__product__name used",
    ),
    Exported(
        name="trials", title=_("Trials"), model=TrialUse, whose="buyer",
        columns="spec__product__name spec__name order__number",
    ),
    Exported(
        name="refunds", title=_("Refund requests"), model=Refund, whose="buyer",
        columns=(
            "requested_at kind status order__number seller__name amount_minor unbegun_minor currency reason "
            "shows_phone appealed_at appeal opinion decided_at ended_at"
        ),
        when="requested_at",
    ),
    Exported(
        name="delivery_refunds", title=_("Refunds before delivery"), model=DeliveryRefund, whose="buyer",
        columns="at kind line__number amount_minor currency", when="at",
    ),
    Exported(
        name="automatic_renewals", title=_("Automatic renewals"), model=AutoRenewal, whose="subscription__buyer",
        columns="subscription__order_line_number ends_at next_at tries reason",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    deleted=(Deleted(model=Quote, whose="order__buyer"),),
    emptied=(
        Emptied(model=OrderLine, whose="buyer", columns={"values": [], "extend_params": []}),
        Emptied(model=Refund, whose="buyer", columns={"reason": "", "appeal": "", "opinion": ""}),
    ),
    exported=EXPORTED,
)

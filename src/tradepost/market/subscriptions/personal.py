"""Services at the erasure of an account: rows stay, access data is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Emptied, Exported, Hold, Personal
from tradepost.market.catalog.models import Offer

from .models import Freeze, Period, Subscription

Status = Subscription.Status


def _holds(user: int) -> Iterator[Hold]:
    if (
        running_count := Subscription.objects.filter(buyer=user)
        .exclude(status__in=[Status.RELEASED, Status.FAILED])
        .count()
    ):
        yield Hold(code="services", number=running_count)


EXPORTED = (
    Exported(
        name="services", title=_("Services"), model=Subscription, whose="buyer",
        columns=(
            "order_line_number product__name seller__name instance_id status quantity created_at started_at "
            "formal_at expires_at at_expiry auto_period_type auto_periods"
        ),
        labels={"auto_period_type": {code: label for code, label in Offer.PeriodType.choices if code}},
    ),
    Exported(
        name="service_periods", title=_("Paid service periods"), model=Period, whose="subscription__buyer",
        columns="line_number kind starts_at ends_at quantity paid_minor list_minor currency cancelled_at",
    ),
    Exported(
        name="service_freezes", title=_("Service freezes"), model=Freeze, whose="subscription__buyer",
        columns="subscription__order_line_number reason since lifted_at",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    emptied=(
        Emptied(model=Subscription, whose="buyer", columns={"sealed_access": "", "sealed_license": ""}),
        Emptied(model=Freeze, whose="subscription__buyer", columns={"note": ""}),
    ),
    exported=EXPORTED,
)

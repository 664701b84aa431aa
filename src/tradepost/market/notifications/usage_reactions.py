"""Who is told what about usage. Each refused record stands on the seller's pages; one notice an hour is enough to look there."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.billing.arrears import debt_of
from tradepost.market.billing.events import ArrearsBegan, ArrearsCleared
from tradepost.market.billing.models import Arrears
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member
from tradepost.market.metering.events import RecordsRefused

from . import facts as f
from .tell import AddressedNotice, send_notice, send_notices


def on_records_refused(event: RecordsRefused, now: datetime) -> None:
    """Everybody who sees the seller's trade, at most once an hour."""
    link = f"{reverse('seller_center:usage_refused')}?push={event.push}"
    people = Member.objects.select_related("user").prefetch_related("groups").filter(seller=event.seller)
    tellings = [
        AddressedNotice(
            user=member.user, kind="usage_refused", facts={"refused": str(event.refused)},
            once=f"{event.seller}/{now:%Y%m%d%H}", link=link, seller=event.seller,
        )
        for member in people.filter(user__is_active=True).order_by("pk")
        if rights_of(member).sees(Menu.TRADE)
    ]  # fmt: skip
    send_notices(tellings, now=now)


def on_arrears_began(event: ArrearsBegan, now: datetime) -> None:
    """The buyer has until the freeze to pay; nobody is told of what is paid already."""
    arrears = Arrears.objects.select_related("buyer").get(pk=event.arrears)
    debt = debt_of(arrears.buyer, arrears.currency)
    if not debt.minor:
        return
    facts = {"owed": f.money(debt), "freezes": f.moment(arrears.freezes_at), "deleted": f.moment(arrears.releases_at)}
    link = reverse("storefront:charges")
    send_notice(arrears.buyer, "arrears_began", facts=facts, once=str(arrears.pk), link=link, now=now)


def on_arrears_cleared(event: ArrearsCleared, now: datetime) -> None:
    arrears = Arrears.objects.select_related("buyer").get(pk=event.arrears)
    link = reverse("storefront:charges")
    send_notice(arrears.buyer, "arrears_cleared", facts={}, once=str(arrears.pk), link=link, now=now)

"""Pages whose sentences are compared with computed facts."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client

from tests import factories
from tests.factories import NOW
from tests.factories.metering import item, make_metered, push
from tests.market.sites.seller_center.shops import enter
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Arrears, Charge
from tradepost.market.identity.models import User
from tradepost.market.metering import collect

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def words_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode().replace("\xa0", " "))).strip()


def buyer_page(buyer: User) -> Client:
    return enter(buyer)


def charge_what_was_used() -> None:
    closed = collect.close("hour", now=NOW + DAY)
    assert closed is not None
    charge(closed, now=NOW + DAY)


def owing_buyer(status: str | None, *, minor: int = 250) -> tuple[User, Arrears | None]:
    """Make a buyer with a charge of which this amount is open, and arrears in this state."""
    buyer = factories.make_buyer(balance="0")
    metered = make_metered(buyer=buyer)
    push(metered.seller, [item(metered, NOW + HOUR, 1000)], now=NOW + DAY)
    charge_what_was_used()
    Charge.objects.update(open_minor=minor)
    if status is None:
        return buyer, None
    Arrears.objects.all().delete()
    return buyer, Arrears.objects.create(
        buyer=buyer, currency="CNY", status=status, level="V0", began_at=NOW, freezes_at=NOW + 2 * DAY,
        releases_at=NOW + 17 * DAY, ended_at=NOW + DAY if status == "paid" else None,
    )  # fmt: skip


def plain_text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(html).replace("\xa0", " "))).strip()

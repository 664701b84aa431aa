"""A trial becomes a paid service, and a service changes at its renewal: pages, engine, kit, sockets. The seller's
server got exactly the calls of the spec, in order.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.changing import MONTH, NO, months_later, open_trial, order_change, product_ids
from tests.market.working import advance
from tests.waiting import until
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1"])
def test_running_trial_is_paid_for_and_renewed(protocol: str, tmp_path: Path) -> None:
    """business-rules §3.5; saas-v2 §3.3; saas-v1-license A2.3: another edition is another productId."""
    with open_trial(tmp_path, protocol) as (page, kit, held, product):
        _small, large = product_ids(product)
        formal = order_change(page, f"/services/{held.pk}/formal/", attr_e="l")
        advance(timedelta(days=30), within=60)
        choice = re.search(r'id="option-1"\s+value="([^"]+)"', page.get(f"/services/{held.pk}/renew/").content.decode())
        assert choice is not None
        answer = page.post(f"/services/{held.pk}/renew/", {"option": choice[1], "agreed": "on"})
        number = answer["Location"].split("/")[2]
        page.post(f"/orders/{number}/pay/")
        until(
            lambda: Order.objects.get(number=number).status == Order.Status.COMPLETED,
            what="it is renewed",
        )
    assert kit.told == [
        ("create", held.order_line_number.rpartition("-")[0]),
        ("TRIAL_TO_FORMAL", formal.number, large, months_later(held, 1)),
        ("RENEWAL", number, "", months_later(held, 2)),
    ]
    held.refresh_from_db()
    assert (held.status, f"{held.expires_at:%Y%m%d%H%M%S}") == ("active", months_later(held, 2))
    assert ledger.seller_account(product.seller, "CNY").balance.minor == 24_000, "the first month has begun"


@pytest.mark.slow
def test_change_at_renewal_follows_the_seller_s_answer(tmp_path: Path) -> None:
    """saas-v2 §3.7, §8.1: changeInstanceCheck, then refreshInstance RENEWAL_CHANGE; a refusal orders nothing."""
    with open_trial(tmp_path, "saas_v2") as (page, kit, held, product):
        small, large = product_ids(product)
        formal = order_change(page, f"/services/{held.pk}/formal/", attr_e="s")
        address = f"/services/{held.pk}/change/renewal/"
        assert "from 30 days before its end on" in page.get(address).content.decode()
        advance(timedelta(days=16), within=60)
        up = MONTH | {"attr_e": "l"}
        assert page.post(f"{address}check/", up).status_code == 302
        until(lambda: "The seller agrees." in page.get(address, up).content.decode(), what="the seller agrees")
        renewed = order_change(page, address, attr_e="l")
        advance(timedelta(days=35), within=60)
        down = MONTH | {"attr_e": "s"}
        assert page.post(f"{address}check/", down).status_code == 302
        until(lambda: NO in page.get(address, down).content.decode(), what="the seller refuses")
        assert page.post(address, down | {"quote": "none", "agreed": "on"}).status_code == 422
    assert kit.told == [
        ("create", held.order_line_number.rpartition("-")[0]),
        ("TRIAL_TO_FORMAL", formal.number, small, months_later(held, 1)),
        ("check", large),
        ("RENEWAL_CHANGE", renewed.number, large, months_later(held, 2)),
        ("check", small),
    ]
    held.refresh_from_db()
    assert (held.offer.product_id, f"{held.expires_at:%Y%m%d%H%M%S}") == (large, months_later(held, 2))
    kept = Period.objects.filter(subscription=held).order_by("starts_at").values_list("offer__product_id", "paid_minor")
    assert list(kept)[1:] == [(small, 10_000), (large, 24_000)]


@pytest.mark.slow
def test_ended_trial_is_frozen_paid_for_and_unfrozen(tmp_path: Path) -> None:
    """business-rules §4.4; saas-v2 §3.4: FREEZE at the end, UNFREEZE when it was paid for."""
    with open_trial(tmp_path, "saas_v2") as (page, kit, held, product):
        small, _large = product_ids(product)
        advance(timedelta(days=15, hours=2), within=60)
        until(lambda: Subscription.objects.get(pk=held.pk).status == "frozen", what="it is frozen")
        formal = order_change(page, f"/services/{held.pk}/formal/", attr_e="s")
        until(lambda: kit.told[-1] == ("UNFREEZE",), what="it is thawed")
        until(lambda: Subscription.objects.get(pk=held.pk).seller_state == "active", what="and that is known")
    held.refresh_from_db()
    assert [one[0] for one in kit.told] == ["create", "FREEZE", "TRIAL_TO_FORMAL", "UNFREEZE"]
    assert kit.told[2][1:3] == (formal.number, small)
    trial, base = Period.objects.filter(subscription=held).order_by("starts_at")
    assert base.starts_at > trial.ends_at
    assert held.expires_at == base.ends_at

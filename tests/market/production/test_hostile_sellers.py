"""Any bytes from a seller: the fault has a name and words, the order is kept, and other sellers are not delayed."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.test import Client
from structlog.testing import capture_logs

from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.base.work import State
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.models import Attempt
from tradepost.market.subscriptions.models import Subscription

from .broken_sellers import Script, honest_response, responding, serving
from .hostile_sellers import ACCESS, CONTENT, EVIL, WIRE

GOOD = {"done", "pending"}
SLOW = {name: attack for name, attack in WIRE.items() if attack[1] == "timeout"}
QUICK = {name: attack for name, attack in WIRE.items() if name not in SLOW}
TIMEOUT_SECONDS = 60.0
"""Longer than any response takes on a loaded machine, in seconds."""
WITHIN = 100.0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("hostile", "timeout"),
    [(QUICK, TIMEOUT_SECONDS), (SLOW, 5.0), (CONTENT, TIMEOUT_SECONDS), (ACCESS, TIMEOUT_SECONDS)],
    ids=["wire", "slow", "content", "access data"],
)
def test_every_attack_is_named_and_affects_no_other_seller(
    hostile: Mapping[str, tuple[Script, str]], timeout: float, caplog: pytest.LogCaptureFixture
) -> None:
    """saas-v2 §4: success is HTTP 200, JSON, and resultCode; everything else is retried by plan (§3.10)."""
    now = clock.now()
    paths = {f"/{i}": script for i, (script, _) in enumerate(hostile.values())}
    with serving({**paths, "/honest": responding(honest_response)}) as server:
        buyer, owner = make_buyer(balance="1000000", now=now), make_buyer(now=now)
        seller, honest = make_seller(member=owner, now=now), make_seller(now=now)
        orders: dict[str, Order] = {}
        for path, name in zip(paths, hostile, strict=True):
            address = make_address(seller, url=server.url + path, now=now)
            offer = make_offer(make_product(seller, address=address, now=now))
            orders[name] = make_order(buyer, offer=offer, paid=True, now=now)
        offer = make_offer(
            make_product(honest, address=make_address(honest, url=server.url + "/honest", now=now), now=now)
        )
        good = [make_order(buyer, offer=offer, paid=True, now=now).number for _ in range(20)]
        first = Attempt.objects.filter(
            call__order_number__in=[o.number for o in orders.values()], call__kind=_attacked_call(hostile), number=1
        )

        with working(timeout=timeout, per_seller=200), capture_logs() as written:
            until(
                lambda: Order.objects.filter(number__in=good, status="completed").count() == len(good),
                what="honest orders",
                within=WITHIN,
            )
            until(lambda: first.count() >= len(orders), what="every attack was tried", within=WITHIN)

    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    wrong = {}
    for name, (_, verdict) in hostile.items():
        attempt = first.select_related("call").get(call__order_number=orders[name].number)
        if attempt.verdict != verdict:
            wrong[name] = f"{attempt.verdict}, not {verdict}: {attempt.detail}"
        if attempt.verdict in GOOD:
            continue
        assert attempt.call.state == State.WAITING, name
        assert attempt.call.due_at > now, name
        assert Order.objects.get(pk=orders[name].pk).status == Order.Status.PROCESSING, name
        assert attempt.detail.isprintable() or "\n" in attempt.detail, (name, attempt.detail)
        page = client.get(f"/seller/messages/{attempt.call_id}/").content.decode()
        assert EVIL not in page, name
        assert "\x00" not in page, name
    assert wrong == {}
    assert [record for record in caplog.records if record.exc_info] == []
    assert [entry for entry in written if entry["log_level"] == "error"] == []
    assert ledger.verify().problems == ()


def _attacked_call(hostile: object) -> str:
    """Return the call whose response is the attack."""
    return "Query" if hostile is ACCESS else "Create"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_access_data_of_a_seller_is_shown_as_text() -> None:
    """saas-v2 §3.2: frontEndUrl, adminUrl, userName, password and memo are the seller's words on the buyer's page."""
    now = clock.now()
    traps = {f"/{n}": script for n, (script, verdict) in enumerate(ACCESS.values()) if verdict == "done"}
    with serving(traps) as server:
        buyer, seller = make_buyer(balance="1000000", now=now), make_seller(now=now)
        orders = []
        for path in traps:
            product = make_product(seller, address=make_address(seller, url=server.url + path, now=now), now=now)
            orders.append(make_order(buyer, offer=make_offer(product), paid=True, now=now))
        with working(timeout=TIMEOUT_SECONDS, per_seller=50):
            numbers = [order.number for order in orders]
            until(
                lambda: Order.objects.filter(number__in=numbers, status="completed").count() == len(orders),
                what="delivered",
                within=WITHIN,
            )

    client = Client(headers={"accept-language": "en"})
    client.force_login(buyer)
    pages = [f"/services/{pk}/" for pk in Subscription.objects.values_list("pk", flat=True)]
    for page in (*pages, *(f"/orders/{number}/" for number in numbers)):
        text = client.get(page).content.decode()
        assert EVIL not in text
        assert re.findall(r'href="(?!https?://|mailto:|tel:|/|\?|#)[^"]*', text) == [], page
        assert re.findall(r'href="(?://|https?://[^"/]*@)[^"]*', text) == [], page
    responses = [client.post(f"{page}password/") for page in pages]
    assert EVIL in [secret.content.decode() for secret in responses]
    for secret in responses:
        assert secret["X-Content-Type-Options"] == "nosniff"
        assert EVIL not in secret.content.decode() or secret["Content-Type"].startswith("text/plain")

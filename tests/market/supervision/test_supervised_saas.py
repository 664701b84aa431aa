"""Supervised SaaS: the seller's interface opens it after the acceptance, and the seller earns when it is open (business-rules §2.10,
§4.7; joint.md §4: earnable = accepted ∧ delivered)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product
from tests.factories.products import MONTHLY, USES
from tests.market.engine import give_up, react
from tests.market.supervision.supervising import (
    CLOCKS,
    DAY,
    TO_ACCEPT,
    B,
    S,
    again,
    does,
    money,
    person,
    seller_opens,
    supervised,
    ticks,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.models import Operation
from tradepost.market.metering.package_models import Quota
from tradepost.market.metering.package_queries import package_of
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.refund_terms import Why
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.production.models import Call
from tradepost.market.supervision import cancel
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.refund_rules import rules_now

pytestmark = pytest.mark.django_db
PRICE = 10_000


def bought() -> Supervision:
    return supervised("SAAS", price=replace(MONTHLY, amount=Decimal(100), period_numbers=(1,)), supervised="yes")


def test_nothing_is_asked_of_the_seller_before_the_acceptance_and_nothing_earned_before_it_is_open() -> None:
    supervision = bought()
    has = money(supervision)[0]
    assert (supervision.flow, supervision.node, Call.objects.count()) == ("provisioned", "demand", 0)
    walk(supervision, *TO_ACCEPT)
    assert Call.objects.count() == 0
    does(supervision, B, Act.ACCEPT)
    accepted = again(supervision)
    assert (accepted.status, accepted.line.order.status, accepted.subscription.status) == (
        "accepted", "processing", "opening",
    )  # fmt: skip
    assert (Call.objects.get().activity, money(supervision)) == ("newInstance", (has, PRICE, 0))
    for what in (
        lambda: does(supervision, B, Act.REJECT),
        lambda: cancel.ask(supervision.pk, "why", now=NOW),
        lambda: cancel.agree(supervision.pk, "why", by=person(supervision, S), clocks=CLOCKS, now=NOW),
    ):
        with pytest.raises(Refused, match=r"supervision\.accepted"):
            what()
    assert ticks(supervision, NOW + 300 * DAY) is None, "its timer has nothing to do any more"
    seller_opens(supervision, NOW + DAY)
    ended = again(supervision)
    assert (ended.status, ended.line.order.status, ended.subscription.status) == ("completed", "completed", "active")
    assert (money(supervision), ended.effective_at) == ((has, 0, PRICE), NOW + DAY)
    assert Notice.objects.filter(kind="seller_delivery_accepted").count() == 1
    assert Operation.objects.count() == 1
    assert ledger.verify().problems == ()


def test_what_the_seller_cannot_open_is_paid_back_though_it_was_accepted() -> None:
    """§4.7: "failed provisioning → automatic full refund"."""
    supervision = bought()
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    cancel.ask(supervision.pk, "A part.", amount_minor=1000, ends=False, now=NOW)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    does(supervision, B, Act.ACCEPT)
    give_up(Call.objects.get(), now=NOW + DAY)
    react(now=NOW + DAY)
    ended = again(supervision)
    assert (ended.status, ended.line.order.status, ended.subscription.status) == ("refunded", "refunded", "failed")
    assert (money(supervision), ended.whole_back) == ((has + PRICE, 0, 0), True)
    assert ledger.verify().problems == ()


def test_cancelled_before_the_acceptance_nothing_was_ever_asked() -> None:
    supervision = bought()
    has = money(supervision)[0]
    cancel.agree(supervision.pk, "We cannot.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert (money(supervision), Call.objects.count()) == ((has + PRICE, 0, 0), 0)
    assert again(supervision).subscription.status == "failed"


def test_once_accepted_it_is_not_paid_back_without_a_reason() -> None:
    """§4.7: SaaS by period, supervised: no refund once the supervision is completed; without it within five days."""
    supervision = bought()
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    seller_opens(supervision, NOW + DAY)
    held = again(supervision).subscription
    held.refresh_from_db()
    assert what_may(held, rules_now(), now=NOW + DAY).why is Why.NOT_REFUNDABLE


def test_a_package_of_uses_is_paid_once_and_so_can_be_accepted_first() -> None:
    """§3.2: 按次套餐包; §4.7: "SaaS, one-time, supervised: negotiable". What is paid afterwards or tried is not supervised."""
    supervision = supervised("SAAS", price=USES, supervised="yes")
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    assert (Quota.objects.count(), money(supervision)) == (0, (has, 3_000, 0)), "nothing is counted before it is open"
    seller_opens(supervision, NOW + DAY)
    held = again(supervision).subscription
    assert (again(supervision).status, money(supervision)) == ("completed", (has, 0, 3_000))
    package = package_of(held)
    assert package is not None
    assert what_may(held, rules_now(), now=NOW + DAY).why is Why.PACKAGE


def test_its_buyer_reads_the_access_data_once_it_is_open() -> None:
    supervision = bought()
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    seller_opens(supervision, NOW + DAY)
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    page = client.get(f"/services/{supervision.subscription_id}/").content.decode()
    assert "https://app.example/" in page
    assert "you have accepted it" in page


def test_a_product_that_is_not_supervised_opens_at_once() -> None:
    make_order(make_buyer(), offer=make_offer(make_product(prices=(MONTHLY,))), paid=True)
    react(now=NOW)
    assert (Supervision.objects.count(), Call.objects.get().activity) == (0, "newInstance")

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
    money,
    perform,
    person,
    reload,
    run_timer,
    seller_opens,
    supervised,
    walk,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.fulfilment.models import Operation
from tradepost.market.metering.package_models import Quota
from tradepost.market.metering.package_queries import package_of
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.refund_terms import RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.production.models import Call
from tradepost.market.supervision import cancel
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.refund_rules import rules_now

pytestmark = pytest.mark.django_db
PRICE = 10_000


def buy_supervised() -> Supervision:
    return supervised("SAAS", price=replace(MONTHLY, amount=Decimal(100), period_numbers=(1,)), supervised="yes")


def test_seller_is_called_after_the_acceptance_and_earns_when_the_service_is_open() -> None:
    supervision = buy_supervised()
    has = money(supervision)[0]
    assert (supervision.flow, supervision.node, Call.objects.count()) == ("provisioned", "demand", 0)
    walk(supervision, *TO_ACCEPT)
    assert Call.objects.count() == 0
    perform(supervision, B, Act.ACCEPT)
    accepted = reload(supervision)
    assert (accepted.status, accepted.line.order.status, accepted.subscription.status) == (
        "accepted", "processing", "opening",
    )  # fmt: skip
    assert (Call.objects.get().activity, money(supervision)) == ("newInstance", (has, PRICE, 0))
    for early_act in (
        lambda: perform(supervision, B, Act.REJECT),
        lambda: cancel.request_refund(supervision.pk, "why", now=NOW),
        lambda: cancel.agree(supervision.pk, "why", by=person(supervision, S), clocks=CLOCKS, now=NOW),
    ):
        with pytest.raises(Refused, match=r"supervision\.accepted"):
            early_act()
    assert run_timer(supervision, NOW + 300 * DAY) is None, "its timer has nothing to do any more"
    seller_opens(supervision, NOW + DAY)
    ended = reload(supervision)
    assert (ended.status, ended.line.order.status, ended.subscription.status) == ("completed", "completed", "active")
    assert (money(supervision), ended.effective_at) == ((has, 0, PRICE), NOW + DAY)
    assert Notice.objects.filter(kind="seller_delivery_accepted").count() == 1
    assert Operation.objects.count() == 1
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_accepted_service_that_the_seller_cannot_open_is_refunded() -> None:
    """§4.7: "failed provisioning → automatic full refund"."""
    supervision = buy_supervised()
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT)
    cancel.request_refund(supervision.pk, "A part.", amount_minor=1000, ends=False, now=NOW)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    perform(supervision, B, Act.ACCEPT)
    give_up(Call.objects.get(), now=NOW + DAY)
    react(now=NOW + DAY)
    ended = reload(supervision)
    assert (ended.status, ended.line.order.status, ended.subscription.status) == ("refunded", "refunded", "failed")
    assert (money(supervision), ended.whole_back) == ((has + PRICE, 0, 0), True)
    assert ledger.verify().problems == ()


def test_cancellation_before_the_acceptance_calls_no_seller() -> None:
    supervision = buy_supervised()
    has = money(supervision)[0]
    cancel.agree(supervision.pk, "We cannot.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    react(now=NOW)
    assert (money(supervision), Call.objects.count()) == ((has + PRICE, 0, 0), 0)
    assert reload(supervision).subscription.status == "failed"


def test_accepted_service_is_not_refunded_without_a_reason() -> None:
    """§4.7: SaaS by period, supervised: no refund once the supervision is completed; without it within five days."""
    supervision = buy_supervised()
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    seller_opens(supervision, NOW + DAY)
    subscription = reload(supervision).subscription
    subscription.refresh_from_db()
    assert possible_refunds(subscription, rules_now(), now=NOW + DAY).why is RefusalReason.NOT_REFUNDABLE


@pytest.mark.slow
def test_usage_package_is_paid_once_and_can_be_supervised() -> None:
    """§3.2: 按次套餐包; §4.7: "SaaS, one-time, supervised: negotiable". What is paid afterwards or tried is not supervised."""
    supervision = supervised("SAAS", price=USES, supervised="yes")
    has = money(supervision)[0]
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    assert (Quota.objects.count(), money(supervision)) == (0, (has, 3_000, 0)), "nothing is counted before it is open"
    seller_opens(supervision, NOW + DAY)
    subscription = reload(supervision).subscription
    assert (reload(supervision).status, money(supervision)) == ("completed", (has, 0, 3_000))
    package = package_of(subscription)
    assert package is not None
    assert possible_refunds(subscription, rules_now(), now=NOW + DAY).why is RefusalReason.PACKAGE


@pytest.mark.slow
def test_buyer_reads_the_access_data_once_the_service_is_open() -> None:
    supervision = buy_supervised()
    walk(supervision, *TO_ACCEPT, (B, Act.ACCEPT))
    seller_opens(supervision, NOW + DAY)
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    page = client.get(f"/services/{supervision.subscription_id}/").content.decode()
    assert "https://app.example/" in page
    assert "Delivered and accepted." in page


def test_unsupervised_product_opens_at_once() -> None:
    make_order(make_buyer(), offer=make_offer(make_product(prices=(MONTHLY,))), paid=True)
    react(now=NOW)
    assert (Supervision.objects.count(), Call.objects.get().activity) == (0, "newInstance")

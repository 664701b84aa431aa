"""Notices about production interfaces, keys, money and services; how notices are stored, read and mailed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import (
    NOW,
    make_address,
    make_buyer,
    make_offer,
    make_operator,
    make_order,
    make_product,
    make_subscription,
)
from tests.market.engine import react
from tests.market.notifications.telling import handle_events_twice, mails, notice_titles, paid_order, seller_with
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.keys import rotate_signing_key
from tradepost.market.identity.models import Seller, SigningKey
from tradepost.market.notifications import messages, reactions, service_reactions
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.models import Notice
from tradepost.market.notifications.tell import send_notice
from tradepost.market.orders.events import OrderPaid
from tradepost.market.payments import ledger
from tradepost.market.production.events import BreakerOpened
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionFrozen, SubscriptionReleased, SubscriptionUnfrozen

pytestmark = pytest.mark.django_db


def open_breaker(seller: Seller) -> Address:
    address = make_address(seller)
    address.breaker, address.opened_at, address.last_fault = Address.Breaker.OPEN, NOW, "connect"
    address.save()
    return address


def test_each_opening_of_a_breaker_is_notified_once() -> None:
    operator, seller = make_operator(), seller_with(members=2)
    address = open_breaker(seller)
    event = BreakerOpened(address=address.pk, fault="connect")
    for _ in range(3):
        reactions.on_breaker_opened(event, NOW)
    assert notice_titles(operator) == [
        f"Calls to an address of {seller.name_en} are paused: No connection to the server"
    ]
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 2

    address.opened_at = NOW + timedelta(hours=3)
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=3))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4

    address.opened_at = None
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=4))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4


def test_failing_interface_is_mailed_to_members_and_contact_address() -> None:
    """business-rules §7.1: interface failure in new/renew/expire → service mail and account mail."""
    seller = seller_with(members=2)
    address = open_breaker(seller)
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    members = [member.user.email for member in seller.members.order_by("pk")]
    recipients = list(mails().values_list("address", "to_contact"))
    assert sorted(recipients) == sorted([*((email, False) for email in members), (seller.contact_email, True)])
    copy = compose(mails().get(to_contact=True), Site("https://market.example"))
    assert "because this is the contact address of a seller" in str(copy.body)
    assert "because you have an account" not in str(copy.body)


def test_member_with_the_contact_address_gets_one_mail() -> None:
    seller = seller_with()
    seller.contact_email = seller.members.get().user.email.upper()
    seller.save()
    address = open_breaker(seller)
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    assert list(mails().values_list("to_contact", flat=True)) == [False]


def test_orders_and_keys_are_mailed_to_members_only() -> None:
    seller = paid_order().lines.get().seller
    react(now=NOW)
    rotate_signing_key(seller, "base", now=NOW)
    handle_events_twice()
    assert mails().count() == 2
    assert not mails().filter(to_contact=True).exists()


@pytest.mark.parametrize("withdrawn", [False, True])
def test_expiry_notice_names_the_end_of_the_data_retention(*, withdrawn: bool) -> None:
    """business-rules §4.4: frozen after the grace, data kept for the retention, then released; §2.8: not renewed when withdrawn."""
    subscription = make_subscription()
    if withdrawn:
        Product.objects.update(status=Product.Status.STOPPED)
    end = subscription.expires_at
    assert end is not None
    for _ in range(2):
        service_reactions.on_service_frozen(SubscriptionFrozen(subscription=subscription.pk, at=end), end)
    assert notice_titles(subscription.buyer) == [f"{subscription.product.name_en} has expired and is frozen"]
    with translation.override("en"):
        body = inbox(subscription.buyer).rows[0].words.body
    assert "ended at 2026-04-01 16:00 UTC+8" in body
    assert "deletes it and its data at 2026-04-03 16:00 UTC+8" in body
    assert ("Renew it before then" in body, f"Contact {subscription.seller.name_en}" in body) == (
        not withdrawn,
        withdrawn,
    )
    assert notice_titles(subscription.buyer, "zh-hans") == [f"{subscription.product.name} 已到期，服务已冻结"]

    released_at = end + timedelta(days=2)
    service_reactions.on_service_released(
        SubscriptionReleased(subscription=subscription.pk, at=released_at), released_at
    )
    assert notice_titles(subscription.buyer)[0] == f"{subscription.product.name_en} has ended"
    assert list(Notice.objects.values_list("link", flat=True).distinct()) == [f"/services/{subscription.pk}/"]
    assert mails().filter(address=subscription.buyer.email).count() == 2


def test_each_freeze_and_unfreeze_has_its_own_notice() -> None:
    subscription = make_subscription()
    for hour in (1, 2):
        at = NOW + timedelta(hours=hour)
        service_reactions.on_service_frozen(SubscriptionFrozen(subscription=subscription.pk, at=at), at)
        service_reactions.on_service_unfrozen(SubscriptionUnfrozen(subscription=subscription.pk, at=at), at)
    name = subscription.product.name_en
    assert notice_titles(subscription.buyer) == [f"{name} can be used again", f"{name} is frozen"] * 2


def test_top_up_is_notified() -> None:
    buyer = make_buyer(balance="0")
    ledger.top_up(buyer, Money(50_000, "CNY"), reference="BANK-1", actor="op", now=NOW)
    handle_events_twice()
    assert notice_titles(buyer) == ["¥\xa0500.00 was added to your balance"]


def test_rotated_key_notice_names_the_end_of_the_earlier_key() -> None:
    seller = seller_with()
    rotate_signing_key(seller, "base", now=NOW)
    handle_events_twice()
    assert SigningKey.objects.exclude(valid_until=None).count() == 1
    user = seller.members.get().user
    assert notice_titles(user) == ["The signing key of “Base interfaces” was changed"]
    with translation.override("en"):
        assert "until 2026-03-02 16:00" in inbox(user).rows[0].words.body


def test_person_without_email_or_with_a_locked_account_gets_no_mail() -> None:
    without_email = make_buyer(balance="0")
    without_email.email = ""
    without_email.save()
    for user in (without_email, make_buyer(balance="0", is_active=False)):
        assert send_notice(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once="CS1", now=NOW)
    assert mails().count() == 0


def test_notice_without_a_required_fact_is_refused() -> None:
    with pytest.raises(LookupError, match="needs also: order"):
        send_notice(make_buyer(balance="0"), "order_completed", facts={"product": "CRM"}, once="CS1", now=NOW)
    with pytest.raises(KeyError):
        send_notice(make_buyer(balance="0"), "no_such_kind", facts={}, once="CS1", now=NOW)
    assert Notice.objects.count() == 0


def test_notice_of_another_version_can_be_shown() -> None:
    assert messages.render_notice("from_the_future", {}).icon == "bell"
    with translation.override("en"):
        assert messages.render_notice("order_completed", {"product": "CRM"}).body.startswith(
            "Your order – was delivered"
        )


@pytest.mark.parametrize("kind", messages.TEMPLATES)
def test_every_kind_is_translated(kind: str) -> None:
    words = messages.TEMPLATES[kind]
    texts = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts.append([str(words.title), str(words.body), str(words.action)])
    assert all(english != chinese for english, chinese in zip(*texts, strict=True))


def test_event_for_many_members_takes_few_queries(django_assert_max_num_queries) -> None:
    order = make_order(offer=make_offer(make_product(seller_with(members=5))), paid=True)
    with django_assert_max_num_queries(32):  # 7, and for each of 5 mails a job: savepoint, select, insert
        reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    assert Notice.objects.count() == 5

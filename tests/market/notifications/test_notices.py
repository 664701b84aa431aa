"""What is told of addresses, keys, money and services, and how notices are kept, read and mailed."""

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
from tests.market.notifications.telling import happens, mails, paid, said, seller_with
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.identity.keys import rotate_signing_key
from tradepost.market.identity.models import Seller, SigningKey
from tradepost.market.notifications import messages, reactions, service_reactions
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.models import Notice
from tradepost.market.notifications.tell import tell
from tradepost.market.orders.events import OrderPaid
from tradepost.market.payments import ledger
from tradepost.market.production.events import BreakerOpened
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionFrozen, SubscriptionReleased, SubscriptionUnfrozen

pytestmark = pytest.mark.django_db


def opened_breaker(seller: Seller) -> Address:
    address = make_address(seller)
    address.breaker, address.opened_at, address.last_fault = Address.Breaker.OPEN, NOW, "connect"
    address.save()
    return address


def test_a_breaker_is_told_once_for_each_time_it_opens() -> None:
    operator, seller = make_operator(), seller_with(members=2)
    address = opened_breaker(seller)
    event = BreakerOpened(address=address.pk, fault="connect")
    for _ in range(3):
        reactions.on_breaker_opened(event, NOW)
    assert said(operator) == [f"Calls to an address of {seller.name_en} are paused: No connection to the server"]
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 2

    address.opened_at = NOW + timedelta(hours=3)
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=3))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4

    address.opened_at = None
    address.save()
    reactions.on_breaker_opened(event, NOW + timedelta(hours=4))
    assert Notice.objects.filter(kind="seller_breaker_open").count() == 4


def test_a_failing_interface_is_mailed_to_the_members_and_to_the_contact_address() -> None:
    """business-rules §7.1: interface failure in new/renew/expire → service mail and account mail."""
    seller = seller_with(members=2)
    address = opened_breaker(seller)
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    members = [member.user.email for member in seller.members.order_by("pk")]
    told = list(mails().values_list("address", "to_contact"))
    assert sorted(told) == sorted([*((email, False) for email in members), (seller.contact_email, True)])
    copy = compose(mails().get(to_contact=True), Site("https://market.example"))
    assert "because this is the contact address of a seller" in str(copy.body)
    assert "because you have an account" not in str(copy.body)


def test_a_member_who_reads_the_contact_address_gets_one_mail() -> None:
    seller = seller_with()
    seller.contact_email = seller.members.get().user.email.upper()
    seller.save()
    address = opened_breaker(seller)
    reactions.on_breaker_opened(BreakerOpened(address=address.pk, fault="connect"), NOW)
    assert list(mails().values_list("to_contact", flat=True)) == [False]


def test_orders_and_keys_are_mailed_to_members_alone() -> None:
    seller = paid().lines.get().seller
    react(now=NOW)
    rotate_signing_key(seller, "base", now=NOW)
    happens()
    assert mails().count() == 2
    assert not mails().filter(to_contact=True).exists()


@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_holder_of_a_service_learns_that_it_expired_and_until_when_the_data_is_kept(*, withdrawn: bool) -> None:
    """business-rules §4.4: frozen after the grace, data kept for the retention, then released; §2.8: not renewed when withdrawn."""
    held = make_subscription()
    if withdrawn:
        Product.objects.update(status=Product.Status.STOPPED)
    end = held.expires_at
    assert end is not None
    for _ in range(2):
        service_reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=end), end)
    assert said(held.buyer) == [f"{held.product.name_en} has expired and is frozen"]
    with translation.override("en"):
        body = inbox(held.buyer).rows[0].words.body
    assert "ended at 2026-04-01 16:00 UTC+8" in body
    assert "kept until 2026-04-03 16:00 UTC+8" in body
    assert ("Renew it before then" in body, f"Write to {held.seller.name_en}" in body) == (not withdrawn, withdrawn)
    assert said(held.buyer, "zh-hans") == [f"{held.product.name} 已到期，服务已冻结"]

    gone = end + timedelta(days=2)
    service_reactions.on_service_released(SubscriptionReleased(subscription=held.pk, at=gone), gone)
    assert said(held.buyer)[0] == f"{held.product.name_en} has ended"
    assert list(Notice.objects.values_list("link", flat=True).distinct()) == [f"/services/{held.pk}/"]
    assert mails().filter(address=held.buyer.email).count() == 2


def test_each_freeze_and_each_thaw_is_a_notice_of_its_own() -> None:
    held = make_subscription()
    for hour in (1, 2):
        at = NOW + timedelta(hours=hour)
        service_reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=at), at)
        service_reactions.on_service_unfrozen(SubscriptionUnfrozen(subscription=held.pk, at=at), at)
    name = held.product.name_en
    assert said(held.buyer) == [f"{name} can be used again", f"{name} is frozen"] * 2


def test_a_top_up_tells_the_new_balance() -> None:
    buyer = make_buyer(balance="0")
    ledger.top_up(buyer, Money(50_000, "CNY"), reference="BANK-1", actor="op", now=NOW)
    happens()
    assert said(buyer) == ["¥\xa0500.00 was added to your balance"]


def test_a_rotated_key_is_told_with_the_end_of_the_earlier_one() -> None:
    seller = seller_with()
    rotate_signing_key(seller, "base", now=NOW)
    happens()
    assert SigningKey.objects.exclude(valid_until=None).count() == 1
    user = seller.members.get().user
    assert said(user) == ["The signing key of “Base interfaces” was changed"]
    with translation.override("en"):
        assert "until 2026-03-02 16:00" in inbox(user).rows[0].words.body


def test_a_person_without_mail_address_or_locked_gets_no_mail() -> None:
    nowhere = make_buyer(balance="0")
    nowhere.email = ""
    nowhere.save()
    for user in (nowhere, make_buyer(balance="0", is_active=False)):
        assert tell(user, "order_completed", facts={"product": "CRM", "order": "CS1"}, once="CS1", now=NOW)
    assert mails().count() == 0


def test_a_notice_that_lacks_a_fact_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(LookupError, match="needs also: order"):
        tell(make_buyer(balance="0"), "order_completed", facts={"product": "CRM"}, once="CS1", now=NOW)
    with pytest.raises(KeyError):
        tell(make_buyer(balance="0"), "no_such_kind", facts={}, once="CS1", now=NOW)
    assert Notice.objects.count() == 0


def test_a_notice_of_another_version_still_shows() -> None:
    assert messages.say("from_the_future", {}).icon == "bell"
    with translation.override("en"):
        assert messages.say("order_completed", {"product": "CRM"}).body.startswith("Your order – was delivered")


@pytest.mark.parametrize("kind", messages.WORDS)
def test_every_kind_is_translated(kind: str) -> None:
    spoken = messages.WORDS[kind]
    texts = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts.append([str(spoken.title), str(spoken.body), str(spoken.action)])
    assert all(english != chinese for english, chinese in zip(*texts, strict=True))


def test_an_event_of_many_members_costs_few_queries(django_assert_max_num_queries) -> None:
    order = make_order(offer=make_offer(make_product(seller_with(members=5))), paid=True)
    with django_assert_max_num_queries(32):  # 7 and, for each of 5 mails, one job: a savepoint, a look, a row
        reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    assert Notice.objects.count() == 5

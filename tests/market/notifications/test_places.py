"""Destinations of a message: preferences, receivers, the contact's phone, each destination once, and the daily summary."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.factories import NOW, make_buyer, make_member, make_seller
from tradepost.market.base.models import Job
from tradepost.market.identity.menus import DEVELOPER
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications import digest
from tradepost.market.notifications.categories import Category, Channel
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.delivery_log import LogFilter, log_page
from tradepost.market.notifications.inbox import unread_by_user
from tradepost.market.notifications.models import NoticeDelivery, Receiver
from tradepost.market.notifications.receivers import save_preferences
from tradepost.market.notifications.tell import AddressedNotice, send_notice, send_notices
from tradepost.market.notifications.why_not import DeliveryChoice

pytestmark = pytest.mark.django_db

ORDER_FACTS = {"product": "CRM", "order": "CS1"}
TOP_UP_FACTS = {"amount": "1", "balance": "2", "reference": "R"}
BREAKER_FACTS = {"address": "https://a.example", "reason": "away"}


def switch_all_off(**owner: Any) -> None:
    """Switch off everything that can be switched off."""
    save_preferences(
        {(category.value, channel.value): DeliveryChoice.OFF for category in Category for channel in Channel}, **owner
    )


def deliveries(**filters: Any) -> list[tuple[str, str, str, str]]:
    rows = NoticeDelivery.objects.filter(**filters).order_by("pk")
    return list(rows.values_list("channel", "address", "status", "reason"))


def receiver(owner: Seller | User, *, confirmed: bool = True, **fields: Any) -> Receiver:
    owner_fields = {"seller": owner} if isinstance(owner, Seller) else {"user": owner}
    at = NOW if confirmed else None
    defaults: dict[str, Any] = {"name": "Li", "email": "li@c.example", "phone": "+8613800138000", "language": "en"}
    return Receiver.objects.create(
        **owner_fields, **(defaults | fields), created_at=NOW, email_confirmed_at=at, phone_confirmed_at=at
    )


def notify_breaker_open(seller: Seller, once: str = "1", **options: Any) -> int:
    people = [member.user for member in seller.members.order_by("pk")]
    return send_notices(
        [
            AddressedNotice(
                user=user, kind="seller_breaker_open", facts=BREAKER_FACTS, once=once, seller=seller.pk, **options
            )
            for user in people
        ],
        now=NOW,
    )


def test_mandatory_notices_are_sent_and_others_are_withheld_with_a_reason() -> None:
    """business-rules §7.2; issue 10, must show 6."""
    buyer = make_buyer(balance="0")
    switch_all_off(user=buyer)
    send_notice(buyer, "top_up", facts=TOP_UP_FACTS, once="1", now=NOW)
    send_notice(buyer, "order_completed", facts=ORDER_FACTS, once="1", now=NOW)
    assert deliveries(notice__kind="top_up") == [("mail", buyer.email, "waiting", "")]
    assert deliveries(notice__kind="order_completed") == [
        ("in_site", "", "withheld", "switched_off"),
        ("mail", buyer.email, "withheld", "switched_off"),
    ]
    assert Job.objects.filter(kind="notifications.deliver").count() == 1
    assert User.objects.annotate(unread=unread_by_user()).get(pk=buyer.pk).unread == 1, (
        "the bell counts only the mandatory one"
    )


def test_notice_for_the_site_only_is_recorded_as_such() -> None:
    buyer = make_buyer(balance="0")
    send_notice(buyer, "order_completed", facts=ORDER_FACTS, once="1", now=NOW, mail=False)
    assert deliveries() == [("mail", buyer.email, "withheld", "site_only")]
    assert not Job.objects.filter(kind="notifications.deliver").exists()


def test_receiver_needs_a_confirmed_mail_and_phone() -> None:
    """business-rules §7.2."""
    buyer = make_buyer(balance="0")
    receiver(buyer, confirmed=False)
    half_confirmed = receiver(buyer, email="half@c.example")
    Receiver.objects.filter(pk=half_confirmed.pk).update(phone_confirmed_at=None)
    receiver(buyer, email="whole@c.example")
    send_notice(buyer, "order_completed", facts=ORDER_FACTS, once="1", now=NOW)
    assert deliveries(receiver__isnull=False) == [
        ("mail", "li@c.example", "withheld", "unconfirmed"),
        ("mail", "half@c.example", "withheld", "unconfirmed"),
        ("mail", "whole@c.example", "waiting", ""),
    ]


def test_receivers_of_a_company_get_each_notice_once(settings: Any) -> None:
    settings.SMS = settings.SMS | {"adapter": "file"}
    seller = make_seller(member=make_buyer(balance="0"), contact_phone="139 1111 2222")
    make_member(seller, make_buyer(balance="0"), DEVELOPER)
    duplicate = receiver(seller, email=seller.members.order_by("pk")[0].user.email.upper())
    receiver(seller, email="li@c.example")
    for _ in range(2):
        notify_breaker_open(seller)
    member_emails = [member.user.email for member in seller.members.order_by("pk")]
    mail_rows = [(address, status, reason) for channel, address, status, reason in deliveries() if channel == "mail"]
    assert mail_rows == [
        (member_emails[0], "waiting", ""), (duplicate.email, "withheld", "duplicate"), ("li@c.example", "waiting", ""), (member_emails[1], "waiting", ""),
    ]  # fmt: skip
    # §7.1: the contact phone, then the receivers' phones, each once
    assert [(address, status, reason) for channel, address, status, reason in deliveries() if channel == "sms"] == [
        ("+8613911112222", "waiting", ""),
        ("+8613800138000", "waiting", ""),
        ("+8613800138000", "withheld", "duplicate"),
    ]
    assert set(NoticeDelivery.objects.values_list("seller", flat=True)) == {seller.pk}
    assert Job.objects.filter(kind="notifications.deliver_sms").count() == 2


@pytest.mark.parametrize(
    ("adapter", "phone", "reason"),
    [("", "13911112222", "channel_unset"), ("file", "", "no_address"), ("file", "12", "no_address")],
)
def test_reason_for_no_sms_to_the_contact_is_recorded(settings: Any, adapter: str, phone: str, reason: str) -> None:
    settings.SMS = settings.SMS | {"adapter": adapter}
    notify_breaker_open(make_seller(member=make_buyer(balance="0"), contact_phone=phone))
    assert [row[3] for row in deliveries(channel="sms")] == [reason]


def test_seller_of_a_notice_is_found_by_its_only_membership() -> None:
    seller = make_seller(member=make_buyer(balance="0"))
    person = seller.members.get().user
    receiver(seller)
    send_notice(person, "seller_breaker_open", facts=BREAKER_FACTS, once="1", now=NOW)
    assert NoticeDelivery.objects.filter(receiver__seller=seller, seller=seller, channel="mail").count() == 1
    make_seller(member=person)
    send_notice(person, "seller_breaker_open", facts=BREAKER_FACTS, once="2", now=NOW)
    assert NoticeDelivery.objects.filter(notice__once__contains="/2/", receiver__isnull=False).count() == 0


def test_receiver_follows_its_own_preferences() -> None:
    buyer, other = make_buyer(balance="0"), make_buyer(balance="0")
    own_receiver = receiver(buyer)
    save_preferences({(Category.PRODUCT.value, Channel.MAIL.value): DeliveryChoice.OFF}, receiver=own_receiver)
    send_notice(buyer, "order_completed", facts=ORDER_FACTS, once="1", now=NOW)
    send_notice(buyer, "top_up", facts=TOP_UP_FACTS, once="1", now=NOW)
    send_notice(other, "order_completed", facts=ORDER_FACTS, once="1", now=NOW)
    assert [row[2:] for row in deliveries(receiver=own_receiver)] == [("withheld", "switched_off"), ("waiting", "")]
    assert deliveries(notice__user=other) == [("mail", other.email, "waiting", "")]


# --- the daily summary ------------------------------------------------------------------------------------------------


def defer_notices(buyer: User, count: int) -> None:
    save_preferences({(Category.PRODUCT.value, Channel.MAIL.value): DeliveryChoice.DIGEST}, user=buyer)
    for n in range(count):
        send_notice(buyer, "order_completed", facts={"product": f"CRM {n}", "order": "CS1"}, once=str(n), now=NOW)


def send_summary(job: Job) -> None:
    assert digest.send_summary(job.payload, job.due_at) is None
    job.delete()


def test_deferred_notices_are_sent_as_one_mail_at_the_set_hour() -> None:
    """business-rules §7.2, issue 10: a quiet digest for the rest. It is 16:00 in the market's zone, so the next 09:00 is tomorrow."""
    buyer = make_buyer(balance="0", language="en")
    defer_notices(buyer, 3)
    send_notice(buyer, "top_up", facts=TOP_UP_FACTS, once="1", now=NOW)
    assert [row[2] for row in deliveries()] == ["deferred"] * 3 + ["waiting"]
    job = Job.objects.get(kind=digest.DIGEST)
    assert job.due_at == NOW + timedelta(hours=17)
    send_summary(job)
    summary = NoticeDelivery.objects.get(kind=digest.KIND)
    assert set(deliveries(summary=summary)) == {("mail", buyer.email, "summed_up", "")}
    message = compose(summary, Site("https://market.example"))
    assert message.subject == "Your summary: 3 notices"
    assert "– CRM 0 is ready\n– CRM 1 is ready\n– CRM 2 is ready" in message.body
    assert "https://market.example/notices/" in message.body
    with translation.override("en"):
        assert "– CRM" not in message.subject


def test_locked_account_gets_no_summary() -> None:
    buyer = make_buyer(balance="0")
    defer_notices(buyer, 2)
    buyer.is_active = False
    buyer.save()
    send_summary(Job.objects.get(kind=digest.DIGEST))
    assert [row[2:] for row in deliveries()] == [("withheld", "locked")] * 2
    assert not NoticeDelivery.objects.filter(kind=digest.KIND).exists()


def test_deliveries_of_a_seller_to_an_address_are_read_by_one_index() -> None:
    """The query reads neither all rows of the seller nor all rows to that address."""
    seller, other_seller = make_seller(), make_seller()
    rows = [(other_seller, f"{n}@b.example") for n in range(3000)] + [(seller, f"{n}@b.example") for n in range(300)]
    rows += [(other_seller, "Buyer@c.example")] * 300 + [(seller, "buyer@c.example")]
    NoticeDelivery.objects.bulk_create(
        NoticeDelivery(kind="receiver_confirm", seller=row_seller, address=to, created_at=NOW, status="sent")
        for row_seller, to in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_noticedelivery")
    with CaptureQueriesContext(connection) as queries:
        page = log_page(LogFilter(text="BUYER@c.example"), seller=seller)
    assert [row.delivery.seller_id for row in page.rows] == [seller.pk]
    statement = next(
        query["sql"] for query in queries if 'LOWER("notifications_noticedelivery"."address")' in query["sql"]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{statement}")
        assert "delivery_seller_to" in str(cursor.fetchall())

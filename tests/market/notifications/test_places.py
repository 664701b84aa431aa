"""Where a message goes and where not: preferences, receivers, the contact's phone, each place once, and the daily summary."""

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
from tradepost.market.notifications.delivery_log import Sought, log_page
from tradepost.market.notifications.inbox import unread_by_user
from tradepost.market.notifications.models import NoticeDelivery, Receiver
from tradepost.market.notifications.receivers import keep
from tradepost.market.notifications.tell import Telling, tell, tell_all
from tradepost.market.notifications.why_not import How

pytestmark = pytest.mark.django_db

ORDER = {"product": "CRM", "order": "CS1"}
MONEY = {"amount": "1", "balance": "2", "reference": "R"}
BREAKER = {"address": "https://a.example", "reason": "away"}


def off(**whose: Any) -> None:
    """Everything that can be switched off is."""
    keep({(category.value, channel.value): How.OFF for category in Category for channel in Channel}, **whose)


def went(**which: Any) -> list[tuple[str, str, str, str]]:
    rows = NoticeDelivery.objects.filter(**which).order_by("pk")
    return list(rows.values_list("channel", "address", "status", "reason"))


def receiver(owner: Seller | User, *, confirmed: bool = True, **fields: Any) -> Receiver:
    whose = {"seller": owner} if isinstance(owner, Seller) else {"user": owner}
    at = NOW if confirmed else None
    defaults: dict[str, Any] = {"name": "Li", "email": "li@c.example", "phone": "+8613800138000", "language": "en"}
    return Receiver.objects.create(
        **whose, **(defaults | fields), created_at=NOW, email_confirmed_at=at, phone_confirmed_at=at
    )


def breaker(seller: Seller, once: str = "1", **more: Any) -> int:
    people = [member.user for member in seller.members.order_by("pk")]
    return tell_all(
        [
            Telling(user=user, kind="seller_breaker_open", facts=BREAKER, once=once, seller=seller.pk, **more)
            for user in people
        ],
        now=NOW,
    )


def test_what_nobody_may_switch_off_reaches_who_switched_all_off_and_the_rest_is_listed_with_its_reason() -> None:
    """business-rules §7.2; issue 10, must show 6."""
    buyer = make_buyer(balance="0")
    off(user=buyer)
    tell(buyer, "top_up", facts=MONEY, once="1", now=NOW)
    tell(buyer, "order_completed", facts=ORDER, once="1", now=NOW)
    assert went(notice__kind="top_up") == [("mail", buyer.email, "waiting", "")]
    assert went(notice__kind="order_completed") == [
        ("in_site", "", "withheld", "switched_off"),
        ("mail", buyer.email, "withheld", "switched_off"),
    ]
    assert Job.objects.filter(kind="notifications.deliver").count() == 1
    assert User.objects.annotate(unread=unread_by_user()).get(pk=buyer.pk).unread == 1, "the bell rings for one of them"


def test_a_message_that_is_told_in_the_site_alone_says_so() -> None:
    buyer = make_buyer(balance="0")
    tell(buyer, "order_completed", facts=ORDER, once="1", now=NOW, mail=False)
    assert went() == [("mail", buyer.email, "withheld", "site_only")]
    assert not Job.objects.filter(kind="notifications.deliver").exists()


def test_a_receiver_counts_once_mail_and_phone_are_confirmed() -> None:
    """business-rules §7.2."""
    buyer = make_buyer(balance="0")
    receiver(buyer, confirmed=False)
    half = receiver(buyer, email="half@c.example")
    Receiver.objects.filter(pk=half.pk).update(phone_confirmed_at=None)
    receiver(buyer, email="whole@c.example")
    tell(buyer, "order_completed", facts=ORDER, once="1", now=NOW)
    assert went(receiver__isnull=False) == [
        ("mail", "li@c.example", "withheld", "unconfirmed"),
        ("mail", "half@c.example", "withheld", "unconfirmed"),
        ("mail", "whole@c.example", "waiting", ""),
    ]


def test_a_companys_receivers_get_once_what_each_of_its_people_gets(settings: Any) -> None:
    settings.SMS = settings.SMS | {"adapter": "file"}
    seller = make_seller(member=make_buyer(balance="0"), contact_phone="139 1111 2222")
    make_member(seller, make_buyer(balance="0"), DEVELOPER)
    one = receiver(seller, email=seller.members.order_by("pk")[0].user.email.upper())
    receiver(seller, email="li@c.example")
    for _ in range(2):
        breaker(seller)
    own = [member.user.email for member in seller.members.order_by("pk")]
    mail = [(address, status, reason) for channel, address, status, reason in went() if channel == "mail"]
    assert mail == [
        (own[0], "waiting", ""), (one.email, "withheld", "duplicate"), ("li@c.example", "waiting", ""), (own[1], "waiting", ""),
    ]  # fmt: skip
    # §7.1: the contact phone, then the receivers', each once
    assert [(address, status, reason) for channel, address, status, reason in went() if channel == "sms"] == [
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
def test_why_no_sms_went_to_the_contact_is_said(settings: Any, adapter: str, phone: str, reason: str) -> None:
    settings.SMS = settings.SMS | {"adapter": adapter}
    breaker(make_seller(member=make_buyer(balance="0"), contact_phone=phone))
    assert [row[3] for row in went(channel="sms")] == [reason]


def test_what_concerns_a_company_is_found_by_the_one_that_its_person_acts_for() -> None:
    seller = make_seller(member=make_buyer(balance="0"))
    person = seller.members.get().user
    receiver(seller)
    tell(person, "seller_breaker_open", facts=BREAKER, once="1", now=NOW)
    assert NoticeDelivery.objects.filter(receiver__seller=seller, seller=seller, channel="mail").count() == 1
    make_seller(member=person)
    tell(person, "seller_breaker_open", facts=BREAKER, once="2", now=NOW)
    assert NoticeDelivery.objects.filter(notice__once__contains="/2/", receiver__isnull=False).count() == 0


def test_a_receiver_has_what_it_chose_and_others_are_not_asked() -> None:
    buyer, other = make_buyer(balance="0"), make_buyer(balance="0")
    one = receiver(buyer)
    keep({(Category.PRODUCT.value, Channel.MAIL.value): How.OFF}, receiver=one)
    tell(buyer, "order_completed", facts=ORDER, once="1", now=NOW)
    tell(buyer, "top_up", facts=MONEY, once="1", now=NOW)
    tell(other, "order_completed", facts=ORDER, once="1", now=NOW)
    assert [row[2:] for row in went(receiver=one)] == [("withheld", "switched_off"), ("waiting", "")]
    assert went(notice__user=other) == [("mail", other.email, "waiting", "")]


# --- the daily summary ------------------------------------------------------------------------------------------------


def deferred(buyer: User, count: int) -> None:
    keep({(Category.PRODUCT.value, Channel.MAIL.value): How.DIGEST}, user=buyer)
    for n in range(count):
        tell(buyer, "order_completed", facts={"product": f"CRM {n}", "order": "CS1"}, once=str(n), now=NOW)


def summed(job: Job) -> None:
    assert digest.send_summary(job.payload, job.due_at) is None
    job.delete()


def test_what_is_wanted_once_a_day_goes_out_as_one_mail_at_its_hour() -> None:
    """business-rules §7.2, issue 10: a quiet digest for the rest. 16:00 in the market's zone, so that nine o'clock is tomorrow's."""
    buyer = make_buyer(balance="0", language="en")
    deferred(buyer, 3)
    tell(buyer, "top_up", facts=MONEY, once="1", now=NOW)
    assert [row[2] for row in went()] == ["deferred"] * 3 + ["waiting"]
    job = Job.objects.get(kind=digest.DIGEST)
    assert job.due_at == NOW + timedelta(hours=17)
    summed(job)
    summary = NoticeDelivery.objects.get(kind=digest.KIND)
    assert set(went(summary=summary)) == {("mail", buyer.email, "summed_up", "")}
    message = compose(summary, Site("https://market.example"))
    assert message.subject == "Your summary: 3 notices"
    assert "– CRM 0 is ready\n– CRM 1 is ready\n– CRM 2 is ready" in message.body
    assert "https://market.example/notices/" in message.body
    with translation.override("en"):
        assert "– CRM" not in message.subject


def test_nobody_who_was_locked_meanwhile_gets_a_summary() -> None:
    buyer = make_buyer(balance="0")
    deferred(buyer, 2)
    buyer.is_active = False
    buyer.save()
    summed(Job.objects.get(kind=digest.DIGEST))
    assert [row[2:] for row in went()] == [("withheld", "locked")] * 2
    assert not NoticeDelivery.objects.filter(kind=digest.KIND).exists()


def test_a_seller_finds_what_went_to_an_address_by_one_index() -> None:
    """It reads neither all of the seller's rows nor all that went to that address about others' matters."""
    seller, others = make_seller(), make_seller()
    rows = [(others, f"{n}@b.example") for n in range(3000)] + [(seller, f"{n}@b.example") for n in range(300)]
    rows += [(others, "Buyer@c.example")] * 300 + [(seller, "buyer@c.example")]
    NoticeDelivery.objects.bulk_create(
        NoticeDelivery(kind="receiver_confirm", seller=whose, address=to, created_at=NOW, status="sent")
        for whose, to in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_noticedelivery")
    with CaptureQueriesContext(connection) as asked:
        found = log_page(Sought(text="BUYER@c.example"), seller=seller)
    assert [one.delivery.seller_id for one in found.rows] == [seller.pk]
    statement = next(each["sql"] for each in asked if 'LOWER("notifications_noticedelivery"."address")' in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{statement}")
        assert "delivery_seller_to" in str(cursor.fetchall())

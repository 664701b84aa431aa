"""A service's page describes its whole life: operations in progress, past events, and ways to continue after its end."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from tests import factories
from tests.market import engine
from tests.market.sites import renewing
from tradepost.market.base import clock, jobs
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason, lift
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate, settle
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer()
    client.force_login(buyer)
    return buyer


def page_of(client: Client, subscription: Subscription) -> str:
    answer = client.get(f"/services/{subscription.pk}/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def main_part(page: str) -> str:
    """Without the header, whose search requests suggestions while typing."""
    return page.partition("<main")[2]


def plain_text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def history(page: str) -> list[str]:
    """Return the titles of the timeline of events."""
    return [
        plain_text(title).strip() for title in re.findall(r"<strong>(.*?)</strong>", page.split('id="sf-history"')[1])
    ]


def progress_part(page: str) -> str:
    return plain_text(
        page.split('id="sf-now"')[1].split('id="sf-history"', maxsplit=1)[0].split("</ol>", maxsplit=1)[0]
    )


def complete_operation(operation: Operation) -> None:
    operation.refresh_from_db()
    engine.answer(renewing.call_of(operation), now=clock.now())
    engine.react(now=clock.now())


def apply_to(subscription: Subscription, act) -> None:
    with transaction.atomic():
        locked = locked_subscriptions([subscription.pk])
        act(locked)
        settle(locked, now=clock.now())


def test_history_lists_renewals_with_end_amount_and_order(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert history(page_of(client, subscription)) == ["Ordered", "Opened"]
    renewal = renewing.renewed(subscription)
    complete_operation(renewal)
    page = page_of(client, subscription)
    subscription.refresh_from_db()
    titles = history(page)
    assert titles[:2] == ["Ordered", "Opened"]
    assert titles[2].startswith("Renewed until")
    assert subscription.expires_at is not None
    assert f'<time datetime="{subscription.expires_at.astimezone().date().isoformat()[:7]}' in page
    event = page.split("Renewed until")[1].split("</li>")[0]
    assert "¥ 100.00" in event
    assert f'href="/orders/{renewing.line_of(renewal).order.number}/"' in event


def test_refunded_renewal_is_shown(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    stopped = renewing.stopped(subscription)
    refund_order(renewing.line_of(stopped).order, reason="agreed", actor="op@market.example", now=clock.now())
    page = page_of(client, subscription)
    assert "Could not be renewed" in history(page)
    assert "¥ 100.00 was refunded." in page
    assert "agreed" not in page, "the reason is for operator and seller"


def test_freezes_and_unfreezes_are_shown_with_their_reasons(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    now = clock.now()
    apply_to(subscription, lambda rows: add_reason(rows, Freeze.Reason.EXPIRED, actor="market", now=now))
    apply_to(
        subscription, lambda rows: add_reason(rows, Freeze.Reason.OPERATOR, actor="op", note="asked by court", now=now)
    )
    apply_to(subscription, lambda rows: lift(rows, Freeze.Reason.EXPIRED, now=now + timedelta(seconds=1)))
    apply_to(subscription, lambda rows: lift(rows, Freeze.Reason.OPERATOR, now=now + timedelta(seconds=2)))
    page = page_of(client, subscription)
    assert history(page)[2:] == [
        "Frozen: the paid time is over", "Frozen by the operator: asked by court", "Paid again", "No longer frozen",
    ]  # fmt: skip


def test_waiting_and_failed_messages_to_the_seller_are_explained(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert "Under way now" not in page_of(client, subscription)
    renewal = renewing.renewed(subscription)
    now = progress_part(page_of(client, subscription))
    assert "Your renewal" in now
    assert "Notifying the seller's system." in now
    assert renewing.line_of(renewal).order.number in now
    engine.answer(renewing.call_of(renewal), engine.LOST, now=clock.now())
    now = progress_part(page_of(client, subscription))
    assert "The seller's system has not responded correctly since" in now
    assert "Next attempt:" in now
    assert "no answer within 20 s" not in now
    engine.give_up(renewing.call_of(renewal), now=clock.now())
    engine.react(now=clock.now())
    page = page_of(client, subscription)
    assert "did not complete it in time" in progress_part(page)
    assert "hx-get" not in main_part(page), "nothing goes on by itself"


def test_queued_operation_says_so(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewal = renewing.renewed(subscription)
    engine.answer(
        renewing.call_of(renewal), engine.LOST, now=clock.now()
    )  # lost: the renewal is still expected to complete
    by_operator.release(subscription, reason="agreed", actor="op@market.example", now=clock.now())
    now = progress_part(page_of(client, subscription))
    assert "Something else comes first:" in now
    assert "Your renewal" in now


def test_page_polls_while_an_operation_is_in_progress(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert "hx-get" not in main_part(page_of(client, subscription))
    renewal = renewing.renewed(subscription)
    page = page_of(client, subscription)
    assert f'hx-get="/services/{subscription.pk}/"' in page
    assert f'href="/services/{subscription.pk}/renew/"' not in page, "one order at a time"
    complete_operation(renewal)
    assert "hx-get" not in main_part(page_of(client, subscription))


def test_expired_service_says_why_what_to_do_and_how_long_its_data_is_kept(client: Client, buyer: User) -> None:
    """business-rules §4.4: the seller keeps the data for the retention."""
    subscription = renewing.service(buyer=buyer, now=clock.now() - timedelta(days=33))
    apply_to(subscription, lambda rows: add_reason(rows, Freeze.Reason.EXPIRED, actor="market", now=clock.now()))
    subscription.refresh_from_db()
    page = page_of(client, subscription)
    assert "This service is frozen because its paid period ended." in page
    assert f'Your data is kept until <time datetime="{subscription.release_at:%Y-%m-%dT%H:%M:%S}' in page
    assert page.count(f'href="/services/{subscription.pk}/renew/"') == 2
    assert "app.qingxie.example" not in page


def test_service_in_its_grace_is_open_and_shows_its_deadline(client: Client) -> None:
    """business-rules §4.4: expired, not frozen; the page, the list and the history say so."""
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(level="V3")
    client.force_login(buyer)
    subscription = renewing.service(buyer=buyer, now=clock.now() - timedelta(days=33))
    assert "If it is not renewed" in page_of(client, subscription)
    jobs.run_due(TASKS, now=clock.now())
    subscription.refresh_from_db()
    page = plain_text(page_of(client, subscription))
    assert subscription.expires_at is not None
    assert (subscription.status, subscription.freeze_at) == ("active", subscription.expires_at + timedelta(days=7))
    assert "The paid period has ended. You can use this service until" in page
    assert "Renew it before then to keep using it. The new period starts at the end of the previous one" in page
    assert "Login details" in page
    assert history(page_of(client, subscription))[-1] == "Paid period ended"
    assert "usable until" in plain_text(client.get("/services/").content.decode())


def test_service_frozen_by_an_operator_names_the_operator(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewing.frozen_by_operator(subscription)
    page = page_of(client, subscription)
    assert "It was frozen by hand" in plain_text(page)
    assert "the paid time is over" not in page.split('id="sf-history"')[0].lower()
    assert "app.qingxie.example" not in page


def test_service_being_released_is_closed_before_its_seller_responds(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    request = OperationRequest(kind="release", subscription=subscription, origin=Operation.Origin.OPERATOR)
    with transaction.atomic():
        [subscription] = locked_subscriptions([subscription.pk])
        request = OperationRequest(kind="release", subscription=subscription, origin=Operation.Origin.OPERATOR)
        [release] = operate([request], now=clock.now())
    page = page_of(client, subscription)
    assert "This service has ended." in page
    assert history(page)[-1] == "Service ended"
    assert "Ending the service" in progress_part(page)
    assert "app.qingxie.example" not in page
    assert f'href="/services/{subscription.pk}/renew/"' not in page
    complete_operation(release)
    page = page_of(client, subscription)
    assert history(page)[-2:] == ["Service ended", "Deleted with its data"]
    assert "Under way now" not in page


def test_page_takes_the_same_queries_for_any_length_of_the_history(
    client: Client, buyer: User, django_assert_max_num_queries
) -> None:
    counts = []
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    for _ in range(2):
        complete_operation(renewing.renewed(subscription))
        apply_to(subscription, lambda rows: add_reason(rows, Freeze.Reason.OPERATOR, actor="op", now=clock.now()))
        apply_to(subscription, lambda rows: lift(rows, Freeze.Reason.OPERATOR, now=clock.now()))
        with django_assert_max_num_queries(22) as captured:
            page_of(client, subscription)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_page_is_in_chinese(client: Client, buyer: User) -> None:
    subscription = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewing.renewed(subscription)
    client.cookies["django_language"] = "zh-hans"
    page = page_of(client, subscription)
    for words in ("正在办理", "您的续费", "已开通", "有效期至"):
        assert words in page

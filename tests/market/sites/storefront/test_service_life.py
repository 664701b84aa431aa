"""A service's page tells its whole life: what is under way in plain words, what happened, and what to do when it is closed."""

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
from tradepost.market.fulfilment.pay_back import pay_back
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


def page_of(client: Client, held: Subscription) -> str:
    answer = client.get(f"/services/{held.pk}/")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def history(page: str) -> list[str]:
    """The titles of the timeline of what happened."""
    return [plain(title).strip() for title in re.findall(r"<strong>(.*?)</strong>", page.split('id="sf-history"')[1])]


def under_way(page: str) -> str:
    return plain(page.split('id="sf-now"')[1].split('id="sf-history"', maxsplit=1)[0].split("</ol>", maxsplit=1)[0])


def done(operation: Operation) -> None:
    operation.refresh_from_db()
    engine.answer(renewing.call_of(operation), now=clock.now())
    engine.react(now=clock.now())


def settled(held: Subscription, act) -> None:
    with transaction.atomic():
        locked = locked_subscriptions([held.pk])
        act(locked)
        settle(locked, now=clock.now())


def test_the_history_tells_renewals_with_their_end_amount_and_order(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert history(page_of(client, held)) == ["Ordered", "Opened"]
    renewal = renewing.renewed(held)
    done(renewal)
    page = page_of(client, held)
    held.refresh_from_db()
    titles = history(page)
    assert titles[:2] == ["Ordered", "Opened"]
    assert titles[2].startswith("Renewed until")
    assert held.expires_at is not None
    assert f'<time datetime="{held.expires_at.astimezone().date().isoformat()[:7]}' in page
    event = page.split("Renewed until")[1].split("</li>")[0]
    assert "¥ 100.00" in event
    assert f'href="/orders/{renewing.line_of(renewal).order.number}/"' in event


def test_a_renewal_that_was_paid_back_is_told(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    stopped = renewing.stopped(held)
    pay_back(renewing.line_of(stopped).order, reason="agreed", actor="op@market.example", now=clock.now())
    page = page_of(client, held)
    assert "Could not be renewed" in history(page)
    assert "¥ 100.00 was paid back." in page
    assert "agreed" not in page, "the reason is for operator and seller"


def test_freezes_and_lifts_are_told_with_their_reasons(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    now = clock.now()
    settled(held, lambda rows: add_reason(rows, Freeze.Reason.EXPIRED, actor="market", now=now))
    settled(held, lambda rows: add_reason(rows, Freeze.Reason.OPERATOR, actor="op", note="asked by court", now=now))
    settled(held, lambda rows: lift(rows, Freeze.Reason.EXPIRED, now=now + timedelta(seconds=1)))
    settled(held, lambda rows: lift(rows, Freeze.Reason.OPERATOR, now=now + timedelta(seconds=2)))
    page = page_of(client, held)
    assert history(page)[2:] == [
        "Frozen: the paid time is over", "Frozen by the operator: asked by court", "Paid again", "No longer frozen",
    ]  # fmt: skip


def test_what_is_told_to_the_seller_waits_or_fails_stands_in_plain_words(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert "Under way now" not in page_of(client, held)
    renewal = renewing.renewed(held)
    now = under_way(page_of(client, held))
    assert "Your renewal" in now
    assert "The seller's system is being told." in now
    assert renewing.line_of(renewal).order.number in now
    engine.answer(renewing.call_of(renewal), engine.LOST, now=clock.now())
    now = under_way(page_of(client, held))
    assert "The seller's system has given no good answer since" in now
    assert "Next try:" in now
    assert "no answer within 20 s" not in now
    engine.give_up(renewing.call_of(renewal), now=clock.now())
    engine.react(now=clock.now())
    page = page_of(client, held)
    assert "the market calls it no more" in under_way(page)
    assert "hx-get" not in page, "nothing goes on by itself"


def test_what_waits_behind_something_says_so(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewal = renewing.renewed(held)
    engine.answer(renewing.call_of(renewal), engine.LOST, now=clock.now())  # what was sent is waited for
    by_operator.release(held, reason="agreed", actor="op@market.example", now=clock.now())
    now = under_way(page_of(client, held))
    assert "Something else comes first:" in now
    assert "Your renewal" in now


def test_the_page_follows_what_is_under_way_and_rests_after_it(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    assert "hx-get" not in page_of(client, held)
    renewal = renewing.renewed(held)
    page = page_of(client, held)
    assert f'hx-get="/services/{held.pk}/"' in page
    assert f'href="/services/{held.pk}/renew/"' not in page, "one order at a time"
    done(renewal)
    assert "hx-get" not in page_of(client, held)


def test_an_expired_service_says_why_what_to_do_and_how_long_its_data_is_kept(client: Client, buyer: User) -> None:
    """business-rules §4.4: the seller keeps the data for the retention."""
    held = renewing.service(buyer=buyer, now=clock.now() - timedelta(days=33))
    settled(held, lambda rows: add_reason(rows, Freeze.Reason.EXPIRED, actor="market", now=clock.now()))
    held.refresh_from_db()
    page = page_of(client, held)
    assert "The paid time is over, so this service is frozen: nobody can enter it." in page
    assert f'Your data is kept until <time datetime="{held.release_at:%Y-%m-%dT%H:%M:%S}' in page
    assert page.count(f'href="/services/{held.pk}/renew/"') == 2
    assert "app.qingxie.example" not in page


def test_in_its_grace_a_service_is_open_and_says_until_when(client: Client) -> None:
    """business-rules §4.4: expired, not frozen; the page, the list and the history say so."""
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(level="V3")
    client.force_login(buyer)
    held = renewing.service(buyer=buyer, now=clock.now() - timedelta(days=33))
    assert "If it is not renewed" in page_of(client, held)
    jobs.run_due(TASKS, now=clock.now())
    held.refresh_from_db()
    page = plain(page_of(client, held))
    assert held.expires_at is not None
    assert (held.status, held.freeze_at) == ("active", held.expires_at + timedelta(days=7))
    assert "The paid time is over. You can use this service until" in page
    assert "the renewal counts from the end of the paid time" in page
    assert "How to log in" in page
    assert history(page_of(client, held))[-1] == "The paid time ended"
    assert "usable until" in plain(client.get("/services/").content.decode())


def test_one_frozen_by_the_operator_names_the_operator(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewing.frozen_by_operator(held)
    page = page_of(client, held)
    assert "It was frozen by hand" in plain(page)
    assert "the paid time is over" not in page.split('id="sf-history"')[0].lower()
    assert "app.qingxie.example" not in page


def test_one_that_is_being_released_is_closed_before_its_seller_has_answered(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    request = OperationRequest(kind="release", subscription=held, origin=Operation.Origin.OPERATOR)
    with transaction.atomic():
        [held] = locked_subscriptions([held.pk])
        request = OperationRequest(kind="release", subscription=held, origin=Operation.Origin.OPERATOR)
        [release] = operate([request], now=clock.now())
    page = page_of(client, held)
    assert "This service has ended, and nobody can enter it any more." in page
    assert history(page)[-1] == "Ended: nobody can enter it any more"
    assert "Deleting the service" in under_way(page)
    assert "app.qingxie.example" not in page
    assert f'href="/services/{held.pk}/renew/"' not in page
    done(release)
    page = page_of(client, held)
    assert history(page)[-2:] == ["Ended: nobody can enter it any more", "Deleted with its data"]
    assert "Under way now" not in page


def test_the_page_takes_the_same_queries_however_long_the_history(
    client: Client, buyer: User, django_assert_max_num_queries
) -> None:
    counts = []
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    for _ in range(2):
        done(renewing.renewed(held))
        settled(held, lambda rows: add_reason(rows, Freeze.Reason.OPERATOR, actor="op", now=clock.now()))
        settled(held, lambda rows: lift(rows, Freeze.Reason.OPERATOR, now=clock.now()))
        with django_assert_max_num_queries(22) as captured:
            page_of(client, held)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_it_speaks_chinese(client: Client, buyer: User) -> None:
    held = renewing.service(buyer=buyer, now=clock.now() - DAY)
    renewing.renewed(held)
    client.cookies["django_language"] = "zh-hans"
    page = page_of(client, held)
    for words in ("正在办理", "您的续费", "已开通", "有效期至"):
        assert words in page

"""Operations of all sellers for operators: stopped ones first, one with its calls, Restart and Pay back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.market import engine
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.models import Move, WorkerProcess
from tradepost.market.fulfilment.models import Operation
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    return enter(factories.make_operator(email="op@market.example"))


def make_service() -> Subscription:
    return renewing.service(now=clock.now() - timedelta(days=1))


def page_at(console: Client, path: str, **query: str) -> str:
    answer = console.get(path, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def rows(console: Client, **query: str) -> list[int]:
    return [row.operation.pk for row in console.get("/console/operations/", query).context["page"].rows]


@pytest.mark.slow
def test_stopped_operations_come_first_and_the_rest_on_demand(console: Client) -> None:
    assert "No stopped operations" in page_at(console, "/console/operations/")
    subscription, other = make_service(), make_service()
    ended = list(Operation.objects.order_by("-pk").values_list("pk", flat=True))
    stopped, running = renewing.stopped(subscription), renewing.renewed(other)
    assert rows(console) == [stopped.pk]
    assert rows(console, show="open") == [running.pk, stopped.pk]
    assert rows(console, show="ended") == ended
    assert rows(console, show="nonsense") == []
    assert rows(console, show="open", seller=str(subscription.seller_id)) == [stopped.pk]
    assert rows(console, show="open", seller="nonsense") == []
    assert rows(console, show="open", q=renewing.line_of(running).order.number.lower()) == [running.pk]
    assert rows(console, show="open", q=other.instance_id) == [running.pk]
    assert "No operations found" in page_at(console, "/console/operations/", q="nothing-like-it")
    assert "Response timed out" in page_at(console, "/console/operations/")


def test_page_shows_details_attempts_and_history(console: Client) -> None:
    stopped = renewing.stopped(make_service())
    text = page_at(console, f"/console/operations/{stopped.pk}/")
    for words in ("Renew", "Paid until", "Response timed out", "#1", "All retries failed", "Buyer"):
        assert words in text
    assert f'href="/console/orders/{renewing.line_of(stopped).order.number}/"' in text
    assert f'href="/console/calls/{stopped.call_id}/"' in text
    assert f'href="/console/operations/{stopped.pk}/"' in page_at(console, f"/console/calls/{stopped.call_id}/")
    assert console.get(f"/console/operations/{stopped.pk + 1000}/").status_code == 404


def test_operation_is_restarted_and_the_history_names_the_operator(console: Client) -> None:
    """saas-v2 §7: a restart is one more attempt."""
    stopped = renewing.stopped(make_service())
    answer = console.post(f"/console/operations/{stopped.pk}/restart/", follow=True)
    assert answer.redirect_chain == [(f"/console/operations/{stopped.pk}/", 302)]
    stopped.refresh_from_db()
    assert stopped.status == "running"
    assert Move.objects.get(lifecycle="operation", event="restart").actor == "op@market.example"
    assert "op@market.example" in answer.content.decode()
    engine.answer(renewing.call_of(stopped), now=clock.now())
    engine.react(now=clock.now())
    refused = console.post(f"/console/operations/{stopped.pk}/restart/")
    assert refused.status_code == 422
    assert "This operation has ended, so it cannot be restarted" in refused.content.decode()


def test_stopped_renewal_is_refunded(console: Client) -> None:
    """saas-v2 §3.10: only the operator refunds the money."""
    service = make_service()
    stopped = renewing.stopped(service)
    page = page_at(console, f"/console/operations/{stopped.pk}/")
    order = renewing.line_of(stopped).order
    assert f'action="/console/orders/{order.number}/pay-back/"' in page
    before = ledger.buyer_account(service.buyer, "CNY").balance_minor
    console.post(f"/console/orders/{order.number}/pay-back/", {"reason": "agreed"})
    stopped.refresh_from_db()
    assert stopped.status == "gave_up"
    assert ledger.buyer_account(service.buyer, "CNY").balance_minor == before + order.total_minor
    after = page_at(console, f"/console/operations/{stopped.pk}/")
    assert "pay-back" not in after
    assert "/restart/" not in after
    assert "agreed" in after


def test_operation_without_an_order_offers_no_refund(console: Client) -> None:
    service = make_service()
    renewing.frozen_by_operator(service)
    freeze = Operation.objects.select_related("call").get(kind="freeze")
    engine.give_up(renewing.call_of(freeze), now=clock.now())
    engine.react(now=clock.now())
    page = page_at(console, f"/console/operations/{freeze.pk}/")
    assert "pay-back" not in page
    assert "/restart/" in page


def test_stopped_operation_needs_an_operator_until_it_is_resolved(console: Client) -> None:
    """An unresolved failure does not disappear after a week."""
    WorkerProcess.objects.create(name="w", started_at=clock.wall(), seen_at=clock.wall())
    service = make_service()
    assert "Nothing needs your attention." in page_at(console, "/console/")
    stopped = renewing.stopped(service)
    Operation.objects.filter(pk=stopped.pk).update(created_at=clock.now() - timedelta(days=40))
    page = page_at(console, "/console/")
    assert "Stopped operations: 1" in page
    assert 'href="/console/queue/' in page
    console.post(f"/console/orders/{renewing.line_of(stopped).order.number}/pay-back/", {"reason": "agreed"})
    assert "Nothing needs your attention." in page_at(console, "/console/")


def test_overview_with_a_failing_call_is_not_all_clear(console: Client) -> None:
    WorkerProcess.objects.create(name="w", started_at=clock.wall(), seen_at=clock.wall())
    operation = renewing.renewed(make_service())
    engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    page = page_at(console, "/console/")
    assert "1 call failed and is being retried." in page
    assert "Nothing needs your attention." not in page


def test_stopped_order_is_marked_in_every_list(console: Client) -> None:
    service = make_service()
    stopped = renewing.stopped(service)
    for query in ({}, {"status": "stopped"}):
        page = console.get("/console/orders/", query).content.decode()
        row = re.sub(r"\s+", " ", page[page.index(renewing.line_of(stopped).order.number) :].split("</tr>")[0])
        assert "Stopped" in row
        assert "Processing" not in row
    assert "Stopped" in page_at(console, f"/console/orders/{renewing.line_of(stopped).order.number}/").split("</h1>")[0]
    other = factories.make_order(paid=True)
    row = console.get("/console/orders/").content.decode()
    assert "Stopped" not in row[row.index(other.number) :].split("</tr>")[0]


@pytest.mark.slow
@pytest.mark.parametrize("state", ["stopped", "open", "ended"])
def test_list_takes_the_same_queries_for_any_length(console: Client, state: str, django_assert_max_num_queries) -> None:
    def fill() -> None:
        service = make_service()
        renewing.stopped(service)
        running = make_service()
        renewing.renewed(running)
        renewing.frozen_by_operator(running)

    counts = []
    for _ in range(2):
        fill()
        with django_assert_max_num_queries(12) as captured:
            assert rows(console, show=state)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_page_is_in_chinese(console: Client) -> None:
    stopped = renewing.stopped(make_service())
    console.cookies["django_language"] = "zh-hans"
    text = page_at(console, f"/console/operations/{stopped.pk}/")
    for word in ("办理", "续费", "已停止", "重新启动"):
        assert word in text
    assert "已停止的办理：1 项" in page_at(console, "/console/")

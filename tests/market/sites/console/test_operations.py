"""Operations of every seller as an operator sees them: what stopped first, one with its calls, Restart and Pay back."""

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


def held() -> Subscription:
    return renewing.service(now=clock.now() - timedelta(days=1))


def shown(console: Client, path: str, **query: str) -> str:
    answer = console.get(path, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def rows(console: Client, **query: str) -> list[int]:
    return [one["operation"].pk for one in console.get("/console/operations/", query).context["rows"]]


def test_what_stopped_comes_first_and_the_rest_on_demand(console: Client) -> None:
    assert "Nothing stopped" in shown(console, "/console/operations/")
    one, other = held(), held()
    ended = list(Operation.objects.order_by("-pk").values_list("pk", flat=True))
    stopped, running = renewing.stopped(one), renewing.renewed(other)
    assert rows(console) == [stopped.pk]
    assert rows(console, show="open") == [running.pk, stopped.pk]
    assert rows(console, show="ended") == ended
    assert rows(console, show="nonsense") == []
    assert rows(console, show="open", seller=str(one.seller_id)) == [stopped.pk]
    assert rows(console, show="open", seller="nonsense") == []
    assert rows(console, show="open", q=renewing.line_of(running).order.number.lower()) == [running.pk]
    assert rows(console, show="open", q=other.instance_id) == [running.pk]
    assert "No operation fits" in shown(console, "/console/operations/", q="nothing-like-it")
    assert "No answer in time" in shown(console, "/console/operations/")


def test_one_shows_what_is_wanted_its_tries_and_its_history(console: Client) -> None:
    stopped = renewing.stopped(held())
    text = shown(console, f"/console/operations/{stopped.pk}/")
    for words in ("Renew", "Paid until", "No answer in time", "#1", "The plan ended without success", "Buyer"):
        assert words in text
    assert f'href="/console/orders/{renewing.line_of(stopped).order.number}/"' in text
    assert f'href="/console/calls/{stopped.call_id}/"' in text
    assert f'href="/console/operations/{stopped.pk}/"' in shown(console, f"/console/calls/{stopped.call_id}/")
    assert console.get(f"/console/operations/{stopped.pk + 1000}/").status_code == 404


def test_it_is_restarted_here_and_the_history_names_who(console: Client) -> None:
    """saas-v2 §7: a restart is one more attempt."""
    stopped = renewing.stopped(held())
    answer = console.post(f"/console/operations/{stopped.pk}/restart/", follow=True)
    assert answer.redirect_chain == [(f"/console/operations/{stopped.pk}/", 302)]
    stopped.refresh_from_db()
    assert stopped.status == "running"
    assert Move.objects.get(lifecycle="operation", event="restart").actor == "op@market.example"
    assert "op@market.example" in answer.content.decode()
    engine.answer(renewing.call_of(stopped), now=clock.now())
    engine.react(now=clock.now())
    refused = console.post(f"/console/operations/{stopped.pk}/restart/")
    assert refused.status_code == 409
    assert "there is nothing to restart" in refused.content.decode()


def test_a_stopped_renewal_is_paid_back_here(console: Client) -> None:
    """saas-v2 §3.10: nobody else gives the money back."""
    service = held()
    stopped = renewing.stopped(service)
    page = shown(console, f"/console/operations/{stopped.pk}/")
    order = renewing.line_of(stopped).order
    assert f'action="/console/orders/{order.number}/pay-back/"' in page
    before = ledger.buyer_account(service.buyer, "CNY").balance_minor
    console.post(f"/console/orders/{order.number}/pay-back/", {"reason": "agreed"})
    stopped.refresh_from_db()
    assert stopped.status == "gave_up"
    assert ledger.buyer_account(service.buyer, "CNY").balance_minor == before + order.total_minor
    after = shown(console, f"/console/operations/{stopped.pk}/")
    assert "pay-back" not in after
    assert "/restart/" not in after
    assert "agreed" in after


def test_what_ends_no_order_has_nothing_to_pay_back(console: Client) -> None:
    service = held()
    renewing.frozen_by_operator(service)
    freeze = Operation.objects.select_related("call").get(kind="freeze")
    engine.give_up(renewing.call_of(freeze), now=clock.now())
    engine.react(now=clock.now())
    page = shown(console, f"/console/operations/{freeze.pk}/")
    assert "pay-back" not in page
    assert "/restart/" in page


def test_what_stopped_needs_an_operator_until_it_is_resolved(console: Client) -> None:
    """An unresolved failure never disappears because a week has passed."""
    WorkerProcess.objects.create(name="w", started_at=clock.wall(), seen_at=clock.wall())
    service = held()
    assert "Nothing needs you now." in shown(console, "/console/")
    stopped = renewing.stopped(service)
    Operation.objects.filter(pk=stopped.pk).update(created_at=clock.now() - timedelta(days=40))
    page = shown(console, "/console/")
    assert "Stopped operations: 1" in page
    assert f'href="/console/operations/{stopped.pk}/"' in page
    console.post(f"/console/orders/{renewing.line_of(stopped).order.number}/pay-back/", {"reason": "agreed"})
    assert "Nothing needs you now." in shown(console, "/console/")


def test_nothing_needs_you_is_never_said_beside_a_failing_call(console: Client) -> None:
    WorkerProcess.objects.create(name="w", started_at=clock.wall(), seen_at=clock.wall())
    operation = renewing.renewed(held())
    engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    page = shown(console, "/console/")
    assert "1 call fails and is tried again." in page
    assert "Nothing needs you now." not in page


def test_an_order_that_stopped_says_so_in_every_list(console: Client) -> None:
    service = held()
    stopped = renewing.stopped(service)
    for query in ({}, {"status": "stopped"}):
        page = console.get("/console/orders/", query).content.decode()
        row = re.sub(r"\s+", " ", page[page.index(renewing.line_of(stopped).order.number) :].split("</tr>")[0])
        assert "Stopped" in row
        assert "Processing" not in row
    assert "Stopped" in shown(console, f"/console/orders/{renewing.line_of(stopped).order.number}/").split("</h1>")[0]
    other = factories.make_order(paid=True)
    row = console.get("/console/orders/").content.decode()
    assert "Stopped" not in row[row.index(other.number) :].split("</tr>")[0]


@pytest.mark.parametrize("state", ["stopped", "open", "ended"])
def test_a_list_takes_the_same_queries_however_long(console: Client, state: str, django_assert_max_num_queries) -> None:
    def fill() -> None:
        service = held()
        renewing.stopped(service)
        running = held()
        renewing.renewed(running)
        renewing.frozen_by_operator(running)

    counts = []
    for _ in range(2):
        fill()
        with django_assert_max_num_queries(12) as captured:
            assert rows(console, show=state)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_it_speaks_chinese(console: Client) -> None:
    stopped = renewing.stopped(held())
    console.cookies["django_language"] = "zh-hans"
    text = shown(console, f"/console/operations/{stopped.pk}/")
    for word in ("办理", "续费", "已停止", "重新启动"):
        assert word in text
    assert "已停止的办理：1 项" in shown(console, "/console/")

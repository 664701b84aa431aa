"""Operations of a seller: progress, reason to wait, failures, and Restart."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests import factories
from tests.market import engine
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.menus import VIEWER
from tradepost.protocols.commands import Pending, Rejected


@pytest.fixture
def service(shop):
    return renewing.service(shop.seller, now=clock.now() - timedelta(days=1))


def page_at(page, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def rows(page, **query: str) -> list[int]:
    return [row.item.operation.pk for row in page.get("/seller/operations/", query).context["rows"]]


def test_empty_list_explains_itself(page):
    assert "No operations in progress" in page_at(page, "/seller/operations/")
    assert "No stopped operations" in page_at(page, "/seller/operations/?show=stopped")
    assert "No ended operations yet" in page_at(page, "/seller/operations/?show=ended")


def test_operation_shows_its_service_and_links_to_order_and_messages(page, service):
    operation = renewing.renewed(service)
    text = page_at(page, "/seller/operations/")
    assert service.instance_id in text
    assert "Your server is about to be called." in text
    assert f'href="/seller/orders/{renewing.line_of(operation).number}/"' in text
    assert f'href="/seller/messages/{operation.call_id}/"' in page_at(page, f"/seller/operations/{operation.pk}/")
    assert f'href="/seller/operations/{operation.pk}/"' in page_at(page, f"/seller/messages/{operation.call_id}/")


def test_waiting_operation_names_the_one_before_it(page, service):
    renewal = renewing.renewed(service)
    renewing.frozen_by_operator(service)
    behind = Operation.objects.get(kind="freeze")
    assert behind.status == "queued"
    for path in ("/seller/operations/", f"/seller/operations/{behind.pk}/"):
        text = page_at(page, path)
        assert "Waiting for:" in text
        assert f'<a href="/seller/operations/{renewal.pk}/">Renew</a>' in text
    assert rows(page) == [behind.pk, renewal.pk]


@pytest.mark.parametrize(
    ("result", "words"),
    [(engine.LOST, "Response timed out"), (Rejected(code="000005", message="disk full"), "000005"), (Pending(), "is processing it")],
)  # fmt: skip
def test_retried_operation_shows_reason_and_next_try(page, service, result, words):
    operation = renewing.renewed(service)
    engine.answer(renewing.call_of(operation), result, now=clock.now())
    text = page_at(page, "/seller/operations/")
    assert words in text
    assert "Next attempt:" in text or "Next query:" in text
    assert "Try now" in text


def test_stopped_operation_shows_its_reason_and_is_restarted(page, service):
    """saas-v2 §3.10: a renewal is kept, and waits for a manual restart."""
    operation = renewing.stopped(service)
    text = page_at(page, "/seller/operations/?show=stopped")
    assert "Response timed out" in text
    assert f'action="/seller/operations/{operation.pk}/restart/"' in text
    answer = page.post(f"/seller/operations/{operation.pk}/restart/", follow=True)
    assert answer.redirect_chain == [(f"/seller/operations/{operation.pk}/", 302)]
    operation.refresh_from_db()
    assert operation.status == "running"
    assert renewing.call_of(operation).restart
    text = re.sub(r"\s+", " ", answer.content.decode())
    assert f'hx-get="/seller/operations/{operation.pk}/"' in text, "the page follows it"
    engine.answer(renewing.call_of(operation), now=clock.now())
    engine.react(now=clock.now())
    page_text = page_at(page, f"/seller/operations/{operation.pk}/")
    assert "The operation is complete." in page_text
    assert "hx-get" not in page_text.split("<main")[1]
    assert "/restart/" not in page_text


def test_restart_of_an_ended_operation_is_refused_with_an_explanation(page, service):
    operation = Operation.objects.get(kind="open")
    answer = page.post(f"/seller/operations/{operation.pk}/restart/")
    assert answer.status_code == 422
    assert "This operation has ended, so it cannot be restarted" in answer.content.decode()
    operation.refresh_from_db()
    assert operation.status == "done"
    assert page.get(f"/seller/operations/{operation.pk}/restart/").status_code == 405


@pytest.mark.slow
def test_lists_are_filtered_and_filters_are_in_the_address(page, shop, service):
    other = renewing.service(shop.seller)
    opened, second = Operation.objects.filter(kind="open").order_by("pk")
    stopped, running = renewing.stopped(service), renewing.renewed(other)
    assert rows(page) == [running.pk, stopped.pk]
    assert rows(page, show="stopped") == [stopped.pk]
    assert rows(page, show="ended") == [second.pk, opened.pk]
    assert rows(page, show="nonsense") == []
    assert rows(page, q=service.instance_id) == [stopped.pk]
    assert rows(page, q=other.order_line_number.lower(), show="ended") == [second.pk]
    assert rows(page, q=renewing.line_of(stopped).order.number) == [stopped.pk]
    assert rows(page, q="nothing-like-it") == []
    assert 'name="show" value="stopped"' in page_at(page, "/seller/operations/?show=stopped&q=x")


def test_list_is_paged_by_key(page, shop):
    subscription = factories.make_subscription(
        factories.make_order(offer=factories.make_offer(factories.make_product(shop.seller)), paid=True)
    )
    operations = [
        Operation.objects.create(
            lane=f"instance:{subscription.pk}", subscription=subscription, seller=shop.seller, kind="release",
            origin="timer", status="dropped", created_at=clock.now(), ended_at=clock.now(),
        ).pk
        for _ in range(30)
    ]  # fmt: skip
    first = page.get("/seller/operations/", {"show": "ended"}).context["page"]
    second = page.get("/seller/operations/", {"show": "ended", "after": first.next_key}).context["page"]
    assert [row.operation.pk for row in [*first.rows, *second.rows]] == operations[::-1]
    assert second.next_key == ""


@pytest.mark.slow
def test_operation_of_another_seller_is_not_found(page, other_shop):
    foreign = renewing.stopped(renewing.service(other_shop.seller, now=clock.now() - timedelta(days=1)))
    assert rows(page) == []
    assert rows(page, q=renewing.line_of(foreign).number) == []
    assert page.get(f"/seller/operations/{foreign.pk}/").status_code == 404
    assert page.post(f"/seller/operations/{foreign.pk}/restart/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "stopped"


def test_viewer_reads_and_cannot_restart(db):
    shop = make_shop(VIEWER)
    operation = renewing.stopped(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    viewer = enter(shop.owner)
    assert "/restart/" not in page_at(viewer, f"/seller/operations/{operation.pk}/")
    assert viewer.post(f"/seller/operations/{operation.pk}/restart/").status_code == 403
    operation.refresh_from_db()
    assert operation.status == "stopped"


def test_stopped_operation_needs_the_seller_until_it_is_resolved(page, service):
    """It does not disappear after a week."""
    assert "No failed calls" in page_at(page, "/seller/")
    operation = renewing.stopped(service, now=clock.now())
    Operation.objects.filter(pk=operation.pk).update(created_at=clock.now() - timedelta(days=40))
    text = page_at(page, "/seller/")
    assert "1 operation stopped and requires your action" in text
    assert f'href="/seller/operations/{operation.pk}/"' in text
    assert "No failed calls" not in text
    page.post(f"/seller/operations/{operation.pk}/restart/")
    operation.refresh_from_db()
    engine.answer(renewing.call_of(operation), now=clock.now())
    engine.react(now=clock.now())
    assert "No failed calls" in page_at(page, "/seller/")


def test_failing_call_needs_the_seller(page, service):
    operation = renewing.renewed(service)
    engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    text = page_at(page, "/seller/")
    assert "1 call is failing" in text
    assert "No failed calls" not in text


def test_page_is_in_chinese(page, service):
    operation = renewing.stopped(service)
    page.cookies["django_language"] = "zh-hans"
    text = page_at(page, f"/seller/operations/{operation.pk}/")
    for word in ("办理", "续费", "已停止", "重新启动", "当前进展"):
        assert word in text

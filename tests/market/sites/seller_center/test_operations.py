"""Operations of a seller: what is being done to whose service, why it waits, what stopped, and Restart."""

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
def held(shop):
    return renewing.service(shop.seller, now=clock.now() - timedelta(days=1))


def shown(page, path: str) -> str:
    answer = page.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def rows(page, **query: str) -> list[int]:
    return [one["operation"].pk for one in page.get("/seller/operations/", query).context["page"].rows]


def test_an_empty_list_says_what_it_is_for(page):
    assert "Nothing is being done now" in shown(page, "/seller/operations/")
    assert "Nothing stopped" in shown(page, "/seller/operations/?show=stopped")
    assert "Nothing has ended yet" in shown(page, "/seller/operations/?show=ended")


def test_it_says_whose_service_and_leads_to_the_order_and_the_messages(page, held):
    operation = renewing.renewed(held)
    text = shown(page, "/seller/operations/")
    assert held.instance_id in text
    assert "Your server is about to be asked." in text
    assert f'href="/seller/orders/{renewing.line_of(operation).number}/"' in text
    assert f'href="/seller/messages/{operation.call_id}/"' in shown(page, f"/seller/operations/{operation.pk}/")
    assert f'href="/seller/operations/{operation.pk}/"' in shown(page, f"/seller/messages/{operation.call_id}/")


def test_what_waits_says_behind_what(page, held):
    renewal = renewing.renewed(held)
    renewing.frozen_by_operator(held)
    behind = Operation.objects.get(kind="freeze")
    assert behind.status == "queued"
    for path in ("/seller/operations/", f"/seller/operations/{behind.pk}/"):
        text = shown(page, path)
        assert "Waits until this is done:" in text
        assert f'<a href="/seller/operations/{renewal.pk}/">Renew</a>' in text
    assert rows(page) == [behind.pk, renewal.pk]


@pytest.mark.parametrize(
    ("result", "words"),
    [(engine.LOST, "No answer in time"), (Rejected(code="000005", message="disk full"), "000005"), (Pending(), "at work on it")],
)  # fmt: skip
def test_what_is_tried_again_says_why_and_when(page, held, result, words):
    operation = renewing.renewed(held)
    engine.answer(renewing.call_of(operation), result, now=clock.now())
    text = shown(page, "/seller/operations/")
    assert words in text
    assert "Next try:" in text or "Asked again:" in text
    assert "Try now" in text


def test_what_stopped_says_why_and_is_restarted_here(page, held):
    """saas-v2 §3.10: a renewal is kept, and waits for a restart by hand."""
    operation = renewing.stopped(held)
    text = shown(page, "/seller/operations/?show=stopped")
    assert "No answer in time" in text
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
    done = shown(page, f"/seller/operations/{operation.pk}/")
    assert "It is done." in done
    assert "hx-get" not in done.split("<main")[1]
    assert "/restart/" not in done


def test_restarting_what_has_ended_is_refused_in_words(page, held):
    operation = Operation.objects.get(kind="open")
    answer = page.post(f"/seller/operations/{operation.pk}/restart/")
    assert answer.status_code == 409
    assert "there is nothing to restart" in answer.content.decode()
    operation.refresh_from_db()
    assert operation.status == "done"
    assert page.get(f"/seller/operations/{operation.pk}/restart/").status_code == 405


def test_lists_narrow_and_stay_in_the_address(page, shop, held):
    other = renewing.service(shop.seller)
    opened, second = Operation.objects.filter(kind="open").order_by("pk")
    stopped, running = renewing.stopped(held), renewing.renewed(other)
    assert rows(page) == [running.pk, stopped.pk]
    assert rows(page, show="stopped") == [stopped.pk]
    assert rows(page, show="ended") == [second.pk, opened.pk]
    assert rows(page, show="nonsense") == []
    assert rows(page, q=held.instance_id) == [stopped.pk]
    assert rows(page, q=other.order_line_number.lower(), show="ended") == [second.pk]
    assert rows(page, q=renewing.line_of(stopped).order.number) == [stopped.pk]
    assert rows(page, q="nothing-like-it") == []
    assert 'name="show" value="stopped"' in shown(page, "/seller/operations/?show=stopped&q=x")


def test_it_pages_by_key(page, shop):
    subscription = factories.make_subscription(
        factories.make_order(offer=factories.make_offer(factories.make_product(shop.seller)), paid=True)
    )
    made = [
        Operation.objects.create(
            lane=f"instance:{subscription.pk}", subscription=subscription, seller=shop.seller, kind="release",
            origin="timer", status="dropped", created_at=clock.now(), ended_at=clock.now(),
        ).pk
        for _ in range(30)
    ]  # fmt: skip
    first = page.get("/seller/operations/", {"show": "ended"}).context["page"]
    second = page.get("/seller/operations/", {"show": "ended", "after": first.next_key}).context["page"]
    assert [one["operation"].pk for one in [*first.rows, *second.rows]] == made[::-1]
    assert second.next_key == ""


def test_another_sellers_operation_does_not_exist(page, other_shop):
    foreign = renewing.stopped(renewing.service(other_shop.seller, now=clock.now() - timedelta(days=1)))
    assert rows(page) == []
    assert rows(page, q=renewing.line_of(foreign).number) == []
    assert page.get(f"/seller/operations/{foreign.pk}/").status_code == 404
    assert page.post(f"/seller/operations/{foreign.pk}/restart/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "stopped"


def test_a_viewer_looks_and_restarts_nothing(db):
    shop = make_shop(VIEWER)
    operation = renewing.stopped(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    viewer = enter(shop.owner)
    assert "/restart/" not in shown(viewer, f"/seller/operations/{operation.pk}/")
    assert viewer.post(f"/seller/operations/{operation.pk}/restart/").status_code == 403
    operation.refresh_from_db()
    assert operation.status == "stopped"


def test_what_stopped_needs_the_seller_until_it_is_resolved(page, held):
    """It does not leave because a week has passed."""
    assert "Nothing: no call fails" in shown(page, "/seller/")
    operation = renewing.stopped(held, now=clock.now())
    Operation.objects.filter(pk=operation.pk).update(created_at=clock.now() - timedelta(days=40))
    text = shown(page, "/seller/")
    assert "1 operation stopped and waits for you" in text
    assert f'href="/seller/operations/{operation.pk}/"' in text
    assert "Nothing: no call fails" not in text
    page.post(f"/seller/operations/{operation.pk}/restart/")
    operation.refresh_from_db()
    engine.answer(renewing.call_of(operation), now=clock.now())
    engine.react(now=clock.now())
    assert "Nothing: no call fails" in shown(page, "/seller/")


def test_a_failing_call_needs_the_seller(page, held):
    operation = renewing.renewed(held)
    engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    text = shown(page, "/seller/")
    assert "1 call is failing" in text
    assert "Nothing: no call fails" not in text


def test_it_speaks_chinese(page, held):
    operation = renewing.stopped(held)
    page.cookies["django_language"] = "zh-hans"
    text = shown(page, f"/seller/operations/{operation.pk}/")
    for word in ("办理", "续费", "已停止", "重新启动", "当前进展"):
        assert word in text

"""Interface messages (saas-v2 §7): request, response, reason of a failure, and Restart."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.html import escape

from tests.factories import buying, people, products
from tests.market import engine
from tests.market.sites import renewing
from tradepost.market.base import clock
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.production.models import Address, Call
from tradepost.protocols import registry
from tradepost.protocols.commands import (
    Done,
    Fault,
    InstanceStatus,
    Refresh,
    Rejected,
    Scene,
    SetStatus,
    Unreachable,
)
from tradepost.protocols.http import Request


@pytest.fixture
def order(shop):
    return buying.make_order(offer=products.make_offer(products.make_product(shop.seller)), paid=True)


@pytest.fixture
def call(order) -> Call:
    """Tried twice without success."""
    call = buying.make_call(order)
    for _ in range(2):
        call = engine.answer(call, http_fault("HTTP status 502; expected 200"), now=clock.now())
    return call


def http_fault(detail: str) -> Unreachable:
    return Unreachable(fault=Fault.HTTP_STATUS, detail=detail)


def page_of(page, call: Call) -> str:
    return page.get(f"/seller/messages/{call.pk}/").content.decode()


def test_both_sides_of_an_attempt_are_shown_unchanged(page, call):
    url = "http://127.0.0.1:9/produce?signature=AB&timestamp=1&nonce=N"
    engine.answer(
        call, Rejected(code="000106", message="sold out today"), now=clock.now(),
        request=Request("POST", url, engine.JSON, b'{"activity":"newInstance"}'),
        response=engine.told('{"resultCode":"000106"}', headers=(("bOdY-SiGn", "x"),)),
    )  # fmt: skip

    text = page_of(page, call)

    assert escape("POST http://127.0.0.1:9/produce?signature=AB&timestamp=1&nonce=N") in text
    assert escape('{"activity":"newInstance"}') in text
    assert "bOdY-SiGn: x" in text
    assert escape('{"resultCode":"000106"}') in text
    assert escape("000106 the product's resources are sold out") in text
    assert "Add resources and restart the call" in text
    assert "sold out today" in text
    assert "curl --silent" in text
    # A line that is too old explains how to get a current one, in every version.
    assert escape(f"tradepost sign '{url}' --protocol saas_v2 --data '{{\"activity\":\"newInstance\"}}'") in text
    assert "42 ms" in text or "41 ms" in text


def test_response_of_a_seller_is_escaped(page, call):
    hostile = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    answered = engine.told(hostile, status=500, headers=((hostile, hostile),))
    engine.answer(call, http_fault(hostile), now=clock.now(), response=answered)
    Call.objects.filter(pk=call.pk).update(instance_id="<b>x</b>", last_verdict="<i>odd")

    for path in (
        f"/seller/messages/{call.pk}/",
        "/seller/messages/",
        f"/seller/orders/{call.order_line_number}/",
        "/seller/",
    ):
        text = page.get(path).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>x" not in text
        assert "<i>odd" not in text


def test_plan_and_next_try_are_shown(page, call):
    text = page_of(page, call)

    assert "Next attempt:" in text
    assert "Retry plan: every 1 hour until" in text


def test_page_polls_only_while_a_call_is_in_progress(page, call):
    assert "hx-get" not in page_of(page, call).partition("<main")[2]

    leased = engine.lease(call, now=clock.now())

    live = f"/seller/messages/{call.pk}/live/"
    assert f'hx-get="{live}"' in page_of(page, call)
    assert "<html" not in page.get(live).content.decode()
    engine.end(leased, Done(instance_id="i-1"), now=clock.now())
    assert "hx-get" not in page.get(live).content.decode()


def test_restart_makes_the_call_due_now(page, shop):
    """saas-v2 §7: during the retry time a restart is an extra attempt."""
    operation = renewing.renewed(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    call = engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    assert call.due_at > clock.now()

    answer = page.post(f"/seller/messages/{call.pk}/restart/")

    call.refresh_from_db()
    assert answer.headers["Location"] == f"/seller/messages/{call.pk}/"
    assert call.restart is True
    assert call.due_at <= clock.now()


def test_restart_of_a_call_with_a_stopped_operation_restarts_the_operation(page, shop):
    stopped = renewing.stopped(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    assert f'action="/seller/messages/{stopped.call_id}/restart/"' in page_of(page, renewing.call_of(stopped))

    page.post(f"/seller/messages/{stopped.call_id}/restart/")

    stopped.refresh_from_db()
    assert stopped.status == "running"


def lease_call(call: Call) -> None:
    engine.lease(call, now=clock.now())


def complete_call(call: Call) -> None:
    engine.answer(call, now=clock.now())
    engine.react(now=clock.now())


def replace_call(call: Call) -> None:
    """Another call replaced it: nothing waits for this one."""
    engine.give_up(call, now=clock.now())
    Operation.objects.filter(call=call).update(call=None)


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lease_call, "This call is in progress. Wait for the response"),
        (complete_call, "This operation has ended, so it cannot be restarted"),
        (replace_call, "No operation is waiting for this call"),
    ],
)
def test_impossible_restart_is_refused_with_an_explanation(page, shop, happens, words):
    call = renewing.call_of(renewing.renewed(renewing.service(shop.seller, now=clock.now() - timedelta(days=1))))
    happens(call)
    assert "/restart/" not in page_of(page, call)

    answer = page.post(f"/seller/messages/{call.pk}/restart/")

    call.refresh_from_db()
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert call.restart is False


def test_restart_needs_post(page, call):
    assert page.get(f"/seller/messages/{call.pk}/restart/").status_code == 405


def test_filters_narrow_the_list_and_are_in_the_address(page, order, call):
    answered = engine.answer(buying.make_call(order), now=clock.now())
    held_call = buying.make_call(order, state=State.HELD, hold="breaker", last_verdict="connect")

    def found(**query: str) -> list[int]:
        return [c.pk for c, _ in page.get("/seller/messages/", query).context["rows"]]

    assert found() == [held_call.pk, answered.pk, call.pk]
    assert found(state="done") == [answered.pk]
    assert found(state="held") == [held_call.pk]
    assert found(state="waiting") == [call.pk]
    assert found(state="failing") == [held_call.pk, call.pk]
    assert found(reason="connect") == [held_call.pk]
    assert found(order=call.order_number.lower()) == [held_call.pk, answered.pk, call.pk]
    assert found(order=call.order_line_number, state="done") == [answered.pk]
    assert found(activity="releaseInstance") == []
    assert found(state="nonsense") == []
    assert found(address=str(call.address_id)) == [held_call.pk, answered.pk, call.pk]
    assert found(address="x") == []
    text = page.get("/seller/messages/", {"state": "held", "reason": "connect"}).content.decode()
    assert text.count("selected") == 2


def test_times_of_calls_have_seconds(page, call):
    """Calls of one minute can be distinguished, and found in the seller's own log."""
    at = call.created_at.replace(second=7)
    Call.objects.filter(pk=call.pk).update(created_at=at)

    assert ":07 <span" in page.get("/seller/messages/").content.decode()
    assert ":07 <span" in page_of(page, call)


def test_renewal_and_freeze_are_distinguished_from_similar_calls(page, order):
    """saas-v2 §3.3, §3.4: one activity, distinguished by its scene or its status."""
    frozen = SetStatus(instance_id="i-1", status=InstanceStatus.FREEZE)
    line = f"{order.number}-000001"
    renewed = Refresh(
        instance_id="i-1", scene=Scene.RENEWAL, order_id=order.number, order_line_id=line, expires_at=people.NOW
    )
    calls = [buying.make_call(order, command=command) for command in (frozen, renewed)]

    listed = page.get("/seller/messages/").content.decode()

    for call, words in zip(calls, ("updateInstanceStatus FREEZE", "refreshInstance RENEWAL"), strict=True):
        activity, variant = words.split()
        assert re.search(rf">{activity}</a>\s*<span class=\"tp-id\">{variant}</span>", listed)
        assert f'<h1 class="tp-id">{words}</h1>' in page_of(page, call)


def test_filter_offers_only_activities_of_the_addresses_protocols(page, shop):
    """A seller of SaaS 2.0 sees its seven activities first, not the thirty of all protocols."""
    saas, code = (
        Address.objects.create(
            seller=shop.seller, url=f"http://127.0.0.1:9/{name}", protocol=name, created_at=people.NOW
        )
        for name in ("saas_v2", "license_v1")
    )

    def offered(**query: str) -> list[str]:
        return [word for word, _ in page.get("/seller/messages/", query).context["activities"]]

    own, other = (list(registry.protocol(name).activities.values()) for name in ("saas_v2", "license_v1"))
    assert offered() == [*own, *other]
    assert offered(address=str(saas.pk)) == own
    assert offered(address=str(code.pk)) == other
    assert offered(address=str(code.pk), activity="newInstance") == [*other, "newInstance"]


def test_list_is_paged_by_key(page, order):
    calls = [buying.make_call(order).pk for _ in range(30)]

    first = page.get("/seller/messages/").context["page"]
    second = page.get("/seller/messages/", {"after": first.next_key}).context["page"]

    assert [c.pk for c in [*first.rows, *second.rows]] == sorted(calls, reverse=True)
    assert second.next_key == ""

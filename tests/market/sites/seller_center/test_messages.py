"""Interface messages (saas-v2 §7): what was sent, what came back, why it failed, and Restart."""

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
    """Tried twice, in vain."""
    call = buying.make_call(order)
    for _ in range(2):
        call = engine.answer(call, broken("HTTP status 502; expected 200"), now=clock.now())
    return call


def broken(detail: str) -> Unreachable:
    return Unreachable(fault=Fault.HTTP_STATUS, detail=detail)


def shown(page, call: Call) -> str:
    return page.get(f"/seller/messages/{call.pk}/").content.decode()


def test_shows_both_sides_of_an_attempt_as_they_were(page, call):
    url = "http://127.0.0.1:9/produce?signature=AB&timestamp=1&nonce=N"
    engine.answer(
        call, Rejected(code="000106", message="sold out today"), now=clock.now(),
        request=Request("POST", url, engine.JSON, b'{"activity":"newInstance"}'),
        response=engine.told('{"resultCode":"000106"}', headers=(("bOdY-SiGn", "x"),)),
    )  # fmt: skip

    text = shown(page, call)

    assert escape("POST http://127.0.0.1:9/produce?signature=AB&timestamp=1&nonce=N") in text
    assert escape('{"activity":"newInstance"}') in text
    assert "bOdY-SiGn: x" in text
    assert escape('{"resultCode":"000106"}') in text
    assert escape("000106 the product's resources are sold out") in text
    assert "Add resources and restart the call" in text
    assert "sold out today" in text
    assert "curl --silent" in text
    # A line that is too old says how to get a fresh one, in every version.
    assert escape(f"tradepost sign '{url}' --protocol saas_v2 --data '{{\"activity\":\"newInstance\"}}'") in text
    assert "42 ms" in text or "41 ms" in text


def test_what_a_seller_answers_never_becomes_markup(page, call):
    hostile = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    answered = engine.told(hostile, status=500, headers=((hostile, hostile),))
    engine.answer(call, broken(hostile), now=clock.now(), response=answered)
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


def test_says_the_plan_and_the_next_try(page, call):
    text = shown(page, call)

    assert "Next try:" in text
    assert "Plan: tried every 1 hour until" in text


def test_a_call_that_rests_is_not_polled_and_one_in_flight_is(page, call):
    assert "hx-get" not in shown(page, call)

    leased = engine.lease(call, now=clock.now())

    live = f"/seller/messages/{call.pk}/live/"
    assert f'hx-get="{live}"' in shown(page, call)
    assert "<html" not in page.get(live).content.decode()
    engine.end(leased, Done(instance_id="i-1"), now=clock.now())
    assert "hx-get" not in page.get(live).content.decode()


def test_restart_makes_it_due_now(page, shop):
    """saas-v2 §7: during the retry time a restart is an extra attempt."""
    operation = renewing.renewed(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    call = engine.answer(renewing.call_of(operation), engine.REFUSED_CONNECTION, now=clock.now())
    assert call.due_at > clock.now()

    answer = page.post(f"/seller/messages/{call.pk}/restart/")

    call.refresh_from_db()
    assert answer.headers["Location"] == f"/seller/messages/{call.pk}/"
    assert call.restart is True
    assert call.due_at <= clock.now()


def test_restart_of_a_call_whose_operation_stopped_restarts_the_operation(page, shop):
    stopped = renewing.stopped(renewing.service(shop.seller, now=clock.now() - timedelta(days=1)))
    assert f'action="/seller/messages/{stopped.call_id}/restart/"' in shown(page, renewing.call_of(stopped))

    page.post(f"/seller/messages/{stopped.call_id}/restart/")

    stopped.refresh_from_db()
    assert stopped.status == "running"


def in_flight(call: Call) -> None:
    engine.lease(call, now=clock.now())


def done(call: Call) -> None:
    engine.answer(call, now=clock.now())
    engine.react(now=clock.now())


def replaced(call: Call) -> None:
    """Another call took its place: nothing waits for this one."""
    engine.give_up(call, now=clock.now())
    Operation.objects.filter(call=call).update(call=None)


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (in_flight, "being made right now"),
        (done, "there is nothing to restart"),
        (replaced, "Nothing waits for this call"),
    ],
)
def test_restart_of_what_cannot_be_restarted_is_refused_in_words(page, shop, happens, words):
    call = renewing.call_of(renewing.renewed(renewing.service(shop.seller, now=clock.now() - timedelta(days=1))))
    happens(call)
    assert "/restart/" not in shown(page, call)

    answer = page.post(f"/seller/messages/{call.pk}/restart/")

    call.refresh_from_db()
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert call.restart is False


def test_restart_only_by_post(page, call):
    assert page.get(f"/seller/messages/{call.pk}/restart/").status_code == 405


def test_filters_narrow_the_list_and_stay_in_the_address(page, order, call):
    done = engine.answer(buying.make_call(order), now=clock.now())
    held = buying.make_call(order, state=State.HELD, hold="breaker", last_verdict="connect")

    def found(**query: str) -> list[int]:
        return [c.pk for c, _ in page.get("/seller/messages/", query).context["rows"]]

    assert found() == [held.pk, done.pk, call.pk]
    assert found(state="done") == [done.pk]
    assert found(state="held") == [held.pk]
    assert found(state="waiting") == [call.pk]
    assert found(state="failing") == [held.pk, call.pk]
    assert found(reason="connect") == [held.pk]
    assert found(order=call.order_number.lower()) == [held.pk, done.pk, call.pk]
    assert found(order=call.order_line_number, state="done") == [done.pk]
    assert found(activity="releaseInstance") == []
    assert found(state="nonsense") == []
    assert found(address=str(call.address_id)) == [held.pk, done.pk, call.pk]
    assert found(address="x") == []
    text = page.get("/seller/messages/", {"state": "held", "reason": "connect"}).content.decode()
    assert text.count("selected") == 2


def test_times_of_calls_have_their_seconds(page, call):
    """Calls of one minute are told apart, and found again in the seller's own log."""
    at = call.created_at.replace(second=7)
    Call.objects.filter(pk=call.pk).update(created_at=at)

    assert ":07 <span" in page.get("/seller/messages/").content.decode()
    assert ":07 <span" in shown(page, call)


def test_a_renewal_and_a_freeze_are_told_from_their_likes(page, order):
    """saas-v2 §3.3, §3.4: one activity, told apart by its scene or its status."""
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
        assert f'<h1 class="tp-id">{words}</h1>' in shown(page, call)


def test_the_activities_offered_are_those_of_the_addresses_own_protocols(page, shop):
    """A seller of SaaS 2.0 need not look for its seven among the thirty of all protocols."""
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


def test_pages_by_key(page, order):
    calls = [buying.make_call(order).pk for _ in range(30)]

    first = page.get("/seller/messages/").context["page"]
    second = page.get("/seller/messages/", {"after": first.next_key}).context["page"]

    assert [c.pk for c in [*first.rows, *second.rows]] == sorted(calls, reverse=True)
    assert second.next_key == ""

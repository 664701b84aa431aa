"""The operator's page of a service: found, read, frozen, lifted, ended, each with its reason; and what its buyer then reads."""

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
from tradepost.market.fulfilment.models import Operation
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
WHY = "It sends spam; see ticket 12."


@pytest.fixture
def console() -> Client:
    return enter(factories.make_operator(email="op@market.example"))


def held() -> Subscription:
    return renewing.service(now=clock.now() - timedelta(days=1))


def shown(client: Client, path: str, status: int = 200, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def found(console: Client, **query: str) -> list[int]:
    return [one.pk for one in console.get("/console/services/", query).context["page"].rows]


def test_a_service_is_found_by_what_people_have(console: Client) -> None:
    assert "No service yet" in shown(console, "/console/services/")
    one, other = held(), held()
    order = one.order_line_number.rpartition("-")[0]
    assert found(console) == [other.pk, one.pk]
    for text in (one.instance_id, order, order.lower(), one.order_line_number, order[-7:], one.buyer.email.upper()):
        assert found(console, q=text) == [one.pk], text
    assert found(console, q="nothing-like-it") == found(console, status="nonsense") == found(console, seller="x") == []
    assert found(console, seller=str(one.seller_id), status="active") == [one.pk]
    renewing.frozen_by_operator(one)
    assert found(console, status="frozen") == found(console, status="by_hand") == [one.pk]
    assert "No service fits" in shown(console, "/console/services/", q="nothing-like-it")


def test_the_page_tells_who_holds_what_its_money_and_its_calls(console: Client) -> None:
    service = held()
    stopped = renewing.stopped(service)
    text = shown(console, f"/console/services/{service.pk}/")
    for words in (
        str(service.buyer), service.instance_id, service.order_line_number, "The seller's", "refreshInstance",
        "newInstance", "No answer in time", "As the seller's last answer said.",
    ):  # fmt: skip
        assert words in text, words
    assert f'href="/console/operations/{stopped.pk}/"' in text
    assert f'href="/console/services/{service.pk}/explain/"' in text
    assert f'href="/console/services/{service.pk}/"' in shown(console, f"/console/operations/{stopped.pk}/")
    number = service.order_line_number.rpartition("-")[0]
    assert f'href="/console/services/{service.pk}/"' in shown(console, f"/console/orders/{number}/")
    shown(console, "/console/services/4711/", 404)


def test_it_is_frozen_and_its_buyer_reads_why(console: Client) -> None:
    """saas-v2 §3.4; product rule: who is locked out is told by whom and why."""
    service = held()
    url = f"/console/services/{service.pk}/"
    assert console.get(f"{url}freeze/").status_code == 405
    empty = console.post(f"{url}freeze/", {"reason": " "})
    assert (empty.status_code, Freeze.objects.count()) == (422, 0)
    assert "data-dialog-open" in empty.content.decode()
    done = console.post(f"{url}freeze/", {"reason": WHY}, follow=True)
    assert done.redirect_chain == [(url, 302)]
    page = re.sub(r"\s+", " ", done.content.decode())
    assert WHY in page
    assert "op@market.example" in page
    assert f'action="{url}lift/"' in page
    assert f'action="{url}freeze/"' not in page
    refused = console.post(f"{url}freeze/", {"reason": "Another one."})
    assert refused.status_code == 409
    assert "An operator has frozen this service already" in refused.content.decode()

    engine.react(now=clock.now())
    buyer = enter(service.buyer)
    theirs = shown(buyer, f"/services/{service.pk}/")
    assert f"Reason: {WHY}" in theirs
    assert "op@market.example" not in theirs, "who of the operators did it is the market's own"
    assert f'href="/services/{service.pk}/renew/"' not in theirs
    assert WHY in shown(buyer, "/notices/")


def test_it_is_lifted_and_the_history_says_so(console: Client) -> None:
    service = held()
    url = f"/console/services/{service.pk}/"
    console.post(f"{url}freeze/", {"reason": WHY})
    console.post(f"{url}lift/", {"reason": "Mended by the buyer."})
    service.refresh_from_db()
    assert service.status == "active"
    page = shown(console, url)
    assert "The operator's freeze was lifted" in page
    assert "Mended by the buyer. · op@market.example" in page
    again = console.post(f"{url}lift/", {"reason": "Mended by the buyer."})
    assert (again.status_code, "No operator has frozen" in again.content.decode()) == (409, True)


def test_it_is_ended_after_being_told_what_goes_back(console: Client) -> None:
    service = held()
    renewal = renewing.renewed(service)
    engine.answer(renewing.call_of(renewal), now=clock.now())
    engine.react(now=clock.now())
    url = f"/console/services/{service.pk}/"
    asked = shown(console, url)
    assert "This cannot be undone." in asked
    assert "100.00 is refunded to the buyer" in asked
    console.post(f"{url}release/", {"reason": WHY})
    service.refresh_from_db()
    assert service.status == "releasing"
    page = shown(console, url)
    assert "Ended by an operator" in page
    assert "Taken back" in page
    assert "/release/" not in page
    assert Operation.objects.get(kind="release").actor == "op@market.example"
    assert console.post(f"{url}release/", {"reason": WHY}).status_code == 409


def test_its_seller_reads_what_was_done_and_why(console: Client) -> None:
    member = factories.make_buyer()
    service = renewing.service(factories.make_seller(member=member), now=clock.now() - timedelta(days=1))
    url, line = f"/console/services/{service.pk}/", f"/seller/orders/{service.order_line_number}/"
    for act, reason in (("freeze", WHY), ("lift", "Mended by the buyer."), ("release", "Agreed with the buyer.")):
        console.post(f"{url}{act}/", {"reason": reason})
    engine.react(now=clock.now())
    page = shown(enter(member), line)
    for words in (
        "Instance frozen", WHY, "The operator's freeze was lifted", "Mended by the buyer.", "Ended by an operator",
        "Agreed with the buyer.",
    ):  # fmt: skip
        assert words in page, words
    assert "op@market.example" not in page
    told = shown(enter(member), "/seller/notices/")
    assert "The operator has ended a service of" in told
    assert f'href="{line}explain/"' in page
    assert "All agree." in shown(enter(member), f"{line}explain/")


@pytest.mark.parametrize("act", ["freeze", "lift", "release"])
def test_nobody_else_does_it(act: str) -> None:
    service = held()
    url = f"/console/services/{service.pk}/{act}/"
    assert enter(service.buyer).post(url, {"reason": WHY}).status_code == 404
    assert Client().post(url, {"reason": WHY}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.make_operator())
    assert strict.post(url, {"reason": WHY}).status_code == 403
    assert not Freeze.objects.exists()
    assert Subscription.objects.get().status == "active"


def test_lists_and_pages_take_the_same_queries_however_much_there_is(
    console: Client, django_assert_max_num_queries
) -> None:
    counts = []
    for _ in range(2):
        service = held()
        renewing.stopped(service)
        with django_assert_max_num_queries(26) as captured:
            shown(console, "/console/services/")
            shown(console, f"/console/services/{service.pk}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_each_amount_leads_to_how_it_came_about(console: Client) -> None:
    service = held()
    number = service.order_line_number.rpartition("-")[0]
    assert f'href="/console/orders/{number}/explain/"' in shown(console, f"/console/orders/{number}/")
    assert f'href="/console/orders/{number}/explain/"' in shown(console, "/console/ledger/")
    for path in (f"/console/orders/{number}/explain/", f"/console/services/{service.pk}/explain/"):
        text = shown(console, path)
        assert "All agree." in text
        assert "Differs" not in text
    buyer = enter(service.buyer)
    for path in (f"/orders/{number}/", "/balance/"):
        assert f'href="/orders/{number}/explain/"' in shown(buyer, path)
    assert f'href="/services/{service.pk}/explain/"' in shown(buyer, f"/services/{service.pk}/")
    theirs = shown(buyer, f"/orders/{number}/explain/")
    assert "All agree." in theirs
    assert "seller has earned" not in theirs
    shown(enter(factories.make_buyer()), f"/orders/{number}/explain/", 404)
    Subscription.objects.get(pk=service.pk).order_lines.update(amount_minor=1)
    assert "Differs" in shown(buyer, f"/orders/{number}/explain/")


def test_it_speaks_chinese(console: Client) -> None:
    service = held()
    console.cookies["django_language"] = "zh-hans"
    assert "服务" in shown(console, "/console/services/")
    for word in ("冻结", "终止服务", "付费时间与款项"):
        assert word in shown(console, f"/console/services/{service.pk}/")

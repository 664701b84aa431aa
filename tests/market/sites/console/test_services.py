"""The operator's page of a service: found, read, frozen, unfrozen, ended, each with a reason; and the buyer's view of
it."""

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


def make_service() -> Subscription:
    return renewing.service(now=clock.now() - timedelta(days=1))


def page_at(client: Client, path: str, status: int = 200, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def search(console: Client, **query: str) -> list[int]:
    return [row.pk for row in console.get("/console/services/", query).context["page"].rows]


@pytest.mark.slow
def test_service_is_found_by_numbers_and_names(console: Client) -> None:
    assert "No services yet" in page_at(console, "/console/services/")
    subscription, other = make_service(), make_service()
    order = subscription.order_line_number.rpartition("-")[0]
    assert search(console) == [other.pk, subscription.pk]
    for text in (
        subscription.instance_id,
        order,
        order.lower(),
        subscription.order_line_number,
        order[-7:],
        subscription.buyer.email.upper(),
    ):
        assert search(console, q=text) == [subscription.pk], text
    assert (
        search(console, q="nothing-like-it") == search(console, status="nonsense") == search(console, seller="x") == []
    )
    assert search(console, seller=str(subscription.seller_id), status="active") == [subscription.pk]
    renewing.frozen_by_operator(subscription)
    assert search(console, status="frozen") == search(console, status="by_hand") == [subscription.pk]
    assert "No services found" in page_at(console, "/console/services/", q="nothing-like-it")


def test_page_shows_buyer_seller_money_and_calls(console: Client) -> None:
    service = make_service()
    stopped = renewing.stopped(service)
    text = page_at(console, f"/console/services/{service.pk}/")
    for words in (
        str(service.buyer), service.instance_id, service.order_line_number, "Earned by the seller", "refreshInstance",
        "newInstance", "Response timed out", "According to the seller's last response.",
    ):  # fmt: skip
        assert words in text, words
    assert f'href="/console/operations/{stopped.pk}/"' in text
    assert f'href="/console/services/{service.pk}/explain/"' in text
    assert f'href="/console/services/{service.pk}/"' in page_at(console, f"/console/operations/{stopped.pk}/")
    number = service.order_line_number.rpartition("-")[0]
    assert f'href="/console/services/{service.pk}/"' in page_at(console, f"/console/orders/{number}/")
    page_at(console, "/console/services/4711/", 404)


@pytest.mark.slow
def test_service_is_frozen_and_its_buyer_reads_why(console: Client) -> None:
    """saas-v2 §3.4; product rule: a locked-out buyer sees by whom and why."""
    service = make_service()
    url = f"/console/services/{service.pk}/"
    assert console.get(f"{url}freeze/").status_code == 405
    empty = console.post(f"{url}freeze/", {"reason": " "})
    assert (empty.status_code, Freeze.objects.count()) == (422, 0)
    assert "data-dialog-open" in empty.content.decode()
    response = console.post(f"{url}freeze/", {"reason": WHY}, follow=True)
    assert response.redirect_chain == [(url, 302)]
    page = re.sub(r"\s+", " ", response.content.decode())
    assert WHY in page
    assert "op@market.example" in page
    assert f'action="{url}lift/"' in page
    assert f'action="{url}freeze/"' not in page
    refused = console.post(f"{url}freeze/", {"reason": "Another one."})
    assert refused.status_code == 422
    assert "An operator has already frozen this service. Lift that freeze first" in refused.content.decode()

    engine.react(now=clock.now())
    buyer = enter(service.buyer)
    theirs = page_at(buyer, f"/services/{service.pk}/")
    assert f"Reason: {WHY}" in theirs
    assert "op@market.example" not in theirs, "who of the operators did it is the market's own"
    assert f'href="/services/{service.pk}/renew/"' not in theirs
    assert WHY in page_at(buyer, "/notices/")


@pytest.mark.slow
def test_freeze_is_lifted_and_recorded(console: Client) -> None:
    service = make_service()
    url = f"/console/services/{service.pk}/"
    console.post(f"{url}freeze/", {"reason": WHY})
    console.post(f"{url}lift/", {"reason": "Mended by the buyer."})
    service.refresh_from_db()
    assert service.status == "active"
    page = page_at(console, url)
    assert "The operator's freeze was lifted" in page
    assert "Mended by the buyer. · op@market.example" in page
    response = console.post(f"{url}lift/", {"reason": "Mended by the buyer."})
    assert (response.status_code, "No operator has frozen" in response.content.decode()) == (422, True)


@pytest.mark.slow
def test_service_is_ended_after_its_refund_was_shown(console: Client) -> None:
    service = make_service()
    renewal = renewing.renewed(service)
    engine.answer(renewing.call_of(renewal), now=clock.now())
    engine.react(now=clock.now())
    url = f"/console/services/{service.pk}/"
    confirmation = page_at(console, url)
    assert "This cannot be undone." in confirmation
    assert "100.00 is refunded to the buyer" in confirmation
    console.post(f"{url}release/", {"reason": WHY})
    service.refresh_from_db()
    assert service.status == "releasing"
    page = page_at(console, url)
    assert "Ended by an operator" in page
    assert "Taken back" in page
    assert "/release/" not in page
    assert Operation.objects.get(kind="release").actor == "op@market.example"
    assert console.post(f"{url}release/", {"reason": WHY}).status_code == 422


@pytest.mark.slow
def test_seller_reads_the_act_and_its_reason(console: Client) -> None:
    member = factories.make_buyer()
    service = renewing.service(factories.make_seller(member=member), now=clock.now() - timedelta(days=1))
    url, line = f"/console/services/{service.pk}/", f"/seller/orders/{service.order_line_number}/"
    for act, reason in (("freeze", WHY), ("lift", "Mended by the buyer."), ("release", "Agreed with the buyer.")):
        console.post(f"{url}{act}/", {"reason": reason})
    engine.react(now=clock.now())
    page = page_at(enter(member), line)
    for words in (
        "Instance frozen", WHY, "The operator's freeze was lifted", "Mended by the buyer.", "Ended by an operator",
        "Agreed with the buyer.",
    ):  # fmt: skip
        assert words in page, words
    assert "op@market.example" not in page
    notices = page_at(enter(member), "/seller/notices/")
    assert "The operator has ended a service of" in notices
    assert f'href="{line}explain/"' in page
    assert "recomputed from the stored data and agree." in page_at(enter(member), f"{line}explain/")


@pytest.mark.parametrize("act", ["freeze", "lift", "release"])
def test_only_operators_act_on_services(act: str) -> None:
    service = make_service()
    url = f"/console/services/{service.pk}/{act}/"
    assert enter(service.buyer).post(url, {"reason": WHY}).status_code == 404
    assert Client().post(url, {"reason": WHY}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.make_operator())
    assert strict.post(url, {"reason": WHY}).status_code == 403
    assert not Freeze.objects.exists()
    assert Subscription.objects.get().status == "active"


@pytest.mark.slow
def test_lists_and_pages_take_the_same_queries_for_any_amount_of_data(
    console: Client, django_assert_max_num_queries
) -> None:
    counts = []
    for _ in range(2):
        service = make_service()
        renewing.stopped(service)
        with django_assert_max_num_queries(26) as captured:
            page_at(console, "/console/services/")
            page_at(console, f"/console/services/{service.pk}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_each_amount_links_to_its_explanation(console: Client) -> None:
    service = make_service()
    number = service.order_line_number.rpartition("-")[0]
    assert f'href="/console/orders/{number}/explain/"' in page_at(console, f"/console/orders/{number}/")
    assert f'href="/console/orders/{number}/explain/"' in page_at(console, "/console/ledger/")
    for path in (f"/console/orders/{number}/explain/", f"/console/services/{service.pk}/explain/"):
        text = page_at(console, path)
        assert "recomputed from the stored data and agree." in text
        assert "Differs" not in text
    buyer = enter(service.buyer)
    for path in (f"/orders/{number}/", "/balance/"):
        assert f'href="/orders/{number}/explain/"' in page_at(buyer, path)
    assert f'href="/services/{service.pk}/explain/"' in page_at(buyer, f"/services/{service.pk}/")
    theirs = page_at(buyer, f"/orders/{number}/explain/")
    assert "recomputed from the stored data and agree." in theirs
    assert "seller has earned" not in theirs
    page_at(enter(factories.make_buyer()), f"/orders/{number}/explain/", 404)
    Subscription.objects.get(pk=service.pk).order_lines.update(amount_minor=1)
    assert "Differs" in page_at(buyer, f"/orders/{number}/explain/")


def test_page_is_in_chinese(console: Client) -> None:
    service = make_service()
    console.cookies["django_language"] = "zh-hans"
    assert "服务" in page_at(console, "/console/services/")
    for word in ("冻结", "终止服务", "付费时间与款项"):
        assert word in page_at(console, f"/console/services/{service.pk}/")

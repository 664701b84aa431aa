"""Unsubscribing in the browser: the amount shown is refunded, once; a refund is requested, answered and read by the
right people."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories
from tests.factories.pictures import PDF
from tests.market.engine import react
from tests.market.fulfilment.services import again, done, failed, open_call, renewed, service
from tests.market.fulfilment.unsubscribing import PRICE, balance
from tradepost.market.base import clock
from tradepost.market.identity.models import Member, User
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.subscriptions.models import Period, Subscription

pytestmark = [pytest.mark.django_db]


def logged_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def make_young_service(spoken: str = "saas_v2", *, members: int = 0) -> Subscription:
    """A service delivered an hour ago, by the pages' clock."""
    subscription, at = service(spoken, members=members), clock.now() - timedelta(hours=1)
    Period.objects.filter(subscription=subscription).update(starts_at=at, ends_at=at + timedelta(days=31))
    Subscription.objects.filter(pk=subscription.pk).update(started_at=at, expires_at=at + timedelta(days=31))
    return again(subscription)


def inputs(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(way|back|once)"\s+value="([^"]*)"', page))


def page_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return re.sub(r"[ \n]+", " ", answer.content.decode())


@pytest.mark.slow
def test_shown_amount_is_refunded_once() -> None:
    """A double click and a page submitted again lead to the same refund."""
    subscription = make_young_service()
    buyer = logged_in(subscription.buyer)
    address, before = f"/services/{subscription.pk}/unsubscribe/", balance(subscription)
    assert f'href="{address}"' in page_of(buyer, f"/services/{subscription.pk}/")
    page = page_of(buyer, address)
    assert "End the service and get a refund of ¥ 100.00" in page.replace("\xa0", " ")
    data = inputs(page)
    assert (data["way"], data["back"]) == ("no_reason", str(PRICE))
    refused = buyer.post(address, data)
    assert (refused.status_code, Refund.objects.count()) == (422, 0)
    first, second = (buyer.post(address, data | {"agreed": "on"}) for _ in range(2))
    refund = Refund.objects.get()
    assert first["Location"] == second["Location"] == f"/refunds/{refund.pk}/"
    assert balance(subscription) == before + PRICE
    assert refund.order is not None
    assert buyer.get(f"/orders/{refund.order.number}/")["Location"] == f"/refunds/{refund.pk}/"
    bought = subscription.order_line_number.rpartition("-")[0]
    assert "of this order was refunded to your balance" in page_of(buyer, f"/orders/{bought}/")
    assert "This service has ended" in page_of(buyer, address)
    for shown in ("/orders/", "/refunds/", "/balance/", f"/services/{subscription.pk}/", "/notices/"):
        page_of(buyer, shown)


@pytest.mark.parametrize(("back", "status"), [("1", 422), ("", 422), ("-5", 422), ("9" * 400, 422), ("abc", 422)])
def test_amount_that_was_not_shown_is_refused(back: str, status: int) -> None:
    subscription = make_young_service()
    before = balance(subscription)
    answer = logged_in(subscription.buyer).post(
        f"/services/{subscription.pk}/unsubscribe/", {"way": "no_reason", "back": back, "agreed": "on"}
    )
    assert (answer.status_code, balance(subscription), Refund.objects.count()) == (status, before, 0)


@pytest.mark.slow
def test_both_ways_are_shown_and_the_renewal_alone_is_refunded() -> None:
    subscription = make_young_service()
    renewed(subscription, now=clock.now())
    done(open_call(), now=clock.now())
    buyer, address = logged_in(subscription.buyer), f"/services/{subscription.pk}/unsubscribe/"
    page = page_of(buyer, address)
    assert "Cancel the renewal that has not started" in page
    assert "Unsubscribe without a reason" in page
    renewal = Order.objects.get(order_type="RENEW")
    answer = buyer.post(address, {"way": "cancel_renewal", "back": str(PRICE), "agreed": "on", "once": "a"})
    assert answer.status_code == 302
    react(now=clock.now())
    assert Order.objects.get(pk=renewal.pk).status == "refunded"
    assert "You cancelled a renewal" in page_of(buyer, f"/services/{subscription.pk}/")


def request_refund(subscription: Subscription, *files: bytes, **more: str) -> Refund:
    data: dict[str, object] = {"amount": "30", "reason": "It does not start.", **more}
    for n, content in enumerate(files):
        data[f"proof_{n}_file"] = SimpleUploadedFile(f"chat-{n}.pdf", content, content_type="application/pdf")
    answer = logged_in(subscription.buyer).post(f"/services/{subscription.pk}/refund/", data)
    assert answer.status_code == 302, answer.content.decode()
    return Refund.objects.get()


def test_refund_is_requested_answered_and_read() -> None:
    """business-rules §4.7: opinion and evidence; the phone only if the buyer agreed."""
    subscription = make_young_service("license_v1", members=1)
    User.objects.filter(pk=subscription.buyer.pk).update(phone="13911112222")
    buyer = logged_in(subscription.buyer)
    assert "Ask the seller for a refund" in page_of(buyer, f"/services/{subscription.pk}/unsubscribe/")
    refund = request_refund(subscription, PDF + b"1", PDF + b"2")
    assert refund.amount_minor == 3_000
    seller = logged_in(Member.objects.get(seller=subscription.seller).user)
    page = page_of(seller, f"/seller/refunds/{refund.pk}/")
    assert "It does not start." in page
    assert "13911112222" not in page
    Refund.objects.update(shows_phone=True)
    assert "13911112222" in page_of(seller, f"/seller/refunds/{refund.pk}/")
    [document, _other] = re.findall(
        rf"/refunds/{refund.pk}/files/([0-9a-f]{{64}})/", page_of(buyer, f"/refunds/{refund.pk}/")
    )
    shown = buyer.get(f"/refunds/{refund.pk}/files/{document}/")
    assert (shown.status_code, shown["Content-Disposition"][:10]) == (200, "attachment")
    assert seller.get(f"/proofs/{document}/").status_code == 200
    stranger = logged_in(factories.make_buyer())
    assert stranger.get(f"/refunds/{refund.pk}/files/{document}/").status_code == 404
    assert stranger.get(f"/proofs/{document}/").status_code == 404

    unsaid = seller.post(f"/seller/refunds/{refund.pk}/decide/", {"answer": "agree", "opinion": " "})
    assert (unsaid.status_code, Refund.objects.get().status) == (422, "seller_review")
    chat = SimpleUploadedFile("agreed.pdf", PDF + b"3", content_type="application/pdf")
    form = {"answer": "agree", "opinion": "As we agreed.", "proof_0_file": chat}
    assert seller.post(f"/seller/refunds/{refund.pk}/decide/", form).status_code == 302
    react(now=clock.now())
    assert Refund.objects.get().status == "refunded"
    page = page_of(buyer, f"/refunds/{refund.pk}/")
    assert "As we agreed." in page
    assert "agreed.pdf" in page
    again_answered = seller.post(f"/seller/refunds/{refund.pk}/decide/", {"answer": "refuse", "opinion": "no"})
    assert (again_answered.status_code, Refund.objects.get().status) == (302, "refunded")


def test_invalid_form_keeps_input_and_document() -> None:
    subscription = make_young_service("license_v1", members=1)
    data = {
        "amount": "100.01", "reason": "Broken since Monday.",
        "proof_0_file": SimpleUploadedFile("chat.pdf", PDF, content_type="application/pdf"),
    }  # fmt: skip
    answer = logged_in(subscription.buyer).post(f"/services/{subscription.pk}/refund/", data)
    page = answer.content.decode()
    assert (answer.status_code, Refund.objects.count()) == (422, 0)
    assert "Broken since Monday." in page
    assert "100.01" in page
    [kept_file] = re.findall(r'name="kept" value="([0-9a-f]{64})"', page)
    refund = request_refund(subscription, kept=kept_file)
    assert refund.subscription_id == subscription.pk


def test_invalid_document_is_refused_with_an_explanation() -> None:
    subscription = make_young_service("license_v1", members=1)
    data = {"amount": "30", "reason": "x", "proof_0_file": BytesIO(b"#!/bin/sh")}
    data["proof_0_file"].name = "run.pdf"  # type: ignore[attr-defined]
    answer = logged_in(subscription.buyer).post(f"/services/{subscription.pk}/refund/", data)
    assert (answer.status_code, Refund.objects.count()) == (422, 0)
    assert "proof_error" in answer.content.decode()


@pytest.mark.slow
def test_operator_decides_the_appeal_and_nothing_else() -> None:
    subscription = make_young_service("license_v1", members=1)
    refund = request_refund(subscription)
    operator, buyer = logged_in(factories.make_operator()), logged_in(subscription.buyer)
    address = f"/console/refunds/{refund.pk}/decide/"
    assert operator.post(address, {"answer": "agree", "opinion": "ok"}).status_code == 422
    early = buyer.post(f"/refunds/{refund.pk}/appeal/", {"appeal": "Nobody answers."})
    assert (early.status_code, Refund.objects.get().status) == (422, "seller_review")
    Refund.objects.update(appeal_at=clock.now())
    assert "Request an operator's decision" in page_of(buyer, f"/refunds/{refund.pk}/")
    assert buyer.post(f"/refunds/{refund.pk}/appeal/", {"appeal": "Nobody answers."}).status_code == 302
    assert "Nobody answers." in page_of(operator, f"/console/refunds/{refund.pk}/")
    assert f"/console/refunds/{refund.pk}/" in page_of(operator, "/console/refunds/")
    assert operator.post(address, {"answer": "agree", "opinion": "ok"}).status_code == 302
    assert Refund.objects.get().status == "refunded"
    seller = logged_in(Member.objects.get(seller=subscription.seller).user)
    page_of(seller, f"/seller/refunds/{refund.pk}/")
    page_of(seller, f"/seller/orders/{subscription.order_line_number}/")


def test_request_can_be_withdrawn_once() -> None:
    subscription = make_young_service("license_v1", members=1)
    refund, buyer = request_refund(subscription), logged_in(subscription.buyer)
    for _ in range(2):
        assert buyer.post(f"/refunds/{refund.pk}/withdraw/").status_code == 302
    assert Refund.objects.get().status == "withdrawn"


@pytest.mark.parametrize(("language", "words"), [("en", "is also refunded"), ("zh-hans", "另行全额退还")])
def test_refund_of_a_stopped_order_is_shown_before_the_confirmation(language: str, words: str) -> None:
    """operations.md §4: a stopped operation blocks nothing; the buyer sees the amount and the reason."""
    subscription = make_young_service()
    order = renewed(subscription, now=clock.now())
    failed(open_call(), now=clock.now())
    buyer, address, before = (
        logged_in(subscription.buyer),
        f"/services/{subscription.pk}/unsubscribe/",
        balance(subscription),
    )
    answer = buyer.get(address, headers={"accept-language": language})
    page = re.sub(r"\s+", " ", answer.content.decode())
    assert words in page
    many = f"/services/batch/?act=unsubscribe&service={subscription.pk}"
    shown = buyer.get(many, headers={"accept-language": language}).content.decode()
    assert ("for an order that the seller could not complete" if language == "en" else "另退停在商家处的订单") in shown
    assert buyer.post(address, inputs(page) | {"agreed": "on"}).status_code == 302
    assert balance(subscription) == before + PRICE + order.total_minor

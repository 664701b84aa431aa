"""Pages that remain open to a seller by its standing (business-rules §1.4): applicants, suspended sellers, sellers that
left."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.companies import admitted, applicant, approve, certification, certified, owner_of, send
from tests.factories.people import NOW, make_operator
from tests.market.sites.seller_center.shops import enter as logged_in
from tradepost.market import wiring
from tradepost.market.base import outbox
from tradepost.market.identity import agreements, enter
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.models import Notice
from tradepost.market.review import drafts
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db


def page_of(seller: Seller) -> Client:
    return logged_in(owner_of(seller))


def test_applicant_sees_only_its_application() -> None:
    page = page_of(applicant())
    for path in ("/seller/company/", "/seller/submissions/", "/seller/company/agreements/", "/seller/notices/"):
        assert page.get(path).status_code == 200, path
    for elsewhere in (
        "/seller/",
        "/seller/orders/",
        "/seller/keys/",
        "/seller/members/",
        "/seller/addresses/",
        "/seller/company/statement/",
    ):
        assert page.get(elsewhere).headers["Location"] == "/seller/company/", elsewhere
    assert page.post("/seller/keys/access/", {"living": ""}).status_code == 302


def test_suspended_seller_reads_and_changes_nothing() -> None:
    seller = certified(admitted())
    enter.suspend(seller, reason="服务电话无人接听", by=make_operator().email, now=NOW)
    page = page_of(seller)
    shown = page.get("/seller/company/").content.decode()
    assert "服务电话无人接听" in shown
    refused = page.post("/seller/company/draft/company/", {"act": "begin"})
    assert refused.status_code == 403
    assert "Nothing was changed" in refused.content.decode()
    assert not Submission.objects.filter(seller=seller, status="draft").exists()
    assert page.post("/seller/keys/access/", {"living": ""}).status_code == 403


def test_former_seller_reads_only_its_statements() -> None:
    seller = admitted()
    begun = drafts.begin("exit", seller, by=owner_of(seller), now=NOW)
    approve(send(drafts.save(begun, {"reason": "停业"}, revision=0, now=NOW)))
    page = page_of(seller)
    for elsewhere in ("/seller/", "/seller/keys/", "/seller/company/"):
        assert page.get(elsewhere).headers["Location"] == "/seller/company/statement/"
    assert "left the store" in page.get("/seller/company/statement/").content.decode()


@pytest.mark.slow
def test_bank_account_is_shown_by_its_last_digits_and_completely_to_an_operator_on_request() -> None:
    seller = admitted()
    page, console = page_of(seller), logged_in(make_operator())
    page.post("/seller/company/draft/certify/", {"act": "begin"})
    typed = certification(seller) | {"act": "save", "revision": "0"}
    assert page.post("/seller/company/draft/certify/", typed).status_code == 302
    form = page.get("/seller/company/draft/certify/").content.decode()
    assert "•••• 3445" in form
    assert typed["sealed_account"] not in form
    sent = send(Submission.objects.get(kind="certify"))
    shown = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert typed["sealed_account"] not in shown
    secret = console.post(f"/console/reviews/{sent.pk}/secret/sealed_account/")
    assert (secret.content.decode(), secret.headers["Cache-Control"]) == (typed["sealed_account"], "no-store")
    assert console.post(f"/console/reviews/{sent.pk}/secret/bank/").status_code == 404, "only what is sealed"
    assert "•••• 3445" in page.get(f"/seller/submissions/{sent.pk}/").content.decode()


def test_members_notified_of_acts_of_operators() -> None:
    seller, operator = certified(admitted()), make_operator()
    enter.suspend(seller, reason="x", by=operator.email, now=NOW)
    outbox.dispatch(wiring.REACTIONS, now=NOW)
    enter.resume(seller, reason="y", by=operator.email, now=NOW)
    first = agreements.in_force("seller", now=NOW)
    assert first is not None
    agreements.publish(
        "seller", text=first.text + "\n\n新增。", text_en=first.text_en, change="一处", by=operator, now=NOW
    )
    outbox.dispatch(wiring.REACTIONS, now=NOW)
    rows = set(Notice.objects.filter(user=owner_of(seller)).values_list("kind", flat=True))
    assert {
        "seller_admitted",
        "seller_suspended",
        "seller_resumed",
        "seller_agreement",
        "seller_submission_approved",
    } <= rows
    page = page_of(seller)
    text = page.get("/seller/company/agreements/").content.decode()
    assert "not accepted yet" in text
    assert page.post("/seller/company/agreements/seller/accept/", {"agreed": "on", "number": "1"}).status_code == 422
    assert page.post("/seller/company/agreements/seller/accept/", {"agreed": "on", "number": "2"}).status_code == 302
    assert (
        "not accepted yet"
        not in page.get("/seller/company/agreements/").content.decode().partition("Product service")[0]
    )


def test_operator_publishes_a_version_and_suspends_with_a_reason() -> None:
    seller, console = admitted(), logged_in(make_operator())
    wrong = console.post("/console/agreements/seller/", {"change": "", "text": "x", "text_en": "y", "revision": "0"})
    assert wrong.status_code == 422
    text = "协议正文。" * 40
    draft = {"change": "新", "text": text, "text_en": text, "revision": "0"}
    assert console.post("/console/agreements/seller/", draft).status_code == 302
    assert console.post("/console/agreements/seller/publish/", {"revision": "1"}).status_code == 302
    assert "Version 2" in console.get("/agreements/seller/").content.decode()
    assert "This is an earlier version" in console.get("/agreements/seller/?version=1").content.decode()
    assert console.get("/agreements/none/").status_code == 404
    console.post(f"/console/sellers/{seller.pk}/suspend/", {"reason": ""})
    assert Seller.objects.get(pk=seller.pk).is_selling
    console.post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "服务电话无人接听"})
    shown = console.get(f"/console/sellers/{seller.pk}/").content.decode()
    assert "服务电话无人接听" in shown
    assert "Entry of a company" in shown

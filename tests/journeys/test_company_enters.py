"""A new company enters: over the pages, with the real worker that asks its website, on both databases (must show 1)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories.companies import company, typed
from tests.factories.people import make_buyer, make_operator
from tests.factories.pictures import picture_file
from tests.factories.websites import site
from tests.market.working import until, working
from tradepost.market.base import clock
from tradepost.market.identity.company_models import Agreement, Company
from tradepost.market.identity.first_agreements import make_first
from tradepost.market.identity.models import Seller
from tradepost.market.notifications.models import Mail, Notice
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db(transaction=True)
DRAFT = "/seller/company/draft/enter/"


def browser(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def send(page: Client, **other: str) -> Submission:
    text = page.get(DRAFT).content.decode()
    values = dict(re.findall(r'name="(revision|logo)"\s+value="([^"]*)"', text))
    boxes = dict.fromkeys(re.findall(r'name="(agreement_\d+)"', text), "on")
    picture = SimpleUploadedFile("logo.png", picture_file(width=336, height=140), "image/png")
    form = typed(company()) | {"logo": values.get("logo", ""), "revision": values["revision"], "act": "submit"}
    answer = page.post(DRAFT, form | boxes | other | {"logo_file": picture})
    assert answer.status_code == 302, answer.content.decode()
    return Submission.objects.order_by("-pk")[0]


def became(one: Submission, status: str) -> None:
    until(lambda: Submission.objects.get(pk=one.pk).status == status, what=f"it is {status}")


def test_refused_by_a_check_then_by_an_operator_then_admitted() -> None:
    make_first(Agreement.objects)
    now = clock.now()
    page, console = browser(make_buyer(balance="0", now=now)), browser(make_operator(now=now))
    page.post("/seller/enter/")
    with site() as url, site(404) as gone, working():
        first = send(page, website=gone)
        became(first, "failed")
        read = page.get(f"/seller/submissions/{first.pk}/").content.decode()
        assert "The website answered with status 404" in read
        page.post(f"/seller/submissions/{first.pk}/correct/")
        second = send(page, website=url)
        became(second, "pending")
        console.post(
            f"/console/reviews/{second.pk}/reject/", {"reason_company": "The capital is not that of the register."}
        )
        became(second, "rejected")
        page.post(f"/seller/submissions/{second.pk}/correct/")
        third = send(page, website=url, capital="8000000")
        became(third, "pending")
        shown = console.get(f"/console/reviews/{third.pk}/").content.decode()
        assert "The capital is not that of the register." in shown, "what was said before stands beside it"
        items = re.findall(r'name="checklist"\s+value="(\w+)"', shown)
        assert console.post(f"/console/reviews/{third.pk}/approve/", {"checklist": items}).status_code == 302
        until(lambda: Notice.objects.filter(kind="seller_submission_approved").exists(), what="the seller is told")
    seller = Seller.objects.get()
    assert (seller.status, Company.objects.get(seller=seller).capital) == ("active", 8_000_000)
    assert page.get("/seller/").status_code == 200
    told = list(
        Notice.objects.filter(kind__startswith="seller_submission").order_by("pk").values_list("kind", flat=True)
    )
    assert told == ["seller_submission_failed", "seller_submission_rejected", "seller_submission_approved"]
    assert Mail.objects.filter(notice__kind="seller_submission_approved").count() == 2, (
        "to the person and to the service mailbox"
    )
    assert Notice.objects.filter(kind="operator_submission_sent").count() == 2, (
        "what a check refused reached no operator"
    )

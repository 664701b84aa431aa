"""The page on which a product is submitted: missing parts link to their section, the checks are shown live, and then
the result."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import owner_of
from tests.factories.pictures import PDF
from tests.factories.publishable import USAGE, drafted, may_publish, right_document
from tests.market.review.publishing import approve, end_replay, listed, pending, ready, submitted
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.document import Sku, Spec
from tradepost.market.catalog.models import Product, Version
from tradepost.market.review import decide
from tradepost.market.review.models import Submission
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db


def url_of(product: Product, page: str = "submit") -> str:
    return f"/seller/products/{product.pk}/{page}/"


def owner(product: Product) -> Client:
    return enter(owner_of(product.seller))


def test_missing_parts_are_listed_with_rule_and_link() -> None:
    seller = may_publish()
    product = drafted(seller, right_document(seller))
    shown = owner(product).get(url_of(product)).content.decode()
    assert "newInstance" in shown
    assert "saas-v2 §5.3" in shown
    assert "/seller/debug/" in shown
    answer = owner(product).post(url_of(product))
    assert answer.status_code == 422
    assert 'href="#agreement_' in answer.content.decode()
    assert (Submission.objects.filter(product=product).count(), Version.objects.get().status) == (0, "draft")


def test_submission_is_followed_until_the_decision_and_withdrawn() -> None:
    product = ready()
    page = owner(product)
    assert page.get(url_of(product)).context["stock"].lacks == ()
    submitted(product, now=clock.now())
    assert "hx-get" in page.get(url_of(product, "submit/progress")).content.decode()
    end_replay(now=clock.now())
    state = page.get(url_of(product)).content.decode()
    assert "An operator decides it by" in state
    assert page.post(url_of(product, "submit/withdraw")).status_code == 302
    assert Submission.objects.get(product=product).status == "withdrawn"
    assert page.post(url_of(product, "submit/withdraw")).status_code == 404


def test_reasons_of_a_rejection_are_shown_in_the_editor() -> None:
    product = ready()
    sent = pending(product)
    decide.reject(
        sent,
        reasons={"media": "图片不清晰。"},
        by=make_operator(),
        settings=config(),
        now=sent.sent_at or sent.created_at,
    )
    assert "图片不清晰。" in owner(product).get(url_of(product)).content.decode()


@pytest.mark.slow
def test_operator_sees_replay_preview_and_difference_and_approves() -> None:
    product = ready()
    sent = pending(product)
    console = enter(make_operator())
    shown = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert "Replay of the debug cases" in shown
    assert "releaseInstance" in shown
    assert product.name in shown
    assert "Changes to the version in force" not in shown, "there is nothing to compare with"
    assert product.name_en in console.get(f"/console/reviews/{sent.pk}/preview/").content.decode()
    assert console.get(f"/console/reviews/{sent.pk}/replay/live/").status_code == 200
    assert console.post(f"/console/reviews/{sent.pk}/replay/").status_code == 302
    end_replay(now=clock.now())
    approve(sent, now=clock.now())
    assert console.post(f"/console/reviews/{sent.pk}/replay/").status_code == 409


@pytest.mark.slow
def test_delisting_is_requested_with_reason_and_proof() -> None:
    product = listed()
    page = owner(product)
    assert page.get(url_of(product, "delist")).status_code == 200
    refused = page.post(url_of(product, "delist"), {"node": "product"})
    assert refused.status_code == 422
    assert "business-rules §2.8" in refused.content.decode()
    assert Submission.objects.filter(kind="delist").count() == 0
    form = {"node": "product", "reason": "不再维护。", "proof": "已通知全部用户。"}
    without = page.post(url_of(product, "delist"), form)
    assert without.status_code == 422
    assert "Upload a document that proves it." in without.content.decode()
    renamed = page.post(
        url_of(product, "delist"), {**form, "attachment_file": SimpleUploadedFile("n.pdf", b"no document")}
    )
    assert renamed.status_code == 422
    assert Submission.objects.filter(kind="delist").count() == 0
    wrong_reason = {**form, "reason": "", "attachment_file": SimpleUploadedFile("notice.pdf", PDF)}
    corrected = page.post(url_of(product, "delist"), wrong_reason)
    attachment = re.search(r'name="attachment" value="([0-9a-f]{64})"', corrected.content.decode())
    assert attachment is not None, "the document is kept while the form is corrected"
    assert page.post(url_of(product, "delist"), {**form, "attachment": attachment[1]}).status_code == 302
    sent = Submission.objects.get(kind="delist")
    assert sent.status == "pending"
    review = enter(make_operator()).get(f"/console/reviews/{sent.pk}/").content.decode()
    assert attachment[1] in review


def test_product_of_another_seller_is_not_found() -> None:
    product = ready()
    stranger = enter(owner_of(may_publish()))
    for page in ("submit", "submit/progress", "delist", "preview"):
        assert stranger.get(url_of(product, page)).status_code == 404
    assert stranger.post(url_of(product)).status_code == 404
    assert Version.objects.get(product=product).status == "draft"


def test_unchecked_requirement_is_named_and_refuses_nothing() -> None:
    """saas-v2 §1.4 "usage push: must" on demand. Pushes are not counted here yet, so the page says that instead of
    showing a tick."""
    seller = may_publish()
    usage = Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(USAGE,)),))
    product = drafted(seller, right_document(seller, usage))
    answer = owner(product).get(url_of(product))
    assert answer.context["stock"].unchecked == ("Usage is pushed",)
    assert "The protocol also requires the following at the market's own interfaces" in answer.content.decode()
    plain = drafted(seller, right_document(seller))
    assert "does not check it yet" not in owner(plain).get(url_of(plain)).content.decode()

"""The page that hands a product in: what is missing leads to where it is put right, the checks are followed, the end is read."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import owner_of
from tests.factories.pictures import PDF
from tests.factories.publishable import USAGE, drafted, may_publish, right_document
from tests.market.review.publishing import approve, handed_in, listed, pending, ready, replays
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.document import Sku, Spec
from tradepost.market.catalog.models import Product, Version
from tradepost.market.review import decide
from tradepost.market.review.models import Submission
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db


def where(product: Product, page: str = "submit") -> str:
    return f"/seller/products/{product.pk}/{page}/"


def owner(product: Product) -> Client:
    return enter(owner_of(product.seller))


def test_what_is_missing_stands_with_its_rule_and_leads_to_its_input() -> None:
    seller = may_publish()
    product = drafted(seller, right_document(seller))
    shown = owner(product).get(where(product)).content.decode()
    assert "newInstance" in shown
    assert "saas-v2 §5.3" in shown
    assert "/seller/debug/" in shown
    answer = owner(product).post(where(product))
    assert answer.status_code == 422
    assert 'href="#agreement_' in answer.content.decode()
    assert (Submission.objects.filter(product=product).count(), Version.objects.get().status) == (0, "draft")


def test_it_is_followed_until_an_operator_decides_and_taken_back() -> None:
    product = ready()
    page = owner(product)
    assert page.get(where(product)).context["stock"].lacks == ()
    handed_in(product, now=clock.now())
    assert "hx-get" in page.get(where(product, "submit/progress")).content.decode()
    replays(now=clock.now())
    state = page.get(where(product)).content.decode()
    assert "An operator decides it by" in state
    assert page.post(where(product, "submit/withdraw")).status_code == 302
    assert Submission.objects.get(product=product).status == "withdrawn"
    assert page.post(where(product, "submit/withdraw")).status_code == 404


def test_the_reasons_of_a_rejection_are_read_where_it_is_written_again() -> None:
    product = ready()
    sent = pending(product)
    decide.reject(
        sent,
        reasons={"media": "图片不清晰。"},
        by=make_operator(),
        settings=config(),
        now=sent.sent_at or sent.created_at,
    )
    assert "图片不清晰。" in owner(product).get(where(product)).content.decode()


def test_an_operator_sees_replay_preview_and_difference_and_approves() -> None:
    product = ready()
    sent = pending(product)
    console = enter(make_operator())
    shown = console.get(f"/console/reviews/{sent.pk}/").content.decode()
    assert "Replay of the debug cases" in shown
    assert "releaseInstance" in shown
    assert product.name in shown
    assert "What changes" not in shown, "there is nothing to compare with"
    assert product.name_en in console.get(f"/console/reviews/{sent.pk}/preview/").content.decode()
    assert console.get(f"/console/reviews/{sent.pk}/replay/live/").status_code == 200
    assert console.post(f"/console/reviews/{sent.pk}/replay/").status_code == 302
    replays(now=clock.now())
    approve(sent, now=clock.now())
    assert console.post(f"/console/reviews/{sent.pk}/replay/").status_code == 409


def test_the_end_of_a_sale_is_asked_for_with_reason_and_proof() -> None:
    product = listed()
    page = owner(product)
    assert page.get(where(product, "delist")).status_code == 200
    refused = page.post(where(product, "delist"), {"node": "product"})
    assert refused.status_code == 422
    assert "business-rules §2.8" in refused.content.decode()
    assert Submission.objects.filter(kind="delist").count() == 0
    asked = {"node": "product", "reason": "不再维护。", "proof": "已通知全部用户。"}
    without = page.post(where(product, "delist"), asked)
    assert without.status_code == 422
    assert "Upload a document that proves it." in without.content.decode()
    renamed = page.post(
        where(product, "delist"), {**asked, "attachment_file": SimpleUploadedFile("n.pdf", b"no document")}
    )
    assert renamed.status_code == 422
    assert Submission.objects.filter(kind="delist").count() == 0
    wrong_reason = {**asked, "reason": "", "attachment_file": SimpleUploadedFile("notice.pdf", PDF)}
    corrected = page.post(where(product, "delist"), wrong_reason)
    kept = re.search(r'name="attachment" value="([0-9a-f]{64})"', corrected.content.decode())
    assert kept is not None, "the document is kept while the form is corrected"
    assert page.post(where(product, "delist"), {**asked, "attachment": kept[1]}).status_code == 302
    sent = Submission.objects.get(kind="delist")
    assert sent.status == "pending"
    review = enter(make_operator()).get(f"/console/reviews/{sent.pk}/").content.decode()
    assert kept[1] in review


def test_nothing_of_another_sellers_product_is_there() -> None:
    product = ready()
    stranger = enter(owner_of(may_publish()))
    for page in ("submit", "submit/progress", "delist", "preview"):
        assert stranger.get(where(product, page)).status_code == 404
    assert stranger.post(where(product)).status_code == 404
    assert Version.objects.get(product=product).status == "draft"


def test_what_nobody_checks_is_said_and_refuses_nothing() -> None:
    """saas-v2 §1.4 "usage push: must" on demand. Nothing counts pushes here yet, so the page says that instead of a tick."""
    seller = may_publish()
    usage = Spec(name=Text(zh="标准版", en="Standard"), skus=(Sku(prices=(USAGE,)),))
    product = drafted(seller, right_document(seller, usage))
    answer = owner(product).get(where(product))
    assert answer.context["stock"].unchecked == ("Usage is pushed",)
    assert "This market does not check it yet" in answer.content.decode()
    plain = drafted(seller, right_document(seller))
    assert "does not check it yet" not in owner(plain).get(where(plain)).content.decode()

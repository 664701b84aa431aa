"""A product that failed its checks, was rejected or withdrawn is corrected from its draft, which is kept."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW
from tests.market.review import publishing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.assets.models import PictureUse
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product, Version
from tradepost.market.review import decide
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
REASON = "图片不清晰"


def reject(sent: Submission, **reasons: str) -> None:
    decide.reject(sent, reasons=reasons, by=make_operator(), settings=config(), now=NOW)


def failed_product() -> tuple[Product, Submission, Client]:
    product = publishing.ready()
    sent = publishing.submitted(product)
    publishing.end_replay(failing="releaseInstance")
    sent.refresh_from_db()
    return product, sent, enter(owner_of(product.seller))


@pytest.mark.slow
def test_failed_replay_keeps_the_draft_and_links_to_the_failed_case() -> None:
    """The seller repaired its server and submits the same product again without new input."""
    product, sent, page = failed_product()
    draft_ = Version.objects.get(product=product, status="draft")
    assert draft_.document == sent.document
    case = next(failed_case.address_id for failed_case in product.binding.address.debug_cases.all())
    for where in ("submit/", "draft/base/", ""):
        text = page.get(f"/seller/products/{product.pk}/{where}").text
        assert "releaseInstance failed" in text, where
        assert f'href="/seller/debug/{case}/releaseInstance/"' in text, where
    publishing.submitted(product)
    publishing.end_replay()
    assert Submission.objects.latest("pk").status == "pending"
    assert "releaseInstance failed" not in page.get(f"/seller/products/{product.pk}/").text


@pytest.mark.slow
def test_product_rejected_twice_is_corrected_and_listed() -> None:
    product = publishing.ready()
    page = enter(owner_of(product.seller))
    text = ""
    for reason in ("图片不清晰", "图片仍不清晰"):
        reject(publishing.pending(product), media=reason)
        text = page.get(f"/seller/products/{product.pk}/draft/media/").text
        assert "Operator's comment:" in text
        assert reason in text
    assert "图片不清晰" not in text
    other = page.get(f"/seller/products/{product.pk}/draft/base/").text
    assert "has operator comments" in other
    approve(publishing.pending(product))
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE
    assert "图片仍不清晰" not in page.get(f"/seller/products/{product.pk}/draft/media/").text


@pytest.mark.slow
def test_files_of_the_last_submission_are_kept() -> None:
    """A corrected product is submitted with the pictures and proofs of the rejected one."""
    product = publishing.ready()
    sent = publishing.pending(product)
    reject(sent, media=REASON)
    resubmitted = publishing.pending(product)
    assert resubmitted.document["media"] == sent.document["media"]
    first, second = (f"version:{submission.version_id}" for submission in (sent, resubmitted))
    used = [set(PictureUse.objects.filter(owner=owner).values_list("picture", flat=True)) for owner in (first, second)]
    assert used[0] == used[1] != set()

"""The demo's products are listed like every product: with the real worker, against a real server, on both databases; a
second load finds nothing to do (issue 9, decision 0039).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.check.kit_seller import KEY, sample_seller
from tests.kit.servers import free_port
from tests.market.working import working
from tradepost.market import seed
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product, UpgradeRule, Version
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey, User
from tradepost.market.production.models import Address
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import replay_of
from tradepost.market.seed.people import sellers
from tradepost.market.seed.products import products

pytestmark = pytest.mark.django_db(transaction=True)
ACTIVITIES = [
    "changeInstanceCheck",
    "newInstance",
    "queryInstance",
    "refreshInstance",
    "releaseInstance",
    "updateInstanceStatus",
]
UPGRADES = "qingxie"
"""The seller whose services can be changed while in use."""


def load_demo(url: str) -> seed.Road:
    """Load the demo around this server, which has the tester's key."""
    seeded = seed.load(clock.now(), seller_address=url)
    keys.rotate_signing_key(seeded.seller, SigningKey.InterfaceClass.BASE, secret=KEY, now=clock.now())
    assert seed.load(clock.now(), seller_address=url).signing_key == KEY
    return seed.Road(seller_address=url, settings=config(), now=clock.now)


@pytest.mark.slow
def test_every_product_is_debugged_submitted_approved_listed_and_its_cases_follow_the_server(
    tmp_path: Path,
) -> None:
    with sample_seller(tmp_path / "first") as url, working():
        nobody = load_demo(f"http://127.0.0.1:{free_port()}/produce")
        with pytest.raises(Refused, match=r"newInstance .*no_connection") as refused:
            seed.publish_all(nobody)
        assert refused.value.code == "seed.case"
        assert (Submission.objects.count(), DebugCase.objects.count(), seed.is_published()) == (0, 0, False)
        seed.publish_all(load_demo(url))
        assert seed.is_published()
        assert_everything_is_shown(url)
        runs = DebugRun.objects.count()
        seed.publish_all(load_demo(url))
        assert DebugRun.objects.count() == runs, "nothing is left to do"
    with sample_seller(tmp_path / "second") as url, working():
        seed.publish_all(load_demo(url))
        assert set(DebugCase.objects.values_list("url", flat=True)) == {url}
    assert DebugRun.objects.count() == runs + len(ACTIVITIES) * len(sellers()) + 1, "each case once, at the new port"
    assert Submission.objects.count() == 18, "nothing was handed in again"


def assert_everything_is_shown(url: str) -> None:
    """Check the pages of the seller center and the console."""
    listed = list(Product.objects.filter(status=Product.Status.ON_SALE).order_by("listed_at"))
    assert [product.slug for product in listed] == [product.slug for product in products()], (
        "the demo seller's are newest"
    )
    for address in Address.objects.filter(url=url):
        cases = DebugCase.objects.filter(address=address, passed=True, saved_by="owner@qingxie.example")
        more = ["upgradeInstance"] if address.seller.slug == UPGRADES else []
        assert sorted(cases.values_list("activity", flat=True)) == [*ACTIVITIES, *more]
    assert {rule.target.spec.product.slug for rule in UpgradeRule.objects.all()} == {"yunjian-docs", "huiqi-meetings"}
    for product in listed:
        [version] = Version.objects.filter(product=product)
        [sent] = Submission.objects.filter(product=product)
        assert (version.status, sent.kind, sent.status, sent.version) == ("listed", "publish", "approved", version)
        assert (sent.sent_by.email, sent.decided_by.email) == ("owner@qingxie.example", "operator@market.example")  # type: ignore[union-attr]  # both are there
        assert {"interface", "pricing", "details"} <= set(sent.checklist)
        replayed = replay_of(sent)
        assert replayed is not None
        assert (replayed.result or {})["passed"]
    for email, path, words in (
        ("owner@qingxie.example", "/seller/cases/", "updateInstanceStatus"),
        (
            "operator@market.example",
            f"/console/reviews/{Submission.objects.latest('pk').pk}/",
            "Replay of the debug cases",
        ),
    ):
        page = Client(headers={"accept-language": "en"})
        page.force_login(User.objects.get(email=email))
        assert words in page.get(path).content.decode()
    assert "/products/yunjian-docs/" in Client().get("/").content.decode()


@pytest.mark.slow
def test_product_rejected_by_a_person_is_not_submitted_again(tmp_path: Path) -> None:
    with sample_seller(tmp_path) as url, working():
        road = load_demo(url)
        product = Product.objects.get(slug="kelai-crm")
        owner = User.objects.get(email="owner@qingxie.example")
        Product.objects.exclude(pk=product.pk).filter(status="draft").delete()
        Submission.objects.create(
            kind="publish", seller=product.seller, product=product, status=Submission.Status.REJECTED, sent_by=owner,
            created_at=clock.now(), saved_at=clock.now(), document={},
        )  # fmt: skip
        seed.publish_all(road)
        product.refresh_from_db()
        assert product.status == Product.Status.DRAFT
        assert Submission.objects.count() == 1

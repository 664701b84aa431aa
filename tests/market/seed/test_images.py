"""The demo's image (business-rules §5): its disk is approved, the product listed, two servers run it and one is
covered; loaded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import override

import pytest

from tests.factories import NOW
from tests.factories.assets import LIMITS
from tests.factories.demo import demo_on_sale
from tests.factories.images import MEMORY, RULES, rest
from tradepost.market import seed
from tradepost.market.assets.asset_formats import format_of_head
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.compute.models import Server
from tradepost.market.images.models import ImageBinding, PeriodImage
from tradepost.market.review.models import Submission
from tradepost.market.seed.images import empty_disk, image

pytestmark = pytest.mark.django_db
ADDRESS = "http://127.0.0.1:9/produce"


class Resting(seed.Road, frozen=True):
    """Replaces another process: its wait runs the due work."""

    @override
    def wait(self, done: Callable[[], bool], what: str) -> None:
        rest(NOW)
        assert done(), what


@pytest.mark.slow
def test_two_servers_run_and_a_period_image_covers_one() -> None:
    demo_on_sale(NOW, seller_address=ADDRESS)
    road = Resting(seller_address=ADDRESS, settings=config(), now=lambda: NOW)
    for _ in range(2):
        seed.run_servers(road, cloud=MEMORY, rules=RULES, limits=LIMITS)
        rest(NOW)
    product = Product.objects.get(slug="yunjian-git")
    version = AssetVersion.objects.select_related("confirmed_by").get()
    assert (product.status, version.status, version.format) == ("on_sale", "approved", "qcow2")
    assert version.verdict == "not_scanned", "no scanner opens a disk"
    assert version.confirmed_by is not None, "an operator answers for it (§2.7)"
    assert {(row.kind, row.status) for row in Submission.objects.all()} == {
        ("asset", "approved"),
        ("publish", "approved"),
    }
    running = {row.name: row for row in Server.objects.filter(status="running")}
    assert set(running) == {image().by_the_hour, image().by_the_month}
    assert PeriodImage.objects.get().status == "bound"
    assert ImageBinding.objects.get(to_at=None).server == running[image().by_the_month]


def test_disk_is_empty_and_of_its_format() -> None:
    disk = empty_disk()
    assert format_of_head(disk) == "qcow2"
    assert len(disk) == 4 * 65536

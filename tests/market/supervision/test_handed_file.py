"""Deliveries as a file: only its buyer downloads it, from the act that hands it over (business-rules §2.1, §2.10)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.assets import make_asset, make_version, owner_of, package
from tests.factories.people import make_member
from tests.factories.products import MONTHLY, ONCE
from tests.market.supervision.supervising import CLOCKS, B, S, perform, person, reload, supervised, walk
from tradepost.market.assets import versions
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.flows.contract import Act
from tradepost.market.supervision import cancel
from tradepost.market.supervision.models import Supervision
from tradepost.market.web.sending_files import HEADER

pytestmark = pytest.mark.django_db
DATA = package(**{"2026.csv": b"a,b\n1,2\n"})


def sell_file(kind: str, asset_kind: str) -> Supervision:
    """Sell a product of this kind with a version from its seller's asset center, just paid."""
    seller = make_seller()
    make_member(seller, make_buyer())
    version = make_version(make_asset(seller, kind=asset_kind), DATA, file_name="data.zip")
    versions.approve(version, by=owner_of(seller), actor="operator", now=NOW)
    price = MONTHLY if kind == "CONTAINER" else ONCE  # §2.1: by period only
    return supervised(kind, seller=seller, price=price, asset=str(version.pk))


def download(supervision: Supervision, user: object = None) -> tuple[int, bool]:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user or supervision.buyer)  # type: ignore[arg-type]
    answer = client.post(f"/supervision/{supervision.pk}/fetch/")
    return answer.status_code, answer.headers.get(HEADER, "").endswith(versions_hash(supervision.seller))


def versions_hash(seller: Seller) -> str:
    return str(AssetVersion.objects.get(asset__seller=seller).sha256)


def page(supervision: Supervision) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    return " ".join(client.get(f"/supervision/{supervision.pk}/").content.decode().split())


@pytest.mark.slow
def test_data_file_is_downloaded_after_the_delivery_by_its_buyer_only() -> None:
    supervision = sell_file("DATA_FILE", "file")
    assert download(supervision) == (422, False)
    assert "The seller has not delivered it yet." in page(supervision)
    walk(supervision, (B, Act.DEMAND), (S, Act.CONFIRM))
    assert (download(supervision), reload(supervision).fetched_at) == ((422, False), None)
    perform(supervision, S, Act.DELIVER)
    assert "Download" in page(supervision)
    assert download(supervision, make_buyer()) == (404, False)
    assert download(supervision, person(supervision, S)) == (404, False)
    assert reload(supervision).fetched_at is None
    assert download(supervision) == (200, True)
    first = reload(supervision).fetched_at
    assert first is not None
    perform(supervision, B, Act.ACCEPT)
    assert (download(supervision), reload(supervision).fetched_at) == ((200, True), first)
    assert reload(supervision).status == "completed"


@pytest.mark.parametrize("kind", ["LICENSE_PACKAGE", "CONTAINER"])
def test_package_is_available_after_the_payment_and_its_buyer_confirms_that_it_runs(kind: str) -> None:
    """§2.10: "user confirms completion after deployment"."""
    supervision = sell_file(kind, "package")
    assert (supervision.node, supervision.owner) == ("deploy", "buyer")
    assert download(supervision) == (200, True)
    perform(supervision, B, Act.ACCEPT)
    ended = reload(supervision)
    assert (ended.status, ended.line.order.status, ended.subscription.status) == ("completed", "completed", "active")


def test_refunded_buyer_has_no_file() -> None:
    supervision = sell_file("LICENSE_PACKAGE", "package")
    cancel.agree(supervision.pk, "Sold by mistake.", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    assert download(supervision) == (422, False)
    assert "The payment was refunded, so the file is no longer available to you" in page(supervision)


def test_orchestration_is_set_up_by_its_seller_and_accepted() -> None:
    supervision = supervised("APP_ORCHESTRATION", asset_id="a-1")
    client = Client()
    client.force_login(supervision.buyer)
    assert client.post(f"/supervision/{supervision.pk}/fetch/").status_code == 404
    walk(supervision, (S, Act.DELIVER), (B, Act.REJECT), (S, Act.DELIVER), (B, Act.ACCEPT))
    assert reload(supervision).status == "completed"

"""Deployed objects of an asset (openapi-jointkit §C.11): a seller's own assets; those of other sellers return an empty list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.factories import make_buyer, make_seller
from tests.factories.assets import make_asset, make_version
from tests.market.open_api.asking import HOST, Shop, members
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base import clock
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller
from tradepost.protocols.open_api.assets import PATH

pytestmark = pytest.mark.django_db


def shop_of(seller: Seller) -> Shop:
    new = keys.create_access_key(seller, by=None, now=clock.now())
    return Shop(SimpleNamespace(access_key=new.key_id, secret_key=new.secret))  # type: ignore[arg-type]


def query_deployed(shop: Shop, **query: object) -> list[dict[str, Any]]:
    answer = shop.ask(urlencode(query), path=PATH)
    assert answer.status_code == 200, answer.content
    objects: list[dict[str, Any]] = members(answer)["data"]
    return objects


def test_newest_approved_version_or_all_versions(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]
    seller = make_seller(member=make_buyer())
    asset = make_asset(seller)
    for label in ("1.0", "2.0", "3.0"):
        make_version(asset, label=label)
    AssetVersion.objects.exclude(label="3.0").update(status=AssetVersion.Status.APPROVED, sha256="ab" * 32)
    AssetVersion.objects.filter(label="3.0").update(status=AssetVersion.Status.REVIEW)
    shop, package = shop_of(seller), {"asset_id": asset.pk, "deployed_type": "software_package"}
    [newest] = query_deployed(shop, **package)
    assert (newest["version"], newest["asset_id"]) == ("2.0", str(asset.pk))
    assert newest["software_pkg_deployed_object"]["checksum"] == "ab" * 32
    assert [version["version"] for version in query_deployed(shop, **package, query_all="true")] == ["2.0", "1.0"]
    assert [version["version"] for version in query_deployed(shop, **package, asset_version="1.0")] == ["1.0"]
    assert query_deployed(shop, **package, asset_version="3.0") == [], "not yet approved"
    assert query_deployed(shop, asset_id=asset.pk, deployed_type="image") == []
    assert query_deployed(shop, asset_id="x" * 32, deployed_type="software_package") == []
    assert query_deployed(shop_of(make_seller()), **package) == [], "another seller's"
    refusal = shop.ask("deployed_type=software_package", path=PATH)
    assert (refusal.status_code, members(refusal)["error_code"]) == (400, "CBC.0101")

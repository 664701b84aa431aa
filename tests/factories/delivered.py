"""Products that the marketplace delivers, and containers: valid answers, a clean model file, and services."""

from __future__ import annotations

from datetime import datetime

from tests.factories.assets import make_asset, make_version, owner_of, package
from tests.factories.buying import make_order
from tests.factories.people import NOW, make_buyer, make_member, make_seller
from tests.factories.products import MONTHLY, ON_DEMAND, make_offer, make_product
from tests.market.engine import react
from tradepost.market.assets import versions
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

ENDPOINT = "https://api.qingxie.example/v1"
APP = f"registry.qingxie.example/shop/app:1.2@sha256:{'a' * 64}"
DATABASE = f"registry.qingxie.example:5000/shop/database@sha256:{'b' * 64}"
VALID_ANSWERS = {
    "API_GATEWAY": {
        "api_group": "group-7", "endpoint": ENDPOINT, "how_to_call": "在请求头中携带密钥。", "how_to_call_en": "Send the key in a header.",
    },
    "API_AGENTS": {
        "endpoint": ENDPOINT, "protocol": "mcp", "method": "POST", "response": "stream", "authentication": "key",
        "how_to_call": "在请求头中携带密钥。", "how_to_call_en": "Send the key in a header.", "by_tokens": "no", "usage_object": "no",
    },
    "AI_ASSET": {"asset_kind": "model"},
    "CONTAINER": {"images": f"{APP}\n{DATABASE}", "install": "运行 docker pull。", "install_en": "Run docker pull."},
    "APP_ORCHESTRATION": {"asset_id": "roma-1", "images": APP},
}  # fmt: skip
PRICES = {"API_GATEWAY": ON_DEMAND, "API_AGENTS": ON_DEMAND}


def seller_with_owner() -> Seller:
    seller = make_seller()
    make_member(seller, make_buyer())
    return seller


def model_version(
    asset: Asset,
    content: bytes | None = None,
    *,
    clean: bool = True,
    updates: AssetVersion | None = None,
    label: str = "",
) -> AssetVersion:
    """Return an approved file. With ``clean``, as if a scanner had checked it."""
    found = make_version(
        asset, content or package(**{"weights.csv": f"{asset.pk} {label}".encode()}), file_name="model.zip", label=label,
        updates=updates,
    )  # fmt: skip
    if clean:
        AssetVersion.objects.filter(pk=found.pk).update(verdict=AssetVersion.Verdict.CLEAN)
    versions.approve(found, by=owner_of(asset.seller), actor="operator", now=NOW)
    found.refresh_from_db()
    return found


def delivered_product(
    kind: str, seller: Seller | None = None, *, price: Price | None = None, now: datetime = NOW, **answers: str
) -> Product:
    """Return a product on sale with valid answers. ``answers`` replaces some."""
    seller = seller or seller_with_owner()
    if kind in {"AI_ASSET", "CONTAINER"} and "asset" not in answers:
        asset = make_asset(seller, kind="file" if kind == "AI_ASSET" else "package")
        answers = {"asset": str(model_version(asset).pk), **answers}
    return make_product(
        seller, product_type=kind, prices=(price or PRICES.get(kind, MONTHLY),), bound=False,
        answers=VALID_ANSWERS[kind] | answers, now=now,
    )  # fmt: skip


def service_of(product: Product, buyer: User | None = None, *, now: datetime = NOW) -> Subscription:
    """Return a service that was bought and paid, after the market's reactions."""
    order = make_order(buyer or make_buyer(now=now), offer=make_offer(product), paid=True, now=now)
    react(now=now)
    return Subscription.objects.select_related("buyer", "product", "offer", "seller").get(order_lines__order=order)

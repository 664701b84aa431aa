"""The chapter of history.py about licenses: one that came with its order, and applications for licenses of machines."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.history import opened
from tests.browser.refunding import asked_for
from tests.factories.licenses import deliver_text
from tests.factories.people import make_address, make_seller
from tests.factories.products import MONTHLY, make_product
from tests.waiting import until
from tradepost.kit import Create, Created, Reject, Seller
from tradepost.kit.serve import running
from tradepost.kit.sqlite_store import SQLiteStore
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.licensing import apply_for_license
from tradepost.market.identity import keys
from tradepost.market.licenses.models import LicenseRequest
from tradepost.protocols.commands import GetLicenseAsync
from tradepost.protocols.registry import protocol as spoken

LICENSE_KEY = "the key of one who makes licenses"
LICENSE = "-----BEGIN LICENSE-----\nproduct=Yunjian Offline\nseats=25\n-----END LICENSE-----\n"


def licensed(_seller_url: str) -> dict[str, str]:
    """Create an online License with one license delivered, two in progress and one refused, and a License whose text
    came with the order."""
    with tempfile.TemporaryDirectory() as folder:
        with running(_licensor(Path(folder), "license_v1")) as url:
            told = opened(_sold_as_license("yunjian-licence", url, "license_v1").slug)
        with running(_licensor(Path(folder), "license_online")) as url:
            held = opened(_sold_as_license("yunjian-offline", url, "license_online").slug)
            for machine in ("9C-B6-D0-11-22-33", "9C-B6-D0-11-22-44", "9C-B6-D0-11-22-55", "REFUSED"):
                asked = apply_for_license(held, machine, actor=held.buyer.email, now=clock.now())
                settled = LicenseRequest.objects.filter(pk=asked.pk).exclude(status=LicenseRequest.Status.ASKING)
                until(settled.exists, f"the seller says what becomes of {machine}")
    first = LicenseRequest.objects.filter(subscription=held).earliest("pk")
    deliver_text(first.seller_id, first.event_id, LICENSE, now=clock.now())
    return {"licensed": str(held.pk), "license text": str(told.pk), "asked refund": asked_for(told)}


def _licensor(folder: Path, protocol: str) -> Seller:
    """Run a seller that answers the license of an order at once, that of a machine later, and refuses one machine."""
    seller = Seller(store=SQLiteStore(folder / protocol), key=LICENSE_KEY, protocols=(protocol,))

    @seller.on(Create)
    def _sell(command: Create) -> Created:
        text = LICENSE if protocol == "license_v1" else ""
        return Created(instance_id=command.business_id, license=text)

    @seller.on_other(GetLicenseAsync)
    def _make(command: GetLicenseAsync) -> None:
        if command.device_fingerprint == "REFUSED":
            raise Reject("000903", "unknown machine")

    return seller


def _sold_as_license(slug: str, url: str, protocol: str) -> Product:
    """Return a product of another company with its own key, copied from one in the demo."""
    beside, now = Product.objects.get(slug="yunjian-docs"), clock.now()
    seller = make_seller(slug=slug, name="云笺授权", name_en="Yunjian Licensing", now=now)
    keys.rotate_signing_key(seller, spoken(protocol).key_class, now=now, secret=LICENSE_KEY)
    address = make_address(seller, url=f"{url}/produce", protocol=protocol, now=now)
    return make_product(
        seller, prices=(MONTHLY,), address=address, now=now, slug=slug, name="云笺离线版", name_en="Yunjian Offline",
        category=beside.category.slug, picture=beside.picture, product_type="LICENSE",
        summary="安装在您自己服务器上的文档。", summary_en="Documents on your own servers.",
        description="<p>无需联网即可使用。</p>", description_en="<p>Works without the Internet.</p>",
    )  # fmt: skip

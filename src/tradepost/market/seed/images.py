"""An image of the demo: its system disk is approved, the product published, and the demo buyer runs it on two servers.

One server is billed by the hour, the other is covered by a period image. Uses the functions of the pages and waits for
a worker, once. The disk is in the data folder, so it is not shipped with the demo.
"""

from __future__ import annotations

import struct
from functools import cache

from django.db import transaction

from tradepost.market.assets import upload, versions
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.assets.upload import UploadLimits
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import ASSET
from tradepost.market.catalog.listing import draft_product
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.compute.contract import Compute
from tradepost.market.compute.models import Server
from tradepost.market.identity.models import Seller, User
from tradepost.market.images import servers
from tradepost.market.images.servers import CreateServer, OrderForServer, Rules
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.product_types.charging import modes_with
from tradepost.market.product_types.contract import AssetKind
from tradepost.market.review import asset_files, decide
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import OPEN
from tradepost.market.review.registry import review_kind

from .data_files import DataTable, read
from .people import BUYER, OPERATOR, OWNER, sellers
from .proofs import store_certificate
from .road import Road, approve, submit_once
from .shapes import DemoProduct

FILE = "image.toml"


class SystemDisk(DataTable, frozen=True, kw_only=True):
    """The system disk of the product, with its names in the asset center."""

    name: str
    label: str
    file_name: str
    notes: str


class ImageFile(DataTable, frozen=True, kw_only=True):
    """The data file. ``by_the_hour``, ``by_the_month``: names of the servers."""

    by_the_hour: str
    by_the_month: str
    size: str
    asset: SystemDisk
    product: DemoProduct


@cache
def image() -> ImageFile:
    """Read the data file. Raises ``InvalidData``."""
    return read(FILE, ImageFile)


def run_servers(road: Road, *, cloud: Compute, rules: Rules, limits: UploadLimits) -> None:
    """Create the image and its servers. Raises ``StoppingError``, and ``Refused`` for problems that a person has to solve."""
    owner, operator, buyer = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR, BUYER))
    slug = image().product.slug
    product = Product.objects.filter(slug=slug).first()
    if product is None:
        version = _approved_disk(road, owner, operator, limits)
        product = _draft(road, owner, version) if version is not None else None
    if product is not None and product.status == Product.Status.DRAFT:
        submit_once(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    if product is not None and product.status == Product.Status.ON_SALE:
        _run(road, product, buyer, cloud, rules)


# --- the product ------------------------------------------------------------------------------------------------------


def _approved_disk(road: Road, owner: User, operator: User, limits: UploadLimits) -> AssetVersion | None:
    """Return the approved disk; None if an operator rejected it or the seller withdrew it."""
    data, seller = image().asset, Seller.objects.get(slug=image().product.seller)
    asset = Asset.objects.filter(seller=seller, name=data.name).first() or versions.create_asset(
        seller, kind=AssetKind.IMAGE, name=data.name, by=owner, now=road.now()
    )
    version = asset.versions.order_by("pk").first() or _upload(asset, road, owner, limits)
    road.wait(lambda: _reload(version).status != AssetVersion.Status.CHECKING, data.file_name)
    road.wait(lambda: asset_files.submission_of(version) is not None, data.file_name)
    submission = asset_files.submission_of(version)
    if submission is not None and submission.status in OPEN:
        now = road.now()
        items = review_kind(submission.kind).checklist(case_of(submission, settings=road.settings, now=now))
        checked_items = [item.code for item in items]
        decide.approve(submission, checklist=checked_items, by=operator, settings=road.settings, now=now)
    version = _reload(version)
    return version if version.status == AssetVersion.Status.APPROVED else None


def _reload(version: AssetVersion) -> AssetVersion:
    return AssetVersion.objects.get(pk=version.pk)


def _upload(asset: Asset, road: Road, owner: User, limits: UploadLimits) -> AssetVersion:
    """Upload in one piece, like a browser with a small file."""
    data, disk, folder = image().asset, empty_disk(), road.settings.uploads
    reservation = upload.begin(
        asset, label=data.label, notes=data.notes, updates=None, file_name=data.file_name, length=len(disk), by=owner,
        limits=limits, folder=folder, now=road.now(),
    )  # fmt: skip
    result = upload.append(
        reservation,
        offset=0,
        content=disk,
        whole=len(disk),
        checksum=None,
        keep=limits.keep,
        folder=folder,
        now=road.now(),
    )
    if result.version is None:
        raise LookupError("all of it was sent")
    return result.version


_CLUSTER_BITS = 16
_CLUSTER_BYTES = 2**_CLUSTER_BITS


def empty_disk(size: int = 20 * 2**30) -> bytes:
    """Return an empty disk of ``size`` bytes (at most some terabytes) in the format qcow2, version 2.

    It consists of the header, the reference table and block, and an empty first table. A sandbox's cloud starts no real
    server from it.
    """
    bytes_per_entry = _CLUSTER_BYTES * (_CLUSTER_BYTES // 8)  # bytes per entry of the first table
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb", 2, 0, 0, _CLUSTER_BITS, size, 0, -(-size // bytes_per_entry), 3 * _CLUSTER_BYTES, _CLUSTER_BYTES, 1, 0, 0,
    )  # fmt: skip
    references, counts = struct.pack(">Q", 2 * _CLUSTER_BYTES), struct.pack(">4H", 1, 1, 1, 1)
    return b"".join(part.ljust(_CLUSTER_BYTES, b"\0") for part in (header, references, counts, b""))


def _draft(road: Road, owner: User, version: AssetVersion) -> Product:
    demo_product = image().product
    described = next(candidate for candidate in sellers() if candidate.slug == demo_product.seller)
    with transaction.atomic():
        seller, now = Seller.objects.get(slug=demo_product.seller), road.now()
        proof = store_certificate(
            demo_product.name.en, seller, described.name.en, by=owner, settings=road.settings, now=now
        )
        document = demo_product.document(described, proof=proof)
        fields = {**document.details.fields, ASSET: str(version.pk)}
        document = replace(document, details=replace(document.details, fields=fields))
        return draft_product(seller, document, by=owner, slug=demo_product.slug, now=now)


# --- its servers ------------------------------------------------------------------------------------------------------


def _run(road: Road, product: Product, buyer: User, cloud: Compute, rules: Rules) -> None:
    offers = Offer.objects.filter(sku__spec__product=product, on_sale=True)
    hourly = offers.get(charging_mode__in=modes_with(lambda mode: mode.postpaid))
    monthly = offers.get(charging_mode__in=modes_with(lambda mode: mode.ends))
    if not OrderLine.objects.filter(product=product).exists():
        for name in (image().by_the_hour, image().by_the_month):
            command = CreateServer(
                product_id=hourly.product_id, name=name, size=image().size, agreed=True,
                idempotency_key=f"the demo's server {name}",
            )  # fmt: skip
            servers.create_server(buyer, command, cloud, rules=rules, now=road.now())
    if OrderLine.objects.filter(product=product, charging_mode=monthly.charging_mode).exists():
        return
    open_lines = OrderLine.objects.filter(product=product, status=Order.Status.PROCESSING)
    road.wait(lambda: not open_lines.exists(), product.slug)
    server = Server.objects.filter(buyer=buyer, name=image().by_the_month, status=Server.Status.RUNNING).first()
    if server is not None:
        image_order = OrderForServer(
            product_id=monthly.product_id, server=server.pk, agreed=True, idempotency_key="the demo's period image"
        )
        with transaction.atomic():
            pay_order(servers.buy_image(buyer, image_order, rules=rules, now=road.now()), now=road.now())

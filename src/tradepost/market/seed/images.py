"""An image in the demo, by the verbs of the pages: its system disk is uploaded, checked and approved, the product goes the road to the
shelf, and the demo buyer runs it on two servers: one is billed by the hour, a period image covers the other.

This waits for a worker. It is done once: what is there already stays. The disk lies in the data folder, so that no demo is
shipped with it.
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
from tradepost.market.images.servers import CreateServer, ForServer, Rules
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.product_types.charging import modes_that
from tradepost.market.product_types.contract import AssetKind
from tradepost.market.review import asset_files, decide
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import OPEN
from tradepost.market.review.registry import review_kind

from .data_files import Data, read
from .people import BUYER, OPERATOR, OWNER, sellers
from .proofs import hand_in_certificate
from .road import Road, approve, send
from .shapes import DemoProduct

FILE = "image.toml"


class SystemDisk(Data, frozen=True, kw_only=True):
    """What the product is delivered with, as the asset center calls it."""

    name: str
    label: str
    file_name: str
    notes: str


class ImageFile(Data, frozen=True, kw_only=True):
    """``by_the_hour``, ``by_the_month``: names of the servers."""

    by_the_hour: str
    by_the_month: str
    size: str
    asset: SystemDisk
    product: DemoProduct


@cache
def image() -> ImageFile:
    """Raises ``BadData``."""
    return read(FILE, ImageFile)


def run_servers(road: Road, *, cloud: Compute, rules: Rules, limits: UploadLimits) -> None:
    """Raises ``Stopped``, and ``Refused`` for what a person would have to mend."""
    owner, operator, buyer = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR, BUYER))
    slug = image().product.slug
    product = Product.objects.filter(slug=slug).first()
    if product is None:
        version = _approved_disk(road, owner, operator, limits)
        product = _draft(road, owner, version) if version is not None else None
    if product is not None and product.status == Product.Status.DRAFT:
        send(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    if product is not None and product.status == Product.Status.ON_SALE:
        _run(road, product, buyer, cloud, rules)


# --- the product ------------------------------------------------------------------------------------------------------


def _approved_disk(road: Road, owner: User, operator: User, limits: UploadLimits) -> AssetVersion | None:
    """None where an operator rejected it, or its seller withdrew it: that is a person's to go on with."""
    said, seller = image().asset, Seller.objects.get(slug=image().product.seller)
    asset = Asset.objects.filter(seller=seller, name=said.name).first() or versions.create_asset(
        seller, kind=AssetKind.IMAGE, name=said.name, by=owner, now=road.now()
    )
    version = asset.versions.order_by("pk").first() or _uploaded(asset, road, owner, limits)
    road.wait(lambda: _again(version).status != AssetVersion.Status.CHECKING, said.file_name)
    road.wait(lambda: asset_files.submission_of(version) is not None, said.file_name)
    submission = asset_files.submission_of(version)
    if submission is not None and submission.status in OPEN:
        now = road.now()
        items = review_kind(submission.kind).checklist(case_of(submission, settings=road.settings, now=now))
        ticked = [item.code for item in items]
        decide.approve(submission, checklist=ticked, by=operator, settings=road.settings, now=now)
    version = _again(version)
    return version if version.status == AssetVersion.Status.APPROVED else None


def _again(version: AssetVersion) -> AssetVersion:
    return AssetVersion.objects.get(pk=version.pk)


def _uploaded(asset: Asset, road: Road, owner: User, limits: UploadLimits) -> AssetVersion:
    """In one piece, as a browser sends a small file."""
    said, disk, folder = image().asset, empty_disk(), road.settings.uploads
    begun = upload.begin(
        asset, label=said.label, notes=said.notes, updates=None, file_name=said.file_name, length=len(disk), by=owner,
        limits=limits, folder=folder, now=road.now(),
    )  # fmt: skip
    whole = upload.append(
        begun, offset=0, content=disk, whole=len(disk), checksum=None, keep=limits.keep, folder=folder, now=road.now()
    )
    if whole.version is None:
        raise LookupError("all of it was sent")
    return whole.version


_CLUSTER_BITS = 16
_CLUSTER = 2**_CLUSTER_BITS


def empty_disk(size: int = 20 * 2**30) -> bytes:
    """A disk of ``size`` bytes (some terabytes at most) with nothing on it, in the format qcow2, version 2: clusters of header,
    table and block of references, and a first table without an entry. A sandbox's cloud starts no real server from it."""
    at_once = _CLUSTER * (_CLUSTER // 8)  # bytes that an entry of the first table stands for
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb", 2, 0, 0, _CLUSTER_BITS, size, 0, -(-size // at_once), 3 * _CLUSTER, _CLUSTER, 1, 0, 0,
    )  # fmt: skip
    references, counts = struct.pack(">Q", 2 * _CLUSTER), struct.pack(">4H", 1, 1, 1, 1)
    return b"".join(part.ljust(_CLUSTER, b"\0") for part in (header, references, counts, b""))


def _draft(road: Road, owner: User, version: AssetVersion) -> Product:
    said = image().product
    described = next(one for one in sellers() if one.slug == said.seller)
    with transaction.atomic():
        seller, now = Seller.objects.get(slug=said.seller), road.now()
        proof = hand_in_certificate(said.name.en, seller, described.name.en, by=owner, settings=road.settings, now=now)
        document = said.document(described, proof=proof)
        fields = {**document.details.fields, ASSET: str(version.pk)}
        document = replace(document, details=replace(document.details, fields=fields))
        return draft_product(seller, document, by=owner, slug=said.slug, now=now)


# --- its servers ------------------------------------------------------------------------------------------------------


def _run(road: Road, product: Product, buyer: User, cloud: Compute, rules: Rules) -> None:
    offers = Offer.objects.filter(sku__spec__product=product, on_sale=True)
    hourly = offers.get(charging_mode__in=modes_that(lambda mode: mode.postpaid))
    monthly = offers.get(charging_mode__in=modes_that(lambda mode: mode.ends))
    if not OrderLine.objects.filter(product=product).exists():
        for name in (image().by_the_hour, image().by_the_month):
            command = CreateServer(
                product_id=hourly.product_id, name=name, size=image().size, agreed=True,
                idempotency_key=f"the demo's server {name}",
            )  # fmt: skip
            servers.create_server(buyer, command, cloud, rules=rules, now=road.now())
    if OrderLine.objects.filter(product=product, charging_mode=monthly.charging_mode).exists():
        return
    ordered = OrderLine.objects.filter(product=product, status=Order.Status.PROCESSING)
    road.wait(lambda: not ordered.exists(), product.slug)
    server = Server.objects.filter(buyer=buyer, name=image().by_the_month, status=Server.Status.RUNNING).first()
    if server is not None:
        wanted = ForServer(
            product_id=monthly.product_id, server=server.pk, agreed=True, idempotency_key="the demo's period image"
        )
        with transaction.atomic():
            pay_order(servers.buy_image(buyer, wanted, rules=rules, now=road.now()), now=road.now())

"""Licenses that sellers deliver."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from itertools import count

from django.db import transaction

from tradepost.market.base.config import config
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.deliver import deliver_license
from tradepost.market.licenses.license_files import folder
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.licenses.request import request_license
from tradepost.protocols.open_api.upload import FileUpload, TextUpload, Upload

from .buying import make_order, make_subscription
from .people import NOW, make_address, make_seller
from .products import make_offer, make_product

_machines = count(1)


def make_application(seller: Seller | None = None, *, now: datetime = NOW) -> LicenseRequest:
    """Return a buyer's application for the license of a machine. The seller has not been called yet."""
    seller = seller or make_seller(now=now)
    address = make_address(seller, protocol="license_online")
    product = make_product(seller, address=address, product_type="LICENSE", now=now)
    held = make_subscription(make_order(offer=make_offer(product), paid=True, now=now), now=now)
    return request_license(held, f"machine-{next(_machines)}", actor="b", now=now)


def uploaded_file(event_id: str, name: str, content: bytes) -> FileUpload:
    """Return a file in the folder of uploads."""
    config().uploads.mkdir(parents=True, exist_ok=True)
    path = config().uploads / secrets.token_hex(8)
    path.write_bytes(content)
    hashed = hashlib.sha256(content).hexdigest()
    return FileUpload(event_id=event_id, file_name=name, path=path, size=len(content), sha256=hashed)


def deliver(seller_id: int, upload: Upload, *, now: datetime) -> None:
    with transaction.atomic():
        deliver_license(seller_id, upload, files=folder(config().files), now=now)


def deliver_text(seller_id: int, event_id: str, characters: str, *, now: datetime) -> None:
    deliver(seller_id, TextUpload(event_id=event_id, characters=characters), now=now)

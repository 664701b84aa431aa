"""Picture files of every kind, valid and invalid, and pictures that a seller uploaded."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from tradepost.market.assets.models import Picture, Proof
from tradepost.market.assets.picture_rules import Limits
from tradepost.market.assets.pictures import store_picture
from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.identity.models import Seller

from .people import NOW


def picture_file(
    kind: str = "PNG", *, width: int = 800, height: int = 600, mode: str = "RGB", colour: Any = (13, 92, 143),
    **options: Any,
) -> bytes:  # fmt: skip
    """Return the bytes of a plain picture. ``options`` are passed to Pillow's ``save``."""
    out = BytesIO()
    Image.new(mode, (width, height), colour).save(out, kind, **options)
    return out.getvalue()


def make_picture(
    seller: Seller, *, purpose: Picture.Purpose = Picture.Purpose.PRODUCT_MAIN, width: int = 800, height: int = 600,
    colour: Any = (13, 92, 143),
) -> Picture:  # fmt: skip
    """Return a picture of a seller that nothing refers to yet."""
    return store_picture(
        picture_file(width=width, height=height, colour=colour), name="picture.png", seller=seller, purpose=purpose,
        by=None, files=Files(config().files), limits=Limits(), a_day=1000, now=NOW,
    )  # fmt: skip


PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"


def make_proof(seller: Seller, *, content: bytes = PDF, name: str = "certificate.pdf") -> Proof:
    """Return a document of a seller that nothing refers to yet."""
    return store_proof(
        content,
        name=name,
        seller=seller,
        by=None,
        files=Files(config().files),
        most_bytes=20_971_520,
        a_day=1000,
        now=NOW,
    )

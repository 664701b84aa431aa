"""Pictures of sellers: upload them, create the sizes for pages, and serve them to permitted readers.

Only these sizes are stored, as WebP, so metadata of a camera (place, time, person) is removed. A picture is public
while something visible refers to it (``use_pictures``). Otherwise, only operators and members of its seller with
access to products or the company can see it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from threading import BoundedSemaphore
from typing import IO

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct
from PIL import Image

from tradepost.market.base.errors import Refused
from tradepost.market.base.files import SHA256, Files, sha256_of
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member, Seller, User

from .models import VARIANTS, Picture, PictureUse
from .picture_rules import RULES, Limits, read_picture, too_large

Purpose = Picture.Purpose
QUALITY = 85
MAX_USES = 100
"""Maximum pictures of an owner: five main ones, five per description, logos."""
MENUS = (Menu.PRODUCTS, Menu.COMPANY)
"""The menus whose members may see pictures."""
_DECODER_SLOT = BoundedSemaphore()
"""A picture in memory takes four bytes per pixel, and creating its sizes a second of a core, so a process handles one
at a time."""


class ServedPicture(Struct, frozen=True):
    """A size of a picture. ``public``: whether browsers may cache it permanently."""

    content: bytes
    public: bool


def store_picture(
    content: bytes | IO[bytes],
    *,
    name: str = "",
    seller: Seller | None,
    purpose: Picture.Purpose,
    by: User | None,
    files: Files,
    limits: Limits,
    a_day: int,
    now: datetime,
) -> Picture:
    """Store a picture in its sizes. ``name``: of the file. ``a_day``: maximum uploads of this seller within 24 hours.
    Pictures of the market have no seller and no such limit.

    Raises ``Refused``, with the field ``picture`` and the broken rule, without storing anything. It works for up to
    two seconds before it writes its row, so call it outside of a transaction if possible."""
    purpose = Purpose(purpose)
    data = _read(content, purpose, limits)
    if seller is not None:
        _check_number(seller, a_day, now)
    sha256 = sha256_of(data)
    with _DECODER_SLOT:
        decoded_picture = read_picture(
            data, name=name, purpose=purpose, limits=limits, shown_width=max(VARIANTS.values())
        )
        stored_variants = [
            files.has(sha256, f"{variant}.webp") for variant in VARIANTS
        ]  # check all of them: each is marked as fresh
        if not all(stored_variants):
            for variant, encoded_variant in _variants(decoded_picture.image).items():
                files.put_part(sha256, f"{variant}.webp", encoded_variant)
    with transaction.atomic():
        picture, _created = Picture.objects.get_or_create(
            seller=seller,
            sha256=sha256,
            purpose=purpose,
            defaults={
                "width": decoded_picture.width,
                "height": decoded_picture.height,
                "bytes": len(data),
                "by": by,
                "created_at": now,
            },
        )
    return picture


def find_picture(sha256: str, *, seller: Seller | None, purpose: Picture.Purpose) -> Picture | None:
    """Return a picture that this seller uploaded for this purpose; without a seller, one of the market."""
    return Picture.objects.filter(sha256=sha256, seller=seller, purpose=purpose).first()


def use_pictures(owner: str, hashes: Collection[str], *, seller: Seller | None, visible: bool) -> None:
    """Set the pictures of its seller to which ``owner`` refers, and whether they are visible. Replaces the previous
    list. Raises ``Refused`` for a hash that is not a picture of this seller."""
    requested_hashes = set(hashes)
    if len(requested_hashes) > MAX_USES:
        raise Refused("picture.too_many", _("Too many pictures."), HTTPStatus.UNPROCESSABLE_ENTITY, field="picture")
    if not requested_hashes:
        PictureUse.objects.filter(owner=owner).delete()
        return
    pictures = list(Picture.objects.filter(seller=seller, sha256__in=requested_hashes).order_by("pk"))
    if {picture.sha256 for picture in pictures} != requested_hashes:
        raise Refused(
            "picture.unknown", _("A picture no longer exists. Upload it again."), HTTPStatus.UNPROCESSABLE_ENTITY,
            field="picture",
        )  # fmt: skip
    with transaction.atomic():
        PictureUse.objects.filter(owner=owner).exclude(picture__in=pictures).delete()
        PictureUse.objects.filter(owner=owner).exclude(visible=visible).update(visible=visible)
        PictureUse.objects.bulk_create(
            [PictureUse(owner=owner, picture=picture, visible=visible) for picture in pictures], ignore_conflicts=True
        )


def show(sha256: str, variant: str, *, reader: Callable[[], User | None], files: Files) -> ServedPicture | None:
    """Return a size of a picture; None if it does not exist or is not permitted. ``reader`` is called only if it is
    not public."""
    if variant not in VARIANTS or not SHA256.fullmatch(sha256):
        return None
    public = PictureUse.objects.filter(picture__sha256=sha256, visible=True).exists()
    if not public and not _may_see(reader(), sha256):
        return None
    content = files.read(sha256, f"{variant}.webp")
    return None if content is None else ServedPicture(content, public)


def _may_see(reader: User | None, sha256: str) -> bool:
    if reader is None:
        return False
    pictures = Picture.objects.filter(sha256=sha256)
    return pictures.exists() if reader.is_operator else pictures.filter(seller__in=visible_sellers(reader)).exists()


def visible_sellers(reader: User) -> list[int]:
    """Return the sellers whose drafts and company data this person may see; access to orders only, for example, is
    not sufficient."""
    members = Member.objects.filter(user=reader).prefetch_related("groups")
    return [member.seller_id for member in members if any(rights_of(member).sees(menu) for menu in MENUS)]


def _read(content: bytes | IO[bytes], purpose: Picture.Purpose, limits: Limits) -> bytes:
    """Read the content. Raises ``Refused`` if it exceeds the limit, after reading one byte more."""
    data = content if isinstance(content, bytes) else content.read(limits.most_bytes + 1)
    if len(data) > limits.most_bytes:
        raise too_large(RULES[purpose], limits)
    return data


def _check_number(seller: Seller, a_day: int, now: datetime) -> None:
    if wait := wait_for_room(Picture.objects.filter(seller=seller), "created_at", a_day, now=now):
        raise Refused(
            "picture.too_many_today",
            _("A seller can upload at most %(number)s pictures a day. Continue tomorrow.") % {"number": a_day},
            HTTPStatus.TOO_MANY_REQUESTS, field="picture", rule="business-rules §2.3", wait=wait,
        )  # fmt: skip


def _variants(image: Image.Image) -> dict[str, bytes]:
    """Create the sizes from the largest to the smallest, each from the previous one: the difference is not visible,
    but it is faster."""
    by_variant: dict[str, bytes] = {}
    for variant, width in sorted(VARIANTS.items(), key=lambda item: -item[1]):
        if image.width > width:
            height = max(1, round(image.height * width / image.width))
            image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        buffer = BytesIO()
        image.save(buffer, "WEBP", quality=QUALITY, method=4)
        by_variant[variant] = buffer.getvalue()
    return by_variant

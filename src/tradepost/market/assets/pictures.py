"""Pictures of sellers: handed in, made into the sizes that pages show, and given to those who may see them.

Kept is only what pages show, as WebP: so nothing of what a camera wrote into the file (where, when, by whom) gets out.
A picture is public while something visible refers to it (``use_pictures``); until then it is for the members of its seller
who may look at products or the company, and for operators, and for everybody else it does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
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
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member, Seller, User

from .models import VARIANTS, Picture, PictureUse
from .picture_rules import RULES, Limits, read_picture, too_large

Purpose = Picture.Purpose
QUALITY = 85
MOST_USED = 100
"""Pictures that one thing may refer to: five main ones, five of each description, logos."""
MENUS = (Menu.PRODUCTS, Menu.COMPANY)
"""What files are handed in for."""
_ONE_AT_A_TIME = BoundedSemaphore()
"""A picture in memory takes four bytes a pixel, and its sizes a core for a second: a process looks at one at a time."""


class Shown(Struct, frozen=True):
    """A size of a picture; ``public``: whoever has its address may keep it for ever."""

    content: bytes
    public: bool


def store_picture(
    content: bytes | IO[bytes],
    *,
    name: str = "",
    seller: Seller,
    purpose: Picture.Purpose,
    by: User | None,
    files: Files,
    limits: Limits,
    a_day: int,
    now: datetime,
) -> Picture:
    """Keep a picture in its sizes. ``name`` is the file's, ``a_day`` how many this seller may hand in within 24 hours.

    Raises ``Refused`` with the field ``picture`` and the rule that it breaks; then nothing was kept. It takes up to a second
    or two of work before it writes its row: call it outside of a transaction where you can.
    """
    purpose = Purpose(purpose)
    data = _read(content, purpose, limits)
    _check_number(seller, a_day, now)
    sha256 = sha256_of(data)
    with _ONE_AT_A_TIME:
        decoded = read_picture(data, name=name, purpose=purpose, limits=limits, shown_width=max(VARIANTS.values()))
        kept = [files.has(sha256, f"{variant}.webp") for variant in VARIANTS]  # asks for all: each counts as fresh
        if not all(kept):
            for variant, made in _variants(decoded.image).items():
                files.put_part(sha256, f"{variant}.webp", made)
    with transaction.atomic():
        picture, _new = Picture.objects.get_or_create(
            seller=seller,
            sha256=sha256,
            purpose=purpose,
            defaults={
                "width": decoded.width,
                "height": decoded.height,
                "bytes": len(data),
                "by": by,
                "created_at": now,
            },
        )
    return picture


def find_picture(sha256: str, *, seller: Seller, purpose: Picture.Purpose) -> Picture | None:
    """A picture that this seller handed in for this purpose."""
    return Picture.objects.filter(sha256=sha256, seller=seller, purpose=purpose).first()


def use_pictures(owner: str, hashes: Collection[str], *, seller: Seller, visible: bool) -> None:
    """Say which pictures of its seller ``owner`` refers to from now on, and whether people can see it: the whole list, in
    place of the last one. Raises ``Refused`` for a hash that is no picture of this seller."""
    wanted = set(hashes)
    if len(wanted) > MOST_USED:
        raise Refused("picture.too_many", _("Too many pictures."), HTTPStatus.UNPROCESSABLE_ENTITY, field="picture")
    if not wanted:
        PictureUse.objects.filter(owner=owner).delete()
        return
    pictures = list(Picture.objects.filter(seller=seller, sha256__in=wanted).order_by("pk"))
    if {picture.sha256 for picture in pictures} != wanted:
        raise Refused(
            "picture.unknown", _("A picture is not there any more; hand it in again."), HTTPStatus.UNPROCESSABLE_ENTITY,
            field="picture",
        )  # fmt: skip
    with transaction.atomic():
        PictureUse.objects.filter(owner=owner).exclude(picture__in=pictures).delete()
        PictureUse.objects.filter(owner=owner).exclude(visible=visible).update(visible=visible)
        PictureUse.objects.bulk_create(
            [PictureUse(owner=owner, picture=picture, visible=visible) for picture in pictures], ignore_conflicts=True
        )


def show(sha256: str, variant: str, *, reader: Callable[[], User | None], files: Files) -> Shown | None:
    """A size of a picture for whoever asks; None when there is none, or none for them. Of what is public nobody asks who
    reads it."""
    if variant not in VARIANTS or not SHA256.fullmatch(sha256):
        return None
    public = PictureUse.objects.filter(picture__sha256=sha256, visible=True).exists()
    if not public and not _may_see(reader(), sha256):
        return None
    content = files.read(sha256, f"{variant}.webp")
    return None if content is None else Shown(content, public)


def _may_see(reader: User | None, sha256: str) -> bool:
    if reader is None:
        return False
    pictures = Picture.objects.filter(sha256=sha256)
    return pictures.exists() if reader.is_operator else pictures.filter(seller__in=sellers_seen_by(reader)).exists()


def sellers_seen_by(reader: User) -> list[int]:
    """Those whose drafts and company this person may look at; a group that opens only orders, say, is not enough."""
    members = Member.objects.filter(user=reader).prefetch_related("groups")
    return [member.seller_id for member in members if any(rights_of(member).sees(menu) for menu in MENUS)]


def _read(content: bytes | IO[bytes], purpose: Picture.Purpose, limits: Limits) -> bytes:
    """All of it, unless it is larger than allowed: then no more than shows that."""
    data = content if isinstance(content, bytes) else content.read(limits.most_bytes + 1)
    if len(data) > limits.most_bytes:
        raise too_large(RULES[purpose], limits)
    return data


def _check_number(seller: Seller, a_day: int, now: datetime) -> None:
    today = Picture.objects.filter(seller=seller, created_at__gt=now - timedelta(days=1))
    if today.count() >= a_day:
        raise Refused(
            "picture.too_many_today",
            _("A seller may hand in %(number)s pictures a day. Go on tomorrow.") % {"number": a_day},
            HTTPStatus.TOO_MANY_REQUESTS, field="picture", rule="business-rules §2.3",
        )  # fmt: skip


def _variants(image: Image.Image) -> dict[str, bytes]:
    """From the largest to the smallest, each made of the one before: the eye sees no difference, the clock does."""
    made: dict[str, bytes] = {}
    for variant, width in sorted(VARIANTS.items(), key=lambda item: -item[1]):
        if image.width > width:
            height = max(1, round(image.height * width / image.width))
            image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = BytesIO()
        image.save(out, "WEBP", quality=QUALITY, method=4)
        made[variant] = out.getvalue()
    return made

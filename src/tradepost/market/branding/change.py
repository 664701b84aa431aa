"""Change the market's branding: save texts and colour, set pictures, or reset everything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import structs

from tradepost.market.assets.models import Picture
from tradepost.market.assets.pictures import find_picture, use_pictures
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User

from . import colours, face
from .face import Values
from .models import Branding

OWNER = "branding"
"""Owner key of the market's pictures in ``assets.pictures``."""
PICTURE_PURPOSES = {"logo": Picture.Purpose.MARKET_LOGO, "icon": Picture.Purpose.MARKET_ICON}
ICP = re.compile(r"[\u4e00-\u9fff]ICP[备证]\d{6,10}号(-\d{1,4})?")
PHONE = re.compile(r"[0-9+() /,;-]{3,40}")


def save(values: Values, *, version: int, by: User, now: datetime) -> None:
    """Store texts and colour. ``version``: the version that the operator edited. Raises ``Refused`` with the invalid
    field."""
    values = checked(values)

    def write(row: Branding) -> None:
        for column in face.COLUMNS:
            setattr(row, column, getattr(values, column))

    _change(write, version=version, by=by, now=now)


def set_picture(use: str, sha256: str, *, version: int, by: User, now: datetime) -> None:
    """Set the logo or icon. ``use``: a key of ``PICTURE_PURPOSES``; ``sha256``: the hash of a picture uploaded for it, or empty for
    none."""
    picture = _picture(sha256, use)
    _change(lambda row: setattr(row, use, picture), version=version, by=by, now=now)


def reset(*, version: int, by: User, now: datetime) -> None:
    """Remove the market's name, colour, texts and pictures."""

    def write(row: Branding) -> None:
        row.logo = row.icon = None
        for column, value in structs.asdict(Values()).items():
            setattr(row, column, value)

    _change(write, version=version, by=by, now=now)


def checked(values: Values) -> Values:
    """Return the values without superfluous spaces and invisible characters. Raises ``Refused`` with the invalid
    field."""
    cleaned: dict[str, Any] = {
        column: _visible(value) if isinstance(value, str) else value for column, value in structs.asdict(values).items()
    }
    cleaned["colour"] = _colour(cleaned["colour"])
    result = Values(**cleaned)
    if result.icp and not ICP.fullmatch(result.icp):
        raise _invalid(
            "icp",
            _(
                "Enter the ICP number as it was issued, with its Chinese characters: the province, ICP, the digits and, for a website, its suffix."
            ),
        )
    if result.support_phone and not PHONE.fullmatch(result.support_phone):
        raise _invalid("support_phone", _("Enter a phone number in digits, for example +86 755 1234 5678."))
    if result.support_email:
        try:
            validate_email(result.support_email)
        except ValidationError:
            raise _invalid("support_email", _("Enter an email address, for example support@example.com.")) from None
    return result


def _visible(text: str) -> str:
    """Reduce a text to one line of visible characters, since the name also appears in mail headers."""
    visible_characters = (char for char in text if char.isspace() or unicodedata.category(char)[0] != "C")
    return " ".join("".join(visible_characters).split())


def _colour(text: str) -> str:
    if not text:
        return ""
    colour = f"#{text.removeprefix('#').lower()}"
    try:
        parts = colours.parse(colour)
    except ValueError:
        raise _invalid("colour", _("Enter the colour as # and six hexadecimal digits, for example #0d5c8f.")) from None
    if colours.is_readable(parts):
        return colour
    words = _(
        "White text on this colour has a contrast of %(ratio)s:1. It must be at least 4.5:1. The nearest darker colour is "
        "%(nearest)s."
    )
    ratio = int(colours.contrast(parts, colours.WHITE) * 100) / 100
    raise _invalid("colour", words % {"ratio": f"{ratio:.2f}", "nearest": colours.hex_text(colours.darkened(parts))})


def _picture(sha256: str, use: str) -> Picture | None:
    if not sha256:
        return None
    picture = find_picture(sha256, seller=None, purpose=PICTURE_PURPOSES[use])
    if picture is None:
        raise _invalid("picture", _("This picture no longer exists. Upload it again."))
    return picture


def _change(write: Callable[[Branding], None], *, version: int, by: User, now: datetime) -> None:
    with transaction.atomic():
        if not Branding.objects.filter(pk=Branding.ONLY).exists():
            Branding.objects.bulk_create([Branding(pk=Branding.ONLY, changed_at=now)], ignore_conflicts=True)
        row = Branding.objects.select_for_update().get(pk=Branding.ONLY)
        if row.version != version:
            words = _(
                "Another operator changed the branding while you had the page open. Check the current values and save again."
            )
            raise Refused("branding.changed", words)
        write(row)
        row.version, row.changed_at, row.changed_by = row.version + 1, now, by
        row.save()
        use_pictures(OWNER, [picture.sha256 for picture in (row.logo, row.icon) if picture], seller=None, visible=True)
        face.forget()
        transaction.on_commit(face.forget)


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"branding.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)

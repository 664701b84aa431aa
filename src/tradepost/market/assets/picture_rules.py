"""What a picture must be for its purpose, and whether a file is one: found out by decoding it, never by its name.

Facts: business-rules §1.4 (company logo), §2.3 (product logo, main pictures, pictures of the description). What is only
suggested there refuses nothing, but for a logo of less than half the suggested size, which is blurred wherever it is shown.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from pathlib import PurePath

from django.utils.translation import gettext as _
from msgspec import Struct
from PIL import Image, ImageOps, UnidentifiedImageError

from tradepost.market.base.errors import Refused

from .models import Picture

Purpose = Picture.Purpose
LONGEST_SIDE = 16_000
"""Of WebP, in which pictures are served: 16,383."""
SUFFIXES: Mapping[str, frozenset[str]] = {
    "JPEG": frozenset({".jpg", ".jpeg", ".jfif", ".jpe"}),
    "PNG": frozenset({".png"}),
    "GIF": frozenset({".gif"}),
}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, TypeError)
"""What Pillow raises for bytes that begin like a picture and are none; UnidentifiedImageError is an OSError."""


class Limits(Struct, frozen=True):
    """Of every picture, whatever it is for."""

    most_bytes: int = 5_242_880
    most_pixels: int = 20_000_000


class PictureRule(Struct, frozen=True, kw_only=True):
    """``formats`` as Pillow names them; sizes in pixels, ``widest`` 0: no limit. ``section`` of business-rules.md."""

    section: str
    formats: tuple[str, ...]
    narrowest: int
    lowest: int
    widest: int = 0


_STILL = ("JPEG", "PNG")
RULES: Mapping[Picture.Purpose, PictureRule] = {
    # §1.4: "suggested 168×70"; half of it.
    Purpose.COMPANY_LOGO: PictureRule(section="1.4", formats=_STILL, narrowest=84, lowest=35),
    # §2.3: shown 120×120.
    Purpose.PRODUCT_LOGO: PictureRule(section="2.3", formats=_STILL, narrowest=120, lowest=120),
    # §2.3: "JPG/JPEG/PNG/GIF 800×600".
    Purpose.PRODUCT_MAIN: PictureRule(section="2.3", formats=(*_STILL, "GIF"), narrowest=800, lowest=600),
    # §2.3: "width 900–1200 px, height ≥ 800 px".
    Purpose.DESCRIPTION: PictureRule(section="2.3", formats=_STILL, narrowest=900, widest=1200, lowest=800),
}


class Decoded(Struct, frozen=True):
    """``image`` is RGB or RGBA and upright; it may be smaller than the picture, but not narrower than was asked for."""

    image: Image.Image
    width: int
    height: int


def read_picture(content: bytes, *, name: str, purpose: Picture.Purpose, limits: Limits, shown_width: int) -> Decoded:
    """The picture without anything else that the file said, at least ``shown_width`` pixels wide if it is that wide at all.

    Of a GIF that moves the first picture is taken: what moves by itself distracts from the text beside it (WCAG 2.2.2).
    Raises ``Refused`` with the section that it breaks.
    """
    rule = RULES[purpose]
    if len(content) > limits.most_bytes:
        raise too_large(rule, limits)
    image = _opened(content, rule)
    _check_name(image, name, rule)
    _check_pixels(image, rule, limits)  # first of all: to ask a PNG for its Exif reads every pixel
    width, height = _upright_size(image)
    _check_size(width, height, rule)
    if width > shown_width:  # a JPEG is decoded in half, a quarter or an eighth of its size at far less cost
        image.draft("RGB", (image.width * shown_width // width, image.height * shown_width // width))
    return Decoded(_decoded(image, rule), width, height)


def too_large(rule: PictureRule, limits: Limits) -> Refused:
    return _refused(
        "picture.too_large",
        _("The file is larger than %(most)s MB. Save the picture smaller, for example as JPG.")
        % {"most": f"{limits.most_bytes / 1_048_576:g}"},
        rule,
    )


def _opened(content: bytes, rule: PictureRule) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # pixels are counted here, before any is read
            image = Image.open(BytesIO(content), formats=tuple(SUFFIXES))
    except (Image.DecompressionBombError, *_BROKEN) as error:
        if isinstance(error, UnidentifiedImageError) or not isinstance(error, Image.DecompressionBombError):
            raise _wrong_format(rule) from None
        raise _refused(
            "picture.too_many_pixels", _("The picture has more pixels than anybody could look at."), rule
        ) from None
    if _format_of(image) not in rule.formats:
        raise _wrong_format(rule)
    return image


def _format_of(image: Image.Image) -> str:
    """Telephones put several JPEGs into one file, which Pillow calls MPO; the first is the picture."""
    return "JPEG" if image.format == "MPO" else image.format or ""


def _check_name(image: Image.Image, name: str, rule: PictureRule) -> None:
    """§1.4: "no renamed suffix". A file without a name, or one without a suffix, says nothing wrong."""
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix and suffix not in SUFFIXES[_format_of(image)]:
        raise _refused(
            "picture.renamed",
            _("The name ends in %(suffix)s, but the file is a %(format)s. Save it anew instead of renaming it.")
            % {"suffix": suffix[:16], "format": _format_of(image)},
            rule,
        )


def _check_pixels(image: Image.Image, rule: PictureRule, limits: Limits) -> None:
    if image.width * image.height <= limits.most_pixels and max(image.size) <= LONGEST_SIDE:
        return
    raise _refused(
        "picture.too_many_pixels",
        _("The picture has %(width)s × %(height)s pixels. At most %(most)s megapixels are taken, and 16,000 a side.")
        % {"width": f"{image.width:,}", "height": f"{image.height:,}", "most": f"{limits.most_pixels / 1_000_000:g}"},
        rule,
    )


def _upright_size(image: Image.Image) -> tuple[int, int]:
    try:
        turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    except _BROKEN:
        turned = False
    return (image.height, image.width) if turned else image.size


def _check_size(width: int, height: int, rule: PictureRule) -> None:
    if width < rule.narrowest or height < rule.lowest or (rule.widest and width > rule.widest):
        wanted = (
            _("between %(narrowest)s and %(widest)s pixels wide and at least %(lowest)s high")
            if rule.widest
            else _("at least %(narrowest)s pixels wide and %(lowest)s high")
        ) % {"narrowest": rule.narrowest, "widest": rule.widest, "lowest": rule.lowest}
        raise _refused(
            "picture.size",
            _("The picture is %(width)s × %(height)s pixels; it must be %(wanted)s.")
            % {"width": width, "height": height, "wanted": wanted},
            rule,
        )


def _decoded(image: Image.Image, rule: PictureRule) -> Image.Image:
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    except (Image.DecompressionBombError, *_BROKEN):
        raise _refused(
            "picture.broken", _("The file is damaged or was not transferred whole: it cannot be shown."), rule
        ) from None
    see_through = image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info
    if image.mode.startswith("I"):  # greys of 16 bits, of which the eye sees the upper eight
        image = image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    plain: Image.Image = image.convert("RGBA" if see_through else "RGB")
    plain.info.clear()
    return plain


def _wrong_format(rule: PictureRule) -> Refused:
    return _refused(
        "picture.format",
        _("The file is no picture of a kind that is taken here: %(formats)s.") % {"formats": ", ".join(rule.formats)},
        rule,
    )


def _refused(code: str, message: str, rule: PictureRule) -> Refused:
    return Refused(
        code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field="picture", rule=f"business-rules §{rule.section}"
    )

"""Requirements for pictures by purpose, and validation by decoding, never by name.

Facts: business-rules §1.4 (company logo), §2.3 (product logo, main pictures, pictures of the description). Mere
suggestions there refuse nothing, except that a logo must have half the suggested size, because smaller ones are
blurred everywhere."""

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
MAX_SIDE = 16_000
"""Limit of WebP, the format in which pictures are served: 16,383."""
SUFFIXES: Mapping[str, frozenset[str]] = {
    "JPEG": frozenset({".jpg", ".jpeg", ".jfif", ".jpe"}),
    "PNG": frozenset({".png"}),
    "GIF": frozenset({".gif"}),
}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, TypeError)
"""Errors of Pillow for bytes that begin like a picture but are invalid; UnidentifiedImageError is an OSError."""


class Limits(Struct, frozen=True):
    """Limits of every picture, for any purpose."""

    most_bytes: int = 5_242_880
    most_pixels: int = 20_000_000


class PictureRule(Struct, frozen=True, kw_only=True):
    """``formats``: Pillow's names. Sizes in pixels; ``widest`` 0: no limit. ``section``: of business-rules.md, empty
    for a rule of this market."""

    section: str
    formats: tuple[str, ...]
    narrowest: int
    lowest: int
    widest: int = 0


_STILL_FORMATS = ("JPEG", "PNG")
RULES: Mapping[Picture.Purpose, PictureRule] = {
    # §1.4: "suggested 168×70"; the minimum is half of it.
    Purpose.COMPANY_LOGO: PictureRule(section="1.4", formats=_STILL_FORMATS, narrowest=84, lowest=35),
    # §2.3: shown 120×120.
    Purpose.PRODUCT_LOGO: PictureRule(section="2.3", formats=_STILL_FORMATS, narrowest=120, lowest=120),
    # §2.3: "JPG/JPEG/PNG/GIF 800×600".
    Purpose.PRODUCT_MAIN: PictureRule(section="2.3", formats=(*_STILL_FORMATS, "GIF"), narrowest=800, lowest=600),
    # §2.3: "width 900–1200 px, height ≥ 800 px".
    Purpose.DESCRIPTION: PictureRule(section="2.3", formats=_STILL_FORMATS, narrowest=900, widest=1200, lowest=800),
    # Shown 32 pixels high in the header, with twice the pixels on a high-resolution screen.
    Purpose.MARKET_LOGO: PictureRule(section="", formats=_STILL_FORMATS, narrowest=64, lowest=64),
    # Browsers show it 16 to 48 pixels wide.
    Purpose.MARKET_ICON: PictureRule(section="", formats=_STILL_FORMATS, narrowest=48, lowest=48),
}


class DecodedPicture(Struct, frozen=True):
    """``image``: RGB or RGBA, and upright; may be smaller than the picture, but not narrower than requested."""

    image: Image.Image
    width: int
    height: int


def read_picture(
    content: bytes, *, name: str, purpose: Picture.Purpose, limits: Limits, shown_width: int
) -> DecodedPicture:
    """Return the picture without metadata, at least ``shown_width`` pixels wide if it has that width.

    Only the first frame of an animated GIF is used, because motion distracts from the text beside it (WCAG 2.2.2).
    Raises ``Refused`` with the section that it breaks."""
    rule = RULES[purpose]
    if len(content) > limits.most_bytes:
        raise too_large(rule, limits)
    image = _open(content, rule)
    _check_name(image, name, rule)
    _check_pixels(image, rule, limits)  # before anything else: reading the Exif data of a PNG decodes all its pixels
    width, height = _upright_size(image)
    _check_size(width, height, rule)
    if width > shown_width:  # a JPEG can be decoded at a half, a quarter or an eighth of its size, which is much faster
        image.draft("RGB", (image.width * shown_width // width, image.height * shown_width // width))
    return DecodedPicture(_decode(image, rule), width, height)


def too_large(rule: PictureRule, limits: Limits) -> Refused:
    return _refused(
        "picture.too_large",
        _("The file is larger than %(most)s MB. Save the picture smaller, for example as JPG.")
        % {"most": f"{limits.most_bytes / 1_048_576:g}"},
        rule,
    )


def _open(content: bytes, rule: PictureRule) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # pixels are counted here, before any are decoded
            image = Image.open(BytesIO(content), formats=tuple(SUFFIXES))
    except (Image.DecompressionBombError, *_BROKEN) as error:
        if isinstance(error, UnidentifiedImageError) or not isinstance(error, Image.DecompressionBombError):
            raise _wrong_format(rule) from None
        raise _refused("picture.too_many_pixels", _("The picture has too many pixels to process."), rule) from None
    if _format_of(image) not in rule.formats:
        raise _wrong_format(rule)
    return image


def _format_of(image: Image.Image) -> str:
    """Some telephones store several JPEGs in one file, which Pillow calls MPO; the first is the picture."""
    return "JPEG" if image.format == "MPO" else image.format or ""


def _check_name(image: Image.Image, name: str, rule: PictureRule) -> None:
    """§1.4: "no renamed suffix". A file without a name or suffix is accepted."""
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix and suffix not in SUFFIXES[_format_of(image)]:
        raise _refused(
            "picture.renamed",
            _(
                "The name ends in %(suffix)s, but the file is a %(format)s. Save it in the correct format instead of renaming it."
            )
            % {"suffix": suffix[:16], "format": _format_of(image)},
            rule,
        )


def _check_pixels(image: Image.Image, rule: PictureRule, limits: Limits) -> None:
    if image.width * image.height <= limits.most_pixels and max(image.size) <= MAX_SIDE:
        return
    raise _refused(
        "picture.too_many_pixels",
        _("The picture has %(width)s × %(height)s pixels. The limit is %(most)s megapixels and 16,000 pixels a side.")
        % {"width": f"{image.width:,}", "height": f"{image.height:,}", "most": f"{limits.most_pixels / 1_000_000:g}"},
        rule,
    )


def _upright_size(image: Image.Image) -> tuple[int, int]:
    try:
        is_turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    except _BROKEN:
        is_turned = False
    return (image.height, image.width) if is_turned else image.size


def _check_size(width: int, height: int, rule: PictureRule) -> None:
    if width < rule.narrowest or height < rule.lowest or (rule.widest and width > rule.widest):
        requirement = (
            _("between %(narrowest)s and %(widest)s pixels wide and at least %(lowest)s high")
            if rule.widest
            else _("at least %(narrowest)s pixels wide and %(lowest)s high")
        ) % {"narrowest": rule.narrowest, "widest": rule.widest, "lowest": rule.lowest}
        raise _refused(
            "picture.size",
            _("The picture is %(width)s × %(height)s pixels; it must be %(wanted)s.")
            % {"width": width, "height": height, "wanted": requirement},
            rule,
        )


def _decode(image: Image.Image, rule: PictureRule) -> Image.Image:
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    except (Image.DecompressionBombError, *_BROKEN):
        raise _refused("picture.broken", _("The file is damaged or incomplete and cannot be shown."), rule) from None
    has_transparency = image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info
    if image.mode.startswith("I"):  # 16-bit greyscale, reduced to the upper eight bits
        image = image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    converted_image: Image.Image = image.convert("RGBA" if has_transparency else "RGB")
    converted_image.info.clear()
    return converted_image


def _wrong_format(rule: PictureRule) -> Refused:
    return _refused(
        "picture.format",
        _("The file is not a picture in a supported format (%(formats)s).") % {"formats": ", ".join(rule.formats)},
        rule,
    )


def _refused(code: str, message: str, rule: PictureRule) -> Refused:
    source = f"business-rules §{rule.section}" if rule.section else ""
    return Refused(code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field="picture", rule=source)

"""Pictures are decoded and measured; their name and declared type are not used (business-rules §1.4, §2.3)."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.factories.pictures import picture_file
from tradepost.market.assets.models import Picture
from tradepost.market.assets.picture_rules import DecodedPicture, Limits, read_picture
from tradepost.market.base.errors import Refused

Purpose = Picture.Purpose
LOGO, MAIN, DESCRIPTION = Purpose.COMPANY_LOGO, Purpose.PRODUCT_MAIN, Purpose.DESCRIPTION


def read(content: bytes, name: str = "", purpose: Purpose = MAIN, limits: Limits | None = None) -> DecodedPicture:
    return read_picture(content, name=name, purpose=purpose, limits=limits or Limits(), shown_width=2400)


def refusal(content: bytes, name: str = "", purpose: Purpose = MAIN, limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        read(content, name, purpose, limits)
    assert caught.value.field == "picture"
    assert caught.value.status == 422
    return caught.value


@pytest.mark.parametrize(
    ("purpose", "name", "content"),
    [
        (LOGO, "logo.png", picture_file(width=168, height=70)),
        (LOGO, "LOGO.JPG", picture_file("JPEG", width=168, height=80)),
        (LOGO, "logo.jpeg", picture_file("JPEG", width=84, height=35)),
        (LOGO, "logo", picture_file(width=168, height=70)),
        (LOGO, "公司.png", picture_file(width=168, height=70, mode="RGBA", colour=(1, 2, 3, 0))),
        (Purpose.PRODUCT_LOGO, "a.png", picture_file(width=120, height=120)),
        (MAIN, "a.png", picture_file(width=800, height=600)),
        (MAIN, "a.gif", picture_file("GIF", width=800, height=600)),
        (MAIN, "c:\\pictures\\v1.2\\a.jpg", picture_file("JPEG", width=1920, height=1080)),
        (MAIN, "a.jfif", picture_file("JPEG", mode="L", colour=9)),
        (MAIN, "a.jpg", picture_file("JPEG", mode="CMYK", colour=(0, 255, 255, 0))),
        (MAIN, "a.png", picture_file(mode="P", colour=0)),
        (MAIN, "a.png", picture_file(mode="1", colour=1)),
        (MAIN, "a.png", picture_file(mode="LA", colour=(9, 0))),
        (MAIN, "a.png", picture_file(mode="I;16", colour=40000)),
        (DESCRIPTION, "a.png", picture_file(width=900, height=800)),
        (DESCRIPTION, "a.jpg", picture_file("JPEG", width=1200, height=6000)),
    ],
)
def test_valid_pictures_are_accepted(purpose: Purpose, name: str, content: bytes) -> None:
    decoded = read(content, name, purpose)
    assert decoded.image.mode in {"RGB", "RGBA"}
    assert decoded.image.info == {}


@pytest.mark.parametrize(
    ("code", "purpose", "name", "content"),
    [
        ("picture.format", LOGO, "logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("picture.format", LOGO, "logo.png", b"MZ\x90\x00 a program"),
        ("picture.format", LOGO, "logo.png", b""),
        ("picture.format", LOGO, "logo.png", b"\x89PNG\r\n\x1a\n"),
        ("picture.format", LOGO, "logo.gif", picture_file("GIF", width=168, height=70)),
        ("picture.format", MAIN, "a.webp", picture_file("WEBP")),
        ("picture.format", MAIN, "a.png", picture_file("BMP")),
        ("picture.format", MAIN, "a.tif", picture_file("TIFF")),
        ("picture.renamed", MAIN, "a.png", picture_file("JPEG")),
        ("picture.renamed", MAIN, "a.jpg", picture_file("PNG")),
        ("picture.renamed", MAIN, "a.exe", picture_file("PNG")),
        ("picture.size", LOGO, "a.png", picture_file(width=83, height=35)),
        ("picture.size", LOGO, "a.png", picture_file(width=84, height=34)),
        ("picture.size", MAIN, "a.png", picture_file(width=799, height=600)),
        ("picture.size", MAIN, "a.png", picture_file(width=800, height=599)),
        ("picture.size", DESCRIPTION, "a.png", picture_file(width=899, height=800)),
        ("picture.size", DESCRIPTION, "a.png", picture_file(width=1201, height=800)),
        ("picture.size", DESCRIPTION, "a.png", picture_file(width=1200, height=799)),
        ("picture.too_many_pixels", MAIN, "a.png", picture_file(width=5000, height=4001, mode="1", colour=1)),
        ("picture.too_many_pixels", DESCRIPTION, "a.png", picture_file(width=900, height=16001, mode="1", colour=1)),
    ],
)
def test_invalid_pictures_are_refused_with_their_rule(code: str, purpose: Purpose, name: str, content: bytes) -> None:
    refused = refusal(content, name, purpose)
    assert refused.code == code
    assert refused.rule == f"business-rules §{'1.4' if purpose is LOGO else '2.3'}"


def test_size_limit_is_five_megabytes() -> None:
    """Data after the end of the picture counts."""
    small = picture_file(width=168, height=70)
    five_megabytes = small + b"\0" * (5 * 1024 * 1024 - len(small))
    assert read(five_megabytes, purpose=LOGO).width == 168
    assert refusal(five_megabytes + b"\0", purpose=LOGO).code == "picture.too_large"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_truncated_picture_is_refused(kind: str) -> None:
    noise = BytesIO()
    Image.effect_noise((800, 600), 90).convert("RGB").save(noise, kind)
    content = noise.getvalue()
    assert read(content).width == 800
    assert refusal(content[: len(content) // 2]).code == "picture.broken"


def _png_with_size(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (60_000, 60_000), (5000, 4001)])
def test_decompression_bomb_is_refused_before_decoding(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was read"))
    assert refusal(_png_with_size(*size)).code == "picture.too_many_pixels"


def test_picture_is_upright_and_has_no_location() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "A camera of somebody", {1: "N", 2: (48.0, 8.0, 11.0)}
    lying = picture_file("JPEG", width=800, height=1000, exif=exif)
    assert b"A camera" in lying
    decoded = read(lying, purpose=MAIN)
    assert (decoded.width, decoded.height, decoded.image.size) == (1000, 800, (1000, 800))
    assert not decoded.image.getexif()
    assert refusal(picture_file("JPEG", width=600, height=800)).code == "picture.size", "as stored"
    exif[0x0112] = 8
    assert read(picture_file("JPEG", width=600, height=800, exif=exif)).width == 800, "as shown"


def test_large_photo_is_decoded_at_its_shown_size() -> None:
    decoded = read(picture_file("JPEG", width=5000, height=3900))
    assert (decoded.width, decoded.height) == (5000, 3900)
    assert decoded.image.size == (2500, 1950)


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"]))
def test_any_bytes_are_handled(content: bytes, head: bytes) -> None:
    assert refusal(head + content).code.startswith("picture.")


@pytest.mark.slow
@given(st.data())
def test_damaged_picture_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(picture_file(data.draw(st.sampled_from(["PNG", "JPEG", "GIF"])), width=800, height=600))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Refused):
        read(bytes(content))

"""The tus resumable upload protocol 1.0.0: its headers, read and written. Pure; the server is ``sites/seller_center/uploads``.

https://tus.io/protocols/resumable-upload: core, and the extensions creation, termination, checksum and expiration.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from wsgiref.handlers import format_date_time

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
ALGORITHMS = ("sha256", "sha1")
CONTENT_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460
"""The protocol's own status; no registry of HTTP knows it."""
LONGEST_METADATA = 8192
LARGEST = 2**53 - 1
"""Largest number that is taken: what JavaScript still counts exactly."""
_NUMBER = re.compile(r"[0-9]{1,16}")
_KEY = re.compile(r"[!-+\--~]{1,64}")


class BadHeader(Refused):
    """A header that the protocol does not allow."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__("tus.header", f"{name}: {words}", HTTPStatus.BAD_REQUEST, field=name)


def number_of(name: str, value: str | None) -> int:
    """Of ``Upload-Length`` and ``Upload-Offset``. Raises ``BadHeader`` for what is no whole number from 0 on."""
    if value is None or not _NUMBER.fullmatch(value) or int(value) > LARGEST:
        raise BadHeader(name, _("a whole number of bytes is expected."))
    return int(value)


def metadata_of(value: str) -> Mapping[str, str]:
    """``Upload-Metadata``: keys with their values in Base64, separated by commas; a key without a value is empty."""
    if len(value) > LONGEST_METADATA:
        raise BadHeader("Upload-Metadata", _("it is too long."))
    found: dict[str, str] = {}
    for pair in value.split(",") if value.strip() else ():
        key, _space, coded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise BadHeader(
                "Upload-Metadata", _("a key is empty, comes twice or has characters that keys do not have.")
            )
        try:
            found[key] = base64.b64decode(coded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise BadHeader("Upload-Metadata", _("values are UTF-8 in Base64.")) from None
    return found


class Checksum(Struct, frozen=True):
    algorithm: str
    digest: bytes

    def fits(self, content: bytes) -> bool:
        return hashlib.new(self.algorithm, content, usedforsecurity=False).digest() == self.digest


def checksum_of(value: str | None) -> Checksum | None:
    """``Upload-Checksum``; None where there is none."""
    if value is None:
        return None
    algorithm, _space, coded = value.strip().partition(" ")
    try:
        digest = base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        raise BadHeader(
            "Upload-Checksum", _("one of %(known)s, and the digest in Base64.") % {"known": ", ".join(ALGORITHMS)}
        )
    return Checksum(algorithm, digest)


def http_date(moment: datetime) -> str:
    """RFC 9110's form, as ``Upload-Expires`` has it."""
    return format_date_time(moment.astimezone(UTC).timestamp())

"""Headers of the tus resumable upload protocol 1.0.0. Pure; the server is ``sites/seller_center/uploads``.

https://tus.io/protocols/resumable-upload: core, and the extensions creation, termination, checksum and expiration."""

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
"""The protocol's own status, which is not a registered HTTP status."""
MAX_METADATA_LENGTH = 8192
MAX_NUMBER = 2**53 - 1
"""Maximum number, which JavaScript still represents exactly."""
_NUMBER = re.compile(r"[0-9]{1,16}")
_KEY = re.compile(r"[!-+\--~]{1,64}")


class BadHeader(Refused):
    """A header that the protocol does not allow."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__("tus.header", f"{name}: {words}", HTTPStatus.BAD_REQUEST, field=name)


def number_of(name: str, value: str | None) -> int:
    """Parse ``Upload-Length`` or ``Upload-Offset``. Raises ``BadHeader`` unless it is a non-negative whole number."""
    if value is None or not _NUMBER.fullmatch(value) or int(value) > MAX_NUMBER:
        raise BadHeader(name, _("a whole number of bytes is expected."))
    return int(value)


def metadata_of(value: str) -> Mapping[str, str]:
    """Parse ``Upload-Metadata``: keys with Base64 values, separated by commas; a key without a value is empty."""
    if len(value) > MAX_METADATA_LENGTH:
        raise BadHeader("Upload-Metadata", _("it is too long."))
    metadata: dict[str, str] = {}
    for pair in value.split(",") if value.strip() else ():
        key, _space, encoded_value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in metadata:
            raise BadHeader("Upload-Metadata", _("a key is empty, duplicated or contains invalid characters."))
        try:
            metadata[key] = base64.b64decode(encoded_value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise BadHeader("Upload-Metadata", _("values are UTF-8 in Base64.")) from None
    return metadata


class Checksum(Struct, frozen=True):
    algorithm: str
    digest: bytes

    def fits(self, content: bytes) -> bool:
        return hashlib.new(self.algorithm, content, usedforsecurity=False).digest() == self.digest


def checksum_of(value: str | None) -> Checksum | None:
    """Parse ``Upload-Checksum``; None if it is missing."""
    if value is None:
        return None
    algorithm, _space, encoded_checksum = value.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded_checksum.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        raise BadHeader(
            "Upload-Checksum", _("one of %(known)s, and the digest in Base64.") % {"known": ", ".join(ALGORITHMS)}
        )
    return Checksum(algorithm, digest)


def http_date(moment: datetime) -> str:
    """Format a time for ``Upload-Expires``, as in RFC 9110."""
    return format_date_time(moment.astimezone(UTC).timestamp())

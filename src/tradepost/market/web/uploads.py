"""Uploads of pictures and documents in forms, and their form fields.

With JavaScript, a field uploads its file at once, shows it and stores its hash in the form. Without, the file is
submitted with the form. ``submitted_picture`` and ``submitted_proof`` support both.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase
from django.http.cookie import parse_cookie
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from tradepost.market.assets import pictures, proofs
from tradepost.market.assets.models import Picture, Proof
from tradepost.market.assets.picture_rules import RULES, SUFFIXES, Limits, too_large
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.files import SHA256, Files
from tradepost.market.identity.models import Seller, User
from tradepost.market.organisations import admin_visits

from .answering import Environ
from .arriving import MAX_BYTES_PER_CLIENT

FIELD_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_MAX_BODY = "largest_body"


def takes_pictures[V: Callable[..., HttpResponseBase]](number: int = 1, *, proofs: int = 0) -> Callable[[V], V]:
    """Let a page receive this number of pictures and documents. Pictures up to twice the limit are received in order to
    be refused with a message. The total is limited to what one client may hold in memory."""

    def largest() -> int:
        return (
            2 * number * config().assets.picture_most_bytes
            + proofs * config().assets.proof_most_bytes
            + _max_form_bytes()
        )

    return takes_bytes(largest)


def takes_bytes[V: Callable[..., HttpResponseBase]](largest: Callable[[], int]) -> Callable[[V], V]:
    """Let a page receive bodies of this size. ``largest`` is called for each request, since settings may define it."""

    def mark(view: V) -> V:
        setattr(view, _MAX_BODY, lambda: min(largest(), MAX_BYTES_PER_CLIENT - _max_form_bytes()))
        return view

    return mark


def largest_page_body(path: str) -> int:
    """Return the maximum body size in bytes of the page at this path; 0 if there is none."""
    try:
        view = resolve(path).func
    except Resolver404:
        return 0
    return int(getattr(view, _MAX_BODY, _max_form_bytes)())


def is_sender_known(environ: Environ) -> bool:
    """Return whether the request has a session of a signed-in user, or of an administrator of its enterprise. Strangers
    must not fill memory with files."""
    cookies = parse_cookie(str(environ.get("HTTP_COOKIE", "")))
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    if key and SESSION_KEY in SessionStore(key).load():
        return True
    secret, page = cookies.get(admin_visits.COOKIE, ""), _OF_ENTERPRISE.match(str(environ.get("PATH_INFO", "")))
    return bool(secret and page) and admin_visits.administrator_of(secret, page[1], now=clock.wall()) is not None  # type: ignore[index]


_OF_ENTERPRISE = re.compile(r"/enterprise/([a-z0-9-]{1,64})/")


def piece_of_upload(environ: Environ) -> int:
    """Return the size in bytes of the pieces that are passed on while an upload arrives (``in_pieces``); 0 for other
    requests."""
    if not str(environ["PATH_INFO"]).startswith("/uploads/"):
        return 0
    method = environ["REQUEST_METHOD"]
    override = str(environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "")).upper()
    return config().assets.upload_chunk if "PATCH" in {method, override if method == "POST" else ""} else 0


def _max_form_bytes() -> int:
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def limits() -> Limits:
    return Limits(most_bytes=config().assets.picture_most_bytes, most_pixels=config().assets.picture_most_pixels)


def files() -> Files:
    return Files(config().files)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField(ABC):
    """A file field. ``name``: the input with the hash; ``name_file``: the file input. ``action``: address to which a
    chosen file is uploaded."""

    name: str
    label: str
    action: str
    sha256: str = ""
    error: str = ""
    required: bool = False
    help: str = ""
    is_picture: ClassVar[bool] = False

    @property
    @abstractmethod
    def asks(self) -> Mapping[str, str]:
        """Additional values that identify the field for the page at ``action``."""

    @property
    def values(self) -> str:
        """Return the values submitted with the file, as JSON."""
        return json.dumps({"field": self.name, **self.asks})

    @property
    def sends(self) -> str:
        """Return the names of all inputs submitted with the file; other inputs of the form are not."""
        return ",".join(["field", *self.asks, self.name, f"{self.name}_file", "csrfmiddlewaretoken"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureField(FileField):
    """A picture field for ``web/parts/file_field.html``."""

    purpose: Picture.Purpose
    is_picture: ClassVar[bool] = True

    @property
    def asks(self) -> Mapping[str, str]:
        return {"purpose": str(self.purpose.value)} | ({"required": "1"} if self.required else {})

    @property
    def removable(self) -> bool:
        return not self.required

    @property
    def accept(self) -> str:
        return ",".join(sorted(suffix for kind in RULES[self.purpose].formats for suffix in SUFFIXES[kind]))

    @property
    def hint(self) -> str:
        """Return the accepted formats and sizes as text."""
        rule = RULES[self.purpose]
        formats = " / ".join("JPG" if kind == "JPEG" else kind for kind in rule.formats)
        size = (
            _("%(narrowest)s to %(widest)s pixels wide, at least %(lowest)s high")
            if rule.widest
            else _("at least %(narrowest)s × %(lowest)s pixels")
        ) % {"narrowest": rule.narrowest, "widest": rule.widest, "lowest": rule.lowest}
        return _("%(formats)s, at most %(most)s MB, %(size)s.") % {
            "formats": formats, "most": f"{self.most_bytes / 1_048_576:g}", "size": size,
        }  # fmt: skip

    @property
    def most_bytes(self) -> int:
        return limits().most_bytes

    @property
    def too_large(self) -> str:
        """Return the message of ``picture.too_large``, so that the browser can refuse the file without uploading it."""
        return too_large(RULES[self.purpose], limits()).message


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofField(FileField):
    """A document field for ``web/parts/file_field.html``. ``asked_by`` and ``code``: the product type or submission
    kind that requires it; ``file``: the stored document."""

    asked_by: Mapping[str, str]
    code: str
    file: Proof | None = None
    accept: ClassVar[str] = ".pdf,.jpg,.jpeg,.png"
    removable: ClassVar[bool] = True

    @property
    def asks(self) -> Mapping[str, str]:
        return {**self.asked_by, "proof": self.code}

    @property
    def hint(self) -> str:
        return _("PDF, JPG or PNG, up to %(most)s MB. Only reviewers can see it.") % {
            "most": f"{self.most_bytes / 1_048_576:g}"
        }

    @property
    def most_bytes(self) -> int:
        return config().assets.proof_most_bytes

    @property
    def too_large(self) -> str:
        return proofs.too_large(self.most_bytes).message


def keep_picture(
    uploaded: UploadedFile[bytes], *, purpose: Picture.Purpose, seller: Seller | None, by: User, now: datetime
) -> Picture:
    """Store an uploaded picture; without a seller it belongs to the market. Raises ``Refused``."""
    return pictures.store_picture(
        uploaded, name=uploaded.name or "", seller=seller, purpose=purpose, by=by, files=files(), limits=limits(),
        a_day=config().assets.pictures_a_day, now=now,
    )  # fmt: skip


def keep_proof(
    uploaded: UploadedFile[bytes], *, seller: Seller | None, by: User, now: datetime, of_buyer: bool = False
) -> Proof:
    """Store an uploaded document; without a seller it is addressed to the market. Raises ``Refused``."""
    return proofs.store_proof(
        uploaded, name=uploaded.name or "", seller=seller, by=by, files=files(), most_bytes=config().assets.proof_most_bytes,
        a_day=config().assets.proofs_a_day, now=now, of_buyer=of_buyer,
    )  # fmt: skip


def submitted_picture(
    request: HttpRequest, name: str, *, purpose: Picture.Purpose, seller: Seller | None, by: User, now: datetime
) -> str:
    """Return the hash of the submitted picture: of a new file, otherwise of one uploaded before. "" for none, a removed
    picture, or a picture of another seller. Raises ``Refused`` for an invalid file."""
    if uploaded := uploaded_file(request, name):
        return keep_picture(uploaded, purpose=purpose, seller=seller, by=by, now=now).sha256
    sha256 = "" if f"{name}_remove" in request.POST else request.POST.get(name, "")
    return sha256 if owns_picture(seller, sha256, purpose=purpose) else ""


def submitted_proof(request: HttpRequest, name: str, *, seller: Seller, by: User, now: datetime) -> str:
    """Return the hash of the submitted document, like ``submitted_picture``."""
    if uploaded := uploaded_file(request, name):
        return keep_proof(uploaded, seller=seller, by=by, now=now).sha256
    sha256 = "" if f"{name}_remove" in request.POST else request.POST.get(name, "")
    return sha256 if proofs.find_proof(sha256, seller=seller) else ""


def proof_of(seller: Seller, sha256: str) -> Proof | None:
    """Return a document of this seller, or None."""
    return proofs.find_proof(sha256, seller=seller)


def uploaded_file(request: HttpRequest, name: str) -> UploadedFile[bytes] | None:
    uploaded = request.FILES.get(f"{name}_file")
    return uploaded if isinstance(uploaded, UploadedFile) else None


def owns_picture(seller: Seller | None, sha256: str, *, purpose: Picture.Purpose) -> bool:
    """Return whether this seller, or without one the market, owns such a picture for this purpose."""
    if not SHA256.fullmatch(sha256):
        return False
    return pictures.find_picture(sha256, seller=seller, purpose=purpose) is not None

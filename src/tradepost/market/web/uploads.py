"""Pictures and documents on their way in through a form, and the form fields that they come from.

With scripts a field sends its file at once, shows what was kept and puts its hash into the form; without, the file comes with
the form itself. ``handed_in`` and ``handed_in_proof`` know both.
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
from .arriving import BYTES_OF_ONE

FIELD_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_LARGEST = "largest_body"


def takes_pictures[V: Callable[..., HttpResponseBase]](number: int = 1, *, proofs: int = 0) -> Callable[[V], V]:
    """A page whose form may bring so many pictures, and documents. Of pictures even what is up to twice too large comes in,
    to be refused in words; all together no more than one client may hold."""

    def largest() -> int:
        return 2 * number * config().picture_most_bytes + proofs * config().proof_most_bytes + _of_a_form()

    return takes_bytes(largest)


def takes_bytes[V: Callable[..., HttpResponseBase]](largest: Callable[[], int]) -> Callable[[V], V]:
    """A page whose requests may have so many bytes; asked for each, since a setting says it."""

    def mark(view: V) -> V:
        setattr(view, _LARGEST, lambda: min(largest(), BYTES_OF_ONE - _of_a_form()))
        return view

    return mark


def largest_page_body(path: str) -> int:
    """Bytes that the page at this path takes; 0 where there is none."""
    try:
        view = resolve(path).func
    except Resolver404:
        return 0
    return int(getattr(view, _LARGEST, _of_a_form)())


def is_sender_known(environ: Environ) -> bool:
    """Whether the request comes with a session of somebody who is logged in, or of an administrator of the enterprise whose page it is:
    strangers fill no memory with files."""
    cookies = parse_cookie(str(environ.get("HTTP_COOKIE", "")))
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    if key and SESSION_KEY in SessionStore(key).load():
        return True
    secret, page = cookies.get(admin_visits.COOKIE, ""), _OF_ENTERPRISE.match(str(environ.get("PATH_INFO", "")))
    return bool(secret and page) and admin_visits.find(secret, page[1], now=clock.wall()) is not None  # type: ignore[index]


_OF_ENTERPRISE = re.compile(r"/enterprise/([a-z0-9-]{1,64})/")


def piece_of_upload(environ: Environ) -> int:
    """Bytes of which each goes on by itself while the rest of a file is on its way (``in_pieces``); 0 for other requests."""
    if not str(environ["PATH_INFO"]).startswith("/uploads/"):
        return 0
    method = environ["REQUEST_METHOD"]
    override = str(environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "")).upper()
    return config().upload_chunk if "PATCH" in {method, override if method == "POST" else ""} else 0


def _of_a_form() -> int:
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def limits() -> Limits:
    return Limits(most_bytes=config().picture_most_bytes, most_pixels=config().picture_most_pixels)


def files() -> Files:
    return Files(config().files)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileField(ABC):
    """``name`` is the input that holds the hash; the file is ``name_file``. ``action``: where a file is sent once it is
    chosen."""

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
        """What tells the page at ``action`` which field this is, besides its name."""

    @property
    def values(self) -> str:
        """What goes out with the file, as JSON."""
        return json.dumps({"field": self.name, **self.asks})

    @property
    def sends(self) -> str:
        """Names of all that goes out with the file; the rest of the form does not."""
        return ",".join(["field", *self.asks, self.name, f"{self.name}_file", "csrfmiddlewaretoken"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureField(FileField):
    """A picture, as ``web/parts/file_field.html`` shows it."""

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
        """What is taken, in words."""
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
        """The words of ``picture.too_large``, for the browser: it then need not send the file."""
        return too_large(RULES[self.purpose], limits()).message


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofField(FileField):
    """A document, as ``web/parts/file_field.html`` shows it. ``asked_by`` and ``code``: what asks for it, a kind of product
    or of submission; ``file``: what was kept."""

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
        return _("PDF, JPG or PNG, at most %(most)s MB. Only those who review see it.") % {
            "most": f"{self.most_bytes / 1_048_576:g}"
        }

    @property
    def most_bytes(self) -> int:
        return config().proof_most_bytes

    @property
    def too_large(self) -> str:
        return proofs.too_large(self.most_bytes).message


def keep(
    uploaded: UploadedFile[bytes], *, purpose: Picture.Purpose, seller: Seller, by: User, now: datetime
) -> Picture:
    """Store what was uploaded. Raises ``Refused``."""
    return pictures.store_picture(
        uploaded, name=uploaded.name or "", seller=seller, purpose=purpose, by=by, files=files(), limits=limits(),
        a_day=config().pictures_a_day, now=now,
    )  # fmt: skip


def keep_proof(
    uploaded: UploadedFile[bytes], *, seller: Seller | None, by: User, now: datetime, of_buyer: bool = False
) -> Proof:
    """Store what was uploaded; without a seller it is shown to the market itself. Raises ``Refused``."""
    return proofs.store_proof(
        uploaded, name=uploaded.name or "", seller=seller, by=by, files=files(), most_bytes=config().proof_most_bytes,
        a_day=config().proofs_a_day, now=now, of_buyer=of_buyer,
    )  # fmt: skip


def handed_in(
    request: HttpRequest, name: str, *, purpose: Picture.Purpose, seller: Seller, by: User, now: datetime
) -> str:
    """The hash of the picture that this form brings: of a file that came with it, else the one that was sent before. Empty
    for none, for one that is to be removed, and for a hash that is no picture of this seller. Raises ``Refused`` for a file
    that breaks a rule."""
    if uploaded := uploaded_in(request, name):
        return keep(uploaded, purpose=purpose, seller=seller, by=by, now=now).sha256
    sha256 = "" if f"{name}_remove" in request.POST else request.POST.get(name, "")
    return sha256 if is_of(seller, sha256, purpose=purpose) else ""


def handed_in_proof(request: HttpRequest, name: str, *, seller: Seller, by: User, now: datetime) -> str:
    """The same for a document."""
    if uploaded := uploaded_in(request, name):
        return keep_proof(uploaded, seller=seller, by=by, now=now).sha256
    sha256 = "" if f"{name}_remove" in request.POST else request.POST.get(name, "")
    return sha256 if proofs.find_proof(sha256, seller=seller) else ""


def proof_of(seller: Seller, sha256: str) -> Proof | None:
    """A document that this seller handed in."""
    return proofs.find_proof(sha256, seller=seller)


def uploaded_in(request: HttpRequest, name: str) -> UploadedFile[bytes] | None:
    uploaded = request.FILES.get(f"{name}_file")
    return uploaded if isinstance(uploaded, UploadedFile) else None


def is_of(seller: Seller, sha256: str, *, purpose: Picture.Purpose) -> bool:
    """Whether this seller handed in such a picture for this purpose."""
    if not SHA256.fullmatch(sha256):
        return False
    return pictures.find_picture(sha256, seller=seller, purpose=purpose) is not None

"""Documents uploaded as proof: by sellers, for their members and operators only (business-rules §2.3), and by buyers.

The content determines the type: a PDF by its beginning, a picture by decoding it. A PDF is stored unchanged and
served only as a download, so browsers do not run its content under the market's origin."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import PurePath
from typing import IO

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from PIL import Image

from tradepost.market.base.errors import Refused
from tradepost.market.base.files import SHA256, Files, sha256_of
from tradepost.market.base.quotas import wait_for_room
from tradepost.market.identity.models import Member, Seller, User

from . import file_scans
from .models import Proof, ProofUse
from .pictures import visible_sellers

RULE = "business-rules §2.3"
MAX_PIXELS = 100_000_000
"""Maximum pixels of a scan, which is validated but never decoded here."""
MAX_USES = 20
_SUFFIXES = {
    Proof.Kind.PDF: frozenset({".pdf"}),
    Proof.Kind.JPEG: frozenset({".jpg", ".jpeg", ".jfif", ".jpe"}),
    Proof.Kind.PNG: frozenset({".png"}),
}
_HEADER_BYTES = 1024
"""Bytes that are searched for the PDF header: some programs write data before it (ISO 32000-2, annex on readers)."""
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")


def store_proof(
    content: bytes | IO[bytes], *, name: str, seller: Seller | None, by: User | None, files: Files, most_bytes: int, a_day: int,
    now: datetime, of_buyer: bool = False,
) -> Proof:  # fmt: skip
    """Store a document. ``most_bytes``: maximum size; ``a_day``: maximum uploads within 24 hours. ``of_buyer``: the
    uploader does not act for the seller, so their own uploads are counted. Without a ``seller``, it belongs to
    ``by`` and is for the market.

    Raises ``Refused`` with the field ``proof``, without storing anything."""
    data = content if isinstance(content, bytes) else content.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise too_large(most_bytes)
    kind = _kind_of(data)
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix and suffix not in _SUFFIXES[kind]:
        raise _refused(
            "proof.renamed",
            _(
                "The name ends in %(suffix)s, but the file is a %(format)s. Save it in the correct format instead of renaming it."
            )
            % {"suffix": suffix[:16], "format": kind.label},
        )
    documents = _documents_counted(seller, by if of_buyer or seller is None else None)
    if wait := wait_for_room(documents, "created_at", a_day, now=now):
        message = _("You can submit at most %(number)s documents a day. Continue tomorrow.") % {"number": a_day}
        raise _refused("proof.too_many_today", message, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    sha256 = sha256_of(data)
    if not files.has(sha256):
        files.put(data)
    with transaction.atomic():
        proof, _created = Proof.objects.get_or_create(
            **({"seller": seller} if seller else {"seller": None, "by": by}), sha256=sha256,
            defaults={"kind": kind, "name": _name(name, kind), "bytes": len(data), "by": by, "created_at": now},
        )  # fmt: skip
        file_scans.begin(sha256, len(data), store=file_scans.PROOFS, now=now)
    return proof


def _documents_counted(seller: Seller | None, buyer: User | None) -> QuerySet[Proof]:
    """Return the documents that count: those of a buyer to all sellers and the market, or those of members of the
    seller, so that buyers do not use up its limit."""
    if buyer is not None:
        return Proof.objects.filter(by=buyer)
    strangers = Q(by__isnull=False) & ~Exists(Member.objects.filter(seller=seller, user=OuterRef("by")))
    return Proof.objects.filter(seller=seller).exclude(strangers)


def find_proof(sha256: str, *, seller: Seller) -> Proof | None:
    return Proof.objects.filter(sha256=sha256, seller=seller).first() if SHA256.fullmatch(sha256) else None


def use_proofs(owner: str, hashes: Collection[str], *, seller: Seller | None, by: User | None = None) -> None:
    """Set the documents of its seller to which ``owner`` refers. Replaces the previous list. Without a seller, they
    are documents of ``by`` for the market.

    Raises ``Refused`` for a hash that is not such a document."""
    requested_hashes = set(hashes)
    if not requested_hashes:
        ProofUse.objects.filter(owner=owner).delete()
        return
    ownership = Q(seller=seller) if seller else Q(seller__isnull=True, by=by)
    proofs = list(Proof.objects.filter(ownership, sha256__in=requested_hashes).order_by("pk"))
    if len(requested_hashes) > MAX_USES or {proof.sha256 for proof in proofs} != requested_hashes:
        raise _refused("proof.unknown", _("A document no longer exists. Upload it again."))
    with transaction.atomic():
        ProofUse.objects.filter(owner=owner).exclude(proof__in=proofs).delete()
        ProofUse.objects.bulk_create([ProofUse(owner=owner, proof=proof) for proof in proofs], ignore_conflicts=True)


def documents_of(owner: str) -> list[Proof]:
    """Return the documents to which ``owner`` refers, in the order of their addition."""
    uses = ProofUse.objects.select_related("proof").filter(owner=owner)
    return [use.proof for use in uses.order_by("pk")]


def readable_proof(sha256: str, *, reader: User | None) -> Proof | None:
    """Return the document if the reader may see it; None otherwise."""
    if reader is None or not SHA256.fullmatch(sha256):
        return None
    proofs = Proof.objects.filter(sha256=sha256)
    if not reader.is_operator:
        proofs = proofs.filter(Q(seller__in=visible_sellers(reader)) | Q(seller__isnull=True, by=reader))
    return proofs.order_by("pk").first()


def too_large(most_bytes: int) -> Refused:
    return _refused(
        "proof.too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"}
    )


def _kind_of(data: bytes) -> Proof.Kind:
    if b"%PDF-" in data[:_HEADER_BYTES] and not data.startswith((b"\x89PNG", b"\xff\xd8")):
        return Proof.Kind.PDF
    try:
        image = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
        if image.width * image.height > MAX_PIXELS:
            raise _refused("proof.too_many_pixels", _("The picture has too many pixels to process."))
        image.verify()
    except (
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        OverflowError,
        TypeError,
    ):
        raise _refused("proof.format", _("Upload a complete PDF, JPG or PNG file.")) from None
    return Proof.Kind.PNG if image.format == "PNG" else Proof.Kind.JPEG


def _name(name: str, kind: Proof.Kind) -> str:
    """Return a safe name for downloads: the seller's name without path and control characters, with the suffix of its
    type."""
    stem = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).stem).strip(" .")[:100] or "document"
    return f"{stem}.{kind.label.lower()}"


def _refused(
    code: str, message: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY, *, wait: int = 0
) -> Refused:
    return Refused(code, message, status, field="proof", rule=RULE, wait=wait)

"""Documents that are handed in as proof: by sellers, for their members and operators alone (business-rules §2.3), and by
buyers.

What a file is, is found out by looking into it: a PDF by how it begins, a picture by decoding it. A PDF is kept as it came and
only ever given away as a download, so no browser runs what it may hold in the market's name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from pathlib import PurePath
from typing import IO

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from PIL import Image

from tradepost.market.base.errors import Refused
from tradepost.market.base.files import SHA256, Files, sha256_of
from tradepost.market.identity.models import Member, Seller, User

from . import file_scans
from .models import Proof, ProofUse
from .pictures import sellers_seen_by

RULE = "business-rules §2.3"
MOST_PIXELS = 100_000_000
"""Of a scan; it is looked at, never decoded here."""
MOST_USED = 20
_SUFFIXES = {
    Proof.Kind.PDF: frozenset({".pdf"}),
    Proof.Kind.JPEG: frozenset({".jpg", ".jpeg", ".jfif", ".jpe"}),
    Proof.Kind.PNG: frozenset({".png"}),
}
_BEGIN = 1024
"""Bytes in which a PDF says that it is one: some programs write something before (ISO 32000-2, annex on readers)."""
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")


def store_proof(
    content: bytes | IO[bytes], *, name: str, seller: Seller | None, by: User | None, files: Files, most_bytes: int, a_day: int,
    now: datetime, of_buyer: bool = False,
) -> Proof:  # fmt: skip
    """Keep a document. ``most_bytes`` of one; ``a_day`` how many a seller may hand in within 24 hours. ``of_buyer``: somebody
    who does not act for the seller shows it something; so many are counted for them. Without a ``seller`` it is shown to the
    market itself, and belongs to ``by`` alone.

    Raises ``Refused`` with the field ``proof``; then nothing was kept.
    """
    data = content if isinstance(content, bytes) else content.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise too_large(most_bytes)
    kind = _kind_of(data)
    suffix = PurePath(name.replace("\\", "/")).suffix.lower()
    if suffix and suffix not in _SUFFIXES[kind]:
        raise _refused(
            "proof.renamed",
            _("The name ends in %(suffix)s, but the file is a %(format)s. Save it anew instead of renaming it.")
            % {"suffix": suffix[:16], "format": kind.label},
        )
    if _handed_in(seller, by if of_buyer or seller is None else None, now) >= a_day:
        words = _("%(number)s documents a day may be handed in. Go on tomorrow.") % {"number": a_day}
        raise _refused("proof.too_many_today", words, HTTPStatus.TOO_MANY_REQUESTS)
    sha256 = sha256_of(data)
    if not files.has(sha256):
        files.put(data)
    with transaction.atomic():
        proof, _new = Proof.objects.get_or_create(
            **({"seller": seller} if seller else {"seller": None, "by": by}), sha256=sha256,
            defaults={"kind": kind, "name": _name(name, kind), "bytes": len(data), "by": by, "created_at": now},
        )  # fmt: skip
        file_scans.begin(sha256, len(data), store=file_scans.PROOFS, now=now)
    return proof


def _handed_in(seller: Seller | None, buyer: User | None, now: datetime) -> int:
    """Within a day: by a buyer, to all sellers and the market; else by those who act for the seller, whose days no buyer uses up."""
    lately = Proof.objects.filter(created_at__gt=now - timedelta(days=1))
    if buyer is not None:
        return lately.filter(by=buyer).count()
    strangers = Q(by__isnull=False) & ~Exists(Member.objects.filter(seller=seller, user=OuterRef("by")))
    return lately.filter(seller=seller).exclude(strangers).count()


def find_proof(sha256: str, *, seller: Seller) -> Proof | None:
    return Proof.objects.filter(sha256=sha256, seller=seller).first() if SHA256.fullmatch(sha256) else None


def use_proofs(owner: str, hashes: Collection[str], *, seller: Seller | None, by: User | None = None) -> None:
    """Say which documents of its seller ``owner`` refers to from now on: the whole list, in place of the last one. Without a
    seller they are what ``by`` showed the market. Raises ``Refused`` for a hash that is no such document."""
    wanted = set(hashes)
    if not wanted:
        ProofUse.objects.filter(owner=owner).delete()
        return
    theirs = Q(seller=seller) if seller else Q(seller__isnull=True, by=by)
    proofs = list(Proof.objects.filter(theirs, sha256__in=wanted).order_by("pk"))
    if len(wanted) > MOST_USED or {proof.sha256 for proof in proofs} != wanted:
        raise _refused("proof.unknown", _("A document is not there any more; hand it in again."))
    with transaction.atomic():
        ProofUse.objects.filter(owner=owner).exclude(proof__in=proofs).delete()
        ProofUse.objects.bulk_create([ProofUse(owner=owner, proof=proof) for proof in proofs], ignore_conflicts=True)


def used_by(owner: str) -> list[Proof]:
    """The documents that ``owner`` refers to, in the order in which they came."""
    uses = ProofUse.objects.select_related("proof").filter(owner=owner)
    return [use.proof for use in uses.order_by("pk")]


def readable_proof(sha256: str, *, reader: User | None) -> Proof | None:
    """For those who may look at it; None for everybody else."""
    if reader is None or not SHA256.fullmatch(sha256):
        return None
    proofs = Proof.objects.filter(sha256=sha256)
    if not reader.is_operator:
        proofs = proofs.filter(Q(seller__in=sellers_seen_by(reader)) | Q(seller__isnull=True, by=reader))
    return proofs.order_by("pk").first()


def too_large(most_bytes: int) -> Refused:
    return _refused(
        "proof.too_large", _("The file is larger than %(most)s MB.") % {"most": f"{most_bytes / 1_048_576:g}"}
    )


def _kind_of(data: bytes) -> Proof.Kind:
    if b"%PDF-" in data[:_BEGIN] and not data.startswith((b"\x89PNG", b"\xff\xd8")):
        return Proof.Kind.PDF
    try:
        image = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
        if image.width * image.height > MOST_PIXELS:
            raise _refused("proof.too_many_pixels", _("The picture has more pixels than anybody could look at."))
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
        raise _refused("proof.format", _("Hand in a PDF, or a picture as JPG or PNG, that is whole.")) from None
    return Proof.Kind.PNG if image.format == "PNG" else Proof.Kind.JPEG


def _name(name: str, kind: Proof.Kind) -> str:
    """What a download may be called: the seller's name for it without a path, signs of control, or an end of its own."""
    stem = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).stem).strip(" .")[:100] or "document"
    return f"{stem}.{kind.label.lower()}"


def _refused(code: str, message: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> Refused:
    return Refused(code, message, status, field="proof", rule=RULE)

"""A file comes in, piece by piece, and may be cut off at any of them (tus 1.0.0, business-rules §2.3).

A piece is written at the place that the row names, flushed, and only then the row moves on, if it still names that place.
Whoever writes holds the kernel's lock on the file: it goes with the process that held it, so no upload stays locked. What a
writer left behind the row's place when it died is cut off by the next. When the last piece is there the file becomes a
version of its asset, and its check begins (``check_version``).
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path, PurePath

from django.db import transaction
from django.db.models import Case, F, Sum, When
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User

from .asset_formats import has_suffix, suffixes_of
from .asset_models import Asset, AssetVersion, Upload
from .tus import CHECKSUM_MISMATCH, Checksum
from .versions import CHECK, check_label, next_number

RULE = "business-rules §2.3"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
KEPT_FREE = 1024 * 1024 * 1024
"""Bytes of the disk that no upload may take: a market whose disk is full sells nothing."""
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")


class UploadLimits(Struct, frozen=True, kw_only=True):
    """Of one seller, within 24 hours: ``day_bytes`` and ``day_files``; ``most_bytes`` of one file. ``keep``: how long an
    upload that is not whole is waited for, from its last piece on."""

    most_bytes: int
    day_bytes: int
    day_files: int
    keep: timedelta


class Locked(Refused):
    """Another request writes to this upload."""

    def __init__(self) -> None:
        super().__init__(
            "upload.locked", _("Another request writes to this upload. Try again shortly."), HTTPStatus.LOCKED
        )


class WrongOffset(Refused):
    """``offset``: what is there."""

    def __init__(self, offset: int) -> None:
        words = _("The upload stands at byte %(offset)s. Ask for its offset and go on from there.") % {"offset": offset}
        super().__init__("upload.offset", words, HTTPStatus.CONFLICT)
        self.offset = offset


class DayFull(Refused):
    """``again``: when the day has room again; None for what is larger than a day."""

    def __init__(self, code: str, message: str, today: list[tuple[datetime, int]]) -> None:
        super().__init__(code, message, HTTPStatus.TOO_MANY_REQUESTS, field="file", rule=RULE)
        self.again = today[0][0] + timedelta(days=1) if today else None


def begin(
    asset: Asset, *, label: str, notes: str, updates: AssetVersion | None, file_name: str, length: int, by: User,
    limits: UploadLimits, folder: Path, now: datetime, metadata: str = "",
) -> Upload:  # fmt: skip
    """A place for a file of so many bytes. Raises ``Refused`` with the rule that it breaks; nothing was kept then."""
    if not 0 < length <= limits.most_bytes:
        raise _too_large(limits) if length else _refused("upload.empty", _("The file is empty."))
    if not has_suffix(file_name, asset.kind):
        words = _("Files of this kind end in %(suffixes)s.") % {"suffixes": ", ".join(suffixes_of(asset.kind))}
        raise _refused("upload.suffix", words)
    label = check_label(asset, label, updates=updates)
    with transaction.atomic():
        seller = _reserved(asset.seller_id, Upload.Purpose.ASSET, length, limits=limits, folder=folder, now=now)
        if not Asset.objects.filter(pk=asset.pk).exists():
            raise _refused("upload.unknown", _("There is no such upload, or asset."), HTTPStatus.NOT_FOUND)
        return Upload.objects.create(
            token=new_token(), seller=seller, asset=asset, label=label, notes=notes.strip()[:1000],
            updates=updates, file_name=plain_name(file_name), length=length, by=by, created_at=now,
            expires_at=now + limits.keep, metadata=metadata,
        )  # fmt: skip


def new_token() -> str:
    return secrets.token_urlsafe(32)


def begin_for_license(
    seller_id: int, *, event_id: str, file_name: str, sha256: str, length: int, limits: UploadLimits, folder: Path,
    now: datetime, metadata: str = "",
) -> Upload:  # fmt: skip
    """The same for the file of a license, in the caller's transaction; whether it may be delivered is the caller's to know.
    ``length``: bytes at most, where they are not known; ``sha256`` and ``file_name`` are empty where they come with the file."""
    if not 0 < length <= limits.most_bytes:
        raise _too_large(limits) if length else _refused("upload.empty", _("The file is empty."))
    seller = _reserved(seller_id, Upload.Purpose.LICENSE, length, limits=limits, folder=folder, now=now)
    return Upload.objects.create(
        token=new_token(), seller=seller, purpose=Upload.Purpose.LICENSE, about=event_id, sha256=sha256,
        file_name=file_name, length=length, created_at=now, expires_at=now + limits.keep, metadata=metadata,
    )  # fmt: skip


def _reserved(
    seller_id: int, purpose: Upload.Purpose, length: int, *, limits: UploadLimits, folder: Path, now: datetime
) -> Seller:
    """The seller, locked, whose day and whose market's disk have room for so many bytes. Raises ``Refused``."""
    seller = Seller.objects.select_for_update(no_key=True).get(pk=seller_id)
    _check_day(seller, purpose, length, limits, now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - _still_to_come() < length + KEPT_FREE:
        words = _("The market has no room for this file now. Its operators know; try again later.")
        raise Refused("upload.no_room", words, HTTPStatus.INSUFFICIENT_STORAGE)
    return seller


def _check_day(seller: Seller, purpose: Upload.Purpose, length: int, limits: UploadLimits, now: datetime) -> None:
    """§2.3: "≤10 GB and ≤100 files per seller per day", for each purpose. One that was given up counts by what came of it."""
    came = Case(
        When(status__in=(Upload.Status.TERMINATED, Upload.Status.EXPIRED), then=F("offset")), default=F("length")
    )
    today = list(
        Upload.objects.filter(seller=seller, purpose=purpose, created_at__gt=now - timedelta(days=1))
        .order_by("created_at")
        .annotate(counts=came)
        .values_list("created_at", "counts")
    )
    if len(today) >= limits.day_files:
        words = _("A seller may upload %(number)s files a day. The next one is possible from %(time)s on.")
        raise DayFull("upload.too_many_today", words % {"number": limits.day_files, "time": _again(today[0][0])}, today)
    if sum(counts for _at, counts in today) + length > limits.day_bytes:
        words = _("A seller may upload %(most)s GB a day. This file does not fit in what is left of today.")
        raise DayFull("upload.too_much_today", words % {"most": f"{limits.day_bytes / 2**30:g}"}, today)


def _again(first: datetime) -> str:
    return formats.date_format(timezone.localtime(first + timedelta(days=1)), "SHORT_DATETIME_FORMAT")


def _still_to_come() -> int:
    """Bytes that were promised room and are not there yet."""
    open_ones = Upload.objects.filter(status=Upload.Status.OPEN)
    return int(open_ones.aggregate(left=Sum(F("length") - F("offset")))["left"] or 0)


def plain_name(name: str) -> str:
    """The file's name without a path and what no file name holds; at most 120 characters, its end kept."""
    plain = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).name).strip(" .") or "file"
    return plain if len(plain) <= 120 else plain[:100] + plain[-20:]


def path_of(upload: Upload, folder: Path) -> Path:
    if not TOKEN.fullmatch(upload.token):
        raise ValueError(f"no upload is called {upload.token!r}")
    return folder / upload.token


def append(
    upload: Upload, *, offset: int, content: bytes, whole: int, checksum: Checksum | None, keep: timedelta, folder: Path,
    now: datetime,
) -> Upload:  # fmt: skip
    """Write a piece at ``offset``. ``whole``: bytes of the request that it is a piece of. Call it outside of a transaction:
    the disk is waited for.

    Raises ``Refused``: 409 for another offset, 413 for more than was announced, 423 while somebody writes, 460 for a checksum
    that does not fit, 507 when the disk is full. Nothing was kept then.
    """
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    if offset + max(whole, len(content)) > upload.length:
        words = _("This is more than the %(length)s bytes that were announced.") % {"length": upload.length}
        raise _refused("upload.too_long", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if checksum is not None and not checksum.fits(content):
        raise _refused(
            "upload.checksum", _("The piece was damaged on its way: its checksum is another."), CHECKSUM_MISMATCH
        )
    if upload.status == Upload.Status.COMPLETE:
        return upload
    with _writing(path_of(upload, folder)) as handle:
        upload = _at(upload, offset)
        _write(handle, offset, content)
        with transaction.atomic():
            if offset + len(content) == upload.length:  # its seller's versions are numbered one after the other
                Seller.objects.select_for_update(no_key=True).get(pk=upload.seller_id)
            _move_on(upload, offset + len(content), expires_at=now + keep, now=now)
    return upload


@contextmanager
def _writing(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked from None
        yield handle
    finally:
        os.close(handle)


def _at(upload: Upload, offset: int) -> Upload:
    """The row once nobody else writes. Raises ``WrongOffset`` when it moved on meanwhile."""
    there = Upload.objects.select_related("asset").get(pk=upload.pk)
    if there.offset != offset or there.status != Upload.Status.OPEN:
        raise WrongOffset(there.offset)
    return there


def _write(handle: int, offset: int, content: bytes) -> None:
    try:
        os.ftruncate(handle, offset)
        left, at = memoryview(content), offset
        while left:
            written = os.pwrite(handle, left, at)
            left, at = left[written:], at + written
        os.fsync(handle)
    except OSError as error:
        raise Refused(
            "upload.disk", _("The market could not store this piece. Its operators know; try again later."),
            HTTPStatus.INSUFFICIENT_STORAGE,
        ) from error  # fmt: skip


def _move_on(upload: Upload, offset: int, *, expires_at: datetime, now: datetime) -> None:
    """Compare and set: whoever came first."""
    standing = Upload.objects.filter(pk=upload.pk, offset=upload.offset, status=Upload.Status.OPEN)
    if not standing.update(offset=offset, expires_at=expires_at):
        raise WrongOffset(upload.offset)
    upload.offset, upload.expires_at = offset, expires_at
    if offset == upload.length:
        _complete(upload, now)


def _complete(upload: Upload, now: datetime) -> None:
    """It is all there: a version of its asset, which is looked at in the background."""
    asset = upload.asset
    assert asset is not None, "the file of a license becomes no version"
    version = AssetVersion.objects.create(
        asset=asset, number=next_number(asset), label=upload.label, notes=upload.notes, updates_id=upload.updates_id,
        file_name=upload.file_name, bytes=upload.length, by_id=upload.by_id, created_at=now,
    )  # fmt: skip
    upload.version, upload.status = version, Upload.Status.COMPLETE
    upload.save(update_fields=["version", "status"])
    leased_jobs.start(CHECK, str(version.pk), payload={"version": version.pk}, now=now, seller_id=asset.seller_id)


def terminate(upload: Upload, *, folder: Path, status: Upload.Status = Upload.Status.TERMINATED) -> None:
    """Throw away what came. Raises ``Locked`` while a piece is written, and ``Refused`` when the file is whole: then it is a
    version."""
    with _writing(path_of(upload, folder)):
        if not Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(status=status):
            raise _refused(
                "upload.complete", _("The file is whole: it is a version of its asset now."), HTTPStatus.CONFLICT
            )
        path_of(upload, folder).unlink(missing_ok=True)


def expire(now: datetime, *, folder: Path, most: int = 100) -> int:
    """Give up what nobody went on with in time. Returns how many."""
    late = Upload.objects.filter(status=Upload.Status.OPEN, expires_at__lte=now).order_by("expires_at")[:most]
    ended = 0
    for upload in late:
        try:
            terminate(upload, folder=folder, status=Upload.Status.EXPIRED)
        except Locked:
            continue
        ended += 1
    return ended


def _too_large(limits: UploadLimits) -> Refused:
    words = _("The file is larger than %(most)s GB.") % {"most": f"{limits.most_bytes / 2**30:g}"}
    return _refused("upload.too_large", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _refused(code: str, message: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Refused:
    return Refused(code, message, status, field="file", rule=RULE)

"""Resumable uploads: a file arrives in pieces and may be interrupted at any of them (tus 1.0.0, business-rules §2.3).

A piece is written at the offset of the row and flushed. Then the row advances, if it still has that offset. A writer
holds the kernel's lock on the file, which ends with its process, so no upload stays locked. Data that a dead writer
left beyond the offset is truncated by the next one. After the last piece, the file becomes a version of its asset,
and its check begins (``check_version``)."""

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
from tradepost.market.base.quotas import DAY, wait_after, wait_until
from tradepost.market.identity.models import Seller, User

from .asset_formats import has_suffix, suffixes_of
from .asset_models import Asset, AssetVersion, Upload
from .tus import CHECKSUM_MISMATCH, Checksum
from .versions import CHECK, check_label, next_number

RULE = "business-rules §2.3"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
RESERVED_BYTES = 1024 * 1024 * 1024
"""Bytes of disk space that uploads must leave free, because a market with a full disk cannot sell."""
_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f\"\\/:*?<>|\u202a-\u202e\u2066-\u2069]+")


class UploadLimits(Struct, frozen=True, kw_only=True):
    """Limits of a seller within 24 hours: ``day_bytes`` and ``day_files``. ``most_bytes``: of one file. ``keep``: how
    long an incomplete upload is kept after its last piece."""

    most_bytes: int
    day_bytes: int
    day_files: int
    keep: timedelta


class Locked(Refused):
    """Another request is writing to this upload."""

    def __init__(self) -> None:
        super().__init__(
            "upload.locked", _("Another request writes to this upload. Try again shortly."), HTTPStatus.LOCKED
        )


class WrongOffset(Refused):
    """``offset``: the current offset."""

    def __init__(self, offset: int) -> None:
        message = _("The upload is at byte %(offset)s. Query its offset and continue from there.") % {"offset": offset}
        super().__init__("upload.offset", message, HTTPStatus.CONFLICT)
        self.offset = offset


class DailyLimitReached(Refused):
    """The seller's daily limit is exceeded. ``wait``: seconds until this upload fits."""

    def __init__(self, code: str, message: str, *, wait: int) -> None:
        super().__init__(code, message, HTTPStatus.TOO_MANY_REQUESTS, field="file", rule=RULE, wait=wait)


def begin(
    asset: Asset, *, label: str, notes: str, updates: AssetVersion | None, file_name: str, length: int, by: User,
    limits: UploadLimits, folder: Path, now: datetime, metadata: str = "",
) -> Upload:  # fmt: skip
    """Begin the upload of a file of this length. Raises ``Refused`` with the broken rule, without storing
    anything."""
    if not 0 < length <= limits.most_bytes:
        raise _too_large(limits) if length else _refused("upload.empty", _("The file is empty."))
    if not has_suffix(file_name, asset.kind):
        message = _("Files of this kind end in %(suffixes)s.") % {"suffixes": ", ".join(suffixes_of(asset.kind))}
        raise _refused("upload.suffix", message)
    label = check_label(asset, label, updates=updates)
    with transaction.atomic():
        seller = _lock_with_room(asset.seller_id, Upload.Purpose.ASSET, length, limits=limits, folder=folder, now=now)
        if not Asset.objects.filter(pk=asset.pk).exists():
            raise _refused("upload.unknown", _("The upload or asset does not exist."), HTTPStatus.NOT_FOUND)
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
    """Begin the upload of a license file, in the caller's transaction. The caller checks whether it may be delivered.

    ``length``: the maximum, if the length is unknown. ``sha256`` and ``file_name`` are empty if they are sent with
    the file."""
    if not 0 < length <= limits.most_bytes:
        raise _too_large(limits) if length else _refused("upload.empty", _("The file is empty."))
    seller = _lock_with_room(seller_id, Upload.Purpose.LICENSE, length, limits=limits, folder=folder, now=now)
    return Upload.objects.create(
        token=new_token(), seller=seller, purpose=Upload.Purpose.LICENSE, about=event_id, sha256=sha256,
        file_name=file_name, length=length, created_at=now, expires_at=now + limits.keep, metadata=metadata,
    )  # fmt: skip


def _lock_with_room(
    seller_id: int, purpose: Upload.Purpose, length: int, *, limits: UploadLimits, folder: Path, now: datetime
) -> Seller:
    """Lock the seller, and check daily limit and disk space for this length. Raises ``Refused``."""
    seller = Seller.objects.select_for_update(no_key=True).get(pk=seller_id)
    _check_day(seller, purpose, length, limits, now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - _pending_bytes() < length + RESERVED_BYTES:
        message = _(
            "The market does not have enough storage for this file. The operators have been notified. Try again later."
        )
        raise Refused("upload.no_room", message, HTTPStatus.INSUFFICIENT_STORAGE)
    return seller


def _check_day(seller: Seller, purpose: Upload.Purpose, length: int, limits: UploadLimits, now: datetime) -> None:
    """§2.3: "≤10 GB and ≤100 files per seller per day", for each purpose. An abandoned upload counts with its
    received bytes."""
    counted = Case(
        When(status__in=(Upload.Status.TERMINATED, Upload.Status.EXPIRED), then=F("offset")), default=F("length")
    )
    today = list(
        Upload.objects.filter(seller=seller, purpose=purpose, created_at__gt=now - DAY)
        .order_by("created_at")
        .annotate(counts=counted)
        .values_list("created_at", "counts")
    )
    if len(today) >= limits.day_files:
        message = _("A seller may upload %(number)s files a day. The next one is possible from %(time)s on.")
        newest = [created_at for created_at, _counts in reversed(today)]
        wait = wait_after(newest, limits.day_files, now=now)
        next_time = formats.date_format(timezone.localtime(now + timedelta(seconds=wait)), "SHORT_DATETIME_FORMAT")
        raise DailyLimitReached(
            "upload.too_many_today", message % {"number": limits.day_files, "time": next_time}, wait=wait
        )
    if sum(counts for _current, counts in today) + length > limits.day_bytes:
        message = _("A seller may upload %(most)s GB a day. This file exceeds the quota left for today.")
        wait = _wait_for_bytes(today, limits.day_bytes - length, now)
        raise DailyLimitReached("upload.too_much_today", message % {"most": f"{limits.day_bytes / 2**30:g}"}, wait=wait)


def _wait_for_bytes(today: list[tuple[datetime, int]], max_bytes: int, now: datetime) -> int:
    """Return the seconds until a day's uploads, oldest first, drop to ``max_bytes`` bytes; 0 if that never happens."""
    remaining = sum(counts for _current, counts in today)
    for created_at, counts in today:
        remaining -= counts
        if remaining <= max_bytes:
            return wait_until(created_at + DAY, now)
    return 0


def _pending_bytes() -> int:
    """Return the bytes of open uploads that have not arrived yet."""
    open_ones = Upload.objects.filter(status=Upload.Status.OPEN)
    return int(open_ones.aggregate(left=Sum(F("length") - F("offset")))["left"] or 0)


def plain_name(name: str) -> str:
    """Return the file name without path and invalid characters; at most 120 characters, keeping its end."""
    cleaned = _NOT_IN_A_NAME.sub("", PurePath(name.replace("\\", "/")).name).strip(" .") or "file"
    return cleaned if len(cleaned) <= 120 else cleaned[:100] + cleaned[-20:]


def path_of(upload: Upload, folder: Path) -> Path:
    if not TOKEN.fullmatch(upload.token):
        raise ValueError(f"no upload is called {upload.token!r}")
    return folder / upload.token


def append(
    upload: Upload, *, offset: int, content: bytes, whole: int, checksum: Checksum | None, keep: timedelta, folder: Path,
    now: datetime,
) -> Upload:  # fmt: skip
    """Write a piece at ``offset``. ``whole``: bytes of the request to which it belongs. Call it outside of a
    transaction, because it waits for the disk.

    Raises ``Refused`` without storing anything: 409 for another offset, 413 for more than announced, 423 while
    another request writes, 460 for a wrong checksum, 507 if the disk is full."""
    if upload.offset != offset:
        raise WrongOffset(upload.offset)
    if offset + max(whole, len(content)) > upload.length:
        message = _("The upload exceeds the announced size of %(length)s bytes.") % {"length": upload.length}
        raise _refused("upload.too_long", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if checksum is not None and not checksum.fits(content):
        raise _refused(
            "upload.checksum", _("The chunk was damaged in transit: its checksum does not match."), CHECKSUM_MISMATCH
        )
    if upload.status == Upload.Status.COMPLETE:
        return upload
    with _writing(path_of(upload, folder)) as handle:
        upload = _current(upload, offset)
        _write(handle, offset, content)
        with transaction.atomic():
            if offset + len(content) == upload.length:  # the seller's lock serialises the numbers of versions
                Seller.objects.select_for_update(no_key=True).get(pk=upload.seller_id)
            _advance(upload, offset + len(content), expires_at=now + keep, now=now)
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


def _current(upload: Upload, offset: int) -> Upload:
    """Return the row under the file's lock. Raises ``WrongOffset`` if it has advanced."""
    current = Upload.objects.select_related("asset").get(pk=upload.pk)
    if current.offset != offset or current.status != Upload.Status.OPEN:
        raise WrongOffset(current.offset)
    return current


def _write(handle: int, offset: int, content: bytes) -> None:
    try:
        os.ftruncate(handle, offset)
        remaining, position = memoryview(content), offset
        while remaining:
            written = os.pwrite(handle, remaining, position)
            remaining, position = remaining[written:], position + written
        os.fsync(handle)
    except OSError as error:
        raise Refused(
            "upload.disk", _(
                "The market could not store this chunk. The operators have been notified. Try again later."),
            HTTPStatus.INSUFFICIENT_STORAGE,
        ) from error  # fmt: skip


def _advance(upload: Upload, offset: int, *, expires_at: datetime, now: datetime) -> None:
    """Advance the row by compare-and-set."""
    current = Upload.objects.filter(pk=upload.pk, offset=upload.offset, status=Upload.Status.OPEN)
    if not current.update(offset=offset, expires_at=expires_at):
        raise WrongOffset(upload.offset)
    upload.offset, upload.expires_at = offset, expires_at
    if offset == upload.length:
        _complete(upload, now)


def _complete(upload: Upload, now: datetime) -> None:
    """The file is complete: create a version of its asset, which a job checks."""
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
    """Delete an incomplete upload. Raises ``Locked`` while a piece is written, and ``Refused`` if it is complete and
    thus a version."""
    with _writing(path_of(upload, folder)):
        if not Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(status=status):
            raise _refused(
                "upload.complete",
                _("The upload is complete. The file is now a version of its asset."),
                HTTPStatus.CONFLICT,
            )
        path_of(upload, folder).unlink(missing_ok=True)


def expire(now: datetime, *, folder: Path, most: int = 100) -> int:
    """Expire uploads that were not continued in time. Return how many."""
    overdue = Upload.objects.filter(status=Upload.Status.OPEN, expires_at__lte=now).order_by("expires_at")[:most]
    ended = 0
    for upload in overdue:
        try:
            terminate(upload, folder=folder, status=Upload.Status.EXPIRED)
        except Locked:
            continue
        ended += 1
    return ended


def _too_large(limits: UploadLimits) -> Refused:
    message = _("The file is larger than %(most)s GB.") % {"most": f"{limits.most_bytes / 2**30:g}"}
    return _refused("upload.too_large", message, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _refused(code: str, message: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Refused:
    return Refused(code, message, status, field="file", rule=RULE)

"""Receive a license file in pieces. Space is reserved before the first byte, and an undelivered file is deleted.

The file is in the uploads folder under the token of its row, on the disk of its final folder. Its size is the progress
of the upload: each piece is appended under a file lock, and the hash of the full file is checked before delivery. A
killed process therefore loses nothing, and a client that disconnects does not block the upload.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from django.db import transaction

from tradepost.market.assets.asset_models import Upload
from tradepost.market.assets.upload import Locked, UploadLimits, WrongOffset, begin_for_license, path_of
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.protocols.open_api.upload import FileUpload
from tradepost.protocols.open_api.upload import Upload as LicenseUpload

from .deliver import check_application, deliver_license

READ_SIZE = 1024 * 1024


class CheckEvent(Protocol):
    """``check_application``, or a wrapper of it."""

    def __call__(self, seller_id: int, event_id: str, *, sha256: str = "") -> None: ...


class Deliver(Protocol):
    """``deliver_license``, or a wrapper of it."""

    def __call__(self, seller_id: int, upload: LicenseUpload, *, files: Files, now: datetime) -> None: ...


def reserve(
    seller_id: int, event_id: str, *, length: int, limits: UploadLimits, folder: Path, now: datetime,
    file_name: str = "", sha256: str = "", metadata: str = "", check: CheckEvent = check_application,
) -> Upload:  # fmt: skip
    """Reserve space for the license of an application, after ``check`` has accepted its event.

    Raises ``ApiRefused`` if the license would not be accepted, and ``Refused`` if the seller's daily limit or the disk
    is full. Nothing is stored then.
    """
    check(seller_id, event_id, sha256=sha256)
    with transaction.atomic():
        return begin_for_license(
            seller_id, event_id=event_id, file_name=file_name, sha256=sha256, length=length, limits=limits,
            folder=folder, now=now, metadata=metadata,
        )  # fmt: skip


class GrowingFile:
    """A file that one request at a time appends to. Not thread-safe; methods may block on the disk.

    ``size``: bytes stored so far.
    """

    def __init__(self, path: Path, *, offset: int, length: int) -> None:
        """Open the file. Raises ``WrongOffset`` if its size is not ``offset``."""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._length = length
        self.size = offset
        try:
            with _locked(self._handle):
                self._check_size()
        except Refused:
            self.close()
            raise

    def append(self, content: bytes) -> None:
        """Append bytes.

        Raises ``WrongOffset`` if another request has appended meanwhile, and ``Refused`` beyond the announced length or
        if the disk is full.
        """
        if self.size + len(content) > self._length:
            raise Refused("upload.too_long", "more than was promised", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        with _locked(self._handle):
            self._check_size()
            try:
                remaining = memoryview(content)
                while remaining:
                    remaining = remaining[
                        os.pwrite(self._handle, remaining, self.size + len(content) - len(remaining)) :
                    ]
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(self._handle, self.size)
                raise Refused("upload.disk", "not stored", HTTPStatus.INSUFFICIENT_STORAGE) from error
        self.size += len(content)

    def flush(self) -> None:
        """Flush the file to the disk."""
        os.fsync(self._handle)

    def hold(self) -> None:
        """Keep the lock until ``close``. Raises ``Locked``."""
        _lock(self._handle)

    def sha256(self) -> str:
        """Return the hash of the file, which is read again."""
        digest, at = hashlib.sha256(), 0
        while piece := os.pread(self._handle, READ_SIZE, at):
            digest.update(piece)
            at += len(piece)
        return digest.hexdigest()

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _check_size(self) -> None:
        size = os.fstat(self._handle).st_size
        if size != self.size:
            raise WrongOffset(size)


def _lock(handle: int) -> None:
    """Lock the file. Raises ``Locked`` while another request holds the lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked from None


@contextmanager
def _locked(handle: int) -> Iterator[None]:
    _lock(handle)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


def received_bytes(upload: Upload, folder: Path) -> int:
    """Return the number of stored bytes. Raises ``Locked`` during delivery.

    If the file is complete but was not delivered because the process died, its last byte is removed. The sender then
    sends that byte again and learns the result.
    """
    path = path_of(upload, folder)
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        size = os.fstat(handle).st_size
        if size >= upload.length:
            with _locked(handle):
                size = upload.length - 1
                os.ftruncate(handle, size)
        return size
    finally:
        os.close(handle)


def record_interruption(upload: Upload, received: int, *, limits: UploadLimits, now: datetime) -> None:
    """Record the progress of an interrupted upload, which may continue until uploads expire."""
    Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(
        offset=min(received, upload.length), expires_at=now + limits.keep
    )


def discard(upload: Upload, received: int, *, folder: Path) -> None:
    """Delete the file and record its number of bytes, which counts towards the daily limits."""
    path_of(upload, folder).unlink(missing_ok=True)
    Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(
        status=Upload.Status.TERMINATED, offset=min(received, upload.length)
    )


def deliver_file(
    seller_id: int, file: FileUpload, *, of: Upload | None, files: Files, now: datetime,
    deliver: Deliver = deliver_license,
) -> None:  # fmt: skip
    """Deliver a complete file. ``of``: the row of its reservation; None for a small file without one.

    Raises ``ApiRefused``, or ``Refused`` if the upload was given up meanwhile; the caller then deletes the file.
    """
    with transaction.atomic():
        if of is not None:
            ended_count = Upload.objects.filter(pk=of.pk, status=Upload.Status.OPEN).update(
                status=Upload.Status.COMPLETE, length=file.size, offset=file.size, sha256=file.sha256,
                file_name=file.file_name,
            )  # fmt: skip
            if not ended_count:
                raise Refused("upload.gone", "this upload was given up", HTTPStatus.GONE)
        deliver(seller_id, file, files=files, now=now)


def limits_of(*, most_bytes: int, day_bytes: int, day_files: int, keep_days: int) -> UploadLimits:
    return UploadLimits(most_bytes=most_bytes, day_bytes=day_bytes, day_files=day_files, keep=timedelta(days=keep_days))

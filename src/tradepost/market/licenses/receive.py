"""The file of a license comes in: room for it is promised before its first byte, and a file that is not delivered is thrown away.

The bytes lie in the folder of uploads under the token of their row, on the disk on which they are kept. Their number there is
how far an upload came: they are written one after the other, each piece where the last one ended, under the kernel's lock, and
what the whole hashes to is compared before anything is delivered. So a process that is killed loses nothing, and nobody who
fell silent holds an upload.
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

PIECE = 1024 * 1024


class CheckEvent(Protocol):
    """``check_application``, or what stands before it."""

    def __call__(self, seller_id: int, event_id: str, *, sha256: str = "") -> None: ...


class Deliver(Protocol):
    """``deliver_license``, or what stands before it."""

    def __call__(self, seller_id: int, upload: LicenseUpload, *, files: Files, now: datetime) -> None: ...


def promise(
    seller_id: int, event_id: str, *, length: int, limits: UploadLimits, folder: Path, now: datetime,
    file_name: str = "", sha256: str = "", metadata: str = "", check: CheckEvent = check_application,
) -> Upload:  # fmt: skip
    """Room for the license of an application. ``check``: whether its event takes one. Raises ``ApiRefused`` when it would not be taken, and ``Refused`` when the day
    of its seller, or the disk, is full. Nothing was kept then."""
    check(seller_id, event_id, sha256=sha256)
    with transaction.atomic():
        return begin_for_license(
            seller_id, event_id=event_id, file_name=file_name, sha256=sha256, length=length, limits=limits,
            folder=folder, now=now, metadata=metadata,
        )  # fmt: skip


class Growing:
    """A file that grows at its end, written by one request at a time. Not thread-safe; made and used by threads that may wait
    for the disk. ``size``: bytes that are there."""

    def __init__(self, path: Path, *, offset: int, length: int) -> None:
        """Raises ``WrongOffset`` for another end than ``offset``."""
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
        """Raises ``WrongOffset`` when another request went on with it meanwhile, ``Refused`` for more than was promised and
        for a disk that takes no more."""
        if self.size + len(content) > self._length:
            raise Refused("upload.too_long", "more than was promised", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        with _locked(self._handle):
            self._check_size()
            try:
                left = memoryview(content)
                while left:
                    left = left[os.pwrite(self._handle, left, self.size + len(content) - len(left)) :]
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(self._handle, self.size)
                raise Refused("upload.disk", "not stored", HTTPStatus.INSUFFICIENT_STORAGE) from error
        self.size += len(content)

    def flush(self) -> None:
        """To the disk itself."""
        os.fsync(self._handle)

    def hold(self) -> None:
        """Keep the lock until ``close``. Raises ``Locked``."""
        _lock(self._handle)

    def sha256(self) -> str:
        """Of all of it, read once more."""
        digest, at = hashlib.sha256(), 0
        while piece := os.pread(self._handle, PIECE, at):
            digest.update(piece)
            at += len(piece)
        return digest.hexdigest()

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _check_size(self) -> None:
        there = os.fstat(self._handle).st_size
        if there != self.size:
            raise WrongOffset(there)


def _lock(handle: int) -> None:
    """Raises ``Locked`` while another request holds the file."""
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


def came_so_far(upload: Upload, folder: Path) -> int:
    """Bytes that are there. Of a file that is whole and was not delivered, since the process that did it was killed, the last
    byte is asked for again: its sender then hears what became of it. Raises ``Locked`` while it is delivered."""
    path = path_of(upload, folder)
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        there = os.fstat(handle).st_size
        if there >= upload.length:
            with _locked(handle):
                there = upload.length - 1
                os.ftruncate(handle, there)
        return there
    finally:
        os.close(handle)


def broke_off(upload: Upload, came: int, *, limits: UploadLimits, now: datetime) -> None:
    """It is not whole; it may be gone on with for as long as uploads are waited for."""
    Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(
        offset=min(came, upload.length), expires_at=now + limits.keep
    )


def throw_away(upload: Upload, came: int, *, folder: Path) -> None:
    """Nothing of it is kept but that so many bytes came, which a day's limits count."""
    path_of(upload, folder).unlink(missing_ok=True)
    Upload.objects.filter(pk=upload.pk, status=Upload.Status.OPEN).update(
        status=Upload.Status.TERMINATED, offset=min(came, upload.length)
    )


def deliver_file(
    seller_id: int, file: FileUpload, *, of: Upload | None, files: Files, now: datetime,
    deliver: Deliver = deliver_license,
) -> None:  # fmt: skip
    """Deliver what came whole. Raises ``ApiRefused``, and ``Refused`` when it was given up meanwhile; the file is the caller's
    to throw away then. ``of``: the row that promised it room; None for a small one, which needed no promise."""
    with transaction.atomic():
        if of is not None:
            ended = Upload.objects.filter(pk=of.pk, status=Upload.Status.OPEN).update(
                status=Upload.Status.COMPLETE, length=file.size, offset=file.size, sha256=file.sha256,
                file_name=file.file_name,
            )  # fmt: skip
            if not ended:
                raise Refused("upload.gone", "this upload was given up", HTTPStatus.GONE)
        deliver(seller_id, file, files=files, now=now)


def limits_of(*, most_bytes: int, day_bytes: int, day_files: int, keep_days: int) -> UploadLimits:
    return UploadLimits(most_bytes=most_bytes, day_bytes=day_bytes, day_files=day_files, keep=timedelta(days=keep_days))

"""Files that people hand in, kept in the data folder under the hash of what is in them.

A file is written aside, flushed and renamed, so that a name is there whole or not at all, and whoever stores the same bytes
twice stores them once. Beside a file stand its *parts*, which were made of it: the sizes of a picture.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"[a-z0-9]{1,16}(\.[a-z0-9]{1,8})?")
FRESH = 86_400.0
"""Seconds that a file stays although nothing refers to it yet: its row may be on the way."""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Files(Struct, frozen=True):
    root: Path

    def path(self, sha256: str, part: str = "") -> Path:
        """Raises ``ValueError`` for what is no hash, or no name of a part: neither may lead out of the folder."""
        if not SHA256.fullmatch(sha256) or (part and not _PART.fullmatch(part)):
            raise ValueError(f"no file is called {sha256!r} {part!r}")
        return self.root / sha256[:2] / (f"{sha256}.{part}" if part else sha256)

    def put(self, content: bytes) -> str:
        """Keep it; its name is the SHA-256, in hex."""
        sha256 = sha256_of(content)
        self.put_part(sha256, "", content)
        return sha256

    def put_part(self, sha256: str, part: str, content: bytes) -> None:
        """Keep what was made of the file with this hash, in place of what was there."""
        path = self.path(sha256, part)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            aside.replace(path)
        finally:
            with suppress(FileNotFoundError):
                aside.unlink()
        _flush_folder(path.parent)

    def adopt(self, sha256: str, came: Path) -> None:
        """Keep a file that lies on the same disk, by its new name alone. ``sha256`` is what its content hashes to."""
        path = self.path(sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        came.replace(path)
        os.utime(path)
        _flush_folder(path.parent)

    def has(self, sha256: str, part: str = "") -> bool:
        """Whether it is there; who asks is about to refer to it, so that it counts as fresh from now on."""
        try:
            os.utime(self.path(sha256, part))
        except FileNotFoundError:
            return False
        return True

    def read(self, sha256: str, part: str = "") -> bytes | None:
        """What is in it; None when it is not there."""
        try:
            return self.path(sha256, part).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, sha256: str, *, wall: float | None = None) -> bool:
        """Delete a file with its parts, unless one was stored or asked for within ``FRESH``. Whether it is gone.

        ``wall``: seconds since 1970, of the clock that stamps files.
        """
        found = [self.path(sha256), *self.path(sha256).parent.glob(f"{sha256}.*")]
        oldest = (time.time() if wall is None else wall) - FRESH
        stamps = [path.stat().st_mtime for path in found if path.exists()]
        if any(stamp > oldest for stamp in stamps):
            return False
        for path in found:
            path.unlink(missing_ok=True)
        return True


def _flush_folder(folder: Path) -> None:
    """A rename is on disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

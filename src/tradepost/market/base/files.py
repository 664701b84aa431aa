"""Uploaded files, stored in the data folder under the hash of their content.

A file is written under a temporary name, flushed and renamed, so a file is either complete or absent. Equal content
is stored once. Beside a file are its *parts*, which are derived from it, such as the sizes of a picture."""

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
FRESH_SECONDS = 86_400.0
"""Seconds for which an unreferenced file is kept: its row may not be committed yet."""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Files(Struct, frozen=True):
    root: Path

    def path(self, sha256: str, part: str = "") -> Path:
        """Return the path of a file. Raises ``ValueError`` for an invalid hash or part name: neither may lead outside
        the folder."""
        if not SHA256.fullmatch(sha256) or (part and not _PART.fullmatch(part)):
            raise ValueError(f"no file is called {sha256!r} {part!r}")
        return self.root / sha256[:2] / (f"{sha256}.{part}" if part else sha256)

    def put(self, content: bytes) -> str:
        """Store a file and return its name, the SHA-256 in hex."""
        sha256 = sha256_of(content)
        self.put_part(sha256, "", content)
        return sha256

    def put_part(self, sha256: str, part: str, content: bytes) -> None:
        """Store a part of the file with this hash, and replace an existing one."""
        path = self.path(sha256, part)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        _flush_folder(path.parent)

    def adopt(self, sha256: str, source: Path) -> None:
        """Move a file from the same disk into the store. ``sha256`` is the hash of its content."""
        path = self.path(sha256)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.replace(path)
        os.utime(path)
        _flush_folder(path.parent)

    def has(self, sha256: str, part: str = "") -> bool:
        """Return whether a file exists. Marks it as fresh, because the caller is about to refer to it."""
        try:
            os.utime(self.path(sha256, part))
        except FileNotFoundError:
            return False
        return True

    def read(self, sha256: str, part: str = "") -> bytes | None:
        """Return the content of a file, or None if it does not exist."""
        try:
            return self.path(sha256, part).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, sha256: str, *, wall: float | None = None) -> bool:
        """Delete a file with its parts, unless it was stored or checked within ``FRESH_SECONDS``. Return whether it was
        deleted.

        ``wall``: file system time in seconds since 1970."""
        paths = [self.path(sha256), *self.path(sha256).parent.glob(f"{sha256}.*")]
        oldest_time = (time.time() if wall is None else wall) - FRESH_SECONDS
        stamps = [path.stat().st_mtime for path in paths if path.exists()]
        if any(stamp > oldest_time for stamp in stamps):
            return False
        for path in paths:
            path.unlink(missing_ok=True)
        return True

    def erase(self, sha256: str) -> None:
        """Delete a file with its parts regardless of age. For personal data of a closed account."""
        self.delete(sha256, wall=time.time() + 2 * FRESH_SECONDS)


def _flush_folder(folder: Path) -> None:
    """Flush a folder to disk, so that a rename in it is durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

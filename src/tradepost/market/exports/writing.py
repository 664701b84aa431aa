"""Store a file in the exports folder under the hash of its content."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from .order import folder


class StoredFile[T](Struct, frozen=True, kw_only=True):
    """A stored file. ``result``: the return value of the function that wrote it."""

    sha256: str
    size: int
    result: T


def store[T](files: Path, write: Callable[[Path], T]) -> StoredFile[T]:
    """Call ``write`` with a temporary path, then store that file.

    A failed write leaves no file. If a worker dies, the nightly clean-up (``retention``) deletes its file.
    """
    temporary = folder(files).root / f".{secrets.token_hex(8)}"
    temporary.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        result = write(temporary)
        with temporary.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = temporary.stat().st_size
        folder(files).adopt(sha256, temporary)
    finally:
        temporary.unlink(missing_ok=True)
    return StoredFile(sha256=sha256, size=size, result=result)

"""The end of a ZIP file: how large its directory is.

Why: ``zipfile.ZipFile`` reads the whole directory into memory when it opens a file. A hostile file is refused before that, by the
numbers that ``ZipFile`` itself would read; another reader of the end could see other numbers.

Written against Python 3.12.
"""

from __future__ import annotations

import zipfile
from typing import IO, Any


def directory_of(file: IO[bytes]) -> tuple[int, int]:
    """Return the bytes and the entries that the directory claims to have. Raise ``BadZipFile`` where there is no end."""
    end: Any = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001
    if end is None:
        raise zipfile.BadZipFile
    return end[zipfile._ECD_SIZE], end[zipfile._ECD_ENTRIES_TOTAL]  # type: ignore[attr-defined]  # noqa: SLF001

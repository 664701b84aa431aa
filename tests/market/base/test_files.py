"""Files are complete or absent, stored once, named by their content, and confined to their folder."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from tradepost.market.base.files import FRESH_SECONDS, Files


def test_file_is_stored_once_and_read_back(tmp_path: Path) -> None:
    files = Files(tmp_path / "files")
    name = files.put(b"abc")
    assert name == hashlib.sha256(b"abc").hexdigest()
    assert files.put(b"abc") == name
    files.put_part(name, "card.webp", b"small")
    assert (files.read(name), files.read(name, "card.webp"), files.read(name, "page.webp")) == (b"abc", b"small", None)
    assert sorted(path.name for path in files.path(name).parent.iterdir()) == [name, f"{name}.card.webp"]


def test_files_are_readable_only_by_the_market(tmp_path: Path) -> None:
    files = Files(tmp_path / "files")
    path = files.path(files.put(b"abc"))
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize(
    ("sha256", "part"),
    [
        ("../" * 21 + "x", ""),
        ("A" * 64, ""),
        ("a" * 63, ""),
        ("a" * 64, "../x"),
        ("a" * 64, "/etc"),
        ("a" * 64, "a.b.c"),
    ],
)
def test_name_cannot_leave_the_folder(tmp_path: Path, sha256: str, part: str) -> None:
    with pytest.raises(ValueError, match="no file is called"):
        Files(tmp_path).read(sha256, part)


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.put(b"abc")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_recently_used_file_is_kept(tmp_path: Path) -> None:
    """Its row may not be written yet: a shared file must not be deleted in between."""
    files = Files(tmp_path)
    name = files.put(b"abc")
    files.put_part(name, "card.webp", b"small")
    later = time.time() + FRESH_SECONDS + 60
    for path in (files.path(name), files.path(name, "card.webp")):
        os.utime(path, (1, 1))
    assert files.has(name, "card.webp"), "requested recently"
    assert not files.delete(name)
    assert files.read(name) == b"abc"
    assert files.delete(name, wall=later)
    assert (files.read(name), files.has(name), files.has(name, "card.webp")) == (None, False, False)
    assert files.delete(name, wall=later), "already deleted"

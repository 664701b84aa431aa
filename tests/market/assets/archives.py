"""Harmless and harmful archives, made in memory."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Mapping

from tests import sampling

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The test file of all malware scanners (https://www.eicar.org), split so that none finds it in this module."""
PACKED_AT = (2026, 3, 1, 8, 0, 0)


def noise(size: int) -> bytes:
    """Return bytes that do not compress, the same in all runs with this seed."""
    return random.Random(sampling.SEED).randbytes(size)


def zipped(files: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, PACKED_AT), content, compress_type=method, compresslevel=9)
    return buffer.getvalue()


def zip_link(name: str, target: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, target)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return buffer.getvalue()


def entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def bomb(packed: int = 42_000) -> bytes:
    """An archive of about this size that unpacks to a thousand times as much."""
    return zipped({"0": bytes(packed * 1000)})


def nested(content: bytes, depth: int) -> bytes:
    for number in range(depth):
        content = zipped({f"{number}.zip" if number else "content": content})
    return content

"""Detect the format of a file by its first bytes, and list the formats of each kind of asset (business-rules §2.5:
"zip, tar, tar.gz").

A short exact list instead of a library's long heuristic one: formats that are not listed are refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO

from tradepost.market.product_types.contract import AssetKind

HEAD_BYTES = 4096
"""Number of bytes that are read."""
_TAR_AT, _ISO_AT = 257, 0x8001
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"QFI\xfb", "qcow2"),
    (b"KDMV", "vmdk"),
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vhd"),
    (b"PAR1", "parquet"),
    (b"GGUF", "gguf"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"%PDF-", "pdf"),
    (b"\x7fELF", "elf"),
    (b"MZ", "pe"),
    (b"\xfe\xed\xfa\xce", "macho"),
    (b"\xfe\xed\xfa\xcf", "macho"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"\xca\xfe\xba\xbe", "class"),
    (b"dex\n", "dex"),
    (b"\0asm", "wasm"),
    (b"#!", "script"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
ARCHIVES = frozenset({"zip", "tar", "gzip"})
"""Archives whose content is inspected."""
OPAQUE_ARCHIVES = frozenset({"bzip2", "xz", "7z", "rar", "zstd"})
"""Archives whose content is not inspected."""
EXECUTABLES = frozenset({"elf", "pe", "macho", "class", "dex", "wasm", "script"})
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "zip": (".zip",),
    "tar": (".tar",),
    "gzip": (".tar.gz", ".tgz"),
    "qcow2": (".qcow2",),
    "vmdk": (".vmdk",),
    "vhdx": (".vhdx",),
    "vhd": (".vhd",),
    "iso": (".iso",),
    "parquet": (".parquet",),
    "gguf": (".gguf",),
    "hdf5": (".h5", ".hdf5"),
    "safetensors": (".safetensors",),
    "pdf": (".pdf",),
    "text": (".csv", ".tsv", ".json", ".jsonl", ".xml", ".txt"),
}
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    AssetKind.PACKAGE: ("zip", "tar", "gzip"),
    AssetKind.IMAGE: ("qcow2", "vmdk", "vhdx", "vhd", "iso"),
    AssetKind.FILE: ("zip", "tar", "gzip", "parquet", "gguf", "hdf5", "safetensors", "pdf", "text"),
}
"""Kind of asset → formats."""


def suffixes_of(kind: str) -> tuple[str, ...]:
    """Return the file name suffixes of a kind of asset."""
    return tuple(suffix for form in ACCEPTED[kind] for suffix in _SUFFIXES[form])


def has_suffix(name: str, kind: str, form: str = "") -> bool:
    """Return whether the name has a suffix of this kind; with ``form``, of this format."""
    return name.lower().endswith(_SUFFIXES.get(form, ()) if form else suffixes_of(kind))


def format_of_head(head: bytes) -> str:
    """Return the format; ``unknown`` if it is neither listed nor text."""
    for begin, form in _SIGNATURES:
        if head.startswith(begin):
            return form
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "tar"
    if head[6:9] == b"\0\0{":  # safetensors: the length of its JSON header in 8 bytes, at most 100 MB, then that header
        return "safetensors"
    return "text" if is_text(head) else "unknown"


def is_text(head: bytes) -> bool:
    return bool(head) and b"\0" not in head


def format_of(file: IO[bytes]) -> str:
    """Return the format of a seekable file, and rewind it."""
    file.seek(0)
    form = format_of_head(file.read(HEAD_BYTES))
    if form in {"unknown", "text"}:
        file.seek(_ISO_AT)
        if file.read(5) == b"CD001":
            form = "iso"
        elif file.seek(0, os.SEEK_END) >= 512 and (file.seek(-512, os.SEEK_END), file.read(8))[1] == b"conectix":
            form = "vhd"
    file.seek(0)
    return form

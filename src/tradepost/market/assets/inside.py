"""Inspect a file without trusting it: paths that escape, links, archive bombs, keys in plain text.

Nothing is written to a path from the archive, memory holds at most a piece of a member, and everything is counted
while it is read, because an archive's own figures may be false. At a limit the inspection stops and reports that the
rest was not inspected (``Inside.whole``)."""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from msgspec import Struct

from .asset_formats import ARCHIVES, EXECUTABLES, HEAD_BYTES, OPAQUE_ARCHIVES, format_of_head, is_text
from .scan_contract import MAX_FINDINGS, ContentReport, ScanFinding, Severity
from .text_secrets import SecretFinder
from .zipfile_internals import directory_of

PIECE_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024 * 1024
"""Maximum bytes of an archive's own lists in memory."""
MAX_LIST_BYTES = 64 * 1024 * 1024
"""Maximum bytes of the list at the end of a ZIP, which is read as a whole."""
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
    NotImplementedError, struct.error, OverflowError, IndexError, KeyError, TypeError, AttributeError,
)  # fmt: skip
"""Errors of the standard library for invalid archives."""


class InsideLimits(Struct, frozen=True, kw_only=True):
    """Shelf §4: "ratio > 100, depth > 3". Content below ``free`` bytes is never a bomb, regardless of its ratio."""

    depth: int = 3
    ratio: int = 100
    free: int = 10 * 1024 * 1024
    files: int = 100_000
    unpacked: int = 40 * 1024**3
    seconds: float = 1200.0


class _LimitReachedError(Exception):
    """A limit was reached: stop inspecting this archive."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class _Counter:
    """Counts the bytes unpacked from an archive of ``packed`` bytes."""

    packed: int
    limits: InsideLimits
    came: int = 0

    def add(self, number: int) -> None:
        self.came += number
        if self.came > max(self.limits.free, self.limits.ratio * self.packed):
            raise _LimitReachedError("bomb")


@dataclass
class Inspection:
    """The inspection of a file. ``executables``: whether programs are allowed, as in software."""

    limits: InsideLimits
    executables: bool
    go_on: Callable[[], None]
    folder: Path | None = None
    """For nested archives; None: the system's folder for temporary files."""
    found: list[ScanFinding] = field(default_factory=list)
    files: int = 0
    largest: int = 0
    unpacked: int = 0
    omitted: int = 0
    why: str = ""
    _began: float = field(default_factory=time.monotonic)

    def result(self) -> ContentReport:
        return ContentReport(
            findings=tuple(self.found), files=self.files, largest=self.largest, unpacked=self.unpacked,
            whole=not self.why, why=self.why, omitted=self.omitted,
        )  # fmt: skip

    def file(self, file: IO[bytes], form: str, size: int) -> None:
        """Inspect the file itself."""
        if form in ARCHIVES:
            self._archive(file, form, size, where="", depth=1)
        else:
            self._plain(file, form, where="", counter=None)

    def note(self, code: str, severity: Severity, where: str, what: str = "") -> None:
        if len(self.found) >= MAX_FINDINGS:
            self.omitted += 1
            if severity is not Severity.HIGH:
                return
            self.found.pop()  # keep findings that refuse the file
        finding = ScanFinding(code=code, severity=severity, where=where[-300:], what=what[:100])
        self.found.insert(0, finding) if severity is Severity.HIGH else self.found.append(finding)

    def left_out(self, why: str, where: str) -> None:
        """Record that something was skipped, so that the file was not inspected completely."""
        self.why = self.why or why
        self.note(f"archive.{why}", Severity.MEDIUM, where)

    def _archive(self, file: IO[bytes], form: str, size: int, *, where: str, depth: int) -> None:
        if depth > self.limits.depth:
            self.left_out("deep", where)
            return
        counter = _Counter(max(size, 1), self.limits)
        try:
            if form == "zip":
                self._zip(file, where, depth, counter)
            elif form == "tar":
                self._tar(file, where, depth, counter)
            else:
                self._gzip(file, where, depth, counter)
        except _LimitReachedError as end:
            self.left_out(end.why, where)
            if end.why in {"time", "limit"}:  # limits of the whole inspection, not of this archive
                raise
        except _BROKEN:
            self.left_out("broken", where)

    def _zip(self, file: IO[bytes], where: str, depth: int, counter: _Counter) -> None:
        size, entries = directory_of(file)  # which ZipFile is about to read whole into memory
        if size > MAX_LIST_BYTES or entries > self.limits.files:
            raise _LimitReachedError("many")
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                self._next_file()
                name = f"{where}{info.filename}"
                self._check_name(info.filename, name)
                mode = info.external_attr >> 16
                if info.flag_bits & 0x1:
                    self.left_out("encrypted", name)
                elif stat.S_ISLNK(mode):
                    with archive.open(info) as member:
                        self._check_link(info.filename, member.read(4096).decode("utf-8", "replace"), name)
                elif info.is_dir():
                    continue
                elif info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    self.left_out("method", name)  # other methods unpack without a limit
                else:
                    self._member(lambda info=info: archive.open(info), name, depth, counter)  # type: ignore[misc]

    def _tar(self, file: IO[bytes], where: str, depth: int, counter: _Counter) -> None:
        with tarfile.TarFile(fileobj=_LimitedFile(file, self), mode="r") as archive:  # type: ignore[arg-type]
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # the library would keep all members
                self._next_file()
                name = f"{where}{info.name}"
                self._check_name(info.name, name)
                if info.issym() or info.islnk():
                    base = info.name if info.issym() else ""
                    self._check_link(base, info.linkname, name)
                elif info.ischr() or info.isblk() or info.isfifo():
                    self.note("archive.device", Severity.HIGH, name)
                elif info.isfile():
                    self._member(lambda info=info: archive.extractfile(info), name, depth, counter)  # type: ignore[misc]

    def _gzip(self, file: IO[bytes], where: str, depth: int, counter: _Counter) -> None:
        """A compressed tar, the usual case, counts as one archive."""
        with gzip.GzipFile(fileobj=file) as stream:
            head = stream.read(HEAD_BYTES)
            stream.seek(0)
            if format_of_head(head) == "tar":
                self._tar(_CountedStream(stream, counter), where, depth, counter)  # type: ignore[arg-type]
            else:
                self._next_file()
                name = where.removesuffix("!").removesuffix(".gz") or "content"
                self._member(lambda: _unzipped(file), name, depth, counter)

    def _member(self, opened: Callable[[], IO[bytes] | None], name: str, depth: int, counter: _Counter) -> None:
        """Inspect a member of an archive: recursively if it is an archive, else by reading it."""
        try:
            with opened() or _no_content() as member:
                head = member.read(HEAD_BYTES)
                form = format_of_head(head)
                if form not in ARCHIVES:
                    if form in OPAQUE_ARCHIVES:
                        self.note("archive.sealed", Severity.LOW, name, form)
                    self._plain(member, form, where=name, counter=counter, head=head)
                    return
                if depth >= self.limits.depth:
                    self.left_out("deep", name)
                    return
                with tempfile.TemporaryFile(dir=self.folder) as member_copy:
                    size = self._copy(member, member_copy, head, counter)
                    member_copy.seek(0)
                    self._archive(member_copy, form, size, where=f"{name}!", depth=depth + 1)
        except _LimitReachedError:
            raise
        except _BROKEN:
            self.left_out("broken", name)

    def _copy(self, member: IO[bytes], target: IO[bytes], head: bytes, counter: _Counter) -> int:
        size, piece = 0, head
        while piece:
            size += len(piece)
            self._read(len(piece), counter)
            target.write(piece)
            piece = member.read(PIECE_BYTES)
        self.largest = max(self.largest, size)
        return size

    def _plain(self, file: IO[bytes], form: str, *, where: str, counter: _Counter | None, head: bytes = b"") -> None:
        if form in EXECUTABLES and not self.executables:
            self.note("file.executable", Severity.HIGH, where, form)
        piece = head or file.read(HEAD_BYTES)
        finder = SecretFinder() if is_text(piece) else None
        size = 0
        while piece:
            size += len(piece)
            self._read(len(piece), counter)
            if finder is not None:
                finder.feed(piece)
            piece = file.read(PIECE_BYTES)
        self.largest = max(self.largest, size)
        for code in finder.found if finder is not None else ():
            self.note(code, Severity.MEDIUM, where)

    def _next_file(self) -> None:
        self.files += 1
        if self.files > self.limits.files:
            raise _LimitReachedError("many")
        if not self.files % 100:
            self._alive()

    def _read(self, number: int, counter: _Counter | None) -> None:
        self._alive()
        if counter is None:
            return
        self.unpacked += number
        if self.unpacked > self.limits.unpacked:
            raise _LimitReachedError("limit")
        counter.add(number)

    def _alive(self) -> None:
        self.go_on()
        if time.monotonic() - self._began > self.limits.seconds:
            raise _LimitReachedError("time")

    def _check_name(self, name: str, where: str) -> None:
        if escapes(name):
            self.note("archive.path", Severity.HIGH, where)

    def _check_link(self, base: str, target: str, where: str) -> None:
        """Links within the archive are normal in software; a link that leads out would let it write elsewhere."""
        resolved = PurePosixPath(base.replace("\\", "/")).parent / target.replace("\\", "/")
        if escapes(target, absolute_only=True) or escapes(str(resolved)):
            self.note("archive.link", Severity.HIGH, where, target)


def escapes(name: str, *, absolute_only: bool = False) -> bool:
    """Return whether a path is absolute, or leads above its starting point."""
    normalised_name = name.replace("\\", "/")
    if (
        normalised_name.startswith("/")
        or "\0" in normalised_name
        or (len(normalised_name) > 1 and normalised_name[1] == ":" and normalised_name[0].isalpha())
    ):
        return True
    if absolute_only:
        return False
    depth = 0
    for part in normalised_name.split("/"):
        depth += -1 if part == ".." else (0 if part in {"", "."} else 1)
        if depth < 0:
            return True
    return False


class _LimitedFile:
    """A file for ``tarfile``: limits reads to ``MAX_HEADER_BYTES``, and stops when the job must stop."""

    def __init__(self, file: IO[bytes], look: Inspection) -> None:
        self._file, self._look = file, look

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise _LimitReachedError("header")
        self._look._alive()  # noqa: SLF001  # part of the same inspection
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        """The file belongs to the caller."""


class _CountedStream:
    """The output of a decompressor; also counts skipped bytes."""

    def __init__(self, stream: gzip.GzipFile, counter: _Counter) -> None:
        self._stream, self._counter, self._high = stream, counter, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._note()
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        while (
            whence == 0
            and self._stream.tell() < offset
            and self._stream.read(min(PIECE_BYTES, offset - self._stream.tell()))
        ):
            self._note()
        return self._stream.tell() if self._stream.tell() == offset else self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _note(self) -> None:
        self._high = max(self._high, self._stream.tell())
        if self._high > max(self._counter.limits.free, self._counter.limits.ratio * self._counter.packed):
            raise _LimitReachedError("bomb")


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


def _no_content() -> IO[bytes]:
    raise ValueError("a member without content")


def inspect_file(
    path: Path,
    form: str,
    *,
    limits: InsideLimits,
    executables: bool,
    go_on: Callable[[], None],
    folder: Path | None = None,
) -> ContentReport:
    """Inspect any file and return the findings. Only ``go_on`` may raise."""
    inspection = Inspection(limits, executables, go_on, folder)
    with path.open("rb") as file, suppress(_LimitReachedError):
        try:
            inspection.file(file, form, path.stat().st_size)
        except RecursionError:
            inspection.left_out("broken", "")
    return inspection.result()

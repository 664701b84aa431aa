"""Looks into a file without trusting it: names that lead out, links, archives that explode, keys left in plain text.

Nothing is written where a name says; of a member never more than a piece is in memory; everything is counted as it is read,
since what an archive says of itself may be a lie. Where a bound is met the look ends there and says so: the rest was not
looked at (``Inside.whole``).
"""

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
from typing import IO, Any, cast

from msgspec import Struct

from .asset_formats import ARCHIVES, EXECUTABLES, HEAD, SEALED, format_of_head, is_text
from .scan_contract import FINDINGS_MOST, Inside, ScanFinding, Severity
from .text_secrets import SecretFinder

PIECE = 1024 * 1024
LARGEST_HEADER = 8 * 1024 * 1024
"""Bytes that an archive's own lists may make us hold at once."""
LARGEST_LIST = 64 * 1024 * 1024
"""Of the list at the end of a ZIP, which is read whole."""
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
    NotImplementedError, struct.error, OverflowError, IndexError, KeyError, TypeError, AttributeError,
)  # fmt: skip
"""What the standard library raises for archives that are none."""


class InsideLimits(Struct, frozen=True, kw_only=True):
    """Shelf §4: "ratio > 100, depth > 3". What unpacks to less than ``free`` bytes explodes nothing, whatever its ratio."""

    depth: int = 3
    ratio: int = 100
    free: int = 10 * 1024 * 1024
    files: int = 100_000
    unpacked: int = 40 * 1024**3
    seconds: float = 1200.0


class _EndHereError(Exception):
    """A bound is met: this archive is looked at no further."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class _Counter:
    """Bytes that came out of one archive of ``packed`` bytes."""

    packed: int
    limits: InsideLimits
    came: int = 0

    def add(self, number: int) -> None:
        self.came += number
        if self.came > max(self.limits.free, self.limits.ratio * self.packed):
            raise _EndHereError("bomb")


@dataclass
class Look:
    """One look at one file. ``executables``: whether programs are no matter, as in software."""

    limits: InsideLimits
    executables: bool
    go_on: Callable[[], None]
    folder: Path | None = None
    """For archives inside of archives; None: where the system keeps temporary files."""
    found: list[ScanFinding] = field(default_factory=list)
    files: int = 0
    largest: int = 0
    unpacked: int = 0
    omitted: int = 0
    why: str = ""
    _began: float = field(default_factory=time.monotonic)

    def result(self) -> Inside:
        return Inside(
            findings=tuple(self.found), files=self.files, largest=self.largest, unpacked=self.unpacked,
            whole=not self.why, why=self.why, omitted=self.omitted,
        )  # fmt: skip

    def file(self, file: IO[bytes], form: str, size: int) -> None:
        """The file itself."""
        if form in ARCHIVES:
            self._archive(file, form, size, where="", depth=1)
        else:
            self._plain(file, form, where="", counter=None)

    def note(self, code: str, severity: Severity, where: str, what: str = "") -> None:
        if len(self.found) >= FINDINGS_MOST:
            self.omitted += 1
            if severity is not Severity.HIGH:
                return
            self.found.pop()  # what decides is not lost among what does not
        finding = ScanFinding(code=code, severity=severity, where=where[-300:], what=what[:100])
        self.found.insert(0, finding) if severity is Severity.HIGH else self.found.append(finding)

    def left_out(self, why: str, where: str) -> None:
        """Something was not looked at, and so the file was not looked at whole."""
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
        except _EndHereError as end:
            self.left_out(end.why, where)
            if end.why in {"time", "limit"}:  # of the whole look, not of this archive
                raise
        except _BROKEN:
            self.left_out("broken", where)

    def _zip(self, file: IO[bytes], where: str, depth: int, counter: _Counter) -> None:
        # What ZipFile is about to read whole into memory; its own reading of the end, so that both see the same numbers.
        end: Any = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001
        if end is None:
            raise zipfile.BadZipFile
        if end[zipfile._ECD_SIZE] > LARGEST_LIST or end[zipfile._ECD_ENTRIES_TOTAL] > self.limits.files:  # type: ignore[attr-defined]  # noqa: SLF001
            raise _EndHereError("many")
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
                    self.left_out("method", name)  # others unpack without a bound that can be set
                else:
                    self._member(lambda info=info: archive.open(info), name, depth, counter)  # type: ignore[misc]

    def _tar(self, file: IO[bytes], where: str, depth: int, counter: _Counter) -> None:
        with tarfile.TarFile(fileobj=_Careful(file, self), mode="r") as archive:  # type: ignore[arg-type]
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it keeps all it ever saw
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
        """A tar of it counts as one archive, and is what it nearly always is."""
        with gzip.GzipFile(fileobj=file) as stream:
            head = stream.read(HEAD)
            stream.seek(0)
            if format_of_head(head) == "tar":
                self._tar(_Counted(stream, counter), where, depth, counter)  # type: ignore[arg-type]
            else:
                self._next_file()
                name = where.removesuffix("!").removesuffix(".gz") or "content"
                self._member(lambda: _unzipped(file), name, depth, counter)

    def _member(self, opened: Callable[[], IO[bytes] | None], name: str, depth: int, counter: _Counter) -> None:
        """One file of an archive: looked into, if it is an archive itself, else read."""
        try:
            with opened() or _nothing() as member:
                head = member.read(HEAD)
                form = format_of_head(head)
                if form not in ARCHIVES:
                    if form in SEALED:
                        self.note("archive.sealed", Severity.LOW, name, form)
                    self._plain(member, form, where=name, counter=counter, head=head)
                    return
                if depth >= self.limits.depth:
                    self.left_out("deep", name)
                    return
                with tempfile.TemporaryFile(dir=self.folder) as aside:
                    size = self._copy(member, aside, head, counter)
                    aside.seek(0)
                    self._archive(aside, form, size, where=f"{name}!", depth=depth + 1)
        except _EndHereError:
            raise
        except _BROKEN:
            self.left_out("broken", name)

    def _copy(self, member: IO[bytes], aside: IO[bytes], head: bytes, counter: _Counter) -> int:
        size, piece = 0, head
        while piece:
            size += len(piece)
            self._read(len(piece), counter)
            aside.write(piece)
            piece = member.read(PIECE)
        self.largest = max(self.largest, size)
        return size

    def _plain(self, file: IO[bytes], form: str, *, where: str, counter: _Counter | None, head: bytes = b"") -> None:
        if form in EXECUTABLES and not self.executables:
            self.note("file.executable", Severity.HIGH, where, form)
        piece = head or file.read(HEAD)
        finder = SecretFinder() if is_text(piece) else None
        size = 0
        while piece:
            size += len(piece)
            self._read(len(piece), counter)
            if finder is not None:
                finder.feed(piece)
            piece = file.read(PIECE)
        self.largest = max(self.largest, size)
        for code in finder.found if finder is not None else ():
            self.note(code, Severity.MEDIUM, where)

    def _next_file(self) -> None:
        self.files += 1
        if self.files > self.limits.files:
            raise _EndHereError("many")
        if not self.files % 100:
            self._alive()

    def _read(self, number: int, counter: _Counter | None) -> None:
        self._alive()
        if counter is None:
            return
        self.unpacked += number
        if self.unpacked > self.limits.unpacked:
            raise _EndHereError("limit")
        counter.add(number)

    def _alive(self) -> None:
        self.go_on()
        if time.monotonic() - self._began > self.limits.seconds:
            raise _EndHereError("time")

    def _check_name(self, name: str, where: str) -> None:
        if leads_out(name):
            self.note("archive.path", Severity.HIGH, where)

    def _check_link(self, base: str, target: str, where: str) -> None:
        """A link inside is what software has; one that leads out is how an archive writes where it must not."""
        inside = PurePosixPath(base.replace("\\", "/")).parent / target.replace("\\", "/")
        if leads_out(target, absolute_only=True) or leads_out(str(inside)):
            self.note("archive.link", Severity.HIGH, where, target)


def leads_out(name: str, *, absolute_only: bool = False) -> bool:
    """Whether a path is absolute, or climbs above where it begins."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or "\0" in plain or (len(plain) > 1 and plain[1] == ":" and plain[0].isalpha()):
        return True
    if absolute_only:
        return False
    height = 0
    for part in plain.split("/"):
        height += -1 if part == ".." else (0 if part in {"", "."} else 1)
        if height < 0:
            return True
    return False


class _Careful:
    """A file as ``tarfile`` reads it: no header makes it hold more than ``LARGEST_HEADER``, and it may be asked to end."""

    def __init__(self, file: IO[bytes], look: Look) -> None:
        self._file, self._look = file, look

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_HEADER:
            raise _EndHereError("header")
        self._look._alive()  # noqa: SLF001  # the same look
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        """It is not ours."""


class _Counted:
    """What a decompressor gives, counted also where it is passed over."""

    def __init__(self, stream: gzip.GzipFile, counter: _Counter) -> None:
        self._stream, self._counter, self._high = stream, counter, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._note()
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        while (
            whence == 0 and self._stream.tell() < offset and self._stream.read(min(PIECE, offset - self._stream.tell()))
        ):
            self._note()
        return self._stream.tell() if self._stream.tell() == offset else self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _note(self) -> None:
        self._high = max(self._high, self._stream.tell())
        if self._high > max(self._counter.limits.free, self._counter.limits.ratio * self._counter.packed):
            raise _EndHereError("bomb")


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


def _nothing() -> IO[bytes]:
    raise ValueError("a member without content")


def look_inside(
    path: Path,
    form: str,
    *,
    limits: InsideLimits,
    executables: bool,
    go_on: Callable[[], None],
    folder: Path | None = None,
) -> Inside:
    """Whatever the file is, this ends, and says what it found. Only ``go_on`` may raise."""
    look = Look(limits, executables, go_on, folder)
    with path.open("rb") as file, suppress(_EndHereError):
        try:
            look.file(file, form, path.stat().st_size)
        except RecursionError:
            look.left_out("broken", "")
    return look.result()

"""The market's own inspection of a file (shelf §4: "Archives: ratio > 100, depth > 3, .., links refused";
business-rules §2.7).

Harmless files pass, harmful content is named, and the inspection of any file ends.
"""

from __future__ import annotations

import io
import random
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.assets.archives import bomb, entry, gzipped, nested, noise, tarred, zip_link, zipped
from tradepost.market.assets.asset_formats import format_of, has_suffix
from tradepost.market.assets.inside import InsideLimits, escapes, inspect_file
from tradepost.market.assets.scan_contract import ContentReport, Severity

MB = 1024 * 1024
PEM = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEpAIBAAKCAQEA" + b"b" * 60 + b"\n"


def inspect_content(tmp_path: Path, content: bytes, *, executables: bool = True, **limits: Any) -> ContentReport:
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        form = format_of(file)
    return inspect_file(
        path, form, limits=InsideLimits(**limits), executables=executables, go_on=lambda: None, folder=tmp_path
    )


def codes(inside: ContentReport) -> dict[str, str]:
    return {finding.code: str(finding.severity) for finding in inside.findings}


HARMLESS = {
    "a zip": zipped({"bin/agent": b"\x7fELF" + noise(5000), "README": b"hello"}),
    "a tar": tarred({"bin/agent": noise(5000)}, entry("lib/libz.so", tarfile.SYMTYPE, "libz.so.1.3")),
    "a tar.gz": gzipped(
        tarred({"a/b/c.txt": b"text" * 100}, entry("a/b/up", tarfile.SYMTYPE, "../x"), entry("d", tarfile.DIRTYPE))
    ),
    "a zip three deep": nested(b"content", 3),
    "a jar in a tar.gz": gzipped(tarred({"app.jar": zipped({"lib/a.jar": zipped({"A.class": b"\xca\xfe\xba\xbe1"})})})),
    "what compresses well but is small": zipped({"zeros.csv": bytes(9 * MB)}),
    "names with dots": zipped({"a/...": b"1", "..b": b"2", "c..": b"3", "a/../b": b"4"}),
    "a hard link inside": tarred({"a": b"1"}, entry("b", tarfile.LNKTYPE, "a")),
    "an empty zip": zipped({}),
    "a public key, and a manual that names headers": zipped(
        {"id.pub": b"-----BEGIN PUBLIC KEY-----\nMIIB", "manual": b"begins with -----BEGIN PRIVATE KEY----- and ends"}
    ),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_harmless_file_has_no_finding_and_is_inspected_whole(tmp_path: Path, content: bytes) -> None:
    inside = inspect_content(tmp_path, content)
    assert (inside.findings, inside.whole) == ((), True)


HARMFUL = {
    "a path that climbs": (zipped({"../../etc/cron.d/x": b"1"}), "archive.path", Severity.HIGH),
    "a path from the root": (tarred({"/etc/passwd": b"1"}), "archive.path", Severity.HIGH),
    "a path of Windows": (zipped({"C:\\windows\\x": b"1"}), "archive.path", Severity.HIGH),
    "a path that climbs with backslashes": (zipped({"..\\..\\x": b"1"}), "archive.path", Severity.HIGH),
    "a path three archives deep": (nested(zipped({"../x": b"1"}), 2), "archive.path", Severity.HIGH),
    "a link to the root": (tarred({}, entry("a", tarfile.SYMTYPE, "/etc/shadow")), "archive.link", Severity.HIGH),
    "a link that climbs": (gzipped(tarred({}, entry("a/b", tarfile.SYMTYPE, "../../x"))), "archive.link", Severity.HIGH),
    "a hard link that climbs": (tarred({}, entry("a/b", tarfile.LNKTYPE, "../x")), "archive.link", Severity.HIGH),
    "a link in a zip": (zip_link("a", "../../x"), "archive.link", Severity.HIGH),
    "a device": (tarred({}, entry("sda", tarfile.BLKTYPE)), "archive.device", Severity.HIGH),
    "a private key": (zipped({"id_rsa": PEM}), "secret.private_key", Severity.MEDIUM),
    "a key of a cloud": (zipped({"conf": b"key=AKIAIOSFODNN7EXAMPLE\n"}), "secret.access_key", Severity.MEDIUM),
    "a secret of a cloud": (
        zipped({"conf": b'"secret_key": "aB3defghijklmnopqrstuvwxyzABCDEFGHIJ0123"'}), "secret.secret_key", Severity.MEDIUM,
    ),
    "a sealed archive": (zipped({"a.7z": b"7z\xbc\xaf\x27\x1c" + noise(99)}), "archive.sealed", Severity.LOW),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "severity"), HARMFUL.values(), ids=HARMFUL)
def test_harmful_content_is_named(tmp_path: Path, content: bytes, code: str, severity: Severity) -> None:
    assert codes(inspect_content(tmp_path, content)) == {code: str(severity)}


NOT_WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb of 42 kB": (bomb, "bomb"),
    "a bomb in a tar.gz": (lambda: gzipped(tarred({"0": bytes(30 * MB)})), "bomb"),
    "a bomb that is passed over": (lambda: gzipped(tarred({f"{n}": bytes(MB) for n in range(30)})), "bomb"),
    "a bomb inside of a bomb": (lambda: zipped({"a.zip": bomb(20_000)}), "bomb"),
    "a gzip bomb": (lambda: zipped({"a.gz": gzipped(bytes(40 * MB))}), "bomb"),
    "four deep": (lambda: nested(b"content", 4), "deep"),
    "half an archive": (lambda: HARMLESS["a zip"][:300], "broken"),
    "a tar that breaks off": (lambda: HARMLESS["a tar"][:2000], "broken"),
    "packed by LZMA": (lambda: zipped({"a": b"1" * 100}, method=zipfile.ZIP_LZMA), "method"),
    "packed by bzip2, of which a piece has no bound": (
        lambda: zipped({"a": bytes(MB)}, method=zipfile.ZIP_BZIP2),
        "method",
    ),
}
"""Packed by the test: packing them on import would cost every process a second."""


@pytest.mark.parametrize(("content", "why"), NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_partial_inspection_is_reported(tmp_path: Path, content: Callable[[], bytes], why: str) -> None:
    inside = inspect_content(tmp_path, content())
    assert (inside.whole, inside.why) == (False, why)
    assert codes(inside)[f"archive.{why}"] == Severity.MEDIUM


def test_encrypted_file_is_not_inspected(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": b"secret"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert inspect_content(tmp_path, bytes(content)).why == "encrypted"


def test_overlapping_entries_do_not_evade_the_ratio(tmp_path: Path) -> None:
    """A flat bomb: many names in the directory for the same compressed bytes
    (https://www.bamsoftware.com/hacks/zipbomb)."""
    single_file = zipped({"0": bytes(5 * MB)})
    start = single_file.index(b"PK\x01\x02")
    directory_entry = single_file[start : single_file.index(b"PK\x05\x06")]
    directory = b"".join(directory_entry[:46] + b"%d" % (n % 10) for n in range(1000))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(directory), start, 0)
    assert not inspect_content(tmp_path, single_file[:start] + directory + end).whole


def test_huge_directory_is_not_read(tmp_path: Path) -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60000, 60000, 200 * MB, 0, 0)
    with (tmp_path / "sparse").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(200 * MB)
        file.seek(200 * MB)
        file.write(end)
    inside = inspect_file(tmp_path / "sparse", "zip", limits=InsideLimits(), executables=True, go_on=lambda: None)
    assert inside.why == "many"


def test_header_that_claims_gigabytes_allocates_none(tmp_path: Path) -> None:
    """A name of 3 GB, in the forms of GNU and pax, in a file that compresses to nothing."""
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
        info = entry("x", kind)
        info.size = 3 * 1024 * MB
        header = info.tobuf(tarfile.GNU_FORMAT)
        content = gzipped(header + bytes(50 * MB))
        tracemalloc.start()
        inside = inspect_content(tmp_path, content)
        peak_memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert inside.why == "header"
        assert peak_memory < 10 * MB


def test_number_size_and_time_are_bounded(tmp_path: Path) -> None:
    assert inspect_content(tmp_path, zipped({f"{n}": b"" for n in range(20)}), files=10).why == "many"
    assert inspect_content(tmp_path, tarred({f"{n}": b"" for n in range(20)}), files=10).why == "many"
    assert inspect_content(tmp_path, zipped({"a": noise(5000)}), unpacked=4000).why == "limit"
    assert inspect_content(tmp_path, zipped({"a": noise(5000)}), seconds=-1).why == "time"


def test_programs_among_data_are_named(tmp_path: Path) -> None:
    for head in (b"\x7fELF\x02", b"MZ\x90\0", b"#!/bin/sh\n", b"\xca\xfe\xba\xbe\0"):
        content = zipped({"data.csv": b"1,2\n", "x": head})
        assert codes(inspect_content(tmp_path, content, executables=False)) == {"file.executable": "high"}
        assert inspect_content(tmp_path, content).findings == (), "software may contain them"


def test_decisive_finding_is_kept_among_a_thousand_others(tmp_path: Path) -> None:
    files = {f"{n}.pem": PEM for n in range(500)} | {"../x": b"1"}
    inside = inspect_content(tmp_path, zipped(files))
    assert inside.findings[0].code == "archive.path"
    assert (len(inside.findings), inside.omitted) == (100, 401)


def test_inspection_can_be_cancelled(tmp_path: Path) -> None:
    class EndNow(Exception):
        pass

    def go_on() -> None:
        raise EndNow

    path = tmp_path / "a"
    path.write_bytes(HARMLESS["a zip"])
    with pytest.raises(EndNow):
        inspect_file(path, "zip", limits=InsideLimits(), executables=True, go_on=go_on)


def test_memory_does_not_grow_with_the_unpacked_size(tmp_path: Path) -> None:
    block = noise(MB)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive, archive.open("big", "w") as member:
        for _ in range(60):
            member.write(block)
    path = tmp_path / "big.zip"
    path.write_bytes(buffer.getvalue())
    del buffer
    tracemalloc.start()
    inside = inspect_file(path, "zip", limits=InsideLimits(), executables=True, go_on=lambda: None)
    peak_memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (inside.whole, inside.largest) == (True, 60 * MB)
    assert peak_memory < 10 * MB


@pytest.mark.parametrize(
    ("name", "leads_outside"),
    [("a/b", False), ("a/../b", False), ("a/../../b", True), ("/a", True), ("..", True), ("a\\..\\..\\b", True),
     ("C:/a", True), ("a:b", True), ("./a", False), ("", False), ("a\0b", True)],
)  # fmt: skip
def test_path_of_an_entry_is_classified(name: str, leads_outside: bool) -> None:
    assert escapes(name) is leads_outside


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (zipped({"a": b"1"}), "zip"), (tarred({"a": b"1"}), "tar"), (gzipped(b"1"), "gzip"), (b"a,b\n1,2\n", "text"),
        ("名称,值\n".encode(), "text"), (b"QFI\xfb\0\0", "qcow2"), (b"MZ" + bytes(600), "pe"), (bytes(600) + b"conectix" + bytes(504), "vhd"),
        (bytes(0x8001) + b"CD001" + bytes(600), "iso"), (bytes(50), "unknown"), (b"", "unknown"),
        (b"GGUF\x03\0\0\0", "gguf"), (b"\x89HDF\r\n\x1a\n\0", "hdf5"), ((24).to_bytes(8, "little") + b'{"w":{}}', "safetensors"),
    ],
)  # fmt: skip
def test_file_type_is_detected(tmp_path: Path, content: bytes, form: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with (tmp_path / "a").open("rb") as file:
        assert format_of(file) == form
        assert file.tell() == 0


def test_suffix_is_detected() -> None:
    assert has_suffix("Agent-1.0.TAR.GZ", "package")
    assert not has_suffix("agent.exe", "package")
    assert has_suffix("weather.csv", "file", "text")
    assert not has_suffix("weather.zip", "file", "text")
    assert has_suffix("llama.GGUF", "file", "gguf")
    assert not has_suffix("llama.csv", "file", "gguf")


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(HARMLESS)), st.integers(1, 30))
def test_inspection_of_damaged_files_ends(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, which: str, number: int
) -> None:
    """The inspection always has a result."""
    content = bytearray(HARMLESS[which][:60_000])
    for _ in range(number):
        content[chance.randrange(len(content))] = chance.randrange(256)
    assert isinstance(inspect_content(tmp_path_factory.mktemp("d"), bytes(content)), ContentReport)

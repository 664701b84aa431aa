"""The market's own look into a file (shelf §4: "Archives: ratio > 100, depth > 3, .., links refused"; business-rules §2.7).

What is right goes through, what harms is named, and whatever a file is, the look ends.
"""

from __future__ import annotations

import io
import os
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

from tests.market.assets.archives import bomb, entry, gzipped, nested, tarred, zip_link, zipped
from tradepost.market.assets.asset_formats import format_of, has_suffix
from tradepost.market.assets.inside import InsideLimits, leads_out, look_inside
from tradepost.market.assets.scan_contract import Inside, Severity

MB = 1024 * 1024
PEM = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEpAIBAAKCAQEA" + b"b" * 60 + b"\n"


def look(tmp_path: Path, content: bytes, *, executables: bool = True, **limits: Any) -> Inside:
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        form = format_of(file)
    return look_inside(
        path, form, limits=InsideLimits(**limits), executables=executables, go_on=lambda: None, folder=tmp_path
    )


def codes(inside: Inside) -> dict[str, str]:
    return {finding.code: str(finding.severity) for finding in inside.findings}


RIGHT = {
    "a zip": zipped({"bin/agent": b"\x7fELF" + os.urandom(5000), "README": b"hello"}),
    "a tar": tarred({"bin/agent": os.urandom(5000)}, entry("lib/libz.so", tarfile.SYMTYPE, "libz.so.1.3")),
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


@pytest.mark.parametrize("content", RIGHT.values(), ids=RIGHT)
def test_what_is_right_has_no_finding_and_was_seen_whole(tmp_path: Path, content: bytes) -> None:
    inside = look(tmp_path, content)
    assert (inside.findings, inside.whole) == ((), True)


HARM = {
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
    "a sealed archive": (zipped({"a.7z": b"7z\xbc\xaf\x27\x1c" + os.urandom(99)}), "archive.sealed", Severity.LOW),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "severity"), HARM.values(), ids=HARM)
def test_what_harms_is_named(tmp_path: Path, content: bytes, code: str, severity: Severity) -> None:
    assert codes(look(tmp_path, content)) == {code: str(severity)}


NOT_WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb of 42 kB": (bomb, "bomb"),
    "a bomb in a tar.gz": (lambda: gzipped(tarred({"0": bytes(30 * MB)})), "bomb"),
    "a bomb that is passed over": (lambda: gzipped(tarred({f"{n}": bytes(MB) for n in range(30)})), "bomb"),
    "a bomb inside of a bomb": (lambda: zipped({"a.zip": bomb(20_000)}), "bomb"),
    "a gzip bomb": (lambda: zipped({"a.gz": gzipped(bytes(40 * MB))}), "bomb"),
    "four deep": (lambda: nested(b"content", 4), "deep"),
    "half an archive": (lambda: RIGHT["a zip"][:300], "broken"),
    "a tar that breaks off": (lambda: RIGHT["a tar"][:2000], "broken"),
    "packed by LZMA": (lambda: zipped({"a": b"1" * 100}, method=zipfile.ZIP_LZMA), "method"),
    "packed by bzip2, of which a piece has no bound": (
        lambda: zipped({"a": bytes(MB)}, method=zipfile.ZIP_BZIP2),
        "method",
    ),
}
"""Packed when they are looked at: each process that reads this file would pack them all, a second of work."""


@pytest.mark.parametrize(("content", "why"), NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_was_not_looked_at_whole_says_so(tmp_path: Path, content: Callable[[], bytes], why: str) -> None:
    inside = look(tmp_path, content())
    assert (inside.whole, inside.why) == (False, why)
    assert codes(inside)[f"archive.{why}"] == Severity.MEDIUM


def test_an_encrypted_file_was_not_looked_at(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": b"secret"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert look(tmp_path, bytes(content)).why == "encrypted"


def test_entries_that_share_their_bytes_are_no_way_around_the_ratio(tmp_path: Path) -> None:
    """A flat bomb: many names in the list at the end, all for the same compressed bytes (https://www.bamsoftware.com/hacks/zipbomb)."""
    plain = zipped({"0": bytes(5 * MB)})
    start = plain.index(b"PK\x01\x02")
    one = plain[start : plain.index(b"PK\x05\x06")]
    many = b"".join(one[:46] + b"%d" % (n % 10) for n in range(1000))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(many), start, 0)
    assert not look(tmp_path, plain[:start] + many + end).whole


def test_a_list_that_no_memory_holds_is_not_read(tmp_path: Path) -> None:
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60000, 60000, 200 * MB, 0, 0)
    with (tmp_path / "sparse").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(200 * MB)
        file.seek(200 * MB)
        file.write(end)
    inside = look_inside(tmp_path / "sparse", "zip", limits=InsideLimits(), executables=True, go_on=lambda: None)
    assert inside.why == "many"


def test_a_header_that_asks_for_gigabytes_gets_none(tmp_path: Path) -> None:
    """A name of 3 GB, in the form of GNU and of pax, in a file that compresses to nothing."""
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
        info = entry("x", kind)
        info.size = 3 * 1024 * MB
        header = info.tobuf(tarfile.GNU_FORMAT)
        content = gzipped(header + bytes(50 * MB))
        tracemalloc.start()
        inside = look(tmp_path, content)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert inside.why == "header"
        assert most < 10 * MB


def test_bounds_of_number_size_and_time(tmp_path: Path) -> None:
    assert look(tmp_path, zipped({f"{n}": b"" for n in range(20)}), files=10).why == "many"
    assert look(tmp_path, tarred({f"{n}": b"" for n in range(20)}), files=10).why == "many"
    assert look(tmp_path, zipped({"a": os.urandom(5000)}), unpacked=4000).why == "limit"
    assert look(tmp_path, zipped({"a": os.urandom(5000)}), seconds=-1).why == "time"


def test_programs_among_data_are_named(tmp_path: Path) -> None:
    for head in (b"\x7fELF\x02", b"MZ\x90\0", b"#!/bin/sh\n", b"\xca\xfe\xba\xbe\0"):
        content = zipped({"data.csv": b"1,2\n", "x": head})
        assert codes(look(tmp_path, content, executables=False)) == {"file.executable": "high"}
        assert look(tmp_path, content).findings == (), "software has them"


def test_what_decides_is_not_lost_among_a_thousand_others(tmp_path: Path) -> None:
    files = {f"{n}.pem": PEM for n in range(500)} | {"../x": b"1"}
    inside = look(tmp_path, zipped(files))
    assert inside.findings[0].code == "archive.path"
    assert (len(inside.findings), inside.omitted) == (100, 401)


def test_whoever_asks_it_to_end_is_heard(tmp_path: Path) -> None:
    class EndNow(Exception):
        pass

    def go_on() -> None:
        raise EndNow

    path = tmp_path / "a"
    path.write_bytes(RIGHT["a zip"])
    with pytest.raises(EndNow):
        look_inside(path, "zip", limits=InsideLimits(), executables=True, go_on=go_on)


def test_memory_is_flat_whatever_is_unpacked(tmp_path: Path) -> None:
    block = os.urandom(MB)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive, archive.open("big", "w") as member:
        for _ in range(60):
            member.write(block)
    path = tmp_path / "big.zip"
    path.write_bytes(out.getvalue())
    del out
    tracemalloc.start()
    inside = look_inside(path, "zip", limits=InsideLimits(), executables=True, go_on=lambda: None)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (inside.whole, inside.largest) == (True, 60 * MB)
    assert most < 10 * MB


@pytest.mark.parametrize(
    ("name", "out"),
    [("a/b", False), ("a/../b", False), ("a/../../b", True), ("/a", True), ("..", True), ("a\\..\\..\\b", True),
     ("C:/a", True), ("a:b", True), ("./a", False), ("", False), ("a\0b", True)],
)  # fmt: skip
def test_where_a_name_leads(name: str, out: bool) -> None:
    assert leads_out(name) is out


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (zipped({"a": b"1"}), "zip"), (tarred({"a": b"1"}), "tar"), (gzipped(b"1"), "gzip"), (b"a,b\n1,2\n", "text"),
        ("名称,值\n".encode(), "text"), (b"QFI\xfb\0\0", "qcow2"), (b"MZ" + bytes(600), "pe"), (bytes(600) + b"conectix" + bytes(504), "vhd"),
        (bytes(0x8001) + b"CD001" + bytes(600), "iso"), (bytes(50), "unknown"), (b"", "unknown"),
        (b"GGUF\x03\0\0\0", "gguf"), (b"\x89HDF\r\n\x1a\n\0", "hdf5"), ((24).to_bytes(8, "little") + b'{"w":{}}', "safetensors"),
    ],
)  # fmt: skip
def test_what_a_file_is(tmp_path: Path, content: bytes, form: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with (tmp_path / "a").open("rb") as file:
        assert format_of(file) == form
        assert file.tell() == 0


def test_how_names_end() -> None:
    assert has_suffix("Agent-1.0.TAR.GZ", "package")
    assert not has_suffix("agent.exe", "package")
    assert has_suffix("weather.csv", "file", "text")
    assert not has_suffix("weather.zip", "file", "text")
    assert has_suffix("llama.GGUF", "file", "gguf")
    assert not has_suffix("llama.csv", "file", "gguf")


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(RIGHT)), st.integers(1, 30))
def test_any_damage_ends_the_look(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, which: str, number: int
) -> None:
    """The inspection always ends with a result."""
    content = bytearray(RIGHT[which][:60_000])
    for _ in range(number):
        content[chance.randrange(len(content))] = chance.randrange(256)
    assert isinstance(look(tmp_path_factory.mktemp("d"), bytes(content)), Inside)

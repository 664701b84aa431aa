"""ClamAV's daemon is believed for what it looked at, and for nothing else (shelf §4, §9; business-rules §2.7)."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.market.assets.archives import EICAR, nested, zipped
from tests.market.assets.clamd import CLAMD, VERSION, fake_clamd, real_clamd
from tradepost.market.assets.scan_contract import Inside, Said, ScanFinding, Severity, Subject, Verdict, judge, passes
from tradepost.market.assets.scanners.clamd import SCANNER
from tradepost.market.base.config import Config

MB = 1024 * 1024


def scan(
    path: Path, url: str, *, inside: Inside | None = None, go_on: Callable[[], None] = lambda: None, **settings: object
) -> Said:
    subject = Subject(
        path=path, bytes=path.stat().st_size, inside=inside or Inside(), go_on=go_on, seconds=20,
        settings=Config(clamd_url=url, **settings),  # type: ignore[arg-type]
    )  # fmt: skip
    return SCANNER.scan(subject)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(700_000))
    return path


def test_the_whole_file_is_sent_and_its_ok_counts(file: Path) -> None:
    with fake_clamd() as clamd:
        said = scan(file, clamd.url)
    assert (said.verdict, said.by, said.findings) == (Verdict.CLEAN, VERSION, ())
    assert clamd.streams == [file.read_bytes()]


def test_malware_is_named(file: Path) -> None:
    with fake_clamd(lambda _stream: "Win.Trojan.Agent-1 FOUND") as clamd:
        said = scan(file, clamd.url)
    assert said.verdict == Verdict.INFECTED
    assert said.findings == (ScanFinding(code="virus", severity=Severity.HIGH, what="Win.Trojan.Agent-1"),)


@pytest.mark.parametrize(
    "answer",
    ["Heuristics.Limits.Exceeded.MaxFileSize FOUND", "Heuristics.Limits.Exceeded FOUND"],
)
def test_what_was_beyond_its_limits_was_not_scanned(file: Path, answer: str) -> None:
    with fake_clamd(lambda _stream: answer) as clamd:
        assert scan(file, clamd.url) == Said(verdict=Verdict.NOT_SCANNED, why="too_large", by=VERSION)


def test_a_stream_that_it_cuts_off_was_not_scanned(file: Path) -> None:
    with fake_clamd(most=100_000) as clamd:
        assert scan(file, clamd.url).why == "too_large"


@pytest.mark.parametrize(
    "inside",
    [Inside(largest=101 * MB), Inside(unpacked=401 * MB), Inside(files=10_001)],
    ids=["a file inside", "all of it unpacked", "the number of files"],
)
def test_its_ok_means_nothing_beyond_its_limits(file: Path, inside: Inside) -> None:
    """Shelf §9: "Trusting clamd's OK beyond its limits": it passes over what is too large in silence."""
    with fake_clamd() as clamd:
        assert scan(file, clamd.url, inside=inside).why == "too_large"
        assert scan(file, clamd.url, clamd_most_bytes=1024).why == "too_large"


def test_a_scanner_that_is_down_crashes_nothing(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"tcp://127.0.0.1:{port}", "unix:///no/such/socket", "tcp://127.0.0.1:1"):
        assert scan(file, url) == Said(verdict=Verdict.NOT_SCANNED, why="away")


@pytest.mark.parametrize("answer", [None, "", "Can't allocate memory ERROR", "lstat() failed: ERROR", "OK OK", "FOUND"])
def test_whatever_else_it_says_is_not_clean(file: Path, answer: str | None) -> None:
    with fake_clamd(lambda _stream: answer) as clamd:
        assert scan(file, clamd.url).verdict == Verdict.NOT_SCANNED


def test_what_is_no_clamd_is_not_believed(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def other() -> None:
            connection, _address = silent.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH\r\n\0")

        import threading

        threading.Thread(target=other, daemon=True).start()
        assert scan(file, f"tcp://127.0.0.1:{port}").why == "away"


def test_without_one_nothing_is_clean(file: Path) -> None:
    assert scan(file, "") == Said(verdict=Verdict.NOT_SCANNED, why="absent")


def test_whoever_asks_it_to_end_is_heard(file: Path) -> None:
    class EndNow(Exception):
        pass

    def go_on() -> None:
        raise EndNow

    with fake_clamd() as clamd, pytest.raises(EndNow):
        scan(file, clamd.url, go_on=go_on)


CLEAN, INFECTED = Said(verdict=Verdict.CLEAN), Said(verdict=Verdict.INFECTED)
AWAY, ABSENT = Said(verdict=Verdict.NOT_SCANNED, why="away"), Said(verdict=Verdict.NOT_SCANNED, why="absent")
PART = Inside(whole=False, why="bomb")


@pytest.mark.parametrize(
    ("inside", "said", "verdict", "why"),
    [
        (Inside(), (CLEAN,), "clean", ""),
        (Inside(), (CLEAN, CLEAN), "clean", ""),
        (Inside(), (CLEAN, INFECTED), "infected", ""),
        (PART, (INFECTED,), "infected", ""),
        (Inside(), (AWAY, INFECTED), "infected", ""),
        (Inside(), (CLEAN, AWAY), "not_scanned", "away"),
        (Inside(), (ABSENT,), "not_scanned", "absent"),
        (Inside(), (), "not_scanned", "absent"),
        (PART, (CLEAN,), "not_scanned", "bomb"),
        (PART, (AWAY,), "not_scanned", "away"),
    ],
)
def test_one_verdict_of_all(inside: Inside, said: tuple[Said, ...], verdict: str, why: str) -> None:
    """Shelf §4: "any infected wins; absent, failed or over-limit scanner → not_scanned; else clean"."""
    report = judge(inside, {str(number): one for number, one in enumerate(said)})
    assert (report.verdict, report.why) == (verdict, why)


def test_what_is_refused_without_asking_an_operator() -> None:
    """§2.7: "any malware"; and what is high. Of everything else an operator decides."""
    high, medium = (ScanFinding(code="x", severity=severity) for severity in (Severity.HIGH, Severity.MEDIUM))
    assert not passes(judge(Inside(), {"a": INFECTED}))
    assert not passes(judge(Inside(findings=(medium, high)), {"a": CLEAN}))
    assert passes(judge(Inside(findings=(medium,), whole=False, why="bomb"), {"a": AWAY}))
    assert passes(judge(Inside(), {"a": CLEAN}))


@pytest.fixture(scope="module")
def clamd() -> Iterator[str]:
    if CLAMD is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder, real_clamd(Path(folder)) as url:
        yield url


@pytest.mark.slow
def test_the_real_one_finds_eicar_in_a_zip_in_a_zip(clamd: str, tmp_path: Path) -> None:
    """Issue 10, "Must show" 4."""
    path = tmp_path / "a.zip"
    path.write_bytes(nested(EICAR, 2))
    said = scan(path, clamd)
    assert said.verdict == Verdict.INFECTED
    assert "Eicar-Test-Signature" in said.findings[0].what
    path.write_bytes(nested(b"harmless", 2))
    assert (scan(path, clamd).verdict, scan(path, clamd).by[:8]) == (Verdict.CLEAN, "ClamAV 1")


@pytest.mark.slow
def test_the_real_one_and_what_is_beyond_its_limits(clamd: str, tmp_path: Path) -> None:
    """Its stream ends at 20 MB, and of a file above 10 MB it says OK without a look: the settings know."""
    path = tmp_path / "a.zip"
    path.write_bytes(os.urandom(25 * MB))
    assert scan(path, clamd).why == "too_large"
    path.write_bytes(zipped({"a": bytes(11 * MB) + EICAR}))
    blind = scan(path, clamd)
    assert blind.verdict == Verdict.CLEAN, (
        "as it is without a word about what is inside: this is what must not be believed"
    )
    inside = Inside(largest=11 * MB + 68, unpacked=11 * MB + 68, files=1)
    assert scan(path, clamd, inside=inside, clamd_most_bytes=10 * MB).why == "too_large"

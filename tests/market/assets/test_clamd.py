"""Verdicts of ClamAV's daemon are used only for what it scanned (shelf §4, §9; business-rules §2.7)."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.configured import configured
from tests.market.assets.archives import EICAR, nested, noise, zipped
from tests.market.assets.clamd import CLAMD, VERSION, fake_clamd, real_clamd
from tradepost.market.assets.scan_contract import (
    ContentReport,
    ScanFinding,
    ScanResult,
    Severity,
    Subject,
    Verdict,
    judge,
    passes,
)
from tradepost.market.assets.scanners.clamd import SCANNER

MB = 1024 * 1024


def scan(
    path: Path,
    url: str,
    *,
    inside: ContentReport | None = None,
    go_on: Callable[[], None] = lambda: None,
    **settings: object,
) -> ScanResult:
    subject = Subject(
        path=path, bytes=path.stat().st_size, inside=inside or ContentReport(), go_on=go_on, seconds=20,
        settings=configured(clamd_url=url, **settings),
    )  # fmt: skip
    return SCANNER.scan(subject)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(noise(700_000))
    return path


def test_whole_file_is_sent_and_ok_counts(file: Path) -> None:
    with fake_clamd() as clamd:
        result = scan(file, clamd.url)
    assert (result.verdict, result.by, result.findings) == (Verdict.CLEAN, VERSION, ())
    assert clamd.streams == [file.read_bytes()]


def test_malware_is_named(file: Path) -> None:
    with fake_clamd(lambda _stream: "Win.Trojan.Agent-1 FOUND") as clamd:
        result = scan(file, clamd.url)
    assert result.verdict == Verdict.INFECTED
    assert result.findings == (ScanFinding(code="virus", severity=Severity.HIGH, what="Win.Trojan.Agent-1"),)


@pytest.mark.parametrize(
    "answer",
    ["Heuristics.Limits.Exceeded.MaxFileSize FOUND", "Heuristics.Limits.Exceeded FOUND"],
)
def test_data_beyond_the_limits_is_not_scanned(file: Path, answer: str) -> None:
    with fake_clamd(lambda _stream: answer) as clamd:
        assert scan(file, clamd.url) == ScanResult(verdict=Verdict.NOT_SCANNED, why="too_large", by=VERSION)


def test_cut_off_stream_is_not_scanned(file: Path) -> None:
    with fake_clamd(most=100_000) as clamd:
        assert scan(file, clamd.url).why == "too_large"


@pytest.mark.parametrize(
    "inside",
    [ContentReport(largest=101 * MB), ContentReport(unpacked=401 * MB), ContentReport(files=10_001)],
    ids=["a file inside", "all of it unpacked", "the number of files"],
)
def test_ok_beyond_the_limits_is_not_used(file: Path, inside: ContentReport) -> None:
    """Shelf §9: "Trusting clamd's OK beyond its limits": it silently skips data that is too large."""
    with fake_clamd() as clamd:
        assert scan(file, clamd.url, inside=inside).why == "too_large"
        assert scan(file, clamd.url, clamd_most_bytes=1024).why == "too_large"


def test_stopped_scanner_gives_not_scanned(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused_socket:
        port = unused_socket.getsockname()[1]
    for url in (f"tcp://127.0.0.1:{port}", "unix:///no/such/socket", "tcp://127.0.0.1:1"):
        assert scan(file, url) == ScanResult(verdict=Verdict.NOT_SCANNED, why="away")


@pytest.mark.parametrize("answer", [None, "", "Can't allocate memory ERROR", "lstat() failed: ERROR", "OK OK", "FOUND"])
def test_other_answers_are_not_clean(file: Path, answer: str | None) -> None:
    with fake_clamd(lambda _stream: answer) as clamd:
        assert scan(file, clamd.url).verdict == Verdict.NOT_SCANNED


def test_other_servers_are_not_believed(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def other() -> None:
            connection, _address = silent.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH\r\n\0")

        import threading

        threading.Thread(target=other, daemon=True).start()
        assert scan(file, f"tcp://127.0.0.1:{port}").why == "away"


def test_missing_scanner_gives_not_scanned(file: Path) -> None:
    assert scan(file, "") == ScanResult(verdict=Verdict.NOT_SCANNED, why="absent")


def test_scan_can_be_cancelled(file: Path) -> None:
    class EndNow(Exception):
        pass

    def go_on() -> None:
        raise EndNow

    with fake_clamd() as clamd, pytest.raises(EndNow):
        scan(file, clamd.url, go_on=go_on)


CLEAN, INFECTED = ScanResult(verdict=Verdict.CLEAN), ScanResult(verdict=Verdict.INFECTED)
UNAVAILABLE, ABSENT = (
    ScanResult(verdict=Verdict.NOT_SCANNED, why="away"),
    ScanResult(verdict=Verdict.NOT_SCANNED, why="absent"),
)
PART = ContentReport(whole=False, why="bomb")


@pytest.mark.parametrize(
    ("inside", "results", "verdict", "reason"),
    [
        (ContentReport(), (CLEAN,), "clean", ""),
        (ContentReport(), (CLEAN, CLEAN), "clean", ""),
        (ContentReport(), (CLEAN, INFECTED), "infected", ""),
        (PART, (INFECTED,), "infected", ""),
        (ContentReport(), (UNAVAILABLE, INFECTED), "infected", ""),
        (ContentReport(), (CLEAN, UNAVAILABLE), "not_scanned", "away"),
        (ContentReport(), (ABSENT,), "not_scanned", "absent"),
        (ContentReport(), (), "not_scanned", "absent"),
        (PART, (CLEAN,), "not_scanned", "bomb"),
        (PART, (UNAVAILABLE,), "not_scanned", "away"),
    ],
)
def test_verdict_of_all_scanners(
    inside: ContentReport, results: tuple[ScanResult, ...], verdict: str, reason: str
) -> None:
    """Shelf §4: "any infected wins; absent, failed or over-limit scanner → not_scanned; else clean"."""
    report = judge(inside, {str(number): result for number, result in enumerate(results)})
    assert (report.verdict, report.why) == (verdict, reason)


def test_malware_and_high_findings_are_refused_without_an_operator() -> None:
    """§2.7: "any malware", and findings of high severity. An operator decides about all others."""
    high, medium = (ScanFinding(code="x", severity=severity) for severity in (Severity.HIGH, Severity.MEDIUM))
    assert not passes(judge(ContentReport(), {"a": INFECTED}))
    assert not passes(judge(ContentReport(findings=(medium, high)), {"a": CLEAN}))
    assert passes(judge(ContentReport(findings=(medium,), whole=False, why="bomb"), {"a": UNAVAILABLE}))
    assert passes(judge(ContentReport(), {"a": CLEAN}))


@pytest.fixture(scope="module")
def clamd() -> Iterator[str]:
    if CLAMD is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder, real_clamd(Path(folder)) as url:
        yield url


@pytest.mark.slow
def test_clamd_finds_eicar_in_nested_zips(clamd: str, tmp_path: Path) -> None:
    """Issue 10, "Must show" 4."""
    path = tmp_path / "a.zip"
    path.write_bytes(nested(EICAR, 2))
    result = scan(path, clamd)
    assert result.verdict == Verdict.INFECTED
    assert "Eicar-Test-Signature" in result.findings[0].what
    path.write_bytes(nested(b"harmless", 2))
    assert (scan(path, clamd).verdict, scan(path, clamd).by[:8]) == (Verdict.CLEAN, "ClamAV 1")


@pytest.mark.slow
def test_clamd_skips_data_beyond_its_limits(clamd: str, tmp_path: Path) -> None:
    """Its stream ends at 20 MB, and for a file above 10 MB it answers OK without scanning: the settings know."""
    path = tmp_path / "a.zip"
    path.write_bytes(noise(25 * MB))
    assert scan(path, clamd).why == "too_large"
    path.write_bytes(zipped({"a": bytes(11 * MB) + EICAR}))
    blind = scan(path, clamd)
    assert blind.verdict == Verdict.CLEAN, "clamd's own OK must not be believed"
    inside = ContentReport(largest=11 * MB + 68, unpacked=11 * MB + 68, files=1)
    assert scan(path, clamd, inside=inside, clamd_most_bytes=10 * MB).why == "too_large"

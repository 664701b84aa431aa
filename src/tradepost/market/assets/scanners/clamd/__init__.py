"""ClamAV's daemon, queried over its socket (``clamd_url``). The file is sent to it, so it may run on another machine.

Beyond its own limits it silently skips content, so its OK is reliable only for what it scanned. Results therefore
count only up to the sizes in the settings, which must not exceed those of ``clamd.conf``. If ``AlertExceedsMax``
makes it report ``Heuristics.Limits.Exceeded``, the result is *not scanned* as well.
https://docs.clamav.net/manual/Usage/Scanning.html"""

from __future__ import annotations

import re

from tradepost.market.assets.scan_contract import ContentReport, ScanFinding, ScanResult, Severity, Subject, Verdict
from tradepost.market.base.config import Config

from .connection import Clamd, ClamdAwayError, ClamdTooLargeError

_LIMITS = "Heuristics.Limits.Exceeded"
_INFECTED = re.compile(r"stream: (?P<name>.+) FOUND")


class ClamdScanner:
    name = "clamd"

    def scan(self, subject: Subject) -> ScanResult:
        url = subject.settings.assets.clamd_url
        if not url:
            return ScanResult(verdict=Verdict.NOT_SCANNED, why="absent")
        by = ""
        try:
            clamd = Clamd(url, seconds=subject.seconds)
            by = clamd.version()
            if subject.bytes > subject.settings.assets.clamd_most_bytes:
                return ScanResult(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
            return _interpret(clamd.scan(subject.path, go_on=subject.go_on), subject.inside, subject.settings, by)
        except ClamdTooLargeError:
            return ScanResult(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
        except ClamdAwayError:
            return ScanResult(verdict=Verdict.NOT_SCANNED, why="away", by=by)


def _interpret(answer: str, inside: ContentReport, settings: Config, by: str) -> ScanResult:
    """Interpret a response of clamd."""
    if match := _INFECTED.fullmatch(answer):
        name = match["name"]
        if name.startswith(_LIMITS):
            return ScanResult(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
        virus = ScanFinding(code="virus", severity=Severity.HIGH, what=name)
        return ScanResult(verdict=Verdict.INFECTED, by=by, findings=(virus,))
    if answer != "stream: OK":
        return ScanResult(verdict=Verdict.NOT_SCANNED, why="away", by=by)
    if (
        inside.largest > settings.assets.clamd_most_bytes
        or inside.unpacked > settings.assets.clamd_most_unpacked
        or inside.files > settings.assets.clamd_most_files
    ):
        return ScanResult(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
    return ScanResult(verdict=Verdict.CLEAN, by=by)


SCANNER = ClamdScanner()

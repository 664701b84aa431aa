"""ClamAV's daemon, asked over its socket (``clamd_url``): the file is sent to it, so that it may live anywhere.

Its OK means something only for what it looked at: beyond its own limits it passes over a file in silence. So an answer counts
up to the sizes in the settings, which must not be larger than those of ``clamd.conf``, and where ``AlertExceedsMax`` makes it
say so, ``Heuristics.Limits.Exceeded`` is *not scanned* as well. https://docs.clamav.net/manual/Usage/Scanning.html
"""

from __future__ import annotations

import re

from tradepost.market.assets.scan_contract import Inside, Said, ScanFinding, Severity, Subject, Verdict
from tradepost.market.base.config import Config

from .connection import Clamd, ClamdAwayError, ClamdTooLargeError

_LIMITS = "Heuristics.Limits.Exceeded"
_FOUND = re.compile(r"stream: (?P<name>.+) FOUND")


class ClamdScanner:
    name = "clamd"

    def scan(self, subject: Subject) -> Said:
        url = subject.settings.clamd_url
        if not url:
            return Said(verdict=Verdict.NOT_SCANNED, why="absent")
        by = ""
        try:
            clamd = Clamd(url, seconds=subject.seconds)
            by = clamd.version()
            if subject.bytes > subject.settings.clamd_most_bytes:
                return Said(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
            return _meaning(clamd.scan(subject.path, go_on=subject.go_on), subject.inside, subject.settings, by)
        except ClamdTooLargeError:
            return Said(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
        except ClamdAwayError:
            return Said(verdict=Verdict.NOT_SCANNED, why="away", by=by)


def _meaning(answer: str, inside: Inside, settings: Config, by: str) -> Said:
    """What an answer of clamd says about the file."""
    if found := _FOUND.fullmatch(answer):
        name = found["name"]
        if name.startswith(_LIMITS):
            return Said(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
        virus = ScanFinding(code="virus", severity=Severity.HIGH, what=name)
        return Said(verdict=Verdict.INFECTED, by=by, findings=(virus,))
    if answer != "stream: OK":
        return Said(verdict=Verdict.NOT_SCANNED, why="away", by=by)
    if (
        inside.largest > settings.clamd_most_bytes
        or inside.unpacked > settings.clamd_most_unpacked
        or inside.files > settings.clamd_most_files
    ):
        return Said(verdict=Verdict.NOT_SCANNED, why="too_large", by=by)
    return Said(verdict=Verdict.CLEAN, by=by)


SCANNER = ClamdScanner()

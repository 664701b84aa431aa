"""The stored document of an appeal."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base import stored

SECTION = "appeal"
MAX_TEXT_LENGTH = 1000
MAX_FINDINGS = 20
MAX_PROOFS = 3


class ContestedFinding(Struct, frozen=True, kw_only=True):
    """A finding of the report, with the seller's reason why it is a false positive."""

    code: str
    where: str
    evidence: tuple[str, ...] = ()
    fingerprint: str
    why: str = ""


@stored.version(1)
class Appeal(Struct, frozen=True, kw_only=True):
    """Against a report of a web check (``scan``: its key, ``url``: the site) or a file of the asset center
    (``version``: its key, ``file``: its name). ``proofs``: SHA-256 of documents as evidence."""

    scan: int = 0
    url: str = ""
    findings: tuple[ContestedFinding, ...] = ()
    proofs: tuple[str, ...] = ()
    version: int = 0
    file: str = ""

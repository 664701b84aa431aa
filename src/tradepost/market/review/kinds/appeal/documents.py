"""What an appeal says, as it is stored."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base import stored

SECTION = "appeal"
LONGEST = 1000
MOST_FINDINGS = 20
MOST_PROOFS = 3


class Contested(Struct, frozen=True, kw_only=True):
    """A finding as it stood in the report, and why it is mistaken in the seller's words."""

    code: str
    where: str
    evidence: tuple[str, ...] = ()
    fingerprint: str
    why: str = ""


@stored.version(1)
class Appeal(Struct, frozen=True, kw_only=True):
    """Against a report of a web check (``scan``: its key, ``url``: the site) or of a file of the asset center (``version``: its
    key, ``file``: what it is called). ``proofs``: SHA-256 of documents that show it."""

    scan: int = 0
    url: str = ""
    findings: tuple[Contested, ...] = ()
    proofs: tuple[str, ...] = ()
    version: int = 0
    file: str = ""
